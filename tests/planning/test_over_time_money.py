"""Plans over time where prices differ between places, fall, or are weighed by risk; by hand."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile, DemandScenario
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEAR = 8760.0
RESERVED = Limits(purchase_options=("on_demand", "reserved"))
PLANS = Limits(purchase_options=("on_demand", "savings_plan"))

Offered = Callable[..., Catalog]


@pytest.fixture(scope="module")
def offered(bundled: Catalog) -> Offered:
    """Offers of two types in two regions, each at prices of one's own [USD/h]."""
    few = bundled.filter(
        providers=["aws"],
        regions=["us-east-1", "us-west-2"],
        instance_types=["g6.xlarge", "g5.xlarge"],
        purchase_options=["on_demand"],
    )

    def with_rows(
        on_demand: Mapping[tuple[str, str], float], *terms: Mapping[str, Any]
    ) -> Catalog:
        offers = few.offers
        rows = []
        for (region, kind), price in on_demand.items():
            own = (offers["region"] == region) & (offers["instance_type"] == kind)
            listed = offers[own].assign(recurring_per_hour=price, effective_per_hour=price)
            rows.append(listed)
            rows += [
                listed.assign(**{name: value for name, value in term.items() if name != "of"})
                for term in terms
                if term["of"] == (region, kind)
            ]
        joined = pd.concat(rows, ignore_index=True).astype(offers.dtypes.to_dict())
        return few.with_offers(joined)

    return with_rows


EAST, WEST = ("us-east-1", "g6.xlarge"), ("us-west-2", "g6.xlarge")
OTHER = ("us-east-1", "g5.xlarge")


def term(
    option: str, rate: float, *, of: tuple[str, str] = EAST, years: float = 1.0, kind: str = ""
) -> Mapping[str, Any]:
    """A term of some years, nothing upfront."""
    return {
        "of": of, "purchase_option": option, "kind": kind, "payment": "no", "upfront": 0.0,
        "term_years": years, "term_hours": years * YEAR,
        "recurring_per_hour": rate, "effective_per_hour": rate,
    }  # fmt: skip


def work(kind: str = "g6.xlarge", name: str = "") -> Requirement:
    """Work of one unit a second, which one instance does."""
    return Requirement(name=name, demand_per_second=1.0, throughput_per_second={kind: 1.0})


def planned(catalog: Catalog, factors: Sequence[float], limits: Limits, **given: Any) -> Plan:
    profile = DemandProfile(factors=factors)
    return optimize(work(), catalog, limits=limits, demand_profile=profile, **given).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def test_the_cheapest_region_on_demand_counts_beside_a_plan_of_another_one(
    offered: Offered,
) -> None:
    # One instance for a quarter of the hours: 2,190 x 0.9 in the west; in the east 2,190 x 1, or
    # 8,760 x 0.95 committed.
    plan_east = term("savings_plan", 0.95, kind="ec2_instance")
    plan = planned(offered({EAST: 1.0, WEST: 0.9}, plan_east), [1.0, 0, 0, 0], PLANS)
    assert plan.cost_total == pytest.approx(1971)
    assert [line.offer.region for line in plan.lines] == ["us-west-2"]


def test_a_plan_above_the_price_that_is_paid_is_not_bought(offered: Offered) -> None:
    # Negotiated prices may be below a plan's rate; then the price counts.
    plan = planned(offered({EAST: 1.0}, term("savings_plan", 1.2, kind="compute")), [1.0], PLANS)
    assert plan.cost_total == pytest.approx(YEAR)
    assert schedule_of(plan).tranches == ()


