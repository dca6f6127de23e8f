"""Every way to serve a language model's traffic: offers x tensor-parallel degrees x formats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.buckets import Buckets
from costopt.candidate.confidence import PlannedHardware
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.formats import format_names
from costopt.candidate.layout import (
    InstanceType,
    Layout,
    instance_types_of,
    placement,
    replica_layouts,
    unusable_reasons,
)
from costopt.candidate.misses import Miss
from costopt.candidate.profiled import planned_replicas
from costopt.candidate.service import LayoutRates, ServiceCandidates, assemble_service
from costopt.candidate.serving_setup import setup_of
from costopt.candidate.settings import CandidateSettings
from costopt.candidate.size_misses import CellRates, Missing, cell_miss, size_misses
from costopt.candidate.sizes import Sizes, free_choices, sizes_of, strict_percentile
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware
from costopt.performance.limits import LatencyLimits
from costopt.performance.parallelism import tensor_parallel_degrees
from costopt.performance.reasons import Reason
from costopt.performance.serving import serving_rates
from costopt.performance.support import Task
from costopt.precision import formats_named
from costopt.workload.serving import InferenceService

Floats = NDArray[np.float64]

NEVER_LATE_MS = 1e12
"""Limit on the first token of buckets that may be late: no limit at all [ms]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replicas:
    """Whole replicas on the instance types of offers, in one number format.

    Attributes:
        owners: index of each layout's type (layouts,).
        layouts: the layouts.
        hardware: one replica of each layout, in the same order.
    """

    owners: NDArray[np.int64]
    layouts: tuple[Layout, ...]
    hardware: Hardware


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedReplicas:
    """Replicas in one number format, at the speed that is planned with.

    Attributes:
        precision: number format of the weights.
        found: the replicas.
        planned: their hardware as it is planned with.
    """

    precision: str
    found: Replicas
    planned: PlannedHardware


