"""How many equal instances are worth pricing for a batch: the fewest that end in time."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.renting import risk_of, start_hours
from costopt.catalog.catalog import Catalog
from costopt.interruption.checkpoint import interrupted_run
from costopt.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_BEFORE: Final = 64
"""Sizes above the fewest that are tried before what is owned ends [1]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paces:
    """How fast work is done on each kind of capacity; arrays of shape (kinds,).

    Attributes:
        start_hours: from request to ready [h].
        stretch: hours until done for each hour of work: 1 on firm capacity, more on spot [1].
    """

    start_hours: Floats
    stretch: Floats


def paces_of(catalog: Catalog, offers: pd.DataFrame) -> Paces:
    """Return the paces of firm capacity and of every kind of spot pool among offers.

    Args:
        catalog: where spot signals are.
        offers: that take part.
    """
    spot = offers[offers["purchase_option"] == "spot"].reset_index(drop=True)
    risk = risk_of(catalog, spot)
    run = interrupted_run(
        work_hours=np.ones(len(spot)),
        write_hours=np.zeros(len(spot)),
        restart_hours=risk.provisioning_hours,
        hazard_per_hour=risk.hazard_per_instance_hour,
        availability_fraction=risk.availability_fraction,
        notice_hours=risk.notice_seconds / SECONDS_PER_HOUR,
    )
    firm = [[start_hours(catalog), 1.0]]
    kinds = np.unique(
        np.vstack([firm, np.column_stack([risk.provisioning_hours, run.makespan_hours])]), axis=0
    )
    kinds = kinds[np.isfinite(kinds[:, 1])]
    return Paces(start_hours=kinds[:, 0], stretch=kinds[:, 1])


def batch_sizes(alone_hours: Floats, deadline_hours: float, paces: Paces) -> Integers:
    """Return gang sizes worth pricing (layouts, sizes); 0 fills the rows.

    ``n = ceil(W k / (D - S))`` instances end in time. More of them do the same work and pay more
    starts, so on each kind of capacity only the fewest can be cheapest.

    Args:
        alone_hours: W, work of one instance alone (layouts,) [h].
        deadline_hours: D, from the start until all is done [h].
        paces: S and k of each kind of capacity.
    """
    left = deadline_hours - paces.start_hours
    possible = left > 0
    needed = alone_hours[:, None] * (paces.stretch[possible] / left[possible])[None, :]
    sizes = np.ceil(needed - 1e-9).clip(min=1)
    return _ascending(sizes)


def sizes_before(
    alone_hours: Floats, deadline_hours: float, end_hours: float, start_hours: float
) -> Integers:
    """Return gang sizes between the fewest in time and those done before what is owned ends.

    Firm nodes are charged once what they run on has ended, so more of them may cost less. Where
    that leaves more than MOST_BEFORE sizes, they are spread evenly.

    Args:
        alone_hours: W, work of one instance alone (layouts,) [h].
        deadline_hours: D, from the start until all is done [h].
        end_hours: until what is owned ends, the first of it [h].
        start_hours: S, from request to ready on firm capacity [h].

    Returns:
        Sizes (layouts, sizes); 0 fills the rows.
    """
    if not start_hours < end_hours < deadline_hours:
        return np.zeros((len(alone_hours), 0), dtype=np.int64)
    fewest = np.ceil(alone_hours / (deadline_hours - start_hours) - 1e-9).clip(min=1)
    most = np.ceil(alone_hours / (end_hours - start_hours) - 1e-9).clip(min=1)
    steps = np.minimum(most - fewest, MOST_BEFORE)[:, None]
    step = np.minimum(np.arange(MOST_BEFORE + 1)[None, :], steps)
    return _ascending(
        np.round(fewest[:, None] + step * ((most - fewest)[:, None] / steps.clip(1)))
    )


def _ascending(sizes: Floats) -> Integers:
    """Sort each row and leave out what it repeats; 0 fills the rows."""
    ordered = np.sort(sizes, axis=1).astype(np.int64)
    repeated = np.diff(ordered, axis=1, prepend=0) == 0
    return np.where(repeated, 0, ordered)
