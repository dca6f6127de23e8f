"""The largest multiple of the demand, by hand and against the program that it turns around."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from costopt.errors import InvalidInputError
from costopt.plan.status import PlanStatus
from costopt.solve.highs import Outcome
from costopt.solve.most_demand import most_demand
from costopt.solve.problem import Problem
from costopt.solve.run import solve_problem

Draw = Callable[[int], Problem]
Serve = Callable[..., Problem]

SEEDS = [range(first, first + 40) for first in range(0, 200, 40)]


def test_a_budget_buys_whole_instances_and_all_that_they_serve(serve: Serve) -> None:
    """$7/h buys three at $2 and one at $1: 3 x 5 + 1 x 2 = 17 of 4 requests/s, 4.25 times."""
    problem = serve([4.0], [[5.0], [2.0]], [2.0, 1.0], budget_per_hour=7.0)
    found = most_demand(problem, gap=0.0)
    assert found.factor == pytest.approx(17 / 4)
    assert found.bound == pytest.approx(17 / 4)
    assert found.status is PlanStatus.OPTIMAL_WITHIN_GAP


def test_buckets_grow_in_proportion(serve: Serve) -> None:
    """One instance does 6/s of the first or 3/s of the second; 1 and 1 take 1/2 of it: twice."""
    found = most_demand(serve([1.0, 1.0], [[6.0, 3.0]], [2.0], budget_per_hour=3.0), gap=0.0)
    assert found.factor == pytest.approx(2.0)


def test_spot_stays_within_its_share_of_what_is_served(serve: Serve) -> None:
    """$3 buy a firm instance at $2 and a spot one at $1, of which half the demand may use 1/1."""
    problem = serve(
        [1.0],
        [[1.0], [4.0]],
        [2.0, 1.0],
        spot=[False, True],
        max_spot_fraction=0.5,
        budget_per_hour=3.0,
    )
    assert most_demand(problem, gap=0.0).factor == pytest.approx(2.0)


def test_a_demand_that_nothing_limits_asks_for_a_budget(serve: Serve) -> None:
    with pytest.raises(InvalidInputError, match=r"give limits\.budget"):
        most_demand(serve([1.0], [[1.0]], [1.0]))


def test_a_relaxed_program_that_takes_too_long_is_no_demand_without_a_limit(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = serve([1.0], [[1.0]], [1.0], budget_per_hour=3.0)
    monkeypatch.setattr("costopt.solve.most_demand.run_relaxed", lambda *_, **__: Outcome.STOPPED)
    found = most_demand(problem)
    assert found.status is PlanStatus.NO_ANSWER_IN_TIME
    assert found.factor is None
    assert found.bound == np.inf


def test_no_demand_cannot_grow(serve: Serve) -> None:
    with pytest.raises(InvalidInputError, match="no demand that could grow"):
        most_demand(serve([0.0], [[1.0]], [1.0], budget_per_hour=1.0))


def test_a_budget_below_the_cheapest_instance_serves_nothing(serve: Serve) -> None:
    found = most_demand(serve([1.0], [[1.0]], [1.0], budget_per_hour=0.5))
    assert (found.status, found.factor) == (PlanStatus.INFEASIBLE, None)


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_the_found_multiple_is_feasible_and_a_little_more_is_not(
    seeds: range, draw_problem: Draw
) -> None:
    found = 0
    for seed in seeds:
        drawn = draw_problem(seed)
        if not any((block.demand > 0).any() for block in drawn.blocks):
            continue
        problem = replace(drawn, budget_per_hour=drawn.budget_per_hour or 6.0)
        most = most_demand(problem, gap=0.0)
        if most.factor is None:
            assert grown(problem, 1e-3) is PlanStatus.INFEASIBLE, f"seed {seed}"
            continue
        found += 1
        assert grown(problem, most.factor * (1 - 1e-6)) is not PlanStatus.INFEASIBLE
        assert grown(problem, most.factor * (1 + 1e-4)) is PlanStatus.INFEASIBLE, f"seed {seed}"
    assert found > 10


def grown(problem: Problem, factor: float) -> PlanStatus:
    blocks = tuple(replace(block, demand=block.demand * factor) for block in problem.blocks)
    return solve_problem(replace(problem, blocks=blocks), gap=0.5).status


def test_jobs_stay_as_they_are_beside_a_growing_service(draw_problem: Draw, serve: Serve) -> None:
    """$5 less the job's $2 buy three instances at $1: 3/s, three times the demand."""
    job = next(p.choices for p in map(draw_problem, range(50)) if p.choices)[0]
    fixed = replace(job, cost=np.array([2.0]), group=np.array([0]))
    problem = serve([1.0], [[1.0]], [1.0], choices=(fixed,), budget_per_hour=5.0)
    assert most_demand(problem, gap=0.0).factor == pytest.approx(3.0)
