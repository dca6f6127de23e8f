"""Operating figures of a plan's lines: hours, rates, latencies and memory at the planned load."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from costopt.catalog.catalog import Catalog
from costopt.evaluate.beside_point import beside_point
from costopt.evaluate.job_point import job_point
from costopt.evaluate.rate_basis import rate_bases
from costopt.evaluate.sample_point import sample_point
from costopt.evaluate.serving_point import serving_point
from costopt.plan.line import Band, PlanLine
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload, Job, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService

OWN_RATE = ("measured", Band(low=1.0, expected=1.0, high=1.0))
"""What a rate rests on that people bring along."""

NOT_WORKED_OUT: Final[dict[str, Any]] = {
    "utilisation": None,
    "rate_per_instance": None,
    "rate_unit": "",
    "rate_origin": "",
    "rate_band": None,
    "vram_used_gib": {},
    "vram_usable_gib": None,
    "ttft_ms": None,
    "tpot_ms": None,
    "latency_ms": None,
}
"""Operating figures of a line before they are worked out; those that do not apply stay so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operated:
    """Lines of one workload with their operating figures, and the workload's own.

    Attributes:
        lines: with hours, rates, latencies and memory.
        ttft_ms: of all requests, at the percentile; None where it does not apply [ms].
        tpot_ms: slowest of the lines; None where it does not apply [ms].
        latency_ms: slowest of the lines; None where it does not apply [ms].
        late_fraction: share of the requests that miss the limit on the first token [0..1].
        late_fractions: the same for each line; empty where it does not apply [0..1].
        overloaded: lines that cannot serve all that is routed to them, by position.
        duration_hours: until a job is done; None for what runs over the horizon [h].
    """

    lines: tuple[PlanLine, ...]
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    latency_ms: float | None = None
    late_fraction: float = 0.0
    late_fractions: tuple[float, ...] = ()
    overloaded: tuple[int, ...] = ()
    duration_hours: float | None = None


def operated(
    workload: AnyWorkload, lines: Sequence[PlanLine], catalog: Catalog, request: PlanRequest
) -> Operated:
    """Work out how the lines of one workload run, from their counts, layouts and routing.

    Args:
        workload: what they run.
        lines: with counts and routing.
        catalog: what it runs on.
        request: the question, for horizon, currency and confidence.

    Raises:
        InvalidInputError: an offer is not the catalogue's, or the lines are not one gang.
    """
    bare = [line.model_copy(update=NOT_WORKED_OUT) for line in lines]
    if isinstance(workload, Job) and not any(line.shared_node for line in lines):
        return _job(workload, bare, catalog, request)
    over_horizon = [line.model_copy(update={"hours": request.horizon_hours}) for line in bare]
    if isinstance(workload, Job):
        return _beside_services(workload, over_horizon, catalog, request)
    if isinstance(workload, Requirement):
        return _requirement(workload, over_horizon)
    run = _serving if workload.traffic is not None else _samples
    return run(workload, over_horizon, catalog, request)


def _requirement(workload: Requirement, lines: Sequence[PlanLine]) -> Operated:
    """Share the demand at the user's own rates, or leave equal nodes without a rate."""
    rates, demand = workload.throughput_per_second, workload.demand_per_second
    if rates is None or demand is None:
        return Operated(lines=tuple(_by_count(lines)))
    filled = []
    for line in lines:
        rate = rates.get(line.offer.instance_type, 0.0)
        full = rate * line.count
        share = line.routing[0]
        filled.append(
            line.model_copy(
                update={
                    "share": share,
                    "utilisation": demand * share / full if full > 0 else float("inf"),
                    "rate_per_instance": rate,
                    "rate_unit": "units/s",
                    "rate_origin": OWN_RATE[0],
                    "rate_band": OWN_RATE[1],
                }
            )
        )
    return Operated(lines=tuple(filled))


