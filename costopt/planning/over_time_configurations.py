"""Which configurations of gangs are planned with: sizes, instance types and places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.planning.over_time_gangs import PLACE, GangFigures, gang_figures, job_numbers
from costopt.planning.over_time_products import QuantityProducts, SpendProducts
from costopt.solve.hours.gangs import EVERY_HOUR
from costopt.solve.problem import Problem
from costopt.workload.demand_hours import DemandHours
from costopt.workload.request import Job, PlanRequest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_CONFIGURATIONS: Final = 24
"""Configurations of one task that may draw on what others leave idle, and are planned with."""

MOST_SIZES: Final = 4
"""Sizes among them on one instance type in one place."""

WAY: Final = "way to pay "
"""Prefix of the columns with what an hour of a configuration costs in each way to pay."""

ROUNDING: Final = 1e-9
"""Relative room for a quota that a gang meets exactly, and for whole hours of work."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TriedGangs:
    """Configurations to plan with.

    Attributes:
        offers: offers that stay; all that are of no gang do (columns,).
        is_lossy: whether one was left out that might have been cheaper.
    """

    offers: Flags
    is_lossy: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OffersOfGangs:
    """Offers of all workloads with their prices, and which of them are of gangs.

    Attributes:
        columns: offers, one row for each column.
        price: of an hour (columns,) [plan currency/h].
        usable: offers that matter (columns,).
        in_gangs: offers of gangs (columns,).
        shared: offers under commitments that are never one workload's alone (columns,).
        problem: offers of all ways to pay, for its rows and limits.
        quantities: commitments of instances.
        spends: plans of money.
        keep_all: whether all configurations stay that may be needed.
    """

    columns: pd.DataFrame
    price: Floats
    usable: Flags
    in_gangs: Flags
    shared: Flags
    problem: Problem
    quantities: QuantityProducts
    spends: SpendProducts
    keep_all: bool


def tried_gangs(
    workloads: Sequence[NamedWorkload],
    offered: OffersOfGangs,
    hours: DemandHours,
    request: PlanRequest,
    catalog: Catalog,
) -> TriedGangs:
    """Choose the configurations of each task that are planned with.

    A configuration that shares nothing with other workloads, neither a commitment nor a plan of
    money nor a limit, costs what it costs alone: of these the cheapest stays and nothing is
    lost. Nodes that run in every hour share no commitment of instances: they leave none idle, and
    beside them others use as much of it as without. Money that a plan leaves unused in some hours
    they do share.
    Of the others, all that fit within the limits, and are not beaten in every way to pay for
    them, stay up to MOST_CONFIGURATIONS; beyond, those
    that do the job with the least money at the cheapest of their prices.

    Args:
        workloads: services, then all others.
        offered: offers and what pays for them.
        hours: kinds of hours.
        request: the question, for the horizon.
        catalog: where models are described.
    """
    rows = np.flatnonzero(offered.usable & offered.in_gangs)
    keep = offered.usable.copy()
    if not len(rows):
        return TriedGangs(offers=keep, is_lossy=False)
    own = offered.columns.iloc[rows]
    figures = gang_figures(workloads, own, catalog)
    table = _priced(workloads, offered, rows, figures, hours, request)
    of_offer = own.groupby(PLACE, sort=False).ngroup().to_numpy(dtype=np.int64)
    kept, lossy = [], False
    for _, of_task in table[table["fits"]].groupby("service"):
        alone = of_task[~of_task["shares"]].nsmallest(1, "cost")
        sharing = _unbeaten(of_task[of_task["shares"]].sort_values("cost", kind="stable"))
        if len(sharing) > MOST_CONFIGURATIONS and not offered.keep_all:
            place = sharing.groupby(["provider", "region", "zone", "instance_type"])
            sharing = sharing[place.cumcount() < MOST_SIZES].head(MOST_CONFIGURATIONS)
            lossy = True
        kept += [*alone.index.tolist(), *sharing.index.tolist()]
    keep[rows] = np.isin(of_offer, kept)
    return TriedGangs(offers=keep, is_lossy=lossy)


