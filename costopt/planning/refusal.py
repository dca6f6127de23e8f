"""What makes a request infeasible: reasons in words, the nearest instance types first."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from costopt.candidate.buckets import Buckets
from costopt.candidate.find import NamedWorkload
from costopt.candidate.misses import CLOSENESS
from costopt.candidate.reasons import REASONS, count_reasons
from costopt.candidate.service import ServiceCandidates
from costopt.candidate.sizes import FREE_PARTS
from costopt.plan.words import percent_to
from costopt.solve.solution import Solution
from costopt.workload.counted import QUOTA_FIELDS
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest
from costopt.workload.serving import InferenceService

MOST_TYPES = 3
"""Instance types that are named for one workload."""

ADVICE: Final = {
    "context": "leave such requests out of the traffic, or take a model with a longer context",
    "ttft": "raise max_ttft_ms, lower the percentile, or allow faster instance types",
    "tpot": "raise max_tpot_ms, or allow faster instance types",
    "vram": "allow instance types with more memory, or smaller formats in precision or "
    "kv_precision",
}
"""Reason why a request size cannot be served where others can -> what to change."""


NAMED_TOGETHER: Final = (
    *QUOTA_FIELDS,
    "budget",
    "max_distinct_types",
    "max_spot_fraction",
    "survive_pool_losses",
    "min_pools",
    "availability",
)
"""Limits on counts, sums and shares: those that no offer breaks alone."""


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
            sizes = [size for block, size in solution.unserved if block == services]
            sentences += _why_service(item, item.candidates, sizes, offers)
            services += 1
        else:
            if jobs in solution.impossible_choices and not len(item.candidates.gangs):
                sentences += _why_nothing(item, offers)
            jobs += 1
    return tuple(sentences) or (_why_together(request),)


def _why_service(
    item: NamedWorkload,
    candidates: ServiceCandidates,
    sizes: Sequence[int],
    offers: pd.DataFrame,
) -> Iterator[str]:
    """Say what no offer can serve, reason by reason, the most requests first."""
    offered = np.isin(candidates.type_of_layout, candidates.type_of_offer)
    able = np.atleast_1d((candidates.prompt_rates[offered] > 0).any(axis=0))
    unable = [size for size in sizes if not able[size]]
    if len(unable) == len(able):
        yield from _why_nothing(item, offers)
        return
    buckets = candidates.buckets
    of_reason: dict[str, list[int]] = {}
    for bucket in np.flatnonzero(np.isin(buckets.prompts, unable)).tolist():
        of_reason.setdefault(buckets.misses[bucket].reason, []).append(bucket)
    missed = [(rows, code) for code, rows in of_reason.items() if code]
    if unable and not missed:
        share = candidates.demand[of_reason[""]].sum() / candidates.demand.sum()
        yield (
            f"{item.name}: no single instance type left serves both the short and the long "
            f"answers of {percent_to(share, 2)} of the requests, and an answer's "
            "length is not known when "
            "its request is routed"
        )
    for rows, code in sorted(missed, key=lambda entry: -candidates.demand[entry[0]].sum()):
        yield _why_sizes(item, buckets, rows, code)


def _why_sizes(item: NamedWorkload, buckets: Buckets, rows: Sequence[int], code: str) -> str:
    """Say why some request sizes cannot be served, by how much, and what helps."""
    share = buckets.demand[list(rows)].sum() / buckets.demand.sum()
    miss = buckets.misses[max(rows, key=lambda row: float(buckets.demand[row]))]
    most = "the most frequent of them: " if len(rows) > 1 else ""
    words = f"{most}{miss.words}" if miss.words else REASONS[code]
    tried = ""
    if code == "ttft" and isinstance(item.workload, InferenceService):
        late = 100 - item.workload.percentile
        tried = (
            ", though the longest prompts were given "
            f"{percent_to(FREE_PARTS[-1], 0)} of the {late:.3g} % of "
            "the requests that may be late"
        )
    return (
        f"{item.name}: {len(rows)} of {len(buckets.demand)} request sizes "
        f"({percent_to(share, 2)} of the "
        f"requests) cannot be served by any offer left: {words}{tried}; {ADVICE[code]}"
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
        for name in NAMED_TOGETHER
        if any(getattr(limits, name) != getattr(Limits(), name) for limits in every)
    ]
    if len(named) == 1:
        return f"{named[0]} leaves no plan"
    return f"{' and '.join(named) or 'the limits'} together leave no plan"
