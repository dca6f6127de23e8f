"""Start-up, minimum-up time and work with a deadline, by hand and by exhaustive search."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from costopt.plan.status import PlanStatus
from costopt.solve.hours.commitments import QuantityCommitments
from costopt.solve.hours.problem import DeferrableWork, HourlyProblem, Sequence
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
            for back in range(min(int(least), hours)):
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
            min_up_hours=random.integers(0, 4, 2),
        ),
    )
    solution = solve_hours(problem, gap=0, time_limit_seconds=20)
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(cheapest_course(problem, 2), rel=1e-6)


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
