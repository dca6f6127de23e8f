"""What is left of a service when spot capacity is lost, simulated from the lines alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, prod
from typing import Final
from weakref import ref

import numpy as np
import pandas as pd

from costopt.candidate.renting import risk_of
from costopt.catalog.catalog import Catalog
from costopt.errors import PlanCheckError
from costopt.evaluate.limits import TOLERANCE
from costopt.interruption.failure_groups import failure_groups
from costopt.interruption.pool import chance_of_each
from costopt.plan.line import OfferKey, PlanLine
from costopt.plan.words import percent_to
from costopt.workload.limits import FailureGroup
from costopt.workload.spot_promises import SpotPromises

LEAST_PART: Final = 0.1
"""Part of an even part of what may be on spot from which a failure group counts [0..1].

Source: costopt planning default (docs/robust-spot.md).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstLoss:
    """The loss that hits a bucket hardest.

    Attributes:
        names: failure groups that are lost, the largest part first.
        served_fraction: smallest share of a bucket that is still served [0..1].
    """

    names: tuple[str, ...]
    served_fraction: float


def worst_loss(lines: Sequence[PlanLine], kind: FailureGroup, losses: int) -> WorstLoss:
    """Simulate the loss of every set of groups; nothing is re-routed.

    Firm lines and the groups that stay go on serving what is routed to them, so a bucket loses
    exactly the shares of the groups lost. The worst set for a bucket is therefore that of its
    ``k`` largest shares, and the worst of all sets is the worst of these over the buckets: no
    other set has to be looked at.

    Args:
        lines: of one service.
        kind: what is lost together.
        losses: ``k``, groups that are lost at once [1].
    """
    names = line_groups(lines, kind)
    groups = sorted(set(names) - {""})
    if not groups or not losses:
        return WorstLoss(names=(), served_fraction=1.0)
    carried = np.zeros((len(groups), len(lines[0].routing)))
    for name, line in zip(names, lines, strict=True):
        if name:
            carried[groups.index(name)] += line.routing
    largest = np.argsort(-carried, axis=0, kind="stable")[:losses]
    lost = np.take_along_axis(carried, largest, axis=0).sum(axis=0)
    sets = {
        tuple(groups[row] for row in largest[:, bucket])
        for bucket in np.flatnonzero(lost == lost.max())
    }
    return WorstLoss(names=min(sets), served_fraction=max(0.0, 1.0 - float(lost.max())))


def line_groups(lines: Sequence[PlanLine], kind: FailureGroup) -> list[str]:
    """Name what each line is lost with; empty for firm lines."""
    return list(_groups_of(tuple(line.offer for line in lines), kind))


@lru_cache(maxsize=256)
def _groups_of(offers: tuple[OfferKey, ...], kind: FailureGroup) -> tuple[str, ...]:
    """Name what offers are lost with; hours of a plan ask for the same ones again and again."""
    table = pd.DataFrame([offer.model_dump() for offer in offers])
    return tuple(str(name) for name in failure_groups(table, kind))


def availability_of(lines: Sequence[PlanLine], catalog: Catalog) -> float:
    """P(capacity >= demand): that every spot pool has at once what is routed to its lines.

    A line needs ``ceil(count * utilisation / max_utilisation)`` of its instances. Instances of a
    pool are there by the beta-binomial distribution, a loss hits those of its lines alike, and
    pools are multiplied: where they are positively associated, the chance is at least that.

    Args:
        lines: of one service, with their operating figures.
        catalog: where spot signals and planning defaults are.

    Returns:
        The chance, or a lower bound of it where pools come and go together [0..1].
    """
    spot = [line for line in lines if line.is_spot]
    if not spot:
        return 1.0
    chances = _chances_of(ref(catalog), tuple(line.offer for line in spot))
    pools: dict[str, list[int]] = {}
    for row, line in enumerate(spot):
        pools.setdefault(line.pool, []).append(row)
    return prod(
        chance_of_each(
            *chances[rows[0]],
            [spot[row].count for row in rows],
            [_needed(spot[row]) for row in rows],
        )
        for rows in pools.values()
    )


@lru_cache(maxsize=256)
def _chances_of(
    catalog: "ref[Catalog]", offers: tuple[OfferKey, ...]
) -> tuple[tuple[float, float], ...]:
    """Look up how often each pool is there, and how far its instances are there together.

    Hours of a plan ask for the same offers again and again; the reference keeps no catalogue.
    """
    found = catalog()
    if found is None:
        raise PlanCheckError(["the catalogue of a plan was given up while it was checked"])
    risk = risk_of(found, pd.DataFrame([offer.model_dump() for offer in offers]))
    parts = (risk.availability_fraction.tolist(), risk.pool_correlation.tolist())
    return tuple(zip(*parts, strict=True))


def _needed(line: PlanLine) -> int:
    """Instances of a line that carry what is routed to it when they are loaded as planned."""
    if line.utilisation is None:
        return line.count
    load = line.count * line.utilisation / line.max_utilisation
    return min(ceil(load * (1 - TOLERANCE)), line.count)


def _too_few_groups(
    promises: SpotPromises, lines: Sequence[PlanLine], max_spot_fraction: float
) -> Iterator[str]:
    """Yield a sentence where too few failure groups carry enough of the requests to count.

    A group counts from a tenth of an even part of what may be on spot: instances that are there
    and get next to nothing promise nothing.
    """
    most = min(max_spot_fraction, promises.max_lost_fraction)
    least = LEAST_PART * most / promises.min_groups
    carried: dict[str, float] = {}
    for name, line in zip(line_groups(lines, promises.failure_group), lines, strict=True):
        if name:
            carried[name] = carried.get(name, 0.0) + line.share
    counted = sum(share >= least - TOLERANCE for share in carried.values())
    if sum(carried.values()) > TOLERANCE and counted < promises.min_groups:
        yield (
            f"spot is in {counted} failure groups ({promises.failure_group}) that carry at least "
            f"{percent_to(least, 2)} of the requests, {promises.min_groups} promised"
        )


def broken_promises(
    promises: SpotPromises,
    lines: Sequence[PlanLine],
    max_spot_fraction: float,
    catalog: Catalog,
) -> Iterator[str]:
    """Yield a sentence for each promise on spot losses that the lines break.

    Args:
        promises: of the workload and the request together.
        lines: of one service, with their operating figures.
        max_spot_fraction: largest share of any bucket that may be on spot [0..1].
        catalog: where spot signals and planning defaults are.
    """
    if promises.losses:
        worst = worst_loss(lines, promises.failure_group, promises.losses)
        if worst.served_fraction < promises.served_fraction - TOLERANCE:
            yield (
                f"losing {' and '.join(worst.names)} leaves "
                f"{percent_to(worst.served_fraction, 1)} of a "
                f"request size served, {percent_to(promises.served_fraction, 1)} promised"
            )
    if promises.min_groups > 1:
        yield from _too_few_groups(promises, lines, max_spot_fraction)
    if promises.availability:
        chance = availability_of(lines, catalog)
        if not chance >= promises.availability * (1 - TOLERANCE):
            yield (
                f"P(capacity >= demand) is {percent_to(chance, 2)}, "
                f"{percent_to(promises.availability, 2)} promised"
            )
