"""Every way to serve a language model's traffic: offers x tensor-parallel degrees x formats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.confidence import planned_factor
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.formats import format_names
from costopt.candidate.layout import (
    InstanceType,
    Layout,
    instance_types_of,
    placement,
    replica_layouts,
)
from costopt.candidate.misses import codes_of
from costopt.candidate.service import LayoutRates, ServiceCandidates, assemble_service
from costopt.candidate.settings import CandidateSettings
from costopt.candidate.sizes import Sizes, free_of_ttft, sizes_of, strict_percentile
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware
from costopt.performance.limits import LatencyLimits
from costopt.performance.parallelism import tensor_parallel_degrees
from costopt.performance.precision import formats_named
from costopt.performance.reasons import Reason
from costopt.performance.serving import ServingRates, serving_rates
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
        rated: what the strict limits gave, for bands and for saying by how much a cell misses.
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
    layouts: list[Layout] = []
    owners: list[NDArray[np.int64]] = []
    rates: list[LayoutRates] = []
    for precision in format_names(workload.precision):
        found = replicas_on(catalog, kinds, model, precision)
        cells = rate_cells(model, found.hardware, workload, sizes, precision)
        rates.append(_layout_rates(found, cells, workload, sizes, settings.confidence))
        layouts += found.layouts
        owners.append(found.owners)
    return assemble_service(
        workload=workload,
        demand=sizes.shares * workload.traffic.requests_per_second,
        eligible=eligible,
        settings=settings,
        kinds=kinds,
        layouts=tuple(layouts),
        type_of_layout=np.concatenate(owners),
        rates=LayoutRates.joined(rates),
    )


def replicas_on(
    catalog: Catalog, kinds: Sequence[InstanceType], model: ModelSpec, precision: str
) -> Replicas:
    """Lay replicas out on every instance type whose chip is known.

    Slices over several hosts are left out: a serving replica stays inside one node.
    """
    heads = model.attention_heads or 1
    positions = {kind: index for index, kind in enumerate(kinds)}
    usable = [kind for kind in kinds if kind.chip and kind.hosts == 1]
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
    strict = serving_rates(model, hardware, formats, sizes.tokens, limits, use)
    rates, reason = strict.requests_per_second, strict.reason
    if workload.max_ttft_ms is not None and free.any():
        late = replace(limits, max_ttft_ms=NEVER_LATE_MS)
        lenient = serving_rates(model, hardware, formats, sizes.tokens, late, use)
        rates = np.where(free, lenient.requests_per_second, rates)
        reason = np.where(free, lenient.reason, reason)
    return CellRates(requests_per_second=rates, reason=reason, rated=strict)


def _layout_rates(
    found: Replicas,
    cells: CellRates,
    workload: InferenceService,
    sizes: Sizes,
    confidence: float,
) -> LayoutRates:
    """Planned rates of one instance in each layout."""
    band = cells.rated.band
    factor = planned_factor(band.low_factor, band.high_factor, band.origin, confidence)
    replicas = np.array([layout.replicas for layout in found.layouts], dtype=np.float64)
    failing = np.where(cells.reason != Reason.NONE, sizes.shares[None, :], -1.0)
    weightiest = np.argmax(failing, axis=1)
    worst = np.take_along_axis(cells.reason, weightiest[:, None], axis=1)[:, 0]
    serves = (cells.requests_per_second > 0).any(axis=1)
    words = [
        _miss(cells, workload, row, int(bucket), sizes) for row, bucket in enumerate(weightiest)
    ]
    return LayoutRates(
        rates=cells.requests_per_second * (replicas * factor)[:, None],
        low_factor=band.low_factor,
        high_factor=band.high_factor,
        planned_factor=factor,
        origin=band.origin,
        reason=np.where(serves, "", codes_of(worst)),
        miss=np.array(words, dtype=object),
    )


def _miss(
    cells: CellRates, workload: InferenceService, row: int, bucket: int, sizes: Sizes
) -> str:
    """Say by how much a layout misses, at the failing bucket with most requests."""
    reason, rated = Reason(int(cells.reason[row, bucket])), cells.rated
    prompt = f"a prompt of {sizes.tokens.input_tokens[bucket]:,.0f} tokens"
    if reason is Reason.WEIGHTS:
        return f"{rated.vram_shortfall_gib[row]:,.1f} GiB short on each accelerator"
    if reason is Reason.KV_CACHE:
        return f"no room for the cache of {prompt}"
    if reason is Reason.TTFT:
        idle, limit = rated.idle_ttft_ms[row, bucket], workload.max_ttft_ms
        return f"{prompt} takes {idle:,.0f} ms on an idle replica, {limit:,.0f} allowed"
    if reason is Reason.TPOT:
        idle, limit = rated.idle_tpot_ms[row, bucket], workload.max_tpot_ms
        return f"{idle:,.1f} ms per token on an idle replica, {limit:,.0f} allowed"
    return ""
