"""Which known fleets each hour may choose from."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.reach import Reach
from costopt.solve.problem import BoolArray, FloatArray, IntArray

BEST_BY_PRICE: Final = 6
"""How many of the cheapest fleets an hour may choose from, for each way to price them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Options:
    """Fleets that hours may choose from, each option once.

    Attributes:
        block: block (options,).
        kind: kind of hour (options,).
        fleet: number of the fleet among the block's (options,).
    """

    block: IntArray
    kind: IntArray
    fleet: IntArray

    def __len__(self) -> int:
        """Return the number of options."""
        return len(self.block)

    def only(self, kept: BoolArray) -> "Options":
        """Return some of the options."""
        return Options(block=self.block[kept], kind=self.kind[kept], fleet=self.fleet[kept])

    def holding(self, chosen: "Options") -> FloatArray:
        """1 for each option that is among those chosen, else 0 (options,)."""
        pairs = (
            (self.block, chosen.block),
            (self.kind, chosen.kind),
            (self.fleet, chosen.fleet),
        )
        shape = (*(int(max(a.max(initial=0), b.max(initial=0))) + 1 for a, b in pairs),)
        own, taken = (np.ravel_multi_index(parts, shape) for parts in zip(*pairs, strict=True))
        return np.isin(own, taken).astype(np.float64)


def server_prices(problem: HourlyProblem) -> tuple[FloatArray, FloatArray]:
    """Cheapest price of each server by the hour, and under any commitment (servers,) [currency/h].

    A quantity commitment counts at its cost for each hour of the horizon.
    """
    hours = float(problem.weight @ problem.probability[problem.scenario])
    by_the_hour = np.full(int(problem.first_server[-1]), np.inf)
    serving = problem.server >= 0
    paid = serving & (problem.quantity < 0)
    np.minimum.at(by_the_hour, problem.server[paid], problem.price_per_hour[paid])
    committed = by_the_hour.copy()
    on = serving & (problem.quantity >= 0)
    price = problem.price_per_hour[on] + problem.quantities.cost[problem.quantity[on]] / hours
    np.minimum.at(committed, problem.server[on], price)
    return np.where(np.isfinite(by_the_hour), by_the_hour, committed), committed


def options_among(
    problem: HourlyProblem,
    reach: Reach,
    fleets: tuple[Fleets, ...],
    committed: FloatArray,
    always: Options | None,
    *,
    most: int = BEST_BY_PRICE,
) -> Options:
    """Give each hour with demand the cheapest fleets that serve it, priced in three ways.

    By the hour, under commitments, and by the hour beyond what is committed now.

    Args:
        problem: the problem.
        reach: loads and demand factors of the kinds of hours.
        fleets: fleets known of each block.
        committed: instances of each server that are committed now (servers,) [1].
        always: options that must be among them.
        most: of the cheapest for each way to price them.
    """
    found = [always] if always is not None else []
    hourly, cheapest = server_prices(problem)
    for block, known in enumerate(fleets):
        if not known.counts:
            continue
        first, last = problem.first_server[block : block + 2]
        counts = np.stack(known.counts)
        beyond = np.maximum(counts - committed[first:last], 0)
        prices = (
            counts @ hourly[first:last],
            counts @ cheapest[first:last],
            beyond @ hourly[first:last],
        )
        able = np.array(known.factors)[:, None] >= reach.factor[block]
        for price in prices:
            ranked = np.argsort(np.where(able, price[:, None], np.inf), axis=0, kind="stable")
            best = ranked[:most]
            kind = np.broadcast_to(np.arange(best.shape[1]), best.shape)
            kept = np.take_along_axis(able, best, axis=0) & (reach.factor[block] > 0)
            found.append(
                Options(block=np.full(int(kept.sum()), block), kind=kind[kept], fleet=best[kept])
            )
    return _distinct(found)


def _distinct(found: list[Options]) -> Options:
    columns = np.concatenate(
        [np.stack([part.block, part.kind, part.fleet]) for part in found]
        or [np.zeros((3, 0), dtype=np.int64)],
        axis=1,
    )
    block, kind, fleet = np.unique(columns, axis=1)
    return Options(block=block, kind=kind, fleet=fleet)
