"""Solve a problem: reduce, assemble, run, map back, and believe nothing that fails a recheck."""

import logging
from time import perf_counter
from typing import Final

import numpy as np

from costopt.plan.status import PlanStatus, proven_status
from costopt.solve.answer import Found, checked_decision, decision_of, refuse_broken
from costopt.solve.assembly import assemble
from costopt.solve.coordinate import coordinate
from costopt.solve.highs import Outcome, run_program, run_relaxed
from costopt.solve.parts import Parts, parts_of
from costopt.solve.problem import Problem
from costopt.solve.problem_checks import check_effort, check_problem
from costopt.solve.recheck import total_cost
from costopt.solve.reduce import Reduction, reduce_problem
from costopt.solve.sifting import sift
from costopt.solve.solution import Solution

logger = logging.getLogger(__name__)

MANY_PARTS: Final = 5
"""Workloads and jobs from which shared limits are coordinated by prices before all of it is
solved at once."""

COORDINATION: Final = 0.7
"""Part of the time that coordination may take [0..1]."""

RELAXATION: Final = 0.1
"""Part of the time that the relaxed program of all workloads may take: it proves at most that
there is no plan [0..1]."""

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
    parts = parts_of(problem)
    if parts is None or len(parts.parts) < MANY_PARTS:
        return _together(problem, reduction, gap=gap, deadline=deadline)
    return _coordinated(problem, parts, reduction, gap=gap, deadline=deadline)


def _coordinated(
    problem: Problem, parts: Parts, reduction: Reduction, *, gap: float, deadline: float
) -> Found:
    """Coordinate the parts by prices; where that leaves a gap, solve all of it together too."""
    left = max(deadline - perf_counter(), 0.0)
    whole = assemble(problem, reduction).program
    relaxed = run_relaxed(whole, time_limit_seconds=RELAXATION * left)
    if relaxed is Outcome.INFEASIBLE:
        return Found(decision=None, bound=None)
    by_price = coordinate(
        parts, _solve_part, gap=gap, deadline=deadline - (1 - COORDINATION) * left
    )
    found = Found(decision=by_price.decision, bound=by_price.bound)
    if found.decision is not None:
        refuse_broken(problem, found.decision)
        if by_price.bound >= total_cost(problem, found.decision) * (1 - gap):
            return found
    return _better(problem, found, _together(problem, reduction, gap=gap, deadline=deadline))


def _solve_part(problem: Problem, gap: float, time_limit_seconds: float) -> Solution:
    return solve_problem(problem, gap=gap, time_limit_seconds=time_limit_seconds)


def _better(problem: Problem, one: Found, other: Found) -> Found:
    """Return the cheaper decision of two with the higher of their bounds."""
    if other.bound is None:
        return other if one.decision is None else one
    decisions = [found.decision for found in (one, other) if found.decision is not None]
    cheapest = min(decisions, key=lambda decision: total_cost(problem, decision), default=None)
    return Found(decision=cheapest, bound=max(one.bound or 0.0, other.bound))


def _together(problem: Problem, reduction: Reduction, *, gap: float, deadline: float) -> Found:
    """Solve one program for all of it, or sift it where that would be too large.

    What runs already is priced by rows of its own, which sifting does not look at.
    """
    if len(reduction.offers) > SIFTED_OFFERS and problem.changes is None:
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
        status = proven_status(proven, gap)
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