def serving_candidates(
    workload: InferenceService,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> ServiceCandidates:
    """Rate every layout of every eligible instance type on every request size.

    Where some prompt size cannot be served in time by any of them, more of the longest prompts
    may be late, as far as the percentile allows.

    Args:
        workload: a service with traffic.
        catalog: where model, trace and accelerators are described.
        eligible: offers that the limits allow.
        settings: of the request.

    Raises:
        UnknownNameError: the model or the trace is not in the catalogue.
        InvalidInputError: the model generates no tokens.
    """
    if workload.traffic is None:
        raise InvalidInputError("serving", ["the service has no traffic"])
    model = catalog.model(workload.model)
    sizes, rate = sizes_of(workload.traffic, catalog), workload.traffic.requests_per_second
    kinds = instance_types_of(eligible.offers[eligible.excluded.taking_part])
    unusable = unusable_reasons(catalog, kinds, Task.SERVING, multi_host=False)
    formats: list[PlannedReplicas] = []
    for precision in format_names(workload.precision):
        found = replicas_on(catalog, kinds, unusable, model, precision)
        planned = planned_replicas(found.hardware, workload, catalog, precision, settings)
        formats.append(PlannedReplicas(precision=precision, found=found, planned=planned))

    def rated(free: NDArray[np.bool_]) -> ServiceCandidates:
        rates, missing = [], []
        for one in formats:
            cells = rate_cells(model, one.planned.hardware, workload, sizes, one.precision, free)
            short = Missing(
                cells=cells,
                usable_bytes=one.planned.hardware.usable_bytes,
                names=[kinds[owner].name for owner in one.found.owners],
            )
            rates.append(_layout_rates(one, short, workload, model, sizes))
            missing.append(short)
        return assemble_service(
            workload=workload,
            buckets=Buckets(
                demand=sizes.shares * rate,
                prompts=sizes.prompts,
                may_be_late=free,
                misses=size_misses(missing, workload, model, sizes),
            ),
            eligible=eligible,
            settings=settings,
            kinds=kinds,
            unusable=unusable,
            layouts=tuple(layout for one in formats for layout in one.found.layouts),
            type_of_layout=np.concatenate([one.found.owners for one in formats]),
            rates=LayoutRates.joined(rates),
        )

    first, *others = late_choices(workload, sizes)
    candidates = rated(first)
    for free in others:
        if not candidates.unserved_demand:
            break
        trial = rated(free)
        candidates = min(candidates, trial, key=lambda one: one.unserved_demand)
    return candidates


def late_choices(workload: InferenceService, sizes: Sizes) -> tuple[NDArray[np.bool_], ...]:
    """Return which buckets may be late on their first token, the choice to be tried first first.

    Args:
        workload: a service with traffic.
        sizes: its buckets.
    """
    choices = free_choices(sizes, workload.percentile)
    return choices if workload.max_ttft_ms is not None else choices[:1]


def replicas_on(
    catalog: Catalog,
    kinds: Sequence[InstanceType],
    unusable: Sequence[str],
    model: ModelSpec,
    precision: str,
) -> Replicas:
    """Lay replicas out on every usable instance type; a replica stays inside one node.

    Args:
        catalog: where accelerators are described.
        kinds: instance types.
        unusable: why nothing is tried on a type; empty where layouts are tried.
        model: what runs.
        precision: number format of the weights.
    """
    heads = model.attention_heads or 1
    positions = {kind: index for index, kind in enumerate(kinds)}
    usable = [kind for kind, reason in zip(kinds, unusable, strict=True) if not reason]
    pairs = list(
        replica_layouts(usable, precision, lambda count: tensor_parallel_degrees(count, heads))
    )
    return Replicas(
        owners=np.array([positions[kind] for kind, _ in pairs], dtype=np.int64),
        layouts=tuple(layout for _, layout in pairs),
        hardware=Hardware.of(
            [placement(catalog, kind, layout.tensor_parallel) for kind, layout in pairs]
        ),
    )


def rate_cells(
    model: ModelSpec,
    hardware: Hardware,
    workload: InferenceService,
    sizes: Sizes,
    precision: str,
    free: NDArray[np.bool_],
) -> CellRates:
    """Rate one replica on each row, the buckets that may be late without a TTFT limit."""
    formats = formats_named(precision, workload.kv_precision)
    percentile = strict_percentile(sizes, free, workload.percentile)
    limits = LatencyLimits(
        max_ttft_ms=workload.max_ttft_ms,
        max_tpot_ms=workload.max_tpot_ms,
        percentile=percentile,
    )
    use, setup = workload.max_utilisation, setup_of(workload)
    strict = serving_rates(model, hardware, formats, sizes.tokens, limits, use, setup)
    rates, reason = strict.requests_per_second, strict.reason
    if workload.max_ttft_ms is not None and free.any():
        late = replace(limits, max_ttft_ms=NEVER_LATE_MS)
        lenient = serving_rates(model, hardware, formats, sizes.tokens, late, use, setup)
        rates = np.where(free, lenient.requests_per_second, rates)
        reason = np.where(free, lenient.reason, reason)
    return CellRates(requests_per_second=rates, reason=reason, rated=strict)


def _layout_rates(
    replicas: PlannedReplicas,
    missing: Missing,
    workload: InferenceService,
    model: ModelSpec,
    sizes: Sizes,
) -> LayoutRates:
    """Planned rates of one instance in each layout."""
    cells, planned = missing.cells, replicas.planned
    per_instance = np.array([one.replicas for one in replicas.found.layouts], dtype=np.float64)
    failing = np.where(cells.reason != Reason.NONE, sizes.shares[None, :], -1.0)
    weightiest = np.argmax(failing, axis=1)
    serves = (cells.requests_per_second > 0).any(axis=1)
    misses = tuple(
        Miss() if runs else cell_miss(missing, row, int(weightiest[row]), workload, model, sizes)
        for row, runs in enumerate(np.atleast_1d(serves))
    )
    return LayoutRates(
        rates=cells.requests_per_second * per_instance[:, None],
        max_utilisation=np.full(len(per_instance), workload.max_utilisation),
        low_factor=planned.band.low_factor,
        high_factor=planned.band.high_factor,
        planned_factor=planned.factor,
        origin=planned.band.origin,
        misses=misses,
    )
