"""Start-up, minimum-up time and work with a deadline, by hand and by exhaustive search."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from costopt.plan.status import PlanStatus
from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.problem import DeferrableWork, HourlyProblem, Sequence
from costopt.solve.hours.prune import needed_offers
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.run import solve_hours

Build = Callable[..., HourlyProblem]


def cheapest_course(problem: HourlyProblem, most: int) -> float:
    """Try every course of counts of two offers over the hours, the round repeating."""
    assert problem.sequence is not None
    rates = problem.blocks[0].rates[:, 0]
    hours = problem.hour_count
    best = np.inf
    single = list(product(range(most + 1), repeat=hours))
    for course in product(single, repeat=2):
        counts = np.array(course)
        if (counts.T @ rates < problem.demand_factor[0] - 1e-9).any():
            continue
        started = np.maximum(counts - np.roll(counts, 1, axis=1), 0)
        recent = np.zeros_like(counts)
        for offer, least in enumerate(problem.sequence.min_up_hours):
            for back in range(int(least)):
                recent[offer] += np.roll(started[offer], back)
        kept = problem.sequence.min_up_hours[:, None] > 1
        if (kept & (recent > counts)).any():
            continue
        charged = counts.sum(axis=1) + problem.sequence.start_up_hours * started.sum(axis=1)
        best = min(best, float(problem.price_per_hour @ charged))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_starts_and_minimum_up_times_cost_what_exhaustive_search_finds(
    over_hours: Build, seed: int
) -> None:
    random = np.random.default_rng(seed)
    problem = over_hours(
        random.integers(0, 5, 4).astype(float).tolist(),
        rates=[1.0, 3.0],
        prices=[1.0, float(random.integers(2, 4))],
        upper=[2.0, 2.0],
        sequence=Sequence(
            start_up_hours=random.choice([0.0, 0.5, 2.0], 2),
            min_up_hours=random.integers(0, 7, 2),
        ),
    )
    solution = solve_hours(problem, gap=0, time_limit_seconds=20)
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(cheapest_course(problem, 2), rel=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_longer_times_never_lower_the_cost(over_hours: Build, seed: int) -> None:
    random = np.random.default_rng(seed)
    factors = random.integers(0, 5, 6).astype(float).tolist()

    def cost(start_up: float, least: int) -> float:
        sequence = Sequence(start_up_hours=np.full(2, start_up), min_up_hours=np.full(2, least))
        problem = over_hours(
            factors, rates=[1.0, 3.0], prices=[1.0, 2.5], upper=[4.0, 4.0], sequence=sequence
        )
        solution = solve_hours(problem, gap=0, time_limit_seconds=20)
        assert solution.costs is not None
        return solution.costs.objective

    start_up, least = float(random.uniform(0, 2)), int(random.integers(1, 5))
    first = cost(start_up, least)
    assert cost(start_up + 0.5, least) >= first - 1e-6
    assert cost(start_up, least + 1) >= first - 1e-6
    assert cost(0.0, 1) <= first + 1e-6


def test_an_instance_stays_up_where_starting_again_costs_more(over_hours: Build) -> None:
    """Demand 1, 0, 1, 0: staying costs 4 x $1; two starts of 3 h each would cost 2 + 6."""
    problem = over_hours(
        [1.0, 0.0, 1.0, 0.0],
        rates=[1.0],
        prices=[1.0],
        sequence=Sequence(start_up_hours=np.array([3.0]), min_up_hours=np.array([0])),
    )
    solution = solve_hours(problem, gap=0)
    assert solution.decision is not None
    assert solution.costs is not None
    assert solution.decision.counts.tolist() == [[1, 1, 1, 1]]
    assert solution.costs.objective == pytest.approx(4.0)


@pytest.mark.parametrize(("least", "counts"), [(3, [1, 2]), (4, [2, 2])])
def test_a_minimum_up_time_may_be_longer_than_the_round(
    over_hours: Build, least: int, counts: list[int]
) -> None:
    """Demand 1, 2; one that starts in every second hour is up in this, the next and that after.

    Those are 3 h, while the one before it stops. For 4 h two would run in each hour.
    """
    problem = over_hours(
        [1.0, 2.0],
        rates=[1.0],
        prices=[1.0],
        sequence=Sequence(start_up_hours=np.array([0.0]), min_up_hours=np.array([least])),
    )
    solution = solve_hours(problem, gap=0)
    assert solution.decision is not None
    assert solution.decision.counts.tolist() == [counts]


def test_a_plan_of_money_covers_the_hours_of_starts(over_hours: Build) -> None:
    """Owned $1/h pays for 2 h at $0.5: the hour and half of the second one that a start takes.

    Demand 1, 0: charged are 1 + 1.5 = 2.5 h at $1 in the first hour, of which 2 h are covered.
    """
    problem = over_hours(
        [1.0, 0.0],
        rates=[1.0],
        prices=[1.0],
        upper=[1.0],
        sequence=Sequence(start_up_hours=np.array([1.5]), min_up_hours=np.array([0])),
        spends=SpendCommitments(
            cost=np.ones(1),
            upper=np.zeros(1),
            owned=np.array([[1.0, 0.0]]),
            rate=np.array([[0.5]]),
            other_usage=np.zeros((0, 2)),
            other_price=np.zeros(0),
            other_rate=np.zeros((1, 0)),
        ),
    )
    solution = solve_hours(problem, gap=0)
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(0.5)
    assert solution.bound == pytest.approx(0.5)


def test_what_starts_as_slowly_as_another_offer_may_replace_it(over_hours: Build) -> None:
    """Two of $1 serve as much as one of $3; side by side they are up no longer than it is."""
    problem = over_hours(
        [1.0, 2.0],
        rates=[1.0, 2.0],
        prices=[1.0, 3.0],
        sequence=Sequence(start_up_hours=np.full(2, 0.5), min_up_hours=np.full(2, 2)),
    )
    kinds = hour_kinds(problem)
    assert needed_offers(problem, reach_of(problem, kinds)).tolist() == [True, False]


def night_work(over_hours: Build, *, deadline: int) -> HourlyProblem:
    """2 owned instances serve 2, 2, 1, 2; a job of one instance-hour may use them or pay $5."""
    job = DeferrableWork(
        amount=np.array([1.0]),
        release=np.array([0]),
        deadline=np.array([deadline]),
        job=np.array([-1, 0, 0]),
        rate=np.array([0.0, 1.0, 1.0]),
    )
    return over_hours(
        [2.0, 2.0, 1.0, 2.0],
        rates=[1.0],
        prices=[0.0, 0.0, 5.0],
        server=[0, -1, -1],
        quantity=[0, 0, -1],
        quantities=QuantityCommitments(cost=np.zeros(1), upper=np.array([2.0])),
        work=job,
    )


def test_a_job_fills_the_night_trough_of_serving(over_hours: Build) -> None:
    solution = solve_hours(night_work(over_hours, deadline=4), gap=0)
    assert solution.decision is not None
    assert solution.costs is not None
    assert solution.decision.counts.tolist() == [[2, 2, 1, 2], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert solution.costs.objective == 0.0


def test_a_job_due_before_the_trough_pays_by_the_hour(over_hours: Build) -> None:
    solution = solve_hours(night_work(over_hours, deadline=2), gap=0)
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(5.0)


def test_a_job_that_cannot_end_in_time_is_infeasible(over_hours: Build) -> None:
    problem = over_hours(
        [0.0, 0.0],
        rates=[1.0],
        prices=[1.0, 1.0],
        server=[0, -1],
        upper=[1.0, 1.0],
        work=DeferrableWork(
            amount=np.array([3.0]),
            release=np.array([0]),
            deadline=np.array([2]),
            job=np.array([-1, 0]),
            rate=np.array([0.0, 1.0]),
        ),
    )
    solution = solve_hours(problem, gap=0)
    assert solution.status is PlanStatus.INFEASIBLE
    assert solution.infeasible_hours == ()
