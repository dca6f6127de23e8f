"""What whole fleets cost at least over demand: a staircase found by few whole solves."""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.hours.fleets import Fleets
from costopt.solve.problem import BoolArray, FloatArray, IntArray, Problem, ServingBlock
from costopt.solve.run import solve_problem

LONGEST_SOLVE_SECONDS: Final = 2.0
"""Wall-clock limit of one fleet."""

PART_OF_TOLERANCE: Final = 0.25
"""Part of the tolerance that one fleet's own gap may take."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeastCost:
    """Lower bounds on what whole instances that serve a block cost, by demand factor.

    Attributes:
        block: position of the block.
        price: of one instance of each server (servers,) [currency/h].
        factors: demand factors that were solved, ascending (steps,) [1].
        bounds: least cost at that factor and above, ascending (steps,) [currency/h].
    """

    block: int
    price: FloatArray
    factors: FloatArray
    bounds: FloatArray

    def at(self, factor: FloatArray) -> FloatArray:
        """Give the bound at each demand factor (any shape) [currency/h].

        Args:
            factor: demand factors [1].
        """
        step = np.searchsorted(self.factors, factor, side="right")
        bounds: FloatArray = np.concatenate([[0.0], self.bounds])[step]
        return bounds


def least_cost(
    block: int,
    price: FloatArray,
    demand: tuple[FloatArray, FloatArray],
    fleets: Fleets,
    *,
    tolerance: float,
    deadline: float,
) -> LeastCost:
    """Find lower bounds on ``z(f) = min p m`` over whole fleets ``m`` that serve a factor ``f``.

    ``z`` never falls, and a fleet serves all factors up to its largest. So the bound of a solve
    holds for every higher factor, and its cost is enough for every lower one down to there. The
    next solve halves the stretch in which both differ most, summed over the hours.

    Args:
        block: position of the block.
        price: of one instance of each server; ``inf`` = not on offer (servers,) [currency/h].
        demand: factor of each hour and its weight (hours,) [1], [h].
        fleets: fleets known of the block; receives those that come up.
        tolerance: relative distance between costs and bounds at which to stop [1].
        deadline: when to stop, by the clock of `perf_counter` [s].
    """
    served = demand[0] > 0
    factors, place = np.unique(demand[0][served], return_inverse=True)
    weights = np.bincount(np.ravel(place), demand[1][served], len(factors)).astype(np.float64)
    bounds = factors * _in_fractions(fleets, price)
    costs = np.full(len(factors), np.inf)
    solved = np.zeros(len(factors), dtype=bool)
    while (step := _next(weights, bounds, costs, solved, tolerance)) is not None:
        left = deadline - perf_counter()
        if left <= 0:
            break
        bound, counts = _fleet(
            fleets.block, price, factors[step], tolerance * PART_OF_TOLERANCE, left
        )
        solved[step] = True
        bounds[step:] = np.maximum(bounds[step:], bound)
        if counts is None:
            continue
        reach = fleets.add(counts, float(factors[step]))
        until = max(int(np.searchsorted(factors, reach, side="right")), step + 1)
        cost = float(counts @ np.where(np.isfinite(price), price, 0.0))
        costs[:until] = np.minimum(costs[:until], cost)
    return LeastCost(
        block=block,
        price=np.where(np.isfinite(price), price, 0.0),
        factors=factors[solved],
        bounds=bounds[solved],
    )


def _next(
    weights: FloatArray,
    bounds: FloatArray,
    costs: FloatArray,
    solved: BoolArray,
    tolerance: float,
) -> int | None:
    """Factor to be solved next: both ends, then the middle of the stretch that differs most."""
    for end in (len(solved) - 1, 0):
        if len(solved) and not solved[end]:
            return end
    differs = np.where(solved | ~np.isfinite(costs), 0.0, weights * (costs - bounds))
    if differs.sum() <= tolerance * float(weights @ bounds):
        return None
    stretch = np.cumsum(solved)
    worst = int(np.argmax(np.bincount(stretch, differs)))
    inside = np.flatnonzero((stretch == worst) & (differs > 0))
    reached = np.cumsum(differs[inside])
    return int(inside[np.searchsorted(reached, reached[-1] / 2)])


def _in_fractions(fleets: Fleets, price: FloatArray) -> float:
    """What fractions of instances cost at a demand factor of 1 [currency/h].

    ``sum_b min_k p_k L_bk``, of spot only up to its share where that is cheaper.
    """
    block = fleets.block
    wanted = block.demand > 0
    with np.errstate(invalid="ignore"):
        cost = np.where(np.isfinite(fleets.load), price[:, None] * fleets.load, np.inf)[:, wanted]
    firm = np.min(cost[~block.is_spot], axis=0, initial=np.inf)
    spot = np.min(cost[block.is_spot], axis=0, initial=np.inf)
    cap = block.max_spot_fraction
    with np.errstate(invalid="ignore"):
        mixed = np.where(np.isfinite(firm), firm + cap * (spot - firm), spot if cap >= 1 else firm)
    least = np.where(spot < firm, mixed, firm)
    return float(least.sum()) if np.isfinite(least).all() else 0.0


def _fleet(
    block: ServingBlock, price: FloatArray, factor: float, gap: float, seconds: float
) -> tuple[float, IntArray | None]:
    """Bound and counts of the cheapest whole fleet for one factor; no counts without an answer."""
    servers = np.arange(len(price))
    on_offer = np.isfinite(price)
    found = solve_problem(
        Problem(
            price_per_hour=np.where(on_offer, price, 0.0),
            server=servers,
            upper=np.where(on_offer, np.inf, 0.0),
            group=servers,
            blocks=(_bare(block, factor),),
        ),
        gap=gap,
        time_limit_seconds=min(seconds, LONGEST_SOLVE_SECONDS),
    )
    counts = None if found.cost is None else found.counts
    return found.bound or 0.0, counts


def _bare(block: ServingBlock, factor: float) -> ServingBlock:
    """Give the block at a demand factor, without what it promises about losses."""
    return replace(
        block,
        demand=block.demand * factor,
        failure_group=None,
        max_losses=0,
        max_lost_fraction=1.0,
        min_failure_groups=0,
    )
