"""What stands beside a plan and was changed by hand does not hold."""

from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.evaluate.running import running_today
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

RATES = {"g6.xlarge": 1.0, "g5.xlarge": 1.0}
WORK = Requirement(demand_per_second=2.0, throughput_per_second=RATES)


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """g6.xlarge with a year reserved at half its price on demand; g5.xlarge without, cheaper."""
    found = bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=["g6.xlarge", "g5.xlarge"],
        purchase_options=["on_demand"],
    )  # fmt: skip
    offers = found.offers
    price = offers["instance_type"].map({"g6.xlarge": 1.0, "g5.xlarge": 0.9}).astype(float)
    listed = offers.assign(recurring_per_hour=price, effective_per_hour=price)
    year = listed[listed["instance_type"] == "g6.xlarge"].assign(
        purchase_option="reserved", term_years=1.0, term_hours=8760.0, payment="no",
        recurring_per_hour=0.5, effective_per_hour=0.5,
    )  # fmt: skip
    joined = pd.concat([listed, year], ignore_index=True).astype(offers.dtypes.to_dict())
    return found.with_offers(joined)


@pytest.fixture(scope="module")
def plan(catalog: Catalog) -> Plan:
    """2 instances of 4 reserved, and of what runs by day alone 2 on demand, with no price."""
    return optimize(
        WORK,
        catalog,
        limits=Limits(purchase_options=("on_demand", "reserved")),
        demand_profile=DemandProfile(factors=[1.0] * 18 + [2.0] * 6),
        cost_of_capital=0.08,
        price_decline=0.1,
    ).require()


@pytest.fixture(scope="module")
def flat(catalog: Catalog) -> Plan:
    return optimize(WORK, catalog, limits=Limits(purchase_options=("on_demand",))).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def with_schedule(plan: Plan, **changed: Any) -> Plan:
    return plan.model_copy(update={"schedule": schedule_of(plan).model_copy(update=changed)})


def with_baseline(plan: Plan, **changed: Any) -> Plan:
    """Change the first baseline that has a cost."""
    baselines = list(plan.baselines)
    place = next(index for index, one in enumerate(baselines) if one.cost_total is not None)
    baselines[place] = baselines[place].model_copy(update=changed)
    return plan.model_copy(update={"baselines": tuple(baselines)})


def broken(plan: Plan, catalog: Catalog) -> str:
    return "\n".join(evaluate_plan(plan, catalog).violations)


def test_plans_as_they_were_made_hold(plan: Plan, flat: Plan, catalog: Catalog) -> None:
    assert broken(plan, catalog) == broken(flat, catalog) == ""
    schedule = schedule_of(plan)
    assert schedule.demand_fall is not None
    assert len(schedule.tranches) == len(schedule.unpriced_terms) == len(plan.baselines) == 1


def test_terms_without_a_price_that_were_changed_are_found(plan: Plan, catalog: Catalog) -> None:
    (term,) = schedule_of(plan).unpriced_terms
    dearer = term.model_copy(update={"wins_below_per_hour": 2 * term.wins_below_per_hour})
    for wrong in ((), (dearer,), (term, term)):
        text = broken(with_schedule(plan, unpriced_terms=wrong), catalog)
        assert text == "the terms without a price are not those of the types that run on demand"


@pytest.mark.parametrize(
    ("field", "factor", "told"),
    [
        ("loss", 1.01, "demand_fall: the loss is"),
        ("cost_total", 1.01, "demand_fall: the loss is"),
        ("without_commitments", 0.99, "demand_fall: the loss is"),
        ("fraction", 2.0, "demand_fall is of 0.6 of the demand, and 0.3 is looked at"),
        ("cost_total", 0.1, "and the commitments alone cost"),
        ("without_commitments", -1.0, "the cost without commitments is negative"),
    ],
)
def test_a_fall_of_demand_that_was_changed_is_found(
    field: str, factor: float, told: str, plan: Plan, catalog: Catalog
) -> None:
    fall = schedule_of(plan).demand_fall
    assert fall is not None
    changed = fall.model_copy(update={field: factor * getattr(fall, field)})
    assert told in broken(with_schedule(plan, demand_fall=changed), catalog)


def test_a_fall_of_demand_without_commitments_is_found(plan: Plan, catalog: Catalog) -> None:
    limits = Limits(purchase_options=("on_demand",))
    profile = DemandProfile(factors=[1.0] * 18 + [2.0] * 6)
    free = optimize(WORK, catalog, limits=limits, demand_profile=profile).require()
    fall = schedule_of(plan).demand_fall
    told = "nothing is committed, and yet the plan says what not committing would cost"
    assert told in broken(with_schedule(free, demand_fall=fall), catalog)


@pytest.mark.parametrize("is_flat", [False, True])
def test_a_baseline_that_was_changed_is_found(
    plan: Plan, flat: Plan, catalog: Catalog, *, is_flat: bool
) -> None:
    one = flat if is_flat else plan
    cost = next(each.cost_total for each in one.baselines if each.cost_total is not None)
    for changed, told in (
        ({"difference": cost}, "its difference to the plan is"),
        ({"cost_total": 1.5 * cost}, "its difference to the plan is"),
        ({"difference_fraction": 0.123}, "of the plan's cost, the plan says 0.123"),
        ({"cost_total": -1.0}, "a cost is negative or no number"),
        ({"cost_total": None}, "its difference to the plan is nothing"),
    ):
        assert told in broken(with_baseline(one, **changed), catalog)
    twice = one.model_copy(update={"baselines": (*one.baselines, *one.baselines)})
    assert "two baselines have the same name" in broken(twice, catalog)


def test_a_plan_without_commitments_below_what_is_proven_is_found(
    plan: Plan, catalog: Catalog
) -> None:
    own = plan.cost_total
    assert own is not None
    cheap = with_baseline(
        plan, cost_total=0.5 * own, difference=-0.5 * own, difference_fraction=-0.5
    )
    assert "below the bound of" in broken(cheap, catalog)


def test_a_saved_plan_at_other_prices_has_nothing_beside_it_to_break(
    plan: Plan, flat: Plan, catalog: Catalog
) -> None:
    cheaper = catalog.with_prices(discounts={"aws/us-east-1/g5*/*": 0.5}, reason="half")
    assert running_today(plan, plan.request, cheaper).broken == ()
    assert running_today(flat, flat.request, cheaper).broken == ()
