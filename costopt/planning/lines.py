"""From a solution to the lines of a plan: offers, counts, routing, and what prices rest on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.job import JobCandidates
from costopt.candidate.layout import Layout
from costopt.candidate.pricing import priced
from costopt.candidate.renting import risk_of
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.plan.line import OfferKey, PlanLine
from costopt.planning.assemble import ServiceColumns
from costopt.solve.solution import Solution

Floats = NDArray[np.float64]


def service_lines(
    name: str,
    candidates: ServiceCandidates,
    columns: ServiceColumns,
    solution: Solution,
    block: int,
    horizon_hours: float,
    catalog: Catalog,
) -> Iterator[PlanLine]:
    """Yield the lines of one service.

    Args:
        name: what the plan calls the workload.
        candidates: its candidates.
        columns: which offer and layout each program offer stands for.
        solution: counts and routing.
        block: position of the service among the blocks of the problem.
        horizon_hours: over which it runs [h].
        catalog: where exchange rates and spot signals are.
    """
    counts = solution.counts[columns.first : columns.first + len(columns.offer)]
    shares = solution.shares[block][:, candidates.buckets.prompts]
    rented = np.bincount(columns.server, weights=counts, minlength=len(shares))
    weights = candidates.demand / candidates.demand.sum()
    for position in np.flatnonzero(counts):
        server, layout = columns.server[position], int(columns.layout[position])
        count = int(counts[position])
        routing = shares[server] * count / rented[server]
        yield offer_line(
            name,
            candidates.offers.iloc[int(columns.offer[position])],
            candidates.layouts[layout],
            catalog,
            count=count,
            hours=horizon_hours,
            share=float(weights @ routing),
            routing=tuple(float(part) for part in routing),
            max_utilisation=float(candidates.layout_rates.max_utilisation[layout]),
        )


def job_lines(
    name: str,
    candidates: JobCandidates,
    chosen: int,
    paid: NDArray[np.int64],
    catalog: Catalog,
) -> Iterator[PlanLine]:
    """Yield the lines of a job: firm nodes by the offer that pays for them, spot nodes.

    Firm nodes do equal parts of the work that is not on spot.

    Args:
        name: what the plan calls the workload.
        candidates: its candidates.
        chosen: the alternative that was taken.
        paid: firm nodes that each payer pays for (payers,) [1].
        catalog: where exchange rates and spot signals are.
    """
    gangs, payers = candidates.gangs, candidates.payers
    spot_nodes = int(gangs.spot_nodes[chosen])
    firm_nodes = int(gangs.nodes[chosen]) - spot_nodes
    on_spot = float(gangs.spot_work_fraction[chosen])
    firm = [(int(payers.offer[row]), int(paid[row])) for row in np.flatnonzero(paid)]
    parts = [
        (offer, count, float(gangs.firm_hours[chosen]), (1 - on_spot) * count / firm_nodes)
        for offer, count in firm or [(int(gangs.offer[chosen]), firm_nodes)]
        if count
    ]
    if spot_nodes:
        spot = int(gangs.spot_offer[chosen])
        parts.append((spot, spot_nodes, float(gangs.spot_hours[chosen]), on_spot))
    for offer, count, hours, work in parts:
        yield offer_line(
            name,
            candidates.offers.iloc[offer],
            candidates.layout_at(int(gangs.layout[chosen])),
            catalog,
            count=count,
            hours=hours,
            share=work,
            routing=(work,),
            max_utilisation=1.0,
        )


def offer_line(
    name: str,
    offer: "pd.Series[Any]",
    layout: Layout,
    catalog: Catalog,
    *,
    count: int,
    hours: float,
    share: float,
    routing: tuple[float, ...],
    max_utilisation: float,
) -> PlanLine:
    """Write one line; operating figures follow once all lines are known.

    Args:
        name: what the plan calls the workload.
        offer: row of the candidates' offers.
        layout: in which it runs.
        catalog: where exchange rates and spot signals are.
        count: instances rented [1].
        hours: that are charged [h].
        share: part of the workload's demand [0..1].
        routing: the same for each request-size bucket [0..1].
        max_utilisation: up to which instances are planned to be loaded [0..1].
    """
    row = pd.DataFrame([offer])
    prices = priced(row, hours)
    is_spot = offer["purchase_option"] == "spot"
    risk = risk_of(catalog, row) if is_spot else None
    return PlanLine(
        workload=name,
        offer=OfferKey.of(offer),
        layout=layout,
        count=count,
        price_per_hour=float(prices.per_hour[0]),
        line_cost_per_hour=float(prices.per_hour[0]) * count,
        hours=hours,
        line_cost_total=float(prices.total[0]) * count,
        cash_now=float(prices.cash_now[0]) * count,
        locked_in_hours=float(prices.locked_in_hours[0]),
        locked_in=float(prices.locked_in[0]) * count,
        share=share,
        routing=routing,
        utilisation=None,
        max_utilisation=max_utilisation,
        rate_per_instance=None,
        rate_unit="",
        rate_origin="",
        rate_band=None,
        vram_used_gib={},
        vram_usable_gib=None,
        price_currency=str(offer["currency"]),
        exchange_rate=float(offer["exchange_rate"]),
        exchange_rate_as_of=str(offer["exchange_rate_as_of"]),
        price_source=str(offer["source"]),
        price_as_of=str(offer["as_of"]),
        price_age_days=float(offer["age_days"]),
        price_trail=str(offer["trail"]),
        hazard_per_instance_hour=None if risk is None else float(risk.hazard_per_instance_hour[0]),
        availability_fraction=None if risk is None else float(risk.availability_fraction[0]),
        risk_source="" if risk is None else risk.source[0],
    )
