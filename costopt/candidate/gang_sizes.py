"""Which gang sizes are tried: a grid that locates, then every size around what it found."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find_gangs import is_in_time
from costopt.candidate.job import Gangs

Integers = NDArray[np.int64]

MOST_NODES: Final = 4096
"""Largest gang that is tried [1]; 32,768 accelerators in nodes of eight.

Source: twice the largest published run of dense pre-training, Llama 3 405B on 16,384 accelerators
(arXiv 2407.21783, section 3.3).
"""

GRID: Final[Integers] = np.array(
    [*range(1, 9)] + [octave * step for octave in 2 ** np.arange(1, 10) for step in (5, 6, 7, 8)]
)
"""Sizes that are tried on every type: all up to 8, then four in each doubling."""

MOST_BETWEEN: Final = 31
"""Sizes that are tried between two neighbours at once; gaps of up to 32 are filled."""


def sizes_between(
    gangs: Gangs, type_of_offer: Integers, deadline_hours: float, tried: list[Integers]
) -> tuple[Integers, Integers]:
    """Return further sizes of each instance type that may be cheaper, or the first in time.

    For each way to rent, what is worth renting lies between the smallest size that ends in time
    and the cheapest; below it is too slow, above it costs more, whatever a quota allows. So the
    sizes from the one before the smallest to the one after the cheapest are filled in; where none
    ends in time, those around the fastest. Repeated until nothing is left to fill, every whole
    size of that range has been tried.

    Args:
        gangs: priced so far, late ones too.
        type_of_offer: instance type of each offer (offers,).
        deadline_hours: until all is done [h].
        tried: sizes tried so far on each type, ascending.

    Returns:
        Instance type and size of each gang to try (gangs,).
    """
    types: list[Integers] = [np.zeros(0, dtype=np.int64)]
    sizes: list[Integers] = [np.zeros(0, dtype=np.int64)]
    for kind, ranges in _ranges(gangs, type_of_offer, deadline_hours).groupby("type"):
        found = np.unique(
            np.concatenate(
                [
                    size
                    for low, high in zip(ranges["low"], ranges["high"], strict=True)
                    for size in _filled(tried[int(str(kind))], int(low), int(high))
                ]
            )
        )
        sizes.append(found)
        types.append(np.full(len(found), kind, dtype=np.int64))
    return np.concatenate(types), np.concatenate(sizes)


def _ranges(gangs: Gangs, type_of_offer: Integers, deadline_hours: float) -> pd.DataFrame:
    """Sizes from the smallest in time to the cheapest, for each way to rent that differs."""
    frame = pd.DataFrame(
        {
            "type": type_of_offer[gangs.offer],
            "offer": gangs.offer,
            "spot": gangs.spot_offer,
            "nodes": gangs.nodes,
            "hours": gangs.hours,
            "cost": gangs.cost_total,
            "in_time": is_in_time(gangs, deadline_hours),
        }
    )
    frame = frame[np.isfinite(frame["hours"])]
    way = ["type", "offer", "spot"]
    good = frame[frame["in_time"]]
    first = good.groupby(way)["nodes"].min()
    cheapest = good.loc[good.groupby(way)["cost"].idxmin()].set_index(way)["nodes"]
    fastest = frame.loc[frame.groupby(way)["hours"].idxmin()].set_index(way)["nodes"]
    low = first.reindex(fastest.index).fillna(fastest)
    high = cheapest.reindex(fastest.index).fillna(fastest)
    ranges = pd.DataFrame({"low": low, "high": high}).astype(np.int64).reset_index()
    return ranges[["type", "low", "high"]].drop_duplicates()


def _filled(tried: Integers, low: int, high: int) -> Iterator[Integers]:
    """Yield sizes inside the gaps from the neighbour below ``low`` to that above ``high``."""
    first = max(int(np.searchsorted(tried, low)) - 1, 0)
    last = min(int(np.searchsorted(tried, high)) + 1, len(tried) - 1)
    yield np.zeros(0, dtype=np.int64)
    for below, above in zip(tried[first:last], tried[first + 1 : last + 1], strict=True):
        inside = np.linspace(below, above, min(above - below, MOST_BETWEEN + 1) + 1)[1:-1]
        yield np.round(inside).astype(np.int64)
