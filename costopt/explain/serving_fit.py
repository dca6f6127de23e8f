"""What makes a model that is served fit into the memory of an instance type."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.candidate.formats import format_names
from costopt.candidate.layout import InstanceType, placement
from costopt.candidate.samples import whole_instances
from costopt.candidate.serving_setup import setup_of
from costopt.candidate.sizes import Sizes, sizes_of
from costopt.catalog.catalog import Catalog
from costopt.explain.memory_use import gib_in_words
from costopt.explain.refused_memory import Knob
from costopt.performance.hardware import Hardware
from costopt.performance.limits import LatencyLimits
from costopt.performance.parallelism import tensor_parallel_degrees
from costopt.performance.reasons import Reason
from costopt.performance.samples import sample_rates
from costopt.performance.serving import serving_rates
from costopt.plan.words import percent
from costopt.precision import KV_FORMATS, WEIGHT_FORMATS, formats_named
from costopt.units import GIB
from costopt.workload.batch import BatchInference
from costopt.workload.serving import InferenceService

Served = InferenceService | BatchInference
"""Workloads that are served rather than trained."""

FITTING = (Reason.NONE, Reason.CONTEXT, Reason.TPOT, Reason.TTFT)
"""Outcomes of a request size to which memory is no obstacle."""

SERVED_FORMATS: Final = (
    "fp16",
    "bf16",
    "fp8",
    "int8",
    "fp8_weight_only",
    "int8_weight_only",
    "int4_weight_only",
)
"""Formats of weights that are suggested: those that most hardware serves.

Source: vLLM documentation, quantization, supported hardware.
"""

TOO_SLOW = (Reason.TPOT, Reason.TTFT)

SERVING_TRIED = "all degrees of tensor parallelism and smaller formats of weights and cache"
"""What is tried before a type counts as too small for a served model."""

SAMPLES_TRIED = "smaller formats of the weights"
"""The same for models that map a sample to a result; a replica is one accelerator there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Room:
    """Memory of one accelerator under the smallest tensor-parallel degree that fits.

    Attributes:
        degree: accelerators that hold one replica together [1].
        used_gib: weights, those of a draft too, working memory, scores and overhead [GiB].
        usable_gib: what it has [GiB].
        kv_tokens: that the cache then holds; 0 without a cache [tokens].
        is_slow: True where an idle replica already misses a latency limit.
    """

    degree: int
    used_gib: float
    usable_gib: float
    kv_tokens: float = 0.0
    is_slow: bool = False

    def knob(self, name: str, value: str) -> Knob:
        """Write a change down that leads to this."""
        used = self.used_gib / self.usable_gib
        parts = [
            f"{gib_in_words(self.used_gib)} of {gib_in_words(self.usable_gib)} GiB, "
            f"{percent(used)} used"
        ]
        if self.kv_tokens:
            parts[0] += f" before a cache of {self.kv_tokens:,.0f} tokens"
        if self.degree > 1:
            parts.append(f"tensor parallel {self.degree}")
        if self.is_slow:
            parts.append("though too slow for the latency limits")
        return Knob(name=name, value=value, fits=", ".join(parts), used_fraction=used)


def serving_knobs(
    workload: Served, kind: InstanceType, kinds: Sequence[InstanceType], catalog: Catalog
) -> Iterator[Knob]:
    """Yield each single change with which a served model fits, the smallest of its kind.

    Args:
        workload: what is served.
        kind: the instance type that is too small.
        kinds: instance types that the limits allow, among them larger ones.
        catalog: where model, trace and accelerators are described.
    """
    sizes = _sizes(workload, catalog)

    def room(kind: InstanceType, precision: str, kv_precision: str) -> _Room | None:
        if sizes is None:
            return _samples_room(workload, kind, precision, catalog)
        return _room(workload, kind, (precision, kv_precision), sizes, catalog)

    used = format_names(workload.precision)
    for name in _smaller_weights(used):
        fitting = room(kind, name, workload.kv_precision)
        if fitting is not None:
            yield fitting.knob("precision", name)
            break
    if sizes is None:
        return
    for name in _smaller_values(workload.kv_precision):
        found = (room(kind, precision, name) for precision in used)
        if (fitting := next((one for one in found if one), None)) is not None:
            yield fitting.knob("kv_precision", name)
            break
    for larger in _larger(kind, kinds):
        found = (room(larger, precision, workload.kv_precision) for precision in used)
        if (fitting := next((one for one in found if one), None)) is not None:
            yield fitting.knob("accelerators", f"{larger.count:g} ({larger.name})")
            break


