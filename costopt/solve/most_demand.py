"""The dual question: the largest multiple of the demand that fits budget and limits."""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.errors import InvalidInputError
from costopt.plan.status import PlanStatus, proven_status
from costopt.solve.assembly import assemble
from costopt.solve.highs import Outcome, run_program, run_relaxed
from costopt.solve.problem import Problem
from costopt.solve.problem_checks import check_effort, check_problem
from costopt.solve.reduce import reduce_problem

MOST_FACTOR: Final = 1e6
"""Multiple of the demand from which it counts as without a limit [1]."""

GROWTH: Final = 16.0
"""Factor by which the demand grows until the limits no longer carry it [1]."""

LEAST_SECONDS: Final = 0.1
"""Time that a relaxed program gets however late it is [s]."""

ROOM: Final = 1e-6
"""Relative room above the relaxed bound, so that the largest multiple stays inside [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MostDemand:
    """Largest multiple of a problem's demand.

    Attributes:
        status: what the search came to; infeasible where nothing of the demand can be served.
        factor: demand that is served over the demand of the problem; None without an answer [1].
        bound: no larger multiple fits; ``inf`` where nothing is proven [1].
        seconds: wall-clock time [s].
    """

    status: PlanStatus
    factor: float | None
    bound: float
    seconds: float


def most_demand(
    problem: Problem, *, gap: float = 1e-4, time_limit_seconds: float = 10.0
) -> MostDemand:
    """Find the largest ``f`` at which ``f`` times the demand of every block fits the limits.

    ``sum_k x_bk = f`` for each bucket: loads grow in proportion, so that ``f`` is one more
    continuous column. It is sought as a share of a demand ``F`` that the relaxed program does
    not carry, for which all that is left out before the solve rests on ``F``.

    Args:
        problem: with a budget or limits; its jobs stay as they are.
        gap: relative distance between factor and bound at which to stop [1].
        time_limit_seconds: wall-clock limit [s].

    Raises:
        InvalidInputError: the problem or a setting breaks a rule, there is no demand, or nothing
            limits it.
    """
    started = perf_counter()
    check_effort("most_demand", gap, time_limit_seconds)
    check_problem(problem)
    if not any((block.demand > 0).any() for block in problem.blocks):
        raise InvalidInputError("most_demand", ["there is no demand that could grow"])
    most = _relaxed_most(problem, started + time_limit_seconds)
    if most == np.inf:
        return _answer(PlanStatus.NO_ANSWER_IN_TIME, None, most, started)
    if most == 0.0:
        return _answer(PlanStatus.INFEASIBLE, None, 0.0, started)
    grown = _grown(problem, most)
    program = assemble(grown, reduce_problem(grown), seeks_demand=True).program
    left = max(started + time_limit_seconds - perf_counter(), 0.0)
    run = run_program(program, gap=gap, time_limit_seconds=left)
    bound = min(-run.bound, 1.0) * most
    if run.outcome is Outcome.INFEASIBLE:
        return _answer(PlanStatus.INFEASIBLE, None, 0.0, started)
    if run.values is None:
        return _answer(PlanStatus.NO_ANSWER_IN_TIME, None, bound, started)
    factor = float(run.values[0]) * most
    if factor <= 0.0:
        status = PlanStatus.INFEASIBLE if bound <= ROOM else PlanStatus.NO_ANSWER_IN_TIME
        return _answer(status, None, bound, started)
    bound = max(bound, factor)
    return _answer(proven_status((bound - factor) / bound, gap), factor, bound, started)


def _answer(status: PlanStatus, factor: float | None, bound: float, started: float) -> MostDemand:
    seconds = perf_counter() - started
    return MostDemand(status=status, factor=factor, bound=bound, seconds=seconds)


def _relaxed_most(problem: Problem, deadline: float) -> float:
    """Return a multiple that no plan can exceed; 0 where nothing can be served [1].

    It is ``inf`` where even the relaxed program takes too long.

    Args:
        problem: with a demand.
        deadline: on the performance counter [s].

    Raises:
        InvalidInputError: nothing limits the demand.
    """
    factor = 1.0
    while factor <= MOST_FACTOR:
        grown = _grown(problem, factor)
        reduction = reduce_problem(grown)
        if reduction.unserved or reduction.impossible_choices:
            return 0.0
        program = assemble(grown, reduction, seeks_demand=True).program
        left = max(deadline - perf_counter(), LEAST_SECONDS)
        relaxed = run_relaxed(program, time_limit_seconds=left)
        if isinstance(relaxed, Outcome):
            return 0.0 if relaxed is Outcome.INFEASIBLE else np.inf
        share = float(relaxed.values[0])
        if share < 1 - ROOM:
            return share * factor * (1 + ROOM)
        factor *= GROWTH
    raise InvalidInputError(
        "most_demand",
        [
            f"neither a budget nor a quota limits the demand: {MOST_FACTOR:,.0f} times as much "
            "can still be served; give limits.budget"
        ],
    )


def _grown(problem: Problem, factor: float) -> Problem:
    blocks = tuple(replace(block, demand=block.demand * factor) for block in problem.blocks)
    return replace(problem, blocks=blocks, changes=None)
