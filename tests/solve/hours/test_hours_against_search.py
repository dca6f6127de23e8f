"""Small cases against exhaustive search, both ways to solve them."""

from collections.abc import Callable
from time import perf_counter

import pytest

from costopt.plan.status import PlanStatus
from costopt.solve.hours.by_parts import by_parts
from costopt.solve.hours.decomposed import take_apart
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.run import solve_hours

SAME = 1e-6
"""Relative difference up to which two costs count as equal."""


@pytest.mark.parametrize("seed", range(40))
def test_the_cheapest_plan_costs_what_exhaustive_search_finds(
    draw_hours: Callable[[int], HourlyProblem],
    cheapest_by_search: Callable[[HourlyProblem], float | None],
    seed: int,
) -> None:
    problem = draw_hours(seed)
    solution = solve_hours(problem, gap=0, time_limit_seconds=20)
    cheapest = cheapest_by_search(problem)
    if cheapest is None:
        assert solution.status is PlanStatus.INFEASIBLE
        assert solution.infeasible_hours
        return
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(cheapest, rel=SAME)


@pytest.mark.parametrize("seed", range(40))
def test_solving_by_parts_brackets_what_exhaustive_search_finds(
    draw_hours: Callable[[int], HourlyProblem],
    cheapest_by_search: Callable[[HourlyProblem], float | None],
    seed: int,
) -> None:
    problem = draw_hours(seed)
    cheapest = cheapest_by_search(problem)
    if cheapest is None:
        assert solve_hours(problem).bound is None
        return
    kinds = hour_kinds(problem)
    hours = take_apart(problem, kinds, reach_of(problem, kinds))
    found = by_parts(hours, gap=0.0, deadline=perf_counter() + 20)
    columns = hours.assembly.columns
    assert found.bound is not None
    assert found.values is not None
    bound = found.bound * columns.scale + columns.constant
    cost = float(hours.assembly.program.cost @ found.values) * columns.scale + columns.constant
    assert bound <= cheapest * (1 + SAME)
    assert cost >= cheapest * (1 - SAME)
    assert cost <= cheapest * 1.35
