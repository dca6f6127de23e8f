"""Commitments are bought when named and worth their whole term, never at a fraction of it."""

import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob

MONTH, YEAR = 730.0, 8760.0
NAMED = Limits(purchase_options=("on_demand", "reserved"))
ANYTHING = Limits(
    purchase_options=(
        "on_demand", "spot", "reserved", "savings_plan", "committed_use", "subscription",
    )
)  # fmt: skip
TWO = Requirement(nodes=2)

# g4dn.xlarge in us-east-1, one instance:
# on demand 0.526 $/h; one year 2,709 $ all upfront or 0.331 $/h;
# three years 5,198 $ all upfront or 0.227 $/h.


@pytest.fixture(scope="module")
def g4dn(bundled: Catalog) -> Catalog:
    return bundled.filter(providers=["aws"], regions=["us-east-1"], instance_types=["g4dn.xlarge"])


@pytest.fixture(scope="module")
def committed_use(bundled: Catalog) -> Catalog:
    """One L4 of Google Cloud: on demand, and terms that are paid by the hour."""
    return bundled.filter(
        providers=["gcp"],
        regions=["us-central1"],
        instance_types=["g2-standard-4"],
        purchase_options=["on_demand", "committed_use"],
    )


def bought(plan: Plan) -> list[tuple[str, float | None, str, int]]:
    return [
        (line.offer.purchase_option, line.offer.term_years, line.offer.payment, line.count)
        for line in plan.require().lines
    ]


def test_nothing_that_commits_takes_part_unless_it_is_named(g4dn: Catalog) -> None:
    plan = optimize(TWO, g4dn, horizon_hours=3 * YEAR)
    assert bought(plan) == [("spot", None, "", 2)]
    (left_out,) = [one for one in plan.exclusions if one.reason == "purchase_option"]
    assert left_out.offers == 4


@pytest.mark.parametrize("hours", [24.0, 720.0, MONTH])
def test_thirty_days_never_buy_a_term(hours: float, bundled: Catalog) -> None:
    catalog = bundled.filter(accelerator_types=["T4", "L4", "H100-80GB"])
    for wanted in (
        Requirement(accelerator_types=("T4", "L4")),
        Requirement(accelerator_types=("H100-80GB",), accelerators_per_node=8),
    ):
        plan = optimize(wanted, catalog, limits=ANYTHING, horizon_hours=hours)
        assert {line.offer.term_years for line in plan.require().lines} == {None}
        assert (plan.cash_now, plan.locked_in) == (0, 0)


def test_a_job_never_buys_a_term(bundled: Catalog) -> None:
    catalog = bundled.filter(providers=["aws"], instance_types=["g5.xlarge", "p4d.24xlarge"])
    job = FineTuneJob(
        model="meta-llama/Llama-3.1-8B-Instruct",
        method="lora",
        tokens=2e7,
        sequence_length=1024,
        deadline_hours=24,
    )
    plan = optimize(job, catalog, limits=NAMED, horizon_hours=3 * YEAR)
    assert {line.offer.term_years for line in plan.require().lines} == {None}


def test_thirty_six_flat_months_buy_the_cheapest_three_years(g4dn: Catalog) -> None:
    plan = optimize(TWO, g4dn, limits=NAMED, horizon_hours=3 * YEAR)
    assert bought(plan) == [("reserved", 3.0, "all", 2)]
    # 2 x 5,198 $ beats 2 x 0.227 $/h x 26,280 h = 11,931 $ and 2 x 3 x 2,709 $ = 16,254 $.
    assert plan.cost_total == pytest.approx(2 * 5198)
    assert plan.cost_per_hour == pytest.approx(2 * 5198 / 26280)
    assert plan.cash_now == pytest.approx(2 * 5198)
    assert plan.locked_in == 0
    assert {line.locked_in_hours for line in plan.lines} == {0}


def test_one_hour_more_than_three_years_pays_for_six(g4dn: Catalog) -> None:
    # Two terms of three years, 2 x 5,198 $ = 10,396 $, still beat 26,281 h on demand = 13,824 $
    # and four terms of one year = 10,836 $.
    plan = optimize(Requirement(), g4dn, limits=NAMED, horizon_hours=3 * YEAR + 1)
    assert bought(plan) == [("reserved", 3.0, "all", 1)]
    assert plan.cost_total == pytest.approx(10396)
    assert plan.lines[0].locked_in_hours == pytest.approx(26279)
    assert plan.cash_now == pytest.approx(5198)


@pytest.mark.parametrize(
    ("hours", "option", "cost"),
    [
        (5000.0, "on_demand", 0.526 * 5000),  # 2,630 $, below 2,709 $ for the year
        (5150.0, "on_demand", 0.526 * 5150),  # 2,708.90 $, a dime below
        (5151.0, "reserved", 2709.0),  # 2,709.43 $ on demand
        (8760.0, "reserved", 2709.0),
    ],
)
def test_a_year_is_bought_where_its_whole_price_is_the_lower_one(
    hours: float, option: str, cost: float, g4dn: Catalog
) -> None:
    limits = NAMED.model_copy(update={"term_years": (1.0,)})
    plan = optimize(Requirement(), g4dn, limits=limits, horizon_hours=hours)
    assert bought(plan)[0][0] == option
    assert plan.cost_total == pytest.approx(cost)


def test_what_outlives_the_horizon_is_shown_as_lock_in(committed_use: Catalog) -> None:
    prices = committed_use.offers.set_index(["purchase_option", "term_years"])
    firm = float(prices["recurring_per_hour"].loc["on_demand"].iloc[0])
    year = float(prices["recurring_per_hour"].loc["committed_use", 1.0])
    hours = 7000.0
    assert year * 8760 < firm * hours
    limits = Limits(purchase_options=("on_demand", "committed_use"), term_years=(1.0,))
    plan = optimize(Requirement(), committed_use, limits=limits, horizon_hours=hours)
    assert bought(plan)[0][:2] == ("committed_use", 1.0)
    assert plan.cost_total == pytest.approx(year * 8760)
    assert plan.lines[0].locked_in_hours == pytest.approx(1760)  # 8,760 - 7,000
    assert plan.locked_in == pytest.approx(1760 * year)
    assert plan.cash_now == 0


def test_a_budget_counts_the_whole_term(g4dn: Catalog) -> None:
    limits = Limits(purchase_options=("reserved",), term_years=(1.0,), budget=2708.0)
    refused = optimize(Requirement(), g4dn, limits=limits, horizon_hours=MONTH)
    assert refused.lines == ()
    assert any("budget" in text for text in refused.unanswered_because)
    enough = limits.model_copy(update={"budget": 2709.0})
    plan = optimize(Requirement(), g4dn, limits=enough, horizon_hours=MONTH)
    assert plan.cost_total == pytest.approx(2709)


def test_a_longer_horizon_never_costs_less_in_all(g4dn: Catalog) -> None:
    hours = [500.0 * step for step in range(1, 60, 7)]
    costs = [
        optimize(Requirement(), g4dn, limits=NAMED, horizon_hours=h).cost_total or 0 for h in hours
    ]
    assert costs == sorted(costs)
    assert costs[-1] == pytest.approx(2 * 5198)  # 28,500 h: two terms of three years
