"""Solve a problem: reduce, assemble, run, map back, and believe nothing that fails a recheck."""

import logging
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import numpy as np

from costopt.errors import PlanCheckError
from costopt.plan.status import PlanStatus
from costopt.solve.assembly import assemble
from costopt.solve.exchange import tidied
from costopt.solve.highs import Outcome, route_fixed, run_program
from costopt.solve.problem import BoolArray, FloatArray, IntArray, Payers, Problem
from costopt.solve.problem_checks import check_effort, check_problem
from costopt.solve.program import Assembly, BlockColumns
from costopt.solve.recheck import total_cost, violations
from costopt.solve.reduce import ReducedBlock, Reduction, reduce_problem
from costopt.solve.solution import Decision, Solution

logger = logging.getLogger(__name__)

GAP_ROUNDING: Final = 1e-9
"""How far rounding may lift a gap that the solver has proven [1]."""

RESIDUE: Final = 1e-9
"""Largest share that is taken for the solver's rounding [1]."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Outcome of a search: no bound when infeasible, no decision when time ran out.

    Attributes:
        decision: the best decision found, rechecked.
        bound: proven lower bound on the cost [currency/h].
    """

    decision: Decision | None
    bound: float | None


def _search(problem: Problem, reduction: Reduction, *, gap: float, deadline: float) -> _Found:
    if reduction.unserved or reduction.impossible_choices:
        return _Found(decision=None, bound=None)
    assembly = assemble(problem, reduction)
    if not assembly.program.column_count:
        nothing = decision_of(problem, reduction, assembly, np.zeros(0))
        return _Found(decision=nothing, bound=0.0)
    left = max(deadline - perf_counter(), 0.0)
    run = run_program(assembly.program, gap=gap, time_limit_seconds=left)
    if run.outcome is Outcome.INFEASIBLE:
        return _Found(decision=None, bound=None)
    bound = max(run.bound * assembly.price_scale, 0.0)
    if run.values is None:
        return _Found(decision=None, bound=bound)
    return _Found(decision=_checked(problem, reduction, assembly, run.values), bound=bound)


def _checked(
    problem: Problem, reduction: Reduction, assembly: Assembly, values: FloatArray
) -> Decision:
    """Give the decision that the values stand for, its routing repaired where rounding hurt it.

    Raises:
        PlanCheckError: the whole counts cannot carry the demand within the limits.
    """
    decision = decision_of(problem, reduction, assembly, values)
    if violations(problem, decision):
        run = route_fixed(assembly.program, values)
        if run.values is not None:
            decision = decision_of(problem, reduction, assembly, run.values)
    broken = violations(problem, decision)
    if not broken:
        decision = tidied(problem, decision)
        broken = violations(problem, decision)
    if broken:
        raise PlanCheckError(broken)
    return decision


def decision_of(
    problem: Problem, reduction: Reduction, assembly: Assembly, values: FloatArray
) -> Decision:
    """Map the values of the program's columns back to the problem."""
    counts = np.zeros(problem.offer_count, dtype=np.int64)
    counts[reduction.offers] = np.round(values[assembly.counts])
    in_use = np.zeros(sum(len(block.servers) for block in reduction.blocks), dtype=bool)
    in_use[reduction.server[counts[reduction.offers] > 0]] = True
    shares = []
    first = 0
    for index, block in enumerate(reduction.blocks):
        rented = in_use[first : first + len(block.servers)]
        merged = _shares(block, assembly.routing[index], values, rented)
        whole = np.zeros(problem.blocks[index].rates.shape)
        wanted = np.flatnonzero(block.bucket >= 0)
        whole[np.ix_(block.servers, wanted)] = merged[:, block.bucket[wanted]]
        shares.append(whole)
        first += len(block.servers)
    chosen = tuple(
        int(kept[np.argmax(values[columns])])
        for kept, columns in zip(reduction.alternatives, assembly.alternatives, strict=True)
    )
    paid = tuple(
        _paid(choice.payers, taken, left.payers, values[columns])
        for choice, taken, left, columns in zip(
            problem.choices, chosen, reduction.choices, assembly.payers, strict=True
        )
    )
    return Decision(counts=counts, shares=tuple(shares), chosen=chosen, paid=paid)


def _paid(payers: Payers, chosen: int, kept: IntArray, values: FloatArray) -> IntArray:
    """Instances that each payer of the chosen alternative pays for (payers,)."""
    paid = np.zeros(len(payers), dtype=np.int64)
    paid[kept] = np.where(payers.alternative[kept] == chosen, np.round(values), 0)
    return paid


def _shares(
    block: ReducedBlock, routing: BlockColumns, values: FloatArray, rented: BoolArray
) -> FloatArray:
    """Shares of the merged buckets without the solver's residue (kept servers, merged)."""
    shares = np.zeros(block.load.shape)
    shares[routing.server, routing.bucket] = values[routing.columns]
    shares[(shares < RESIDUE) | ~rented[:, None]] = 0
    served = shares.sum(axis=0)
    return shares / np.where(served > 0, served, 1)


def _solution(
    problem: Problem, reduction: Reduction, found: _Found, *, gap: float, seconds: float
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