def test_a_plan_is_applied_by_its_discount_of_today_where_prices_fall(offered: Offered) -> None:
    # Three years at 10 % less a year: on demand costs 0.85737 on average. Half of the hours need
    # one g6 at a rate of 0.9, the other half two g5 at 0.4. 0.8 committed cover both g5, and then
    # 0.8 / 0.9 of the g6, of which 1/9 is paid on demand: 0.8 + 0.85737 / 9 / 2 = 0.84763.
    catalog = offered(
        {EAST: 1.0, OTHER: 1.0},
        term("savings_plan", 0.9, kind="compute", years=3.0),
        term("savings_plan", 0.4, kind="compute", years=3.0, of=OTHER),
    )
    profile = DemandProfile(by_workload={"a": [0.0, 1.0], "b": [2.0, 0.0]})
    both = [work(name="a"), work("g5.xlarge", name="b")]
    plan = optimize(
        both, catalog, limits=PLANS, demand_profile=profile, price_decline=0.1,
        horizon_hours=3 * YEAR,
    )  # fmt: skip
    assert plan.cost_per_hour == pytest.approx(0.847632, rel=1e-5)
    (tranche,) = schedule_of(plan).tranches
    assert (tranche.spend_per_hour, tranche.utilisation) == pytest.approx((0.8, 1.0))
    assert plan.gap == pytest.approx(0.0, abs=1e-6)


def test_the_best_plan_without_commitments_costs_its_mean_with_cvar(offered: Offered) -> None:
    # Without commitments 1 or 3 run: 0.7 x 1 + 0.3 x 3 = 1.6 on average. With 30 % less demand 1
    # or 3 run still (2.1 needs 3), and three reserved cost 1.8 whatever runs.
    profile = DemandProfile(
        scenarios=[
            DemandScenario(name="low", probability=0.7, factors=[1.0]),
            DemandScenario(name="high", probability=0.3, factors=[3.0]),
        ]
    )
    wary = RESERVED.model_copy(update={"cvar": 0.7})
    catalog = offered({EAST: 1.0}, term("reserved", 0.6))
    plan = optimize(work(), catalog, limits=wary, demand_profile=profile).require()
    (beside,) = plan.baselines
    assert (plan.cost_total, beside.cost_total) == pytest.approx((1.8 * YEAR, 1.6 * YEAR))
    fall = schedule_of(plan).demand_fall
    assert fall is not None
    assert fall.loss == pytest.approx(0.2 * YEAR)


@pytest.mark.parametrize(
    ("horizon", "capital", "wins_below"),
    [
        # A quarter of the hours costs 0.25 an hour; a year is charged whole.
        (YEAR, 0.0, 0.25),
        (YEAR / 2, 0.0, 0.125),
        (1.5 * YEAR, 0.0, 0.25 * 1.5 / 2),
        (3 * YEAR, 0.0, 0.25),
        # At 100 % half a year is worth (1 - 0.5^0.5) / ln 2 = 0.42256 years, a year 0.72135.
        (YEAR / 2, 1.0, 0.25 * 0.42256 / 0.72135),
    ],
)
def test_a_term_without_a_price_would_win_below_what_its_whole_years_may_cost(
    horizon: float, capital: float, wins_below: float, offered: Offered
) -> None:
    plan = planned(
        offered({EAST: 1.0}), [1.0, 0, 0, 0], RESERVED,
        horizon_hours=horizon, cost_of_capital=capital,
    )  # fmt: skip
    (unpriced,) = schedule_of(plan).unpriced_terms
    assert unpriced.wins_below_per_hour == pytest.approx(wins_below, rel=1e-4)


def test_what_a_longer_term_covers_needs_no_price_for_a_year(offered: Offered) -> None:
    catalog = offered({EAST: 1.0}, term("savings_plan", 0.4, kind="compute", years=3.0))
    covered = planned(catalog, [1.0], PLANS, horizon_hours=3 * YEAR)
    assert covered.cost_per_hour == pytest.approx(0.4)
    assert schedule_of(covered).unpriced_terms == ()


@pytest.mark.parametrize(
    ("of_three", "years", "cost", "beyond"),
    [(0.16, 1.0, 3942.0, 0.0), (0.14, 3.0, 3679.2, 0.14 * 2 * YEAR)],
)
def test_the_cheaper_of_two_terms_is_the_one_whose_whole_price_is_lower(
    of_three: float, years: float, cost: float, beyond: float, offered: Offered
) -> None:
    # A year at 0.45 is 3,942; three years at 0.16 are 4,204.8, at 0.14 they are 3,679.2.
    one, three = term("reserved", 0.45), term("reserved", of_three, years=3.0)
    plan = planned(offered({EAST: 1.0}, one, three), [1.0], RESERVED)
    (tranche,) = schedule_of(plan).tranches
    assert (tranche.term_years, plan.cost_total) == pytest.approx((years, cost))
    assert tranche.locked_in == pytest.approx(beyond)


