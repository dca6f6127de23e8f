"""Solve a problem: reduce, assemble, run, map back, and believe nothing that fails a recheck."""

import logging
from time import perf_counter
from typing import Final

import numpy as np

from costopt.plan.status import PlanStatus
from costopt.solve.answer import Found, checked_decision, decision_of
from costopt.solve.assembly import assemble
from costopt.solve.highs import Outcome, run_program
from costopt.solve.problem import Problem
from costopt.solve.problem_checks import check_effort, check_problem
from costopt.solve.recheck import total_cost
from costopt.solve.reduce import Reduction, reduce_problem
from costopt.solve.sifting import sift
from costopt.solve.solution import Solution

logger = logging.getLogger(__name__)

GAP_ROUNDING: Final = 1e-9
"""How far rounding may lift a gap that the solver has proven [1]."""


SIFTED_OFFERS: Final = 1_000
"""Kept offers above which the program of all of them is not written at once."""


def solve_problem(
    problem: Problem,
    *,
    gap: float = 1e-4,
    time_limit_seconds: float = 10.0,
    prune: bool = True,
) -> Solution:
    """Find the cheapest decision within the gap, and recheck it against the problem itself.

    Args:
        problem: what is to be decided.
        gap: relative distance between cost and proven bound at which to stop [1].
        time_limit_seconds: wall-clock limit of reduction and solve together [s].
        prune: False solves without the lossless reduction, to audit it.

    Raises:
        InvalidInputError: the problem or a setting breaks a rule.
        PlanCheckError: the solver's answer fails the recheck.
    """
    started = perf_counter()
    check_effort("solve_problem", gap, time_limit_seconds)
    check_problem(problem)
    reduction = reduce_problem(problem, prune=prune)
    deadline = started + time_limit_seconds
    found = _search(problem, reduction, gap=gap, deadline=deadline)
    solution = _solution(problem, reduction, found, gap=gap, seconds=perf_counter() - started)
    logger.info(
        "%s with %d of %d offers kept: cost %s, bound %s, %.2f s",
        solution.status,
        len(reduction.offers),
        problem.offer_count,
        solution.cost,
        solution.bound,
        solution.seconds,
    )
    return solution


def _search(problem: Problem, reduction: Reduction, *, gap: float, deadline: float) -> Found:
    if reduction.unserved or reduction.impossible_choices:
        return Found(decision=None, bound=None)
    if len(reduction.offers) > SIFTED_OFFERS:
        return sift(problem, reduction, gap=gap, deadline=deadline)
    assembly = assemble(problem, reduction)
    if not assembly.program.column_count:
        nothing = decision_of(problem, reduction, assembly, np.zeros(0))
        return Found(decision=nothing, bound=0.0)
    left = max(deadline - perf_counter(), 0.0)
    run = run_program(assembly.program, gap=gap, time_limit_seconds=left)
    if run.outcome is Outcome.INFEASIBLE:
        return Found(decision=None, bound=None)
    bound = max(run.bound * assembly.price_scale, 0.0)
    if run.values is None:
        return Found(decision=None, bound=bound)
    return Found(decision=checked_decision(problem, reduction, assembly, run.values), bound=bound)


def _solution(
    problem: Problem, reduction: Reduction, found: Found, *, gap: float, seconds: float
) -> Solution:
    decision, bound = found.decision, found.bound
    cost = proven = None
    status = PlanStatus.INFEASIBLE if bound is None else PlanStatus.NO_ANSWER_IN_TIME
    if decision is not None and bound is not None:
        cost = total_cost(problem, decision)
        bound = min(bound, cost)
        proven = (cost - bound) / cost if cost > 0 else 0.0
        kept = proven <= gap + GAP_ROUNDING
        status = PlanStatus.OPTIMAL_WITHIN_GAP if kept else PlanStatus.FEASIBLE_AT_LIMIT
    return Solution(
        status=status,
        counts=np.zeros(0, dtype=np.int64) if decision is None else decision.counts,
        shares=() if decision is None else decision.shares,
        chosen=() if decision is None else decision.chosen,
        paid=() if decision is None else decision.paid,
        cost=cost,
        bound=bound,
        gap=proven,
        seconds=seconds,
        unserved=reduction.unserved,
        impossible_choices=reduction.impossible_choices,
        drops=reduction.drops,
    )
