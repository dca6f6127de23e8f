"""Price coordination: many workloads under shared limits, each solved alone at common prices.

Dantzig and Wolfe's decomposition with Wentges' smoothing. For any prices ``p >= 0`` of the shared
rows, ``sum_w min_w(c + W'p) - p'U`` is a lower bound on the whole problem, since a plan within the
rows pays no more for them than ``p'U``. It is a better bound than that of the relaxed program,
because each part is solved in whole instances. The fleets that the parts choose at those prices
are gathered, and the cheapest choice of one for each part within the rows is a plan.

Source: Dantzig and Wolfe, Operations Research 8 (1960); Wentges, International Transactions in
Operational Research 4 (1997).
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.fleets import MASTER_SECONDS, Fleets
from costopt.solve.parts import Parts
from costopt.solve.problem import FloatArray, Problem
from costopt.solve.recheck import total_cost
from costopt.solve.solution import Decision, Solution

SMOOTHING: Final = 0.6
"""How far the next prices stay at the best ones known [0..1]."""

PART_GAP: Final = 1 / 3
"""Part of the gap asked for that each workload may leave open."""

LEAST_GAP: Final = 1e-4
"""Gap below which solving the parts takes longer than their bound is worth [1]."""

PENALTY: Final = 10.0
"""Price of a unit beyond a limit, over what all of the first fleets cost for each unit taken."""

SolvePart = Callable[[Problem, float, float], Solution]
"""Problem, gap, time limit in seconds -> its solution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinated:
    """What coordination came to.

    Attributes:
        decision: the cheapest found; None without one.
        bound: proven: no decision costs less [currency/h].
    """

    decision: Decision | None
    bound: float


def coordinate(parts: Parts, solve: SolvePart, *, gap: float, deadline: float) -> Coordinated:
    """Search for prices of the shared rows at which the parts' own choices fit together.

    Args:
        parts: of one problem.
        solve: solves one part.
        gap: relative distance between cost and bound at which to stop [1].
        deadline: when to stop, on the performance counter [s].
    """
    prices = np.zeros(len(parts.uppers))
    best_prices, bound = prices, 0.0
    decision: Decision | None = None
    cost = np.inf
    fleets: Fleets | None = None
    while perf_counter() < deadline:
        solved = _solved(parts, prices, solve, gap, deadline)
        if solved is None:
            break
        found, worth = solved
        if worth > bound:
            bound, best_prices = worth, prices
        fleets = fleets or Fleets(parts=parts, penalty=_penalty(parts, found))
        known = len(fleets.decisions)
        for part, one in enumerate(found):
            fleets.add(part, one)
        chosen = fleets.cheapest(_least(MASTER_SECONDS, deadline))
        if chosen is not None and total_cost(parts.whole, chosen) < cost:
            decision, cost = chosen, total_cost(parts.whole, chosen)
        target = fleets.prices()
        if bound >= cost * (1 - gap) or (known and np.allclose(target, best_prices, atol=1e-12)):
            break
        prices = SMOOTHING * best_prices + (1 - SMOOTHING) * target
    return Coordinated(decision=decision, bound=min(bound, cost))


def _least(seconds: float, deadline: float) -> float:
    return max(min(seconds, deadline - perf_counter()), 0.01)


def _solved(
    parts: Parts, prices: FloatArray, solve: SolvePart, gap: float, deadline: float
) -> tuple[list[Decision], float] | None:
    """Solve every part at these prices; its fleets and the bound; None where one has no answer."""
    worth = -float(prices @ parts.uppers)
    found = []
    for part in parts.parts:
        left = _least(np.inf, deadline)
        solution = solve(part.priced(prices), max(gap * PART_GAP, LEAST_GAP), left)
        if solution.cost is None or solution.bound is None:
            return None
        worth += solution.bound
        found.append(
            Decision(
                counts=solution.counts,
                shares=solution.shares,
                chosen=solution.chosen,
                paid=solution.paid,
            )
        )
    return found, worth


def _penalty(parts: Parts, first: list[Decision]) -> FloatArray:
    """Price of a unit beyond each shared row, far above what a unit can be worth (rows,)."""
    pairs = list(zip(parts.parts, first, strict=True))
    cost = sum(part.cost(decision) for part, decision in pairs)
    taken = np.sum([part.taken(decision) for part, decision in pairs], axis=0)
    return np.asarray(PENALTY * max(cost, 1e-9) / np.maximum(taken, 1.0))
