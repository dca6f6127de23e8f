"""Every way to serve a language model's traffic: offers x tensor-parallel degrees x formats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.confidence import PlannedHardware, planned_hardware
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
from costopt.candidate.misses import Miss, code_of, too_little_memory, too_slow
from costopt.candidate.service import LayoutRates, ServiceCandidates, assemble_service
from costopt.candidate.settings import CandidateSettings
from costopt.candidate.sizes import Sizes, free_of_ttft, sizes_of, strict_percentile
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.bands import Work
from costopt.performance.hardware import Hardware
from costopt.performance.limits import LatencyLimits
from costopt.performance.parallelism import tensor_parallel_degrees
from costopt.performance.reasons import Reason
from costopt.performance.serving import ServingRates, serving_rates
from costopt.performance.support import Task
from costopt.precision import formats_named
from costopt.units import GIB
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
class CellRates:
    """Rates of one replica, rows by buckets, and why a cell has none.

    Attributes:
        requests_per_second: at full load of the bucket alone (rows, buckets) [1/s].
        reason: ``Reason`` codes (rows, buckets).
        rated: what the strict limits gave, for saying by how much a cell misses.
    """

    requests_per_second: Floats
    reason: NDArray[np.int64]
    rated: ServingRates


def serving_candidates(
    workload: InferenceService,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> ServiceCandidates:
    """Rate every layout of every eligible instance type on every request size.

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
    sizes = sizes_of(workload.traffic, catalog)
    kinds = instance_types_of(eligible.offers[eligible.excluded.taking_part])
    unusable = unusable_reasons(catalog, kinds, Task.SERVING, multi_host=False)
    layouts: list[Layout] = []
    owners: list[NDArray[np.int64]] = []
    rates: list[LayoutRates] = []
    for precision in format_names(workload.precision):
        found = replicas_on(catalog, kinds, unusable, model, precision)
        planned = planned_hardware(found.hardware, Work.SERVING, settings.confidence)
        cells = rate_cells(model, planned.hardware, workload, sizes, precision)
        rates.append(_layout_rates(found, planned, cells, workload, sizes))
        layouts += found.layouts
        owners.append(found.owners)
    return assemble_service(
        workload=workload,
        demand=sizes.shares * workload.traffic.requests_per_second,
        eligible=eligible,
        settings=settings,
        kinds=kinds,
        unusable=unusable,
        layouts=tuple(layouts),
        type_of_layout=np.concatenate(owners),
        rates=LayoutRates.joined(rates),
    )


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
) -> CellRates:
    """Rate one replica on each row, the buckets that may be late without a TTFT limit."""
    formats = formats_named(precision, workload.kv_precision)
    free = free_of_ttft(sizes, workload.percentile)
    percentile = strict_percentile(sizes, free, workload.percentile)
    limits = LatencyLimits(
        max_ttft_ms=workload.max_ttft_ms,
        max_tpot_ms=workload.max_tpot_ms,
        percentile=percentile,
    )
    use = workload.max_utilisation
    strict = serving_rates(model, hardware, formats, sizes.tokens, limits, max_utilisation=use)
    rates, reason = strict.requests_per_second, strict.reason
    if workload.max_ttft_ms is not None and free.any():
        late = replace(limits, max_ttft_ms=NEVER_LATE_MS)
        lenient = serving_rates(model, hardware, formats, sizes.tokens, late, max_utilisation=use)
        rates = np.where(free, lenient.requests_per_second, rates)
        reason = np.where(free, lenient.reason, reason)
    return CellRates(requests_per_second=rates, reason=reason, rated=strict)


def _layout_rates(
    found: Replicas,
    planned: PlannedHardware,
    cells: CellRates,
    workload: InferenceService,
    sizes: Sizes,
) -> LayoutRates:
    """Planned rates of one instance in each layout."""
    replicas = np.array([layout.replicas for layout in found.layouts], dtype=np.float64)
    failing = np.where(cells.reason != Reason.NONE, sizes.shares[None, :], -1.0)
    weightiest = np.argmax(failing, axis=1)
    serves = (cells.requests_per_second > 0).any(axis=1)
    misses = tuple(
        Miss() if runs else _miss(cells, workload, row, int(weightiest[row]), sizes, planned)
        for row, runs in enumerate(np.atleast_1d(serves))
    )
    return LayoutRates(
        rates=cells.requests_per_second * replicas[:, None],
        max_utilisation=np.full(len(replicas), workload.max_utilisation),
        low_factor=planned.band.low_factor,
        high_factor=planned.band.high_factor,
        planned_factor=planned.factor,
        origin=planned.band.origin,
        misses=misses,
    )


def _miss(
    cells: CellRates,
    workload: InferenceService,
    row: int,
    bucket: int,
    sizes: Sizes,
    planned: PlannedHardware,
) -> Miss:
    """Say by how much a layout misses, at the failing bucket with most requests."""
    reason, rated = Reason(int(cells.reason[row, bucket])), cells.rated
    prompt = f"a prompt of {sizes.tokens.input_tokens[bucket]:,.0f} tokens"
    if reason is Reason.WEIGHTS:
        usable = float(planned.hardware.usable_bytes[row]) / GIB
        return too_little_memory(float(rated.vram_shortfall_gib[row]), usable)
    if reason is Reason.TTFT and workload.max_ttft_ms is not None:
        idle = float(rated.idle_ttft_ms[row, bucket])
        return too_slow("ttft", prompt, idle, workload.max_ttft_ms)
    if reason is Reason.TPOT and workload.max_tpot_ms is not None:
        idle = float(rated.idle_tpot_ms[row, bucket])
        return too_slow("tpot", "a token", idle, workload.max_tpot_ms)
    if reason is Reason.KV_CACHE:
        return Miss(reason="vram", words=f"no room for the cache of {prompt}")
    return Miss(reason=code_of(reason))
