"""What gangs on firm and spot offers cost, and how long they take."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.job import Gangs
from costopt.candidate.pricing import PRICE_COLUMNS, priced
from costopt.interruption.checkpoint import checkpoint_hours, interrupted_run
from costopt.interruption.signal import SpotRisk
from costopt.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GangWork:
    """What each gang has to do; arrays of shape (rows,), one row per layout and size.

    Attributes:
        type_index: instance type.
        layout: index of the layout.
        nodes: instances of the gang [1].
        work_hours: at the planned rate, without any reclaim [h].
        rate: planned rate of the gang [1/s].
        low_factor: low end of the 80 % band over the expected rate [1].
        high_factor: high end of the same band [1].
        planned_factor: planned over expected rate [1].
        origin: ``Origin`` codes.
        writers: hosts that write a checkpoint together [1].
        state_bytes: what a checkpoint holds; 0 when finished work is never lost [B].
        nodes_fail_together: True when nodes work in step and a reclaim of one stops them all;
            False when each takes its own part of the work.
    """

    type_index: Integers
    layout: Integers
    nodes: Integers
    work_hours: Floats
    rate: Floats
    low_factor: Floats
    high_factor: Floats
    planned_factor: Floats
    origin: Integers
    writers: Integers
    state_bytes: float
    nodes_fail_together: bool

    @classmethod
    def none(cls) -> "GangWork":
        """No gang, where no type may be used."""
        numbers, figures = np.zeros(0, dtype=np.int64), np.zeros(0)
        return cls(
            type_index=numbers,
            layout=numbers,
            nodes=numbers,
            work_hours=figures,
            rate=figures,
            low_factor=figures,
            high_factor=figures,
            planned_factor=figures,
            origin=numbers,
            writers=numbers,
            state_bytes=0.0,
            nodes_fail_together=True,
        )

    @classmethod
    def joined(cls, parts: Sequence["GangWork"]) -> "GangWork":
        """Rows of several number formats, one after the other."""
        arrays: dict[str, Any] = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
            if field.name not in ("state_bytes", "nodes_fail_together")
        }
        return replace(parts[0], **arrays)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GangOffers:
    """Offers that gangs are rented from.

    Attributes:
        offers: one row each, with price columns and ``exchange_rate``.
        type_index: instance type of each offer (offers,).
        risk: how often spot is taken back; rows of firm offers are not used.
        start_hours: from request to ready on firm capacity [h].
    """

    offers: pd.DataFrame
    type_index: Integers
    risk: SpotRisk
    start_hours: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GangPairs:
    """Rows of work paired with offers; arrays of shape (pairs,).

    Attributes:
        work: row of the work.
        firm: offer of the firm nodes; the spot offer when all nodes are spot.
        spot: offer of the spot nodes; NO_OFFER without.
        firm_nodes: how many nodes are firm [1].
        spot_nodes: how many nodes are spot [1].
        spot_work_fraction: part of the work that the spot nodes do [0..1].
    """

    work: Integers
    firm: Integers
    spot: Integers
    firm_nodes: Integers
    spot_nodes: Integers
    spot_work_fraction: Floats

    def joined(self, other: "GangPairs") -> "GangPairs":
        """Return these pairs and the others."""
        return GangPairs(
            **{
                field.name: np.concatenate([getattr(self, field.name), getattr(other, field.name)])
                for field in fields(self)
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Hours:
    """Hours of every pair, shape (pairs,).

    Attributes:
        done: from the start until all work is done [h].
        firm: charged for each firm node [h].
        spot: charged for each spot node; 0 without [h].
    """

    done: Floats
    firm: Floats
    spot: Floats


def price_gangs(work: GangWork, renting: GangOffers, pairs: GangPairs) -> Gangs:
    """Hours and cost of every pair.

    Firm nodes run ``W + S`` hours with ``S`` to start; on spot, reclaims and restarts are charged
    and the work waits for capacity. Where nodes work in step, all take the gang's hours, and firm
    nodes are charged while it waits for spot. Where each takes its own part, firm nodes share
    theirs and stop when it is done.

    Args:
        work: what each gang has to do.
        renting: offers.
        pairs: which gang on which offers.
    """
    nodes = pairs.firm_nodes + pairs.spot_nodes
    spot = np.maximum(pairs.spot, 0)
    hours = _hours(work, renting, pairs)
    columns = renting.offers[list(PRICE_COLUMNS)]
    firm_cost = priced(columns.iloc[pairs.firm], _finite(hours.firm)).total
    spot_cost = priced(columns.iloc[spot], _finite(hours.spot)).total
    cost = pairs.firm_nodes * firm_cost + pairs.spot_nodes * spot_cost
    return Gangs(
        offer=pairs.firm,
        spot_offer=pairs.spot,
        nodes=nodes,
        spot_nodes=pairs.spot_nodes,
        spot_work_fraction=pairs.spot_work_fraction,
        hours=hours.done,
        firm_hours=hours.firm,
        spot_hours=hours.spot,
        cost_total=np.where(np.isfinite(hours.done), cost, np.inf),
        layout=work.layout[pairs.work],
        rate=work.rate[pairs.work] * (nodes / work.nodes[pairs.work]),
        low_factor=work.low_factor[pairs.work],
        high_factor=work.high_factor[pairs.work],
        planned_factor=work.planned_factor[pairs.work],
        origin=work.origin[pairs.work],
    )


def _finite(hours: Floats) -> Floats:
    """Return hours that can be priced: 1 for a gang without any, or without an end."""
    return np.where(np.isfinite(hours) & (hours > 0), hours, 1.0)


def _hours(work: GangWork, renting: GangOffers, pairs: GangPairs) -> _Hours:
    has_firm, has_spot = pairs.firm_nodes > 0, pairs.spot_nodes > 0
    together = work.nodes_fail_together
    on_firm, on_spot = _work_of_each(work, pairs)
    spot = np.maximum(pairs.spot, 0)
    risk = renting.risk
    failing = np.maximum(pairs.spot_nodes, 1) if together else 1
    run = interrupted_run(
        work_hours=on_spot,
        write_hours=checkpoint_hours(work.state_bytes, work.writers[pairs.work]),
        restart_hours=risk.provisioning_hours[spot],
        hazard_per_hour=risk.hazard_per_instance_hour[spot] * failing,
        availability_fraction=risk.availability_fraction[spot],
        notice_hours=risk.notice_seconds[spot] / SECONDS_PER_HOUR,
    )
    start = risk.provisioning_hours[spot]
    spot_done = np.where(has_spot, start + run.makespan_hours, 0.0)
    firm_done = np.where(has_firm, renting.start_hours + on_firm, 0.0)
    if together:
        firm_done = np.where(has_spot, spot_done, firm_done)
    done = np.maximum(firm_done, spot_done)
    return _Hours(
        done=done,
        firm=np.where(has_firm, firm_done, done),
        spot=np.where(has_spot, start + run.billed_hours, 0.0),
    )


def _work_of_each(work: GangWork, pairs: GangPairs) -> tuple[Floats, Floats]:
    """Return the hours of work of each firm and of each spot node."""
    hours = work.work_hours[pairs.work]
    if work.nodes_fail_together:
        return hours, hours
    each = work.nodes[pairs.work]
    on_spot = each * pairs.spot_work_fraction / np.maximum(pairs.spot_nodes, 1)
    on_firm = each * (1 - pairs.spot_work_fraction) / np.maximum(pairs.firm_nodes, 1)
    return (
        np.where(pairs.firm_nodes > 0, hours, 0.0) * on_firm,
        np.where(pairs.spot_nodes > 0, hours, 0.0) * on_spot,
    )
