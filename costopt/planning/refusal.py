"""What makes a request infeasible: reasons in words, the nearest instance types first."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.misses import CLOSENESS
from costopt.candidate.reasons import REASONS, count_reasons
from costopt.candidate.service import ServiceCandidates
from costopt.solve.solution import Solution
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest

MOST_TYPES = 3
"""Instance types that are named for one workload."""


def why_infeasible(
    workloads: Sequence[NamedWorkload],
    solution: Solution,
    request: PlanRequest,
    offers: pd.DataFrame,
) -> tuple[str, ...]:
    """Say for each workload what excludes it, and by how much; then what the limits share.

    Args:
        workloads: with their candidates.
        solution: which buckets and choices nothing can serve.
        request: limits.
        offers: of the whole catalogue.
    """
    sentences: list[str] = []
    services = jobs = 0
    for item in workloads:
        if isinstance(item.candidates, ServiceCandidates):
            able = _served_alone(item.candidates)
            buckets = [b for block, b in solution.unserved if block == services and not able[b]]
            sentences += _why_service(item, item.candidates, buckets, offers)
            services += 1
        else:
            if jobs in solution.impossible_choices and not len(item.candidates.gangs):
                sentences += _why_nothing(item, offers)
            jobs += 1
    return tuple(sentences) or (_why_together(request),)


def _served_alone(candidates: ServiceCandidates) -> NDArray[np.bool_]:
    """Return which request sizes some offer can serve, whatever limits the workloads share."""
    offered = np.isin(candidates.type_of_layout, candidates.type_of_offer)
    return np.asarray((candidates.layout_rates.rates[offered] > 0).any(axis=0))


def _why_service(
    item: NamedWorkload,
    candidates: ServiceCandidates,
    buckets: Sequence[int],
    offers: pd.DataFrame,
) -> Iterator[str]:
    if not buckets:
        return
    if len(buckets) == len(candidates.demand):
        yield from _why_nothing(item, offers)
        return
    share = candidates.demand[list(buckets)].sum() / candidates.demand.sum()
    yield (
        f"{item.name}: {len(buckets)} of {len(candidates.demand)} request sizes "
        f"({share:.2%} of the requests) cannot be served within the limits by any offer left"
    )


def _why_nothing(item: NamedWorkload, offers: pd.DataFrame) -> Iterator[str]:
    """Count why offers are out, and name the instance types that come nearest."""
    candidates = item.candidates
    counted = count_reasons(offers, candidates.excluded.codes)
    hardware = {code: offers for code, offers, _ in counted if code in CLOSENESS}
    if hardware:
        listed = ", ".join(
            f"{REASONS[code]} ({offers:,} offers)"
            for code, offers in sorted(hardware.items(), key=lambda entry: -entry[1])
        )
        yield f"{item.name}: no offer within the limits can run it: {listed}"
    else:
        listed = ", ".join(f"{REASONS[code]} ({offers:,})" for code, offers, _ in counted[:4])
        yield f"{item.name}: the limits leave no offer: {listed}"
    missed = [
        (miss.order, kind.name, miss.words)
        for kind, miss in zip(candidates.types, candidates.misses, strict=True)
        if miss.words
    ]
    yield from (f"{item.name}: {name}: {words}" for _, name, words in sorted(missed)[:MOST_TYPES])


def _why_together(request: PlanRequest) -> str:
    """Name the limits on counts and sums, when each workload alone could be run."""
    every = [request.limits, *(workload.limits for workload in request.workloads)]
    named = [
        name
        for name in ("quota", "budget", "max_distinct_types", "max_spot_fraction")
        if any(getattr(limits, name) != getattr(Limits(), name) for limits in every)
    ]
    if len(named) == 1:
        return f"{named[0]} leaves no plan"
    return f"{' and '.join(named) or 'the limits'} together leave no plan"
