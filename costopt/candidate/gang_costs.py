"""Gangs on firm and spot offers: hours, total cost, and why an offer cannot meet the deadline."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.job import NO_OFFER, Gangs
from costopt.candidate.pricing import PRICE_COLUMNS, priced
from costopt.candidate.settings import CandidateSettings
from costopt.interruption.checkpoint import checkpoint_hours, interrupted_run
from costopt.interruption.signal import SpotRisk
from costopt.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DEADLINE_ROUNDING: Final = 1e-9
"""Relative rounding by which a gang of just enough nodes may seem to miss its deadline."""

PLACE = ["provider", "region", "zone", "instance_type"]
"""Columns that two offers share when their instances can stand side by side."""


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
        nodes_fail_together: True when a reclaim of one node stops the whole gang.
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
        spot_nodes: how many nodes are spot [1].
    """

    work: Integers
    firm: Integers
    spot: Integers
    spot_nodes: Integers


def find_gangs(
    work: GangWork, renting: GangOffers, deadline_hours: float, settings: CandidateSettings
) -> tuple[Gangs, NDArray[np.object_]]:
    """Price every gang on every offer of its type and keep those that end in time.

    Firm gangs run ``W + S`` hours with ``S`` to start. On spot, reclaims and restarts are charged
    and the job waits for capacity; with a spot share below 1, firm nodes of the same place make
    up the rest and are charged while the gang waits.

    Args:
        work: what each gang has to do.
        renting: offers.
        deadline_hours: from the start until all is done [h].
        settings: of the request; ``max_spot_fraction`` is a share of accelerator-hours.

    Returns:
        Gangs that end in time, for each offer only those that no smaller gang undercuts; and the
        reason of each offer without one (offers,).
    """
    reasons = np.full(len(renting.offers), "deadline", dtype=object)
    is_spot = (renting.offers["purchase_option"] == "spot").to_numpy(dtype=np.bool_)
    reasons[is_spot] = "spot_share"
    found = [price_gangs(work, renting, _firm_pairs(work, renting, ~is_spot))]
    if settings.max_spot_fraction > 0:
        pairs = _spot_pairs(work, renting, is_spot, settings.max_spot_fraction)
        found.append(price_gangs(work, renting, pairs))
        reasons[pairs.spot] = "deadline"
    kept = found[0] if len(found) == 1 else found[0].joined(found[1])
    endless = kept.take(~np.isfinite(kept.hours))
    reasons[endless.spot_offer[endless.spot_offer != NO_OFFER]] = "spot_progress"
    in_time = kept.take(kept.hours <= deadline_hours * (1 + DEADLINE_ROUNDING))
    used = np.concatenate([in_time.offer, in_time.spot_offer[in_time.spot_offer != NO_OFFER]])
    reasons[used] = ""
    return _thrifty(in_time), reasons


def _firm_pairs(work: GangWork, renting: GangOffers, firm: NDArray[np.bool_]) -> GangPairs:
    pairs = _on_type(work, renting.type_index, firm)
    rows = pairs["work"].to_numpy(dtype=np.int64)
    nothing = np.zeros(len(rows), dtype=np.int64)
    return GangPairs(
        work=rows,
        firm=pairs["offer"].to_numpy(dtype=np.int64),
        spot=nothing + NO_OFFER,
        spot_nodes=nothing,
    )


def _spot_pairs(
    work: GangWork, renting: GangOffers, is_spot: NDArray[np.bool_], fraction: float
) -> GangPairs:
    """Pair gangs with spot offers, and with a firm offer of the same place where needed."""
    pairs = _on_type(work, renting.type_index, is_spot)
    rows = pairs["work"].to_numpy(dtype=np.int64)
    spot = pairs["offer"].to_numpy(dtype=np.int64)
    spot_nodes = np.floor(fraction * work.nodes[rows] + 1e-9).astype(np.int64)
    firm = _firm_beside(renting.offers, is_spot)[spot]
    needs_firm = spot_nodes < work.nodes[rows]
    possible = (spot_nodes > 0) & (~needs_firm | (firm != NO_OFFER))
    firm = np.where(needs_firm, firm, spot)
    return GangPairs(
        work=rows[possible],
        firm=firm[possible],
        spot=spot[possible],
        spot_nodes=spot_nodes[possible],
    )


