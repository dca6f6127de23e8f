"""Whether the lines of one workload meet its limits: demand, latency, spot share, deadline."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.sizes import sizes_of
from costopt.catalog.catalog import Catalog
from costopt.evaluate.limits import TOLERANCE
from costopt.evaluate.losses import broken_promises
from costopt.evaluate.operate import Operated
from costopt.evaluate.requirement_check import broken_hardware, broken_requirement
from costopt.plan.line import PlanLine
from costopt.plan.words import percent_to
from costopt.workload.request import AnyWorkload, Job, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.spot_promises import SpotPromises


def broken_workload(
    workload: AnyWorkload, found: Operated, request: PlanRequest, catalog: Catalog
) -> Iterator[str]:
    """Yield a sentence for each limit of one workload that its lines break.

    Args:
        workload: what the lines run.
        found: the lines as they really run.
        request: the question.
        catalog: where instance types are described.
    """
    if isinstance(workload, Requirement):
        yield from broken_hardware(catalog, workload, found.lines)
    yield from broken_operation(workload, found, request, catalog)


def broken_operation(
    workload: AnyWorkload, found: Operated, request: PlanRequest, catalog: Catalog
) -> Iterator[str]:
    """Yield a sentence for each limit that the lines break while they run, on any hardware.

    Args:
        workload: what the lines run.
        found: the lines as they really run.
        request: the question.
        catalog: where traces and spot signals are.
    """
    spot_limit = min(workload.limits.max_spot_fraction, request.limits.max_spot_fraction)
    if isinstance(workload, Job):
        yield from _broken_job(workload, found, spot_limit)
        return
    yield from _broken_routing(found.lines, spot_limit)
    promises = SpotPromises.of(workload.limits, request.limits)
    yield from broken_promises(promises, found.lines, spot_limit, catalog)
    if isinstance(workload, InferenceService):
        if workload.traffic is not None:
            prompts = sizes_of(workload.traffic, catalog).prompts
            yield from _routed_by_answer(found.lines, prompts)
        yield from _broken_load(workload, found)
        yield from _broken_latency(workload, found)
    elif isinstance(workload, Requirement):
        yield from broken_requirement(workload, found.lines)


def _broken_job(workload: Job, found: Operated, spot_limit: float) -> Iterator[str]:
    """Check the deadline, and the share of the instance hours that is on spot."""
    hours = found.duration_hours
    if hours is None or not hours <= workload.deadline_hours * (1 + TOLERANCE):
        yield f"done after {hours:,.2f} h, {workload.deadline_hours:,.2f} h allowed"
    used = sum(line.count * line.hours for line in found.lines)
    spot = sum(line.count * line.hours for line in found.lines if line.is_spot)
    if spot > spot_limit * used * (1 + TOLERANCE):
        yield (
            f"{percent_to(spot / used, 1)} of the hours are on spot, "
            f"{percent_to(spot_limit, 1)} allowed"
        )


def _broken_routing(lines: Sequence[PlanLine], spot_limit: float) -> Iterator[str]:
    """Check that every bucket is served once, and how much of it is lost with any spot pool."""
    routing = np.array([line.routing for line in lines], dtype=np.float64)
    if routing.min() < -TOLERANCE or np.abs(routing.sum(axis=0) - 1).max() > TOLERANCE:
        yield "the lines do not serve each request size exactly once"
    spot = np.array([line.is_spot for line in lines])
    on_spot = routing[spot].sum(axis=0) if spot.any() else np.zeros(routing.shape[1])
    if on_spot.max() > spot_limit + TOLERANCE:
        yield (
            f"{percent_to(on_spot.max(), 1)} of a request size is on spot, "
            f"{percent_to(spot_limit, 1)} allowed"
        )
    for pool in sorted({line.pool for line in lines if line.is_spot}):
        lost = routing[[line.is_spot and line.pool == pool for line in lines]].sum(axis=0)
        if 1 - lost.max() < 1 - spot_limit - TOLERANCE:
            yield f"losing {pool} leaves {percent_to(1 - lost.max(), 1)} of a request size served"


def _routed_by_answer(lines: Sequence[PlanLine], prompts: NDArray[np.int64]) -> Iterator[str]:
    """Check that each line takes the same share of all answers of one prompt size."""
    for line in lines:
        routing = np.array(line.routing)
        sizes = (routing[prompts == prompt] for prompt in range(prompts.max() + 1))
        least, most = max(((size.min(), size.max()) for size in sizes), key=_spread)
        if most - least > TOLERANCE:
            yield (
                f"{line.place}: takes {percent_to(least, 1)} of some answers and "
                f"{percent_to(most, 1)} of others to "
                "prompts of one size; nobody knows the length of an answer when its request is "
                "routed"
            )


def _spread(ends: tuple[float, float]) -> float:
    return ends[1] - ends[0]


def _broken_load(workload: InferenceService, found: Operated) -> Iterator[str]:
    """Check that no line is loaded beyond what is planned with, nor planned too high."""
    allowed = workload.max_utilisation
    for row, line in enumerate(found.lines):
        load = np.nan if line.utilisation is None else line.utilisation
        if row in found.overloaded:
            yield f"{line.place}: cannot serve what is routed to it"
        if not 0 < line.max_utilisation <= allowed:
            yield (
                f"{line.place}: planned up to {percent_to(line.max_utilisation, 2)}, "
                f"{percent_to(allowed, 2)} allowed"
            )
        if not load <= min(allowed, line.max_utilisation) * (1 + TOLERANCE):
            yield (
                f"{line.place}: loaded to {percent_to(load, 2)}, {percent_to(allowed, 2)} allowed"
            )


def _broken_latency(workload: InferenceService, found: Operated) -> Iterator[str]:
    """Check every latency that the service limits."""
    for line in found.lines:
        yield from _slow(line.place, "per token", line.tpot_ms, workload.max_tpot_ms)
        yield from _slow(line.place, "per sample", line.latency_ms, workload.max_latency_ms)
    allowed = 1 - workload.percentile / 100
    if workload.max_ttft_ms is not None and not found.late_fraction <= allowed + TOLERANCE:
        yield (
            f"{percent_to(found.late_fraction, 2)} of the requests wait longer than "
            f"{workload.max_ttft_ms:,.0f} ms for their first token, "
            f"{percent_to(allowed, 2)} allowed"
        )


def _slow(place: str, what: str, value: float | None, limit: float | None) -> Iterator[str]:
    if value is not None and limit is not None and not value <= limit * (1 + TOLERANCE):
        yield f"{place}: {value:,.2f} ms {what}, {limit:,.2f} allowed"