def _priced(
    workloads: Sequence[NamedWorkload],
    offered: OffersOfGangs,
    rows: Integers,
    figures: GangFigures,
    hours: DemandHours,
    request: PlanRequest,
) -> pd.DataFrame:
    """Return one row for each configuration: its task, place, cost alone, what it shares."""
    problem, product = offered.problem, offered.quantities.product
    own = offered.columns.iloc[rows]
    service = own["service"].to_numpy(dtype=np.int64)
    always = job_numbers(workloads)[service] == EVERY_HOUR
    last = np.array([_last(item, hours) for item in workloads])[service]
    needed = np.ceil(figures.work_hours + figures.lost_hours - ROUNDING)
    charged = np.where(always, hours.profile_hours, needed)
    rounds = request.horizon_hours / hours.profile_hours
    committed = product[rows] >= 0
    held = offered.quantities.present_value[np.maximum(product[rows], 0)] if committed.any() else 0
    by_hour = offered.price[rows] * charged * rounds
    rates = offered.spends.rate[:, rows]
    cheapest = np.fmin.reduce([offered.price[rows], *rates]) * charged * rounds
    part = charged / hours.profile_hours
    ties_hours = request.demand_profile is not None and request.demand_profile.ties_hours
    ties_hours |= request.current_fleet is not None
    ties_hours |= problem.max_groups is not None or problem.budget_per_hour is not None
    limited = ties_hours or bool(problem.rows) or bool(np.isfinite(problem.upper).any())
    drawn = _drawn_by_several(offered, rows, service)
    shares = limited | offered.shared[rows]
    shares |= ~always & drawn
    shares |= np.isfinite(rates).any(axis=0)
    at_best = np.where(shares, np.where(committed, held * part, cheapest),
                       np.where(committed, held, by_hour))  # fmt: skip
    ways = [np.where(committed, np.inf, offered.price[rows]), *np.nan_to_num(rates, nan=np.inf),
            np.where(committed, held, np.inf)]  # fmt: skip
    room = np.full(len(rows), np.inf)
    for row in problem.rows:
        taken = row.offer_coefficients[rows]
        fitting = row.upper * (1 + ROUNDING) / np.where(taken > 0, taken, 1.0)
        room = np.minimum(room, np.where(taken > 0, fitting, np.inf))
    names = ["service", "provider", "region", "zone", "instance_type"]
    table = own[names].assign(
        configuration=own.groupby(PLACE, sort=False).ngroup().to_numpy(),
        cost=at_best * figures.nodes,
        shares=shares,
        room=room,
        nodes=figures.nodes,
        in_time=always | (needed <= last),
        may_leave=always & ~limited & ~offered.shared[rows] & ~drawn,
        **{f"{WAY}{number}": way for number, way in enumerate(ways)},
    )
    by_configuration = table.groupby("configuration")
    found = by_configuration[[*names, "nodes", "in_time"]].first()
    least = [f"{WAY}{number}" for number in range(len(ways))]
    return found.assign(
        **by_configuration[least].min(),
        may_leave=by_configuration["may_leave"].all(),
        cost=by_configuration["cost"].min(),
        shares=by_configuration["shares"].any(),
        fits=found["in_time"] & (by_configuration["room"].sum() >= found["nodes"]),
    )


def _unbeaten(sharing: pd.DataFrame) -> pd.DataFrame:
    """Leave out nodes that others cost no more than in every way to pay for them.

    All configurations of a task that runs in every hour have as many nodes. So those of the other
    take their place one by one in each hour, whoever pays.

    Args:
        sharing: configurations of one task, the cheapest first.
    """
    ways = sharing.filter(like=WAY).to_numpy(dtype=np.float64)
    may_leave = sharing["may_leave"].to_numpy(dtype=np.bool_)
    left = np.flatnonzero(may_leave)
    own = ways[left][:, None, :]
    no_dearer = (ways <= own).all(axis=2)
    is_cheaper = (ways < own).any(axis=2)
    comes_before = np.arange(len(ways)) < left[:, None]
    beaten = (no_dearer & (is_cheaper | comes_before)).any(axis=1)
    return sharing.drop(index=sharing.index[left[beaten]])


def _last(item: NamedWorkload, hours: DemandHours) -> float:
    """Return the first hour in which a workload must not run any more."""
    if not isinstance(item.workload, Job):
        return hours.profile_hours
    return min(item.workload.deadline_hours, hours.profile_hours)


def _drawn_by_several(offered: OffersOfGangs, rows: Integers, service: Integers) -> Flags:
    """Return which offers run on a commitment that another workload may use (rows,)."""
    product = offered.quantities.product
    users = np.flatnonzero(offered.usable & (product >= 0))
    workloads = offered.columns["service"].to_numpy(dtype=np.int64)
    pairs = np.unique(np.stack([product[users], workloads[users]]), axis=1)
    count = np.bincount(pairs[0], minlength=len(offered.quantities.keys) + 1)
    return np.asarray((product[rows] >= 0) & (count[np.maximum(product[rows], 0)] > 1))
