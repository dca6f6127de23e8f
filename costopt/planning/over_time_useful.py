"""Offers and servers that some cheapest plan over time may need."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.evaluate.tranche_prices import SPEND_OPTION
from costopt.planning.over_time_cheapest import worth_keeping
from costopt.planning.over_time_configurations import OffersOfGangs, tried_gangs
from costopt.planning.over_time_gangs import kept_for_gangs, of_gangs, told_apart
from costopt.planning.over_time_others import shared_products
from costopt.planning.over_time_products import DEARER, QuantityProducts, SpendProducts
from costopt.planning.over_time_resources import ResourceProducts
from costopt.planning.over_time_servers import useful_servers
from costopt.planning.over_time_starts import servers_compare, worth_starting
from costopt.planning.over_time_work import stands_beside
from costopt.solve.hours.changes import HourlyChanges
from costopt.solve.hours.problem import Sequence as Starts
from costopt.solve.problem import Problem
from costopt.workload.demand_hours import DemandHours
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OfferedOverTime:
    """Everything that may be rented and committed, before anything is left out.

    Attributes:
        workloads: services, then all others.
        problem: offers of all ways to pay, with the blocks.
        columns: what each offer is, one row for each.
        price: of an hour (offers,) [plan currency/h].
        quantities: commitments of instances.
        spends: plans of money.
        resources: commitments of amounts.
        starts: what starting and stopping takes; None = nothing.
        changes: what ran before; None = nothing did.
    """

    workloads: Sequence[NamedWorkload]
    problem: Problem
    columns: pd.DataFrame
    price: Floats
    quantities: QuantityProducts
    spends: SpendProducts
    resources: ResourceProducts
    starts: Starts | None
    changes: HourlyChanges | None

    @property
    def is_spend(self) -> Flags:
        """Offers that stand for a rate under a plan of money (offers,)."""
        return (self.columns["purchase_option"] == SPEND_OPTION).to_numpy(dtype=np.bool_)

    @property
    def own_price(self) -> Floats:
        """Price of an hour; NaN for what is no offer of its own (offers,) [plan currency/h]."""
        return np.where(self.is_spend, np.nan, self.price)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UsefulOffers:
    """What is planned with.

    Attributes:
        offers: True for offers that stay, if their server does (offers,).
        servers: True for servers that stay (servers,).
        is_lossy: whether configurations of gangs were left out that might have been cheaper.
    """

    offers: Flags
    servers: Flags
    is_lossy: bool


def useful_offers(
    offered: OfferedOverTime,
    hours: DemandHours,
    request: PlanRequest,
    catalog: Catalog,
    *,
    is_staying: bool,
    all_gangs: bool,
) -> UsefulOffers:
    """Leave out what no cheapest plan needs; each reason is proven where it is looked for.

    Args:
        offered: everything.
        hours: kinds of hours.
        request: limits and settings.
        catalog: at the prices that are paid.
        is_staying: whether only what ran before may run.
        all_gangs: whether every configuration of a gang that may be needed stays.
    """
    whole, quantities, spends = offered.problem, offered.quantities, offered.spends
    usable = ~offered.is_spend & (quantities.product != DEARER)
    is_shared = np.append(shared_products(quantities.keys, request), [False, False])
    apart = usable & (is_shared[quantities.product] | offered.resources.needs.any(axis=1))
    in_gangs = of_gangs(offered.workloads, offered.columns)
    usable &= _worth_renting(offered, apart, in_gangs, is_staying=is_staying)
    tried = tried_gangs(
        offered.workloads,
        OffersOfGangs(
            columns=offered.columns,
            price=offered.price,
            usable=usable,
            in_gangs=in_gangs,
            shared=apart,
            problem=whole,
            quantities=quantities,
            spends=spends,
            keep_all=all_gangs,
        ),
        hours,
        request,
        catalog,
    )
    usable &= tried.offers
    servers = _useful_servers(offered, usable, in_gangs)
    servers[whole.server[apart & usable]] = True
    servers[kept_for_gangs(whole.server, quantities.product, usable, in_gangs)] = True
    return UsefulOffers(offers=usable, servers=servers, is_lossy=tried.is_lossy)


def _worth_renting(
    offered: OfferedOverTime, apart: Flags, in_gangs: Flags, *, is_staying: bool
) -> Flags:
    """Return offers that are the cheapest in some way, that stand apart or that ran (offers,)."""
    whole, changes = offered.problem, offered.changes
    server = told_apart(whole.server, offered.columns, in_gangs)
    price, quantities, spends = offered.own_price, offered.quantities, offered.spends
    worth = worth_keeping(replace(whole, server=server), price, quantities, spends) | apart
    worth |= worth_starting(offered.starts, server, price, quantities, spends)
    if changes is None:
        return worth
    return changes.has_run if is_staying else worth | changes.has_run


def _useful_servers(offered: OfferedOverTime, usable: Flags, in_gangs: Flags) -> Flags:
    """Return servers that no other one beats in every way to pay (servers,)."""
    whole, product = offered.problem, offered.quantities.product
    beside = np.array([stands_beside(item) for item in offered.workloads])
    is_job = beside[offered.columns["service"].to_numpy(dtype=np.int64)]
    served = usable & ~in_gangs
    if servers_compare(offered.starts, whole.server, product < 0, is_job, served):
        return useful_servers(
            whole, offered.price, offered.quantities, offered.spends, served, offered.changes
        )
    return np.isin(np.arange(whole.server.max(initial=-1) + 1), whole.server[usable])
