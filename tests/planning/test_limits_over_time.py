"""Promises on spot, budgets and numbers of types hold in every hour of a plan."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile, DemandScenario
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

PRICES = {
    "g6.xlarge/spot": 1.0,
    "g5.xlarge/spot": 1.5,
    "g6e.xlarge/spot": 2.0,
    "g6.xlarge/on_demand": 4.0,
    "g5.xlarge/on_demand": 5.0,
    "g6e.xlarge/on_demand": 6.0,
}
"""What an hour costs; every type does one request a second."""

DAY = DemandProfile(factors=[0.5, 1.0])
"""Two hours at 2 and at 4 requests a second."""


@pytest.fixture
def planned(priced: Callable[[Mapping[str, float]], Catalog]) -> Callable[..., Plan]:
    """Plan 4 requests/s on instances that each do one, and check the plan."""
    catalog = priced(PRICES)

    def plan(profile: DemandProfile = DAY, **limits: Any) -> Plan:
        found = optimize(
            REQUIREMENT,
            catalog,
            limits=Limits(**limits),
            demand_profile=profile,
            horizon_hours=len(profile.factors or (0, 0)),
            gap=0.0,
        )
        if found.lines:
            assert evaluate_plan(found, catalog).violations == ()
        return found

    return plan


REQUIREMENT = Requirement(
    demand_per_second=4,
    throughput_per_second={"g6.xlarge": 1.0, "g5.xlarge": 1.0, "g6e.xlarge": 1.0},
    max_utilisation=1.0,
)


def counts_of(plan: Plan) -> list[dict[str, int]]:
    """Instances by type and payment in each kind of hour, the quietest first."""
    assert plan.schedule is not None
    names = [f"{one.offer.instance_type}/{one.offer.purchase_option}" for one in plan.lines]
    return [
        {name: count for name, count in zip(names, hour.counts, strict=True) if count}
        for hour in plan.schedule.hours
    ]


def test_each_hour_keeps_half_when_a_pool_goes(planned: Callable[..., Plan]) -> None:
    """Two pools carry half each: 1 + 1 instances at 2 requests/s, 2 + 2 at 4; 2.5 + 5 dollars."""
    plan = planned(survive_pool_losses=1, served_after_loss=0.5)
    one, two = "g6.xlarge/spot", "g5.xlarge/spot"
    assert counts_of(plan) == [{one: 1, two: 1}, {one: 2, two: 2}]
    assert plan.cost_total == pytest.approx(7.5)
    assert plan.outcomes[0].served_after_losses == pytest.approx(0.5)
    assert plan.outcomes[0].worst_loss_factor in (0.5, 1.0)
    said = " ".join(str(plan).split())
    assert "losing any 1 pool leaves at least 50 % served in every request size" in said
    assert "times the mean rate" in said


def test_what_pools_may_not_carry_is_firm_in_each_hour(planned: Callable[..., Plan]) -> None:
    """A pool carries 30 %. At 4 requests/s three of one instance and one firm: 4.5 + 4.

    At 2 requests/s a pool carries 0.6 of an instance: two and a firm one for 1 + 1.5 + 4, where
    three leave 0.2 to it all the same.
    """
    plan = planned(survive_pool_losses=1, served_after_loss=0.7)
    assert plan.cost_total == pytest.approx(6.5 + 8.5)
    assert [sum(hour.values()) for hour in counts_of(plan)] == [3, 4]


def test_enough_pools_carry_a_part_of_each_hour(planned: Callable[..., Plan]) -> None:
    """At 2 requests/s 1 + 1.5, at 4 three of the cheapest and one of the next: 3 + 1.5."""
    plan = planned(min_pools=2)
    assert plan.cost_total == pytest.approx(2.5 + 4.5)
    assert plan.schedule is not None
    for hour in plan.schedule.hours:
        parts = [sum(routing) for routing in hour.routing if routing]
        assert min(parts) >= 0.05 - 1e-9


def test_a_budget_is_what_all_hours_cost(planned: Callable[..., Plan]) -> None:
    """Half after a loss costs 7.5 over both hours; the plan on one pool costs 6."""
    half = {"survive_pool_losses": 1, "served_after_loss": 0.5}
    assert planned(budget=7.5, **half).cost_total == pytest.approx(7.5)
    none = planned(budget=7.4, **half)
    assert none.status is PlanStatus.INFEASIBLE
    assert none.unanswered_because == (
        "no plan keeps the budget of 7.40 over the horizon, in every scenario; one was found for "
        "7.50: raise it",
    )


def test_few_types_run_in_all_hours(planned: Callable[..., Plan]) -> None:
    """One type has one pool, which carries half: 1 x 1 + 1 x 4 and 2 x 1 + 2 x 4 dollars."""
    half = {"survive_pool_losses": 1, "served_after_loss": 0.5}
    plan = planned(max_distinct_types=1, **half)
    assert plan.cost_total == pytest.approx(15)
    assert {line.offer.instance_type for line in plan.lines} == {"g6.xlarge"}


def test_an_availability_holds_in_every_hour(planned: Callable[..., Plan]) -> None:
    """The defaults keep an instance of these pools 85 % of the time at most; the rest is firm."""
    likely = planned(availability=0.7)
    assert likely.outcomes[0].availability is not None
    assert 0.7 <= likely.outcomes[0].availability < 1
    assert likely.outcomes[0].spot_fraction > 0
    certain = planned(availability=0.999)
    assert certain.outcomes[0].spot_fraction == 0
    assert certain.cost_total == pytest.approx(2 * 4 + 4 * 4)


def test_a_budget_holds_in_the_dearest_scenario(priced: Callable[..., Catalog]) -> None:
    """Twice the demand in one hour of two scenarios: 4 or 8 dollars, 6 on average."""
    profile = DemandProfile(
        scenarios=[
            DemandScenario(name="low", probability=0.5, factors=[1.0]),
            DemandScenario(name="high", probability=0.5, factors=[2.0]),
        ]
    )

    def plan(budget: float) -> Plan:
        return optimize(
            REQUIREMENT,
            priced(PRICES),
            limits=Limits(budget=budget),
            demand_profile=profile,
            horizon_hours=1,
            gap=0.0,
        )

    assert plan(8.0).cost_total == pytest.approx(6)
    assert plan(7.9).status is PlanStatus.INFEASIBLE


def moved(plan: Plan, hour: int) -> Plan:
    """Route all of an hour to its first line, as far as the program is concerned."""
    assert plan.schedule is not None
    hours = list(plan.schedule.hours)
    whole = tuple((float(row == 0),) for row in range(len(plan.lines)))
    changed = hours[hour].model_copy(update={"routing": whole})
    hours[hour] = changed
    schedule = plan.schedule.model_copy(update={"hours": tuple(hours)})
    return plan.model_copy(update={"schedule": schedule})


def test_a_routing_that_breaks_a_promise_in_one_hour_is_caught(
    planned: Callable[..., Plan], priced: Callable[..., Catalog]
) -> None:
    plan = planned(survive_pool_losses=1, served_after_loss=0.5, min_pools=2)
    said = evaluate_plan(moved(plan, 1), priced(PRICES)).violations
    lost = f"hour 1: losing {plan.lines[0].offer.instance_type} spot in aws us-east-1 leaves 0.0 %"
    assert any(lost in one for one in said)
    assert any("hour 1: spot is in 1 failure groups (pool) that carry" in one for one in said)
    assert not any("hour 0: losing" in one for one in said)


def test_a_plan_beyond_a_budget_or_of_too_many_types_is_caught(
    planned: Callable[..., Plan], priced: Callable[..., Catalog]
) -> None:
    plan = planned(survive_pool_losses=1, served_after_loss=0.5)
    limits = plan.request.limits.model_copy(update={"budget": 7.0, "max_distinct_types": 1})
    asked = plan.request.model_copy(update={"limits": limits})
    said = evaluate_plan(plan.model_copy(update={"request": asked}), priced(PRICES)).violations
    assert "cost 7.50 exceeds the budget of 7.00" in said
    assert "2 instance types, 1 allowed" in said


def test_a_budget_of_one_workload_beside_shared_commitments_is_refused(
    priced: Callable[..., Catalog],
) -> None:
    own = REQUIREMENT.model_copy(update={"limits": Limits(budget=5.0)})
    with pytest.raises(InvalidInputError, match="share what is committed"):
        optimize(
            [own, REQUIREMENT],
            priced(PRICES),
            limits=Limits(purchase_options=["on_demand", "reserved"]),
            demand_profile=DAY,
        )
