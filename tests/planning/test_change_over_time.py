"""Plans over time from what ran before: kept, started and stopped by the hours that it runs."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.change import KindCount
from costopt.plan.diff import diff
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.current_fleet import read_fleet
from costopt.planning.frontier import frontier
from costopt.planning.optimize_request import optimize
from costopt.planning.over_time_work import without_surplus
from costopt.solve.hours.changes import HourlyChanges
from costopt.solve.hours.commitments import QuantityCommitments
from costopt.solve.hours.problem import DeferrableWork, HourlyProblem
from costopt.solve.hours.run import solve_hours
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob

Priced = Callable[[Mapping[str, float]], Catalog]

WORK = Requirement(
    demand_per_second=20, throughput_per_second={"g5.xlarge": 10, "g6.xlarge": 10}
)  # fmt: skip
FIRM = Limits(purchase_options=["on_demand"])
DAY = DemandProfile(factors=[0.5, 1.0, 1.5, 1.0])
"""1, 2, 3 and 2 instances: 2 in the mean."""
HOURS = 730.0


@pytest.fixture(scope="module")
def before(priced: Priced) -> Plan:
    """The plan of yesterday, when g5.xlarge was the cheaper one."""
    yesterday = priced({"g5.xlarge/on_demand": 1.0, "g6.xlarge/on_demand": 1.1})
    return optimize(WORK, yesterday, limits=FIRM, demand_profile=DAY).require()


@pytest.fixture(scope="module")
def cents(priced: Priced) -> Catalog:
    """g5.xlarge at $1.00 and g6.xlarge at $0.99: 2 in the mean are $14.60 a month apart."""
    return priced({"g5.xlarge/on_demand": 1.0, "g6.xlarge/on_demand": 0.99})


@pytest.fixture(scope="module")
def moved(cents: Catalog, before: Plan) -> Plan:
    """At 4 x $3 = $12 the $14.60 repay the move."""
    return from_fleet(cents, before, 3.0)


def from_fleet(catalog: Catalog, fleet: Any, cost: Any, **settings: Any) -> Plan:
    settings = {"limits": FIRM, "demand_profile": DAY} | settings
    plan = optimize(WORK, catalog, current_fleet=fleet, switching_cost=cost, **settings)
    assert evaluate_plan(plan, catalog).violations == ()
    return plan


def kinds(counted: tuple[KindCount, ...]) -> dict[str, float]:
    return {one.instance_type: pytest.approx(one.count) for one in counted}


def test_a_nightly_plan_over_time_does_not_move_for_cents(cents: Catalog, before: Plan) -> None:
    """Moving 2.0 instances saves 2 x $0.01 x 730 h = $14.60 and costs 4 x $5 = $20."""
    plan = from_fleet(cents, before, 5.0)
    change = plan.change
    assert change is not None
    assert change.is_none
    assert kinds(change.kept) == {"g5.xlarge": 2.0}
    assert [line.count for line in plan.lines] == [3]
    assert plan.cost_total == pytest.approx(2 * HOURS)
    assert plan.switching_cost == 0.0
    assert change.staying_cost == pytest.approx(2 * HOURS)
    assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
    told = " ".join(str(plan).split())
    assert "Change: nothing is started or stopped; 2 x g5.xlarge in aws us-east-1." in told


def test_a_move_over_time_that_repays_itself_is_made_and_shown_apart(moved: Plan) -> None:
    """$12 / 730 h stand in the bound, beside what runs."""
    plan, change = moved, moved.change
    assert change is not None
    assert kinds(change.started) == {"g6.xlarge": 2.0}
    assert kinds(change.stopped) == {"g5.xlarge": 2.0}
    assert plan.cost_total == pytest.approx(2 * 0.99 * HOURS)
    assert plan.switching_cost == pytest.approx(12.0)
    assert plan.bound == pytest.approx(2 * 0.99 + 12.0 / HOURS)
    assert plan.gap == pytest.approx(0.0, abs=1e-6)
    assert plan.schedule is not None
    assert plan.schedule.objective == pytest.approx(2 * 0.99 * HOURS)
    told = " ".join(str(plan).split())
    assert "$12.00 once" in told
    assert "the best plan found with the kinds that ran costs $2.60 more over 730 h" in told


def test_more_demand_starts_the_part_that_it_needs(cents: Catalog, before: Plan) -> None:
    """20, 30, 40 and 30 units a second need 2, 3, 4 and 3 instances: 3.0, of which 2.0 ran.

    What is added costs its start of $10 on either type, and is $7.30 cheaper on g6.xlarge.
    """
    more = WORK.model_copy(update={"demand_per_second": 25.0})
    profile = DemandProfile(factors=[0.8, 1.2, 1.6, 1.2])
    plan = optimize(more, cents, limits=FIRM, demand_profile=profile, current_fleet=before,
                    switching_cost={"start": 10.0})  # fmt: skip
    assert evaluate_plan(plan, cents).violations == ()
    assert plan.change is not None
    assert kinds(plan.change.kept) == {"g5.xlarge": 2.0}
    assert kinds(plan.change.started) == {"g6.xlarge": 1.0}
    assert plan.switching_cost == pytest.approx(10.0)
    assert plan.cost_total == pytest.approx((2 * 1.0 + 0.99) * HOURS)


def test_rows_are_what_runs_around_the_clock(cents: Catalog) -> None:
    """Of 3 that run all day, a plan of 1, 2, 3 and 2 keeps 2.0 and stops 1.0: $4."""
    rows = [("aws", "us-east-1", "", "g5.xlarge", "on_demand", 3)]
    plan = from_fleet(cents, rows, {"start": 20.0, "stop": 4.0})
    assert plan.change is not None
    assert kinds(plan.change.kept) == {"g5.xlarge": 2.0}
    assert kinds(plan.change.stopped) == {"g5.xlarge": 1.0}
    assert plan.switching_cost == pytest.approx(4.0)
    assert plan.change.staying_cost == pytest.approx(2 * HOURS + 4.0)
    assert "$4.00 once, beside $1,460/month; nothing runs of a kind that did not" in " ".join(
        str(plan).split()
    )


def test_a_stop_that_costs_more_than_idling_is_not_made(cents: Catalog) -> None:
    """The third instance idles for 730 h x $1.00, which is less than the $800 of its stop."""
    rows = [("aws", "us-east-1", "", "g5.xlarge", "on_demand", 3)]
    plan = from_fleet(cents, rows, {"stop": 800.0})
    assert plan.change is not None
    assert plan.change.is_none
    assert plan.cost_total == pytest.approx(3 * HOURS)


def test_an_empty_fleet_charges_every_start_over_time(cents: Catalog) -> None:
    plan = from_fleet(cents, [], {"start": 2.5})
    assert plan.switching_cost == pytest.approx(2 * 2.5)
    assert plan.change is not None
    assert plan.change.staying_cost is None


def test_what_the_catalogue_no_longer_has_is_stopped_over_time(cents: Catalog) -> None:
    fleet = [
        ("aws", "us-east-1", "", "g5.xlarge", "on_demand", 2),
        ("aws", "us-east-1", "", "p5.48xlarge", "on_demand", 3),
    ]
    change = from_fleet(cents, fleet, 5.0).change
    assert change is not None
    assert kinds(change.stopped) == {"p5.48xlarge": 3.0}
    assert change.staying_cost is None
    assert "3 x p5.48xlarge in aws us-east-1 cannot go on: the catalogue" in change.notes[0]


def test_a_fleet_that_can_do_nothing_of_the_work_is_left(cents: Catalog) -> None:
    plan = from_fleet(cents, [("aws", "us-east-1", "", "g4dn.xlarge", "on_demand", 1)], 1.0)
    assert plan.change is not None
    assert kinds(plan.change.stopped) == {"g4dn.xlarge": 1.0}
    assert kinds(plan.change.started) == {"g6.xlarge": 2.0}


def test_a_change_over_time_that_was_edited_does_not_hold(cents: Catalog, moved: Plan) -> None:
    assert moved.change is not None
    for field, value in (("switching_cost", 1.0), ("started", ()), ("stopped", ())):
        edited = moved.change.model_copy(update={field: value})
        found = evaluate_plan(moved.model_copy(update={"change": edited}), cents).violations
        assert any(text.startswith(f"{field} is ") for text in found)
    missing = evaluate_plan(moved.model_copy(update={"change": None}), cents).violations
    assert any("disagree on whether something runs already" in text for text in missing)


def test_a_plan_over_time_from_a_fleet_survives_json(cents: Catalog, moved: Plan) -> None:
    again = Plan.from_json(moved.to_json())
    assert again == moved
    assert evaluate_plan(again, cents).violations == ()


def test_the_difference_of_two_plans_over_time_counts_hours(before: Plan, moved: Plan) -> None:
    found = diff(before, moved)
    assert kinds(found.started) == {"g6.xlarge": 2.0}
    assert kinds(found.stopped) == {"g5.xlarge": 2.0}
    assert "2 x g6.xlarge" in str(found)


def test_a_plan_over_time_is_no_fleet_of_one_rate(cents: Catalog, before: Plan) -> None:
    with pytest.raises(InvalidInputError, match="every hour runs a fleet of its own"):
        read_fleet(before, cents)
    part = [("aws", "us-east-1", "", "g5.xlarge", "on_demand", 2.5)]
    with pytest.raises(InvalidInputError, match=r"2\.5 of g5\.xlarge is no whole number"):
        optimize(WORK, cents, limits=FIRM, current_fleet=part)


def test_a_frontier_over_time_counts_the_way_from_a_fleet(cents: Catalog, before: Plan) -> None:
    """What is asked for runs on demand, so that a looser share buys nothing."""
    found = frontier(
        WORK, cents, over="max_spot_fraction", values=[0.0, 0.5], limits=FIRM,
        current_fleet=before, switching_cost=3.0, demand_profile=DAY,
    )  # fmt: skip
    for point in found.points:
        assert point.plan.switching_cost == pytest.approx(12.0)
        assert point.cost_with_switching == pytest.approx(2 * 0.99 * HOURS + 12.0)
        assert point.bound_total == pytest.approx(2 * 0.99 * HOURS + 12.0)
    assert [point.is_dominated for point in found.points] == [False, True]


def test_alternatives_to_a_plan_over_time_count_the_way_to_them(moved: Plan) -> None:
    """Without g6.xlarge the fleet stays: $1,460 beside $1,445.40 and $12."""
    (other, *_) = moved.explain().alternatives
    assert other.cost_total == pytest.approx(2 * HOURS)
    assert other.difference == pytest.approx(14.60 - 12.0)


def test_a_bound_of_the_rest_does_not_count_stops_of_what_a_gang_keeps(few: Catalog) -> None:
    """Nothing has to be stopped, so that nothing is proven by what a stop costs."""
    tune = FineTuneJob(
        model="meta-llama/Llama-3.1-8B-Instruct", method="qlora", tokens=2e7,
        sequence_length=1024, deadline_hours=4,
    )  # fmt: skip
    asked: dict[str, Any] = {"limits": FIRM, "demand_profile": DAY, "time_limit_seconds": 1.0}
    before = optimize([WORK, tune], few, **asked).require()
    free, dear = (
        optimize([WORK, tune], few, current_fleet=before, switching_cost={"stop": stop}, **asked)
        for stop in (0.0, 1e6)
    )
    assert free.switching_cost == dear.switching_cost == 0.0
    assert dear.cost_total == pytest.approx(before.cost_total)
    assert dear.bound == pytest.approx(free.bound)


def test_an_hour_of_a_job_that_saves_a_stop_is_kept() -> None:
    """One instance ran around the clock; a committed one does the job in one of two hours.

    Both hours cost nothing. Resting in one of them would stop half of an instance, for 5.
    """
    problem = HourlyProblem(
        price_per_hour=np.zeros(1),
        server=np.array([-1]),
        upper=np.ones(1),
        quantity=np.zeros(1, dtype=np.int64),
        blocks=(),
        weight=np.ones(2),
        demand_factor=np.zeros((0, 2)),
        quantities=QuantityCommitments(cost=np.zeros(1), upper=np.ones(1)),
        work=DeferrableWork(
            amount=np.ones(1),
            release=np.zeros(1, dtype=np.int64),
            deadline=np.full(1, 2),
            job=np.zeros(1, dtype=np.int64),
            rate=np.ones(1),
        ),
        changes=HourlyChanges(
            kind=np.zeros(1, dtype=np.int64), running=np.ones(1), start_cost=0.0, stop_cost=10.0
        ),
    )
    solution = solve_hours(problem, gap=0)
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(0)
    kept = without_surplus(problem, solution).decision
    assert kept is not None
    assert kept.counts.tolist() == [[1, 1]]
