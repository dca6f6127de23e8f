"""Kinds of hours: hours of equal usage counted once, or averaged where there are too many."""

from dataclasses import dataclass

import numpy as np

from costopt.commitment.apply import Floats, Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kinds:
    """Hours that count as one.

    Attributes:
        units: usage in an hour of the kind (kinds, skus) [1].
        weight_hours: hours of the kind (kinds,) [h].
        period: number of the period that they lie in (kinds,).
    """

    units: Floats
    weight_hours: Floats
    period: Integers


def kinds_of_hours(units: Floats, period: Integers, most: int) -> Kinds:
    """Count hours of equal usage within a period once; above ``most``, average the nearest ones.

    What usage costs under fixed commitments is convex in usage, so the cost of averaged hours is
    never above the mean cost of the hours themselves (Jensen's inequality): an optimum over
    averaged kinds is a lower bound on the optimum over hours.

    Args:
        units: usage by hour (hours, skus) [1].
        period: period of each hour, in order (hours,).
        most: kinds that are kept without averaging, over all periods [1].
    """
    table, counts = np.unique(
        np.column_stack([period.astype(np.float64), units]), axis=0, return_counts=True
    )
    kinds = Kinds(
        units=table[:, 1:],
        weight_hours=counts.astype(np.float64),
        period=table[:, 0].astype(np.int64),
    )
    return kinds if len(counts) <= most else _averaged(kinds, most)


def _averaged(kinds: Kinds, most: int) -> Kinds:
    periods = np.unique(kinds.period)
    each = max(most // len(periods), 1)
    parts = [
        part
        for one in periods
        for part in _parts(kinds, np.flatnonzero(kinds.period == one), each)
    ]
    weights = [kinds.weight_hours[part] for part in parts]
    return Kinds(
        units=np.array(
            [
                weight @ kinds.units[part] / weight.sum()
                for part, weight in zip(parts, weights, strict=True)
            ]
        ),
        weight_hours=np.array([weight.sum() for weight in weights]),
        period=np.array([kinds.period[part[0]] for part in parts]),
    )


def _parts(kinds: Kinds, members: Integers, most: int) -> list[Integers]:
    """Halve the part that spreads widest, along the SKU in which it does, up to the most."""
    parts = [members]
    spread = [_spread(kinds, members)]
    while len(parts) < most and max(spread) > 0:
        widest = int(np.argmax(spread))
        part = parts[widest]
        along = kinds.units[part][:, np.argmax(np.ptp(kinds.units[part], axis=0))]
        in_order = part[np.argsort(along, kind="stable")]
        halves = [in_order[: len(part) // 2], in_order[len(part) // 2 :]]
        parts[widest : widest + 1] = halves
        spread[widest : widest + 1] = [_spread(kinds, half) for half in halves]
    return parts


def _spread(kinds: Kinds, part: Integers) -> float:
    """Widest range of one SKU's usage, times the hours concerned; 0 for a single kind."""
    return float(np.ptp(kinds.units[part], axis=0).max() * kinds.weight_hours[part].sum())
