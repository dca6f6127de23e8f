"""Price coordination of many workloads: a true bound, a plan within the shared rows."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from costopt.plan.status import PlanStatus
from costopt.solve.coordinate import coordinate
from costopt.solve.parts import Parts, parts_of
from costopt.solve.problem import Choice, LimitRow, Problem, ServingBlock
from costopt.solve.recheck import total_cost, violations
from costopt.solve.run import MANY_PARTS, solve_problem
from costopt.solve.solution import Solution

TYPES = 4


def draw_workloads(seed: int, workloads: int) -> Problem:
    """Services on the same types, a job with two ways to run, quotas that bind, now and then a
    budget."""
    random = np.random.default_rng(seed)
    base = random.uniform(1, 5, (TYPES, 3))
    blocks = tuple(
        ServingBlock(
            demand=random.choice([0.4, 1.3, 3.1], 3),
            rates=base * random.uniform(0.6, 1.6, (TYPES, 1)),
            max_utilisation=np.full(TYPES, 0.85),
            is_spot=np.zeros(TYPES, dtype=bool),
        )
        for _ in range(workloads)
    )
    job = Choice(cost=np.array([2.0, 3.5]), group=np.array([0, 1]))
    kind = np.tile(np.arange(TYPES), workloads)
    quotas = tuple(
        LimitRow(
            name=f"quota {one}",
            offer_coefficients=(kind == one).astype(float),
            choice_coefficients=(np.array([2.0, 0.0]) if one == 0 else np.zeros(2),),
            upper=float(random.integers(2, 2 + workloads)),
        )
        for one in range(TYPES)
    )
    return Problem(
        price_per_hour=np.tile(np.round(base.mean(axis=1) * random.uniform(0.6, 1.4, TYPES), 2),
                               workloads),
        server=np.arange(TYPES * workloads),
        upper=np.full(TYPES * workloads, np.inf),
        group=kind,
        blocks=blocks,
        choices=(job,),
        rows=quotas,
        budget_per_hour=200.0 if seed % 3 == 0 else None,
    )  # fmt: skip


def solve_part(problem: Problem, gap: float, time_limit_seconds: float) -> Solution:
    return solve_problem(problem, gap=gap, time_limit_seconds=time_limit_seconds)


def taken_apart(problem: Problem) -> Parts:
    parts = parts_of(problem)
    assert parts is not None
    return parts


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_and_the_plan_enclose_the_true_optimum(seed: int) -> None:
    problem = draw_workloads(seed, workloads=3)
    known = solve_problem(problem, gap=1e-9, time_limit_seconds=60)
    found = coordinate(taken_apart(problem), solve_part, gap=1e-3, deadline=perf_counter() + 60)
    if known.cost is None:
        assert found.decision is None
        return
    assert found.bound <= known.cost * (1 + 1e-9)
    assert found.bound >= 0.8 * known.cost
    if found.decision is not None:
        assert violations(problem, found.decision) == []
        assert total_cost(problem, found.decision) >= known.cost * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_many_workloads_cost_what_one_program_for_all_says(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = draw_workloads(seed, workloads=MANY_PARTS)
    coordinated = solve_problem(problem, gap=5e-3, time_limit_seconds=60)
    monkeypatch.setattr("costopt.solve.run.MANY_PARTS", 99)
    at_once = solve_problem(problem, gap=1e-6, time_limit_seconds=60)
    assert coordinated.status is at_once.status
    if at_once.cost is not None:
        assert coordinated.cost == pytest.approx(at_once.cost, rel=5e-3)
        assert coordinated.bound is not None
        assert coordinated.bound <= at_once.cost * (1 + 1e-9)


def test_a_scarce_type_goes_to_the_workload_that_gains_most(
    serve: Callable[..., Problem],
) -> None:
    """One fast node at 1.0 for two workloads: without it they pay 3 and 10, so the second has it.

    At a price of 2 for the node both choices cost the first workload 3: 3 + 3 - 2 = 4 is proven.
    """
    first = serve([1.0], [[1.0], [1.0]], [1.0, 3.0])
    second = serve([1.0], [[1.0], [1.0]], [1.0, 10.0])
    problem = Problem(
        price_per_hour=np.concatenate([first.price_per_hour, second.price_per_hour]),
        server=np.arange(4),
        upper=np.full(4, np.inf),
        group=np.arange(4),
        blocks=(*first.blocks, *second.blocks),
        rows=(
            LimitRow(name="fast", offer_coefficients=np.array([1.0, 0.0, 1.0, 0.0]), upper=1.0),
        ),
    )
    found = coordinate(taken_apart(problem), solve_part, gap=1e-6, deadline=perf_counter() + 20)
    assert found.decision is not None
    assert found.decision.counts.tolist() == [0, 1, 1, 0]
    assert total_cost(problem, found.decision) == pytest.approx(4.0)
    assert found.bound == pytest.approx(4.0, rel=1e-3)


def test_what_no_linear_row_joins_is_not_taken_apart(serve: Callable[..., Problem]) -> None:
    alone = serve([1.0], [[1.0]], [1.0])
    assert parts_of(alone) is None
    joined_by_types = draw_workloads(0, workloads=2)
    assert parts_of(joined_by_types) is not None
    limited = Problem(
        **{name: getattr(joined_by_types, name) for name in joined_by_types.__slots__}
        | {"max_groups": 2}
    )
    assert parts_of(limited) is None


def independent(seed: int, workloads: int) -> Problem:
    return replace(draw_workloads(seed, workloads), rows=(), budget_per_hour=None)


def test_workloads_that_nothing_joins_are_solved_one_by_one() -> None:
    problem = independent(1, MANY_PARTS)
    parts = taken_apart(problem)
    assert len(parts.uppers) == 0
    alone = [solve_problem(part.problem, gap=1e-6) for part in parts.parts]
    together = solve_problem(problem, gap=1e-3)
    cost = sum(one.cost or 0.0 for one in alone)
    assert together.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert together.cost == pytest.approx(cost, rel=1e-3)
    assert together.bound is not None
    assert together.bound <= cost * (1 + 1e-9)


def test_a_shared_row_without_a_limit_weakens_no_bound() -> None:
    problem = draw_workloads(1, workloads=3)
    free = LimitRow(
        name="free",
        offer_coefficients=np.ones(problem.offer_count),
        choice_coefficients=(np.ones(2),),
        upper=np.inf,
    )
    wider = replace(problem, rows=(*problem.rows, free), budget_per_hour=np.inf)
    bounds = [
        coordinate(taken_apart(one), solve_part, gap=1e-2, deadline=perf_counter() + 20).bound
        for one in (problem, wider)
    ]
    assert bounds[0] > 0
    assert bounds[1] == pytest.approx(bounds[0], rel=1e-9)


def test_a_limit_shorter_than_the_reduction_gives_no_answer_and_no_error() -> None:
    found = solve_problem(draw_workloads(2, workloads=12), time_limit_seconds=1e-4)
    assert found.status is PlanStatus.NO_ANSWER_IN_TIME
    assert found.bound is not None


def test_parts_that_cannot_be_joined_are_infeasible() -> None:
    problem = draw_workloads(1, workloads=MANY_PARTS)
    none_left = tuple(
        LimitRow(
            name=row.name,
            offer_coefficients=row.offer_coefficients,
            choice_coefficients=row.choice_coefficients,
            upper=1.0,
        )
        for row in problem.rows
    )
    fields = {name: getattr(problem, name) for name in problem.__slots__}
    solution = solve_problem(Problem(**fields | {"rows": none_left}), time_limit_seconds=20)
    assert solution.status is PlanStatus.INFEASIBLE
