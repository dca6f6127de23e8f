"""What makes a request infeasible: reasons in words, the nearest instance types first."""

from collections.abc import Iterator, Sequence

import pandas as pd

from costopt.candidate.find import NamedWorkload
from costopt.candidate.misses import CLOSENESS
from costopt.candidate.reasons import REASONS, count_reasons
from costopt.candidate.service import ServiceCandidates
from costopt.solve.solution import Solution
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
            buckets = [bucket for block, bucket in solution.unserved if block == services]
            sentences += _why_service(item, item.candidates, buckets, offers)
            services += 1
        else:
            if jobs in solution.impossible_choices:
                sentences += _why_nothing(item, offers)
            jobs += 1
    return tuple(sentences) or (_why_together(request),)


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
    """Name the shared limits, when each workload alone could be served."""
    limits = request.limits
    named = [
        name
        for name, value in (
            ("quota", limits.quota),
            ("budget", limits.budget),
            ("max_distinct_types", limits.max_distinct_types),
        )
        if value is not None
    ]
    return f"{' and '.join(named) or 'the limits'} together leave no plan"
