"""Which rates are worth doubting: those of the plan, and of the nearest other accelerators."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.alone import alone_costs
from costopt.candidate.find import NamedWorkload
from costopt.candidate.job import Gangs, JobCandidates
from costopt.candidate.service import LayoutRates, ServiceCandidates
from costopt.explain.doubt import Doubt
from costopt.explain.other_rates import MEASURED, is_measured
from costopt.plan.plan import Plan
from costopt.workload.requirement import Requirement

Floats = NDArray[np.float64]

MOST_RIVALS: Final = 6
"""Accelerators outside the plan that are looked at for each workload."""


def picks(plan: Plan, workloads: Sequence[NamedWorkload]) -> list[Doubt]:
    """Accelerators that the plan rests on at predicted rates, the costliest first.

    Args:
        plan: with lines.
        workloads: with their candidates.
    """
    positions = {item.name: index for index, item in enumerate(workloads)}
    found: dict[tuple[int, str], Doubt] = {}
    for line in sorted(plan.lines, key=lambda line: -line.line_cost_total):
        band = line.rate_band
        if band is None or line.rate_origin == MEASURED:
            continue
        key = (positions[line.workload], line.layout.accelerator)
        if key not in found:
            found[key] = Doubt(
                workload=key[0],
                accelerator=key[1],
                is_pick=True,
                low_factor=band.low / band.expected,
                high_factor=band.high / band.expected,
                planned_factor=1.0 / band.expected,
            )
    return list(found.values())


def rivals(plan: Plan, workloads: Sequence[NamedWorkload], deviations: float) -> list[Doubt]:
    """Accelerators outside the plan that might beat it at the upper end of their rate.

    A screen without a solver: what a workload costs alone on an accelerator at that end, and what
    one request costs there against the plan's own instance types. What passes may still lose.

    Args:
        plan: with lines.
        workloads: with their candidates.
        deviations: of that end from the median, in units of the distance to the band's end [1].
    """
    screened: list[tuple[float, Doubt]] = []
    for position, item in enumerate(workloads):
        if isinstance(item.workload, Requirement):
            continue
        lines = [line for line in plan.lines if line.workload == item.name]
        cost = sum(line.line_cost_total for line in lines)
        used = {line.layout.accelerator for line in lines}
        alone = _alone(item, plan.horizon_hours)
        each = _per_request(item, {line.offer.instance_type for line in lines})
        found = []
        for doubt in _bands(item, position):
            ratios = [
                alone.get(doubt.accelerator, np.inf) / cost if cost else np.inf,
                each.get(doubt.accelerator, np.inf),
            ]
            ratio = min(ratios) / doubt.factor_at(deviations)
            if doubt.accelerator not in used and ratio < 1.0:
                found.append((ratio, doubt))
        screened += sorted(found, key=lambda entry: entry[0])[:MOST_RIVALS]
    return [doubt for _, doubt in sorted(screened, key=lambda entry: entry[0])]


def _alone(item: NamedWorkload, horizon_hours: float) -> dict[str, float]:
    """Cheapest cost of a workload on each accelerator alone [plan currency]."""
    candidates = item.candidates
    found: dict[str, float] = {}
    for alone in alone_costs(candidates, horizon_hours):
        chip = candidates.types[int(candidates.type_of_offer[alone.offer])].chip
        found.setdefault(chip, alone.cost_total)
    return found


def _per_request(item: NamedWorkload, planned: set[str]) -> dict[str, float]:
    """Cost of a request on each accelerator over that on the planned types, where it is least.

    Args:
        item: a workload with its candidates.
        planned: instance types of the plan.
    """
    service = item.candidates
    if not isinstance(service, ServiceCandidates) or not len(service.offers):
        return {}
    price = np.full(len(service.types), np.inf)
    np.minimum.at(price, service.type_of_offer, service.prices.per_hour)
    served = service.prompt_rates * service.layout_rates.max_utilisation[:, None]
    of_layout = price[service.type_of_layout][:, None]
    cost = np.where(served > 0, of_layout / np.where(served > 0, served, 1.0), np.inf)
    names = np.array([service.types[index].name for index in service.type_of_layout])
    chips = np.array([layout.accelerator for layout in service.layouts])
    own = np.min(cost[np.isin(names, list(planned))], axis=0, initial=np.inf)
    able = np.isfinite(own)
    return {
        str(chip): float(np.min(cost[chips == chip].min(axis=0)[able] / own[able], initial=np.inf))
        for chip in np.unique(chips)
        if own[able].all()
    }


def _bands(item: NamedWorkload, position: int) -> Iterator[Doubt]:
    """Yield the band of each accelerator whose rate for a workload is only predicted.

    All layouts of an accelerator share its band. Gangs of a job are rated together, so that one
    measured gang of an accelerator settles its rate.
    """
    candidates = item.candidates
    rates: Gangs | LayoutRates
    settled: set[str] = set()
    if isinstance(candidates, JobCandidates):
        rates = gangs = candidates.gangs
        owner = candidates.type_of_offer[gangs.offer] if len(gangs) else gangs.offer
        able = ~is_measured(gangs.origin)
        settled = {candidates.types[int(kind)].chip for kind in owner[~able]}
    else:
        rates = layouts = candidates.layout_rates
        owner = candidates.type_of_layout
        able = (layouts.rates > 0).any(axis=1) & ~is_measured(layouts.origin)
    for row in np.flatnonzero(able).tolist():
        chip = candidates.types[int(owner[row])].chip
        if chip in settled:
            continue
        settled.add(chip)
        yield Doubt(
            workload=position,
            accelerator=chip,
            is_pick=False,
            low_factor=float(rates.low_factor[row]),
            high_factor=float(rates.high_factor[row]),
            planned_factor=float(rates.planned_factor[row]),
        )