def _on_type(work: GangWork, type_index: Integers, wanted: NDArray[np.bool_]) -> pd.DataFrame:
    """Pair rows of work with the wanted offers of their instance type."""
    rows = pd.DataFrame({"type": work.type_index, "work": np.arange(len(work.type_index))})
    offers = pd.DataFrame({"type": type_index, "offer": np.arange(len(type_index))})
    return rows.merge(offers[wanted], on="type", how="inner")


def _firm_beside(offers: pd.DataFrame, is_spot: NDArray[np.bool_]) -> Integers:
    """Return the on-demand offer of the same place for each offer; NO_OFFER without one."""
    on_demand = (offers["purchase_option"] == "on_demand").to_numpy(dtype=np.bool_)
    places = offers[PLACE].assign(row=np.arange(len(offers)))
    beside = places[is_spot].merge(places[on_demand], on=PLACE, how="left", suffixes=("", "_firm"))
    beside = beside.drop_duplicates("row")
    found = np.full(len(offers), NO_OFFER, dtype=np.int64)
    found[beside["row"]] = beside["row_firm"].fillna(NO_OFFER).astype(np.int64)
    return found


def price_gangs(work: GangWork, renting: GangOffers, pairs: GangPairs) -> Gangs:
    """Hours and cost of every pair.

    Args:
        work: what each gang has to do.
        renting: offers.
        pairs: which gang on which offers.
    """
    nodes = work.nodes[pairs.work]
    hours_of_work = work.work_hours[pairs.work]
    has_spot = pairs.spot != NO_OFFER
    spot = np.maximum(pairs.spot, 0)
    risk = renting.risk
    failing = pairs.spot_nodes if work.nodes_fail_together else np.ones_like(nodes)
    hazard = risk.hazard_per_instance_hour[spot] * np.maximum(failing, 1)
    run = interrupted_run(
        work_hours=hours_of_work,
        write_hours=checkpoint_hours(work.state_bytes, work.writers[pairs.work]),
        restart_hours=risk.provisioning_hours[spot],
        hazard_per_hour=hazard,
        availability_fraction=risk.availability_fraction[spot],
        notice_hours=risk.notice_seconds[spot] / SECONDS_PER_HOUR,
    )
    start = np.where(has_spot, risk.provisioning_hours[spot], renting.start_hours)
    hours = start + np.where(has_spot, run.makespan_hours, hours_of_work)
    spot_hours = np.where(has_spot, start + run.billed_hours, 0.0)
    finite = np.where(np.isfinite(hours), hours, 1.0)
    columns = renting.offers[list(PRICE_COLUMNS)]
    firm_cost = priced(columns.iloc[pairs.firm], finite).total
    spot_paid = np.where(has_spot & np.isfinite(spot_hours), spot_hours, 1.0)
    spot_cost = priced(columns.iloc[spot], spot_paid).total
    cost = (nodes - pairs.spot_nodes) * firm_cost + pairs.spot_nodes * spot_cost
    return Gangs(
        offer=pairs.firm,
        spot_offer=pairs.spot,
        nodes=nodes,
        spot_nodes=pairs.spot_nodes,
        hours=hours,
        firm_hours=hours,
        spot_hours=spot_hours,
        cost_total=np.where(np.isfinite(hours), cost, np.inf),
        layout=work.layout[pairs.work],
        rate=work.rate[pairs.work],
        low_factor=work.low_factor[pairs.work],
        high_factor=work.high_factor[pairs.work],
        planned_factor=work.planned_factor[pairs.work],
        origin=work.origin[pairs.work],
    )


def _thrifty(gangs: Gangs) -> Gangs:
    """Keep, for each way to rent, the gangs that no gang of fewer nodes undercuts.

    Nothing is lost: quotas and budgets only ever count nodes and cost.
    """
    frame = pd.DataFrame(
        {
            "offer": gangs.offer,
            "spot": gangs.spot_offer,
            "nodes": gangs.nodes,
            "cost": gangs.cost_total,
            "row": np.arange(len(gangs)),
        }
    ).sort_values(["offer", "spot", "nodes", "cost"], kind="stable")
    cheapest = frame.groupby(["offer", "spot"])["cost"].cummin()
    before = cheapest.groupby([frame["offer"], frame["spot"]]).shift(1)
    better = before.isna() | (frame["cost"] < before)
    return gangs.take(np.sort(frame.loc[better, "row"].to_numpy(dtype=np.int64)))
