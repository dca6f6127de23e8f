"""The same layouts, rated again with more of the longest prompts allowed to be late."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from costopt.candidate.find import NamedWorkload
from costopt.candidate.planned_rows import planned_rows
from costopt.candidate.service import ServiceCandidates
from costopt.candidate.serving import late_choices, rate_cells
from costopt.candidate.settings import RateSettings
from costopt.candidate.sizes import sizes_of
from costopt.catalog.catalog import Catalog
from costopt.workload.serving import InferenceService


def all_with_more_late(
    workloads: Sequence[NamedWorkload], catalog: Catalog, settings: RateSettings
) -> list[NamedWorkload] | None:
    """Let more of the longest prompts of every service be late; None where none may.

    Args:
        workloads: with their candidates.
        catalog: where models, traces and accelerators are described.
        settings: what decides the planned speed.
    """
    changed = [
        with_more_late(item.workload, item.candidates, catalog, settings)
        if isinstance(item.workload, InferenceService)
        and isinstance(item.candidates, ServiceCandidates)
        else None
        for item in workloads
    ]
    if all(candidates is None for candidates in changed):
        return None
    return [
        replace(item, candidates=candidates or item.candidates)
        for item, candidates in zip(workloads, changed, strict=True)
    ]


def with_more_late(
    workload: InferenceService,
    candidates: ServiceCandidates,
    catalog: Catalog,
    settings: RateSettings,
) -> ServiceCandidates | None:
    """Rate every layout with the next longer prompts free of the limit on the first token.

    Args:
        workload: a service.
        candidates: rated size by size.
        catalog: where model, trace and accelerators are described.
        settings: what decides the planned speed.

    Returns:
        The candidates with other rates; None where the percentile frees no longer prompts, or
        where some size was served by nothing however many may be late.
    """
    if workload.traffic is None or candidates.unserved_demand > 0:
        return None
    sizes, now = sizes_of(workload.traffic, catalog), candidates.buckets.may_be_late
    later = [free for free in late_choices(workload, sizes) if free.sum() > now.sum()]
    if not later:
        return None
    model = catalog.model(workload.model)
    rates = np.zeros_like(candidates.layout_rates.rates)
    for part in planned_rows(workload, candidates, catalog, settings):
        cells = rate_cells(model, part.hardware, workload, sizes, part.precision, later[0])
        rates[part.rows] = cells.requests_per_second * part.replicas[:, None]
    return replace(
        candidates,
        layout_rates=replace(candidates.layout_rates, rates=rates),
        buckets=replace(candidates.buckets, may_be_late=later[0]),
    )
