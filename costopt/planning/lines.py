"""From a solution to the lines of a plan: offers, counts, routing, and what prices rest on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.job import NO_OFFER, JobCandidates
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
        yield _line(
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
    name: str, candidates: JobCandidates, chosen: int, catalog: Catalog
) -> Iterator[PlanLine]:
    """Yield the one or two lines of a job: firm nodes, spot nodes.

    Args:
        name: what the plan calls the workload.
        candidates: its candidates.
        chosen: the alternative that was taken.
        catalog: where exchange rates and spot signals are.
    """
    gangs = candidates.gangs
    nodes, spot_nodes = int(gangs.nodes[chosen]), int(gangs.spot_nodes[chosen])
    on_spot = float(gangs.spot_work_fraction[chosen])
    parts = [
        (int(gangs.offer[chosen]), nodes - spot_nodes, float(gangs.firm_hours[chosen])),
        (int(gangs.spot_offer[chosen]), spot_nodes, float(gangs.spot_hours[chosen])),
    ]
    for (offer, count, hours), work in zip(parts, (1 - on_spot, on_spot), strict=True):
        if offer == NO_OFFER or count == 0:
            continue
        yield _line(
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


def _line(
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
    """Write one line; operating figures follow once all lines are known."""
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