def _sizes(workload: Served, catalog: Catalog) -> Sizes | None:
    """Return the request sizes; None for a model that maps a sample to a result."""
    if isinstance(workload, InferenceService):
        return None if workload.traffic is None else sizes_of(workload.traffic, catalog)
    return None if workload.requests is None else sizes_of(workload, catalog)


def _smaller_weights(used: Sequence[str]) -> list[str]:
    """Formats with fewer bytes per weight than any in use, the smallest change first."""
    least = min(WEIGHT_FORMATS[name].linear_bytes for name in used)
    served = (WEIGHT_FORMATS[name] for name in SERVED_FORMATS)
    smaller = [one for one in served if one.linear_bytes < least]
    ranked = sorted(smaller, key=lambda one: (-one.linear_bytes, not one.weight_only))
    return [one.name for one in ranked]


def _smaller_values(used: str) -> list[str]:
    """Formats of the cache with fewer bytes than that in use, the smallest change first."""
    smaller = [
        one for one in KV_FORMATS.values() if one.value_bytes < KV_FORMATS[used].value_bytes
    ]
    return [one.name for one in sorted(smaller, key=lambda one: -one.value_bytes)]


def _larger(kind: InstanceType, kinds: Sequence[InstanceType]) -> list[InstanceType]:
    """Instance types with more of the same accelerator, the fewest first."""
    larger = [
        one
        for one in kinds
        if one.chip == kind.chip and one.provider == kind.provider and one.count > kind.count
        and one.hosts == 1
    ]  # fmt: skip
    return sorted(larger, key=lambda one: (one.count, one.name))


def _room(
    workload: Served,
    kind: InstanceType,
    formats: tuple[str, str],
    sizes: Sizes,
    catalog: Catalog,
) -> _Room | None:
    """Return the room under the smallest degree in which every request size fits."""
    model = catalog.model(workload.model)
    degrees = tensor_parallel_degrees(kind.count, model.attention_heads or 1)
    hardware = Hardware.of([placement(catalog, kind, degree) for degree in degrees])
    rated = serving_rates(
        model,
        hardware,
        formats_named(*formats),
        sizes.tokens,
        _limits(workload),
        max_utilisation=1.0,
        setup=setup_of(workload),
    )
    fits = np.isin(rated.reason, FITTING).all(axis=1)
    if not fits.any():
        return None
    row = int(np.argmax(fits))
    return _Room(
        degree=degrees[row],
        used_gib=float(rated.vram.total_gib[row] - rated.vram.kv_cache_gib[row]),
        usable_gib=float(hardware.usable_bytes[row]) / GIB,
        kv_tokens=float(rated.kv_tokens[row]),
        is_slow=bool(np.isin(rated.reason[fits], TOO_SLOW).all()),
    )


def _limits(workload: Served) -> LatencyLimits:
    if isinstance(workload, BatchInference):
        return LatencyLimits()
    return LatencyLimits(
        max_ttft_ms=workload.max_ttft_ms,
        max_tpot_ms=workload.max_tpot_ms,
        percentile=workload.percentile,
    )


def _samples_room(
    workload: Served, kind: InstanceType, precision: str, catalog: Catalog
) -> _Room | None:
    """Return the room of one replica on one accelerator; None where it does not fit."""
    hardware = whole_instances(catalog, [kind])
    rated = sample_rates(
        catalog.model(workload.model),
        hardware,
        WEIGHT_FORMATS[precision],
        tokens_per_sample=workload.tokens_per_sample,
        max_latency_ms=None,
    )
    if rated.reason[0] != Reason.NONE:
        return None
    return _Room(
        degree=1,
        used_gib=float(rated.vram_gib[0]),
        usable_gib=float(hardware.usable_bytes[0]) / GIB,
    )
