"""Starts in a plan over time: what they are charged, and which offers they leave comparable."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.starts import start_up_hours
from costopt.catalog.catalog import Catalog
from costopt.planning.assemble import AVAILABILITY
from costopt.planning.over_time_products import QuantityProducts, SpendProducts
from costopt.solve.hours.problem import BY_THE_HOUR, HourlyProblem, Sequence
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def sequence_of(
    columns: pd.DataFrame, is_job: Flags, request: PlanRequest, catalog: Catalog
) -> Sequence | None:
    """Return what starting and stopping each offer takes; None where neither takes time.

    An instance that works on a job is not charged for its start again: each of its hours counts
    as its first.

    Args:
        columns: offer of each column.
        is_job: columns that work on a job (columns,).
        request: with a demand profile.
        catalog: where the time from request to ready is.
    """
    profile = request.demand_profile
    if profile is None or not profile.ties_hours:
        return None
    hours = start_up_hours(columns, profile, catalog)
    return Sequence(
        start_up_hours=np.where(is_job, 0.0, hours),
        min_up_hours=np.full(len(columns), profile.min_up_hours or 1),
    )


def only(sequence: Sequence | None, kept: Integers) -> Sequence | None:
    """Return what starting and stopping some of the offers takes.

    Args:
        sequence: of all.
        kept: those that are left.
    """
    if sequence is None:
        return None
    return Sequence(
        start_up_hours=sequence.start_up_hours[kept], min_up_hours=sequence.min_up_hours[kept]
    )


def worth_starting(
    sequence: Sequence | None,
    server: Integers,
    price: Floats,
    quantities: QuantityProducts,
    spends: SpendProducts,
) -> Flags:
    """Return the offers by the hour that are worth keeping because starts take time.

    Where they do, an instance does not move in passing from the offer that is cheapest by the
    hour to the one that is cheapest under a plan. So an offer is of no use only if one other of
    its server, that which is cheapest by the hour, is no dearer under any plan either. Where
    starts take some offers of a server longer than others, all are kept.

    Args:
        sequence: what starting and stopping takes; None = nothing, and none is kept for it.
        server: of each offer (offers,).
        price: of an hour; NaN for what is no offer of its own (offers,) [plan currency/h].
        quantities: commitments of instances.
        spends: plans of money.

    Returns:
        Shape (offers,).
    """
    if sequence is None:
        return np.zeros(len(price), dtype=np.bool_)
    if not _alike(sequence.start_up_hours, server):
        return np.ones(len(price), dtype=np.bool_)
    by_hour = np.flatnonzero((quantities.product == BY_THE_HOUR) & ~np.isnan(price))
    first = by_hour[np.lexsort((price[by_hour], server[by_hour]))]
    _, own = np.unique(server[first], return_index=True)
    cheapest = np.full(int(server.max(initial=-1)) + 1, -1, dtype=np.int64)
    cheapest[server[first[own]]] = first[own]
    rates = np.where(np.isnan(spends.rate), np.inf, spends.rate)
    kept = np.zeros(len(price), dtype=np.bool_)
    kept[by_hour] = (rates[:, by_hour] < rates[:, cheapest[server[by_hour]]]).any(axis=0)
    return kept


def _alike(hours: Floats, server: Integers) -> bool:
    """Return whether all offers of each server are charged the same time for a start."""
    servers = int(server.max(initial=-1)) + 1
    least, most = np.full(servers, np.inf), np.full(servers, -np.inf)
    np.minimum.at(least, server, hours)
    np.maximum.at(most, server, hours)
    return bool((least[server] == most[server]).all())


def servers_compare(
    sequence: Sequence | None, server: Integers, by_hour: Flags, is_job: Flags, kept: Flags
) -> bool:
    """Return whether a server may be left out that another beats in every way to pay.

    It may where starts take all of them equally long, and each is paid by the hour in one way at
    most, so that no plan makes an instance of it move from one offer to another.

    Args:
        sequence: what starting and stopping takes; None = nothing.
        server: of each offer (offers,).
        by_hour: offers that are paid by the hour (offers,).
        is_job: offers that work on a job (offers,).
        kept: offers that matter (offers,).
    """
    if sequence is None:
        return True
    paid = server[kept & by_hour]
    one_way = len(np.unique(paid)) == len(paid)
    return one_way and len(np.unique(sequence.start_up_hours[kept & ~is_job])) <= 1


def with_free_starts_of_groups(problem: HourlyProblem) -> HourlyProblem | None:
    """Return a problem in which instances that are rented in groups start and stop for nothing.

    Args:
        problem: with or without a promise of availability, for which groups are rented.

    Returns:
        None where nothing is rented in groups, or starting and stopping takes nothing anyhow.
    """
    sequence = problem.sequence
    promises = [row for row in problem.rows if row.name.startswith(AVAILABILITY)]
    if sequence is None or not promises:
        return None
    grouped = np.any([row.offer_coefficients > 0 for row in promises], axis=0)
    free = Sequence(
        start_up_hours=np.where(grouped, 0.0, sequence.start_up_hours),
        min_up_hours=np.where(grouped, 1, sequence.min_up_hours),
    )
    return replace(problem, sequence=free)