def test_payments_upfront_in_part_are_discounted_by_their_dates(offered: Offered) -> None:
    # 0.7 an hour, half of it (3,066) now, half evenly: 3,066 x (1 - 1/1.1) / ln 1.1 = 2,924.4.
    # On demand 8,760 x 0.95382 = 8,355.5: it saves 2,365.1 today's money.
    half = dict(term("savings_plan", 0.7, kind="compute"), payment="partial",
                recurring_per_hour=0.35, upfront=0.35 * YEAR)  # fmt: skip
    plan = planned(offered({EAST: 1.0}, half), [1.0], PLANS, cost_of_capital=0.1)
    (tranche,) = schedule_of(plan).tranches
    evenly = float(1 - 1 / 1.1) / float(np.log(1.1))
    assert tranche.cash_now == pytest.approx(3066)
    assert tranche.present_value == pytest.approx(3066 * (1 + evenly))
    assert tranche.npv == pytest.approx(YEAR * evenly - 3066 * (1 + evenly))
    # 3,066 now against 730 a month on demand less 255.5 a month: 6.46 months.
    assert tranche.payback_months == pytest.approx(3066 / (730 - 255.5))


def test_a_plan_of_one_family_is_applied_before_a_broad_one(offered: Offered) -> None:
    # Both are worth buying: the family's at 0.6 for the g6 that always runs, the broad one at 0.7
    # for what runs of g5; only the broad plan could have paid for g5.
    catalog = offered(
        {EAST: 1.0, OTHER: 1.0},
        term("savings_plan", 0.7, kind="compute"),
        term("savings_plan", 0.7, kind="compute", of=OTHER),
        term("savings_plan", 0.6, kind="ec2_instance"),
    )
    profile = DemandProfile(by_workload={"a": [1.0, 3.0], "b": [3.0, 1.0]})
    both = [work(name="a"), work("g5.xlarge", name="b")]
    plan = optimize(both, catalog, limits=PLANS, demand_profile=profile).require()
    narrow, broad = schedule_of(plan).tranches
    # 1 g6 always: 0.6. Beside it 2 g6 + 1 g5 or 3 g5: 3 x 0.7 = 2.1, all of it used always.
    assert (narrow.kind, broad.kind) == ("ec2_instance", "compute")
    assert [narrow.spend_per_hour, broad.spend_per_hour] == pytest.approx([0.6, 2.1])
    assert plan.cost_per_hour == pytest.approx(2.7)


def test_what_runs_on_spot_draws_on_no_plan(bundled: Catalog) -> None:
    few = bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=["g6.xlarge"],
        purchase_options=["on_demand", "spot"],
    )  # fmt: skip
    offers = few.offers
    price = offers["purchase_option"].map({"on_demand": 1.0, "spot": 0.5}).astype(np.float64)
    priced = offers.assign(recurring_per_hour=price, effective_per_hour=price)
    rows = priced[priced["purchase_option"] == "on_demand"]
    saving = dict(term("savings_plan", 0.6, kind="compute"))
    del saving["of"]
    joined = pd.concat([priced, rows.assign(**saving)], ignore_index=True)
    catalog = few.with_offers(joined.astype(offers.dtypes.to_dict()))
    limits = Limits(purchase_options=("on_demand", "spot", "savings_plan"), max_spot_fraction=0.5)
    # Four instances' work, half of it on spot: 2 x 0.5 + 2 x 0.6 committed, not 4 x 0.6.
    plan = planned(catalog, [4.0], limits)
    (tranche,) = schedule_of(plan).tranches
    assert tranche.spend_per_hour == pytest.approx(1.2)
    assert plan.cost_per_hour == pytest.approx(2.2)
