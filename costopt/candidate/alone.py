"""What a workload costs on one offer alone."""

from dataclasses import dataclass

import numpy as np

from costopt.candidate.job import JobCandidates
from costopt.candidate.service import ServiceCandidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """What a workload costs on one offer alone.

    Attributes:
        offer: row of the candidates' offers.
        count: instances [1].
        price_per_hour: of one instance [plan currency/h].
        cost_total: of all, over the horizon or until the job is done [plan currency].
    """

    offer: int
    count: int
    price_per_hour: float
    cost_total: float


def alone_costs(
    candidates: ServiceCandidates | JobCandidates, horizon_hours: float
) -> list[Alone]:
    """Return what a workload costs on each offer alone, cheapest first; each offer once.

    Args:
        candidates: of the workload.
        horizon_hours: over which services are charged [h].
    """
    if isinstance(candidates, JobCandidates):
        return _alone_jobs(candidates)
    rates = candidates.layout_rates.rates
    able = np.flatnonzero((rates > 0).all(axis=1))
    load = (candidates.demand / np.where(rates[able] > 0, rates[able], 1.0)).sum(axis=1)
    needed = np.maximum(np.ceil(load / candidates.layout_rates.max_utilisation[able] - 1e-9), 1)
    fewest = np.full(len(candidates.types), np.inf)
    np.minimum.at(fewest, candidates.type_of_layout[able], needed)
    counts = fewest[candidates.type_of_offer] if len(candidates.offers) else np.zeros(0)
    total = candidates.prices.per_hour * counts * horizon_hours
    order = np.argsort(total, kind="stable")
    return [
        Alone(
            offer=int(row),
            count=int(counts[row]),
            price_per_hour=float(candidates.prices.per_hour[row]),
            cost_total=float(total[row]),
        )
        for row in order[np.isfinite(total[order])]
    ]


def _alone_jobs(candidates: JobCandidates) -> list[Alone]:
    gangs = candidates.gangs
    found: dict[int, Alone] = {}
    of_one = (gangs.spot_nodes == 0) | (gangs.spot_nodes == gangs.nodes)
    rows = np.flatnonzero(of_one)
    for row in rows[np.argsort(gangs.cost_total[rows], kind="stable")].tolist():
        offer = int(gangs.offer[row])
        if offer in found:
            continue
        nodes, cost = int(gangs.nodes[row]), float(gangs.cost_total[row])
        spot = gangs.spot_nodes[row] > 0
        hours = float(gangs.spot_hours[row] if spot else gangs.firm_hours[row])
        found[offer] = Alone(
            offer=offer, count=nodes, price_per_hour=cost / nodes / hours, cost_total=cost
        )
    return list(found.values())
