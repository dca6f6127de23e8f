"""Money committed to plans, settled under the provider's own order of applying them."""

from dataclasses import replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.hours.bill import costs_of, covered_by
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.recheck import budget_violations
from costopt.solve.hours.solution import Commitments, HourlyDecision
from costopt.solve.problem import FloatArray, IntArray

ROUNDS: Final = 3
"""How often every plan is gone through."""

TRIED: Final = 12
"""Amounts of one plan that are tried at once, twice."""

LONGEST_SECONDS: Final = 1.0
"""Time after which no further plan is gone through [s]."""

WORTH: Final = 1e-9
"""Relative saving from which a change counts as one."""


def with_settled_spends(problem: HourlyProblem, decision: HourlyDecision) -> HourlyDecision:
    """Commit more or less money to each plan where that makes the bill of these fleets cheaper.

    The program may use plans as it likes, the provider applies them in his own order. With
    several plans the amounts that are cheapest for the one may be wasted under the other; for a
    single plan both are the same and nothing changes. The search starts from what is committed,
    and from each plan alone. What would break a budget is left as it is.

    Args:
        problem: the problem.
        decision: what runs and what is committed.
    """
    if len(problem.spends) < 2:
        return decision
    ends_at = perf_counter() + LONGEST_SECONDS
    used = np.flatnonzero(decision.counts.any(axis=1))
    billed, counts = _of_use(problem, used), decision.counts[used]
    best = decision.commitments
    least = _bill(billed, counts, best)
    alone = [
        np.where(np.arange(len(best.spends)) == plan, 1, 0) for plan in range(len(best.spends))
    ]
    for kept in (np.ones(len(best.spends)), *alone):
        start = replace(decision.commitments, spends=decision.commitments.spends * kept)
        found, bill = _from_start(billed, counts, start, ends_at)
        if bill < least * (1 - WORTH):
            best, least = found, bill
    settled = replace(decision, commitments=best)
    coverage = covered_by(problem, decision.counts, best)
    if any(budget_violations(problem, settled, coverage)):
        return decision
    return settled


def _from_start(
    problem: HourlyProblem, counts: IntArray, start: Commitments, ends_at: float
) -> tuple[Commitments, float]:
    """Settle one plan after the other until nothing gets cheaper or time is over."""
    best, least = start, _bill(problem, counts, start)
    for _ in range(ROUNDS):
        before = least
        for plan in range(len(problem.spends)):
            if perf_counter() >= ends_at:
                return best, least
            best, least = _settled(problem, counts, best, least, plan)
        if least >= before * (1 - WORTH):
            break
    return best, least


def _settled(
    problem: HourlyProblem, counts: IntArray, best: Commitments, least: float, plan: int
) -> tuple[Commitments, float]:
    """Best amount of one plan, the others as they are: first what hours could use, then near."""
    usable = _usable(problem, counts, plan)
    most = float(problem.spends.upper[plan])
    amounts = np.quantile(usable, np.linspace(0, 1, TRIED))
    for _ in range(2):
        tried = np.unique(np.minimum(np.concatenate([[0.0], amounts]), most))
        for amount in tried.tolist():
            spends = best.spends.copy()
            spends[plan] = amount
            changed = replace(best, spends=spends)
            bill = _bill(problem, counts, changed)
            if bill < least * (1 - WORTH):
                best, least = changed, bill
        place = int(np.searchsorted(tried, best.spends[plan]))
        low = tried[max(place - 1, 0)]
        high = tried[min(place + 1, len(tried) - 1)]
        amounts = np.linspace(low, high, TRIED)
    return best, least


def _usable(problem: HourlyProblem, counts: IntArray, plan: int) -> FloatArray:
    """Money that a plan could be used for in each hour, were it alone (hours,) [currency/h]."""
    spends = problem.spends
    own = np.nan_to_num(spends.rate[plan]) @ counts
    others = np.nan_to_num(spends.other_rate[plan]) @ spends.other_usage
    usable: FloatArray = np.maximum(own + others - spends.owned[plan], 0.0)
    return usable


def _bill(problem: HourlyProblem, counts: IntArray, commitments: Commitments) -> float:
    coverage = covered_by(problem, counts, commitments)
    return costs_of(problem, counts, commitments, coverage).objective


def _of_use(problem: HourlyProblem, used: IntArray) -> HourlyProblem:
    """The problem with the offers that run in some hour only; fit for its bill, for no more."""
    sequence = problem.sequence
    if sequence is not None:
        sequence = replace(
            sequence,
            start_up_hours=sequence.start_up_hours[used],
            min_up_hours=sequence.min_up_hours[used],
        )
    return replace(
        problem,
        price_per_hour=problem.price_per_hour[used],
        spends=replace(problem.spends, rate=problem.spends.rate[:, used]),
        resources=replace(problem.resources, needs=problem.resources.needs[used])
        if len(problem.resources)
        else problem.resources,
        sequence=sequence,
        changes=None if problem.changes is None else problem.changes.only(used),
    )
