"""Operating figures of a plan's lines: rates, latencies and memory at the planned load."""

from collections.abc import Sequence
from dataclasses import dataclass

from costopt.catalog.catalog import Catalog
from costopt.evaluate.job_point import job_point
from costopt.evaluate.sample_point import sample_point
from costopt.evaluate.serving_point import serving_point
from costopt.plan.line import PlanLine
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService


@dataclass(frozen=True, slots=True, kw_only=True)
class Operated:
    """Lines of one workload with their operating figures, and the workload's own.

    Attributes:
        lines: with rates, latencies and memory.
        ttft_ms: of all requests, at the percentile; None where it does not apply [ms].
        tpot_ms: slowest of the lines; None where it does not apply [ms].
        latency_ms: slowest of the lines; None where it does not apply [ms].
        late_fraction: share of the requests that miss the limit on the first token [0..1].
        late_fractions: the same for each line; empty where it does not apply [0..1].
        duration_hours: until a job is done; None for what runs over the horizon [h].
    """

    lines: tuple[PlanLine, ...]
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    latency_ms: float | None = None
    late_fraction: float = 0.0
    late_fractions: tuple[float, ...] = ()
    duration_hours: float | None = None


def operated(
    workload: AnyWorkload, lines: Sequence[PlanLine], catalog: Catalog, request: PlanRequest
) -> Operated:
    """Fill in how the lines of one workload run.

    Args:
        workload: what they run.
        lines: with counts and routing.
        catalog: what it runs on.
        request: the question, for currency and confidence.
    """
    if isinstance(workload, Requirement):
        return Operated(lines=tuple(lines))
    if isinstance(workload, InferenceService):
        if workload.traffic is not None:
            return _serving(workload, lines, catalog, request.confidence)
        return _samples(workload, lines, catalog, request.confidence)
    point = job_point(catalog, workload, lines, request)
    requests = isinstance(workload, BatchInference) and workload.requests is not None
    samples = isinstance(workload, BatchInference) and workload.samples is not None
    unit = "requests/s" if requests else "samples/s" if samples else "tokens/s"
    nodes = sum(line.count for line in lines)
    return Operated(
        lines=tuple(
            line.model_copy(
                update={
                    "rate_per_instance": point.rate / nodes,
                    "rate_unit": unit,
                    "vram_used_gib": dict(point.vram_gib),
                    "vram_usable_gib": point.usable_gib or None,
                }
            )
            for line in lines
        ),
        duration_hours=point.hours,
    )


def _serving(
    workload: InferenceService, lines: Sequence[PlanLine], catalog: Catalog, confidence: float
) -> Operated:
    point = serving_point(catalog, workload, lines, confidence)
    filled = [
        line.model_copy(
            update={
                "utilisation": float(point.load[row]),
                "rate_per_instance": float(point.rate_per_instance[row]),
                "rate_unit": "requests/s",
                "ttft_ms": float(point.ttft_ms[row]),
                "tpot_ms": float(point.tpot_ms[row]),
                "vram_used_gib": point.vram_gib[row],
                "vram_usable_gib": float(point.usable_gib[row]),
            }
        )
        for row, line in enumerate(lines)
    ]
    return Operated(
        lines=tuple(filled),
        ttft_ms=point.service_ttft_ms,
        tpot_ms=float(point.tpot_ms.max()),
        late_fraction=point.late_fraction,
        late_fractions=tuple(point.late.tolist()),
    )


def _samples(
    workload: InferenceService, lines: Sequence[PlanLine], catalog: Catalog, confidence: float
) -> Operated:
    point = sample_point(catalog, workload, lines, confidence)
    filled = [
        line.model_copy(
            update={
                "utilisation": float(point.load[row]),
                "rate_per_instance": float(point.rate_per_instance[row]),
                "rate_unit": "samples/s",
                "latency_ms": float(point.latency_ms[row]),
                "vram_used_gib": {"weights_and_overhead_gib": float(point.vram_gib[row])},
                "vram_usable_gib": float(point.usable_gib[row]),
            }
        )
        for row, line in enumerate(lines)
    ]
    return Operated(lines=tuple(filled), latency_ms=float(point.latency_ms.max()))
