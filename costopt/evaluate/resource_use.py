"""Committed amounts of resources and shared instances against what runs on demand."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from costopt.evaluate.component_prices import Place
from costopt.evaluate.tranche_prices import TranchePrice
from costopt.plan.schedule import Tranche

Floats = NDArray[np.float64]


def cover_amounts(
    by_hour: Floats,
    today: Floats,
    places: Sequence[Place | None],
    tranches: Sequence[Tranche],
    tranche_prices: Sequence[TranchePrice],
) -> tuple[Floats, Floats]:
    """Let commitments of amounts pay for the resources that instances on demand need.

    In each hour a commitment covers ``min(amount, sum_i need_i n_i)`` of its resource, commitments
    of one scope one after the other. Of instances that need a resource each has the same part of
    it covered; what that takes off the charge is told as instances that are not paid by the hour.

    Args:
        by_hour: instances paid by the hour; reduced here by what is covered (hours, columns) [1].
        today: their price of today (columns,) [plan currency/h].
        places: provider, region and instance type; None for what is not on demand (columns,).
        tranches: of the plan; those of amounts count.
        tranche_prices: of one unit of each.

    Returns:
        What is used of each tranche (hours, tranches) [amount], and what an instance needs of each
        (tranches, columns) [amount].
    """
    needs = np.array(
        [
            [0.0 if place is None else price.needs.get(place, 0.0) for place in places]
            for price in tranche_prices
        ]
    ).reshape(len(tranches), len(places))
    used = np.zeros((len(by_hour), len(tranches)))
    taken_off = np.zeros_like(by_hour)
    for row, tranche in enumerate(tranches):
        if not tranche.resource:
            continue
        before = [other for other in range(row) if _scope(tranches[other]) == _scope(tranche)]
        wanted = by_hour @ needs[row]
        left = wanted - used[:, before].sum(axis=1)
        used[:, row] = np.clip(tranche.quantity, 0.0, left)
        part = np.divide(used[:, row], wanted, out=np.zeros_like(wanted), where=wanted > 0)
        covered = needs[row] * tranche_prices[row].replaced_per_hour
        taken_off += part[:, None] * by_hour * covered
    by_hour -= np.divide(taken_off, today, out=np.zeros_like(taken_off), where=taken_off > 0)
    return used, needs


def _scope(tranche: Tranche) -> tuple[str, ...]:
    return tranche.provider, tranche.region, tranche.instance_type, tranche.resource


def share_instances(
    by_hour: Floats,
    taken: Floats,
    places: Sequence[Place | None],
    tranches: Sequence[Tranche],
) -> None:
    """Let other usage of the company run on committed instances that the plan leaves free.

    Args:
        by_hour: instances on demand, the plan's own and others'; reduced here (hours, columns).
        taken: instances on each tranche; raised here by the same (tranches, hours, columns) [1].
        places: of others' instances; None for what may not share (columns,).
        tranches: of the plan; one of a single zone is not shared, as others' zones are not known.
    """
    for row, tranche in enumerate(tranches):
        if tranche.instances is None or tranche.zone:
            continue
        covered = (tranche.provider, tranche.region, tranche.instance_type)
        for column in [number for number, place in enumerate(places) if place == covered]:
            free = np.maximum(tranche.instances - taken[row].sum(axis=1), 0.0)
            part = np.minimum(free, by_hour[:, column])
            taken[row, :, column] += part
            by_hour[:, column] -= part