def _by_count(lines: Sequence[PlanLine]) -> list[PlanLine]:
    """Share a workload between lines of equal nodes."""
    nodes = sum(line.count for line in lines)
    return [
        line.model_copy(
            update={
                "share": line.count / nodes,
                "routing": (line.count / nodes,),
                "max_utilisation": 1.0,
            }
        )
        for line in lines
    ]


def _job(
    workload: Job, lines: Sequence[PlanLine], catalog: Catalog, request: PlanRequest
) -> Operated:
    point = job_point(catalog, workload, lines, request)
    if not isfinite(point.hours):
        return Operated(lines=tuple(lines), duration_hours=point.hours)
    nodes = sum(line.count for line in lines)
    (origin, band) = rate_bases(point.band, request.confidence)[0]
    filled = [
        line.model_copy(
            update={
                "layout": point.layout,
                "hours": point.spot_hours if line.is_spot else point.firm_hours,
                "share": part,
                "routing": (part,),
                "max_utilisation": 1.0,
                "rate_per_instance": point.rate / nodes,
                "rate_unit": _unit(workload),
                "rate_origin": origin,
                "rate_band": band,
                "vram_used_gib": dict(point.vram_gib),
                "vram_usable_gib": point.usable_gib or None,
            }
        )
        for line, part in zip(lines, point.work_fractions, strict=True)
    ]
    return Operated(lines=tuple(filled), duration_hours=point.hours)


def _unit(workload: Job) -> str:
    """What the rate of a job counts."""
    if not isinstance(workload, BatchInference):
        return "tokens/s"
    return "requests/s" if workload.requests is not None else "samples/s"


def _beside_services(
    workload: Job, lines: Sequence[PlanLine], catalog: Catalog, request: PlanRequest
) -> Operated:
    """Work out a batch on nodes that others share, which are rented for the horizon."""
    point = beside_point(catalog, workload, lines, request)
    bases = rate_bases(point.band, request.confidence)
    filled = [
        line.model_copy(
            update={
                "share": line.routing[0],
                "max_utilisation": 1.0,
                "rate_per_instance": float(point.rate_per_instance[row]),
                "rate_unit": _unit(workload),
                "rate_origin": bases[row][0],
                "rate_band": bases[row][1],
                "vram_used_gib": point.vram_gib[row],
                "vram_usable_gib": float(point.usable_gib[row]),
            }
        )
        for row, line in enumerate(lines)
    ]
    return Operated(lines=tuple(filled), duration_hours=point.hours)


def _serving(
    workload: InferenceService, lines: Sequence[PlanLine], catalog: Catalog, request: PlanRequest
) -> Operated:
    point = serving_point(catalog, workload, lines, request)
    bases = rate_bases(point.band, request.confidence)
    filled = [
        line.model_copy(
            update={
                "share": float(point.shares[row]),
                "utilisation": float(point.load[row]),
                "rate_per_instance": float(point.rate_per_instance[row]),
                "rate_unit": "requests/s",
                "rate_origin": bases[row][0],
                "rate_band": bases[row][1],
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
        overloaded=tuple((~point.feasible).nonzero()[0].tolist()),
    )


def _samples(
    workload: InferenceService, lines: Sequence[PlanLine], catalog: Catalog, request: PlanRequest
) -> Operated:
    point = sample_point(catalog, workload, lines, request)
    bases = rate_bases(point.band, request.confidence)
    filled = [
        line.model_copy(
            update={
                "share": line.routing[0],
                "utilisation": float(point.load[row]),
                "rate_per_instance": float(point.rate_per_instance[row]),
                "rate_unit": "samples/s",
                "rate_origin": bases[row][0],
                "rate_band": bases[row][1],
                "latency_ms": float(point.latency_ms[row]),
                "vram_used_gib": point.vram_gib[row],
                "vram_usable_gib": float(point.usable_gib[row]),
            }
        )
        for row, line in enumerate(lines)
    ]
    return Operated(lines=tuple(filled), latency_ms=float(point.latency_ms.max()))
