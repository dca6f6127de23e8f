"""Starts and minimum-up times of a plan over time are told from its counts alone."""

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan, request_hash
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """One type at 1 $/h."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge"],
        purchase_options=["on_demand"],
    )
    listed = found.offers.assign(recurring_per_hour=1.0, effective_per_hour=1.0)
    return found.with_offers(pd.DataFrame(listed).astype(found.offers.dtypes.to_dict()))


@pytest.fixture(scope="module")
def plan(catalog: Catalog) -> Plan:
    """Two for two hours and one for three, each start charged half an hour."""
    work = Requirement(demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0})
    profile = DemandProfile(factors=[2.0, 2.0, 1.0, 1.0, 1.0], start_up_hours=0.5, min_up_hours=2)
    return optimize(
        work,
        catalog,
        limits=Limits(purchase_options=("on_demand",)),
        horizon_hours=500.0,
        demand_profile=profile,
    ).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def asking(plan: Plan, **profile: object) -> Plan:
    """The same plan for a request that asks otherwise of starts."""
    asked = plan.request.demand_profile
    assert asked is not None
    request = plan.request.model_copy(update={"demand_profile": asked.model_copy(update=profile)})
    return plan.model_copy(update={"request": request, "request_hash": request_hash(request)})


def broken(plan: Plan, catalog: Catalog) -> str:
    return "\n".join(evaluate_plan(plan, catalog).violations)


def test_a_plan_with_starts_holds_as_it_was_made(plan: Plan, catalog: Catalog) -> None:
    """7 h of instances and one start of 0.5 h in each of 100 rounds."""
    assert evaluate_plan(plan, catalog).violations == ()
    assert [hour.starts for hour in schedule_of(plan).hours] == [(1,), (0,), (0,), (0,), (0,)]
    assert plan.cost_total == pytest.approx(750.0)


def test_starts_that_are_left_out_are_found(plan: Plan, catalog: Catalog) -> None:
    hours = list(schedule_of(plan).hours)
    hours[0] = hours[0].model_copy(update={"starts": (0,), "paid_per_hour": 2.0})
    schedule = schedule_of(plan).model_copy(
        update={"hours": tuple(hours), "starts_cost": 0.0, "objective": 700.0}
    )
    text = broken(plan.model_copy(update={"schedule": schedule}), catalog)
    assert "hour 0: starts is (1,), the plan says (0,)" in text
    assert "hour 0: paid_per_hour is 2.5, the plan says 2" in text
    assert "starts_cost is 50, the plan says 0" in text
    assert "objective is 750, the plan says 700" in text


def test_starts_take_as_long_as_the_request_says(plan: Plan, catalog: Catalog) -> None:
    text = broken(asking(plan, start_up_hours=1.0), catalog)
    assert "starts_cost is 100, the plan says 50" in text
    assert "starts_cost is 20, the plan says 50" in broken(
        asking(plan, start_up_hours="catalogue"), catalog
    )


def test_an_instance_that_stops_before_its_time_is_found(plan: Plan, catalog: Catalog) -> None:
    """Up for two hours of five, the first to have started stops first: five hours and two."""
    assert "before it has run" not in broken(asking(plan, min_up_hours=7), catalog)
    assert "an instance stops in hour 2 of scenario expected before it has run 8 h" in broken(
        asking(plan, min_up_hours=8), catalog
    )
