"""What a plan means for each workload: cost, latency, cost per unit, exposure to reclaims."""

from collections.abc import Sequence
from math import ceil

import numpy as np

from costopt.candidate.sizes import sizes_of
from costopt.catalog.catalog import Catalog
from costopt.evaluate.losses import availability_of, worst_loss
from costopt.evaluate.operate import Operated
from costopt.plan.line import PlanLine
from costopt.plan.outcome import WorkloadOutcome
from costopt.plan.shared_node import sharing
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.spot_promises import SpotPromises

MILLION = 1e6


def outcome_of(
    name: str, workload: AnyWorkload, operated: Operated, request: PlanRequest, catalog: Catalog
) -> WorkloadOutcome:
    """Sum up one workload.

    Args:
        name: what the plan calls it.
        workload: what runs.
        operated: its lines with their operating figures.
        request: the question, for what it promises of spot losses.
        catalog: where its trace is.
    """
    lines = operated.lines
    per_hour = sum(line.line_cost_per_hour for line in lines)
    total = sum(line.line_cost_total for line in lines)
    unit, units = _units(workload, catalog, lines)
    one_pool = worst_loss(lines, "pool", 1)
    promises = SpotPromises.of(workload.limits, request.limits)
    worst = worst_loss(lines, promises.failure_group, promises.losses)
    return WorkloadOutcome(
        workload=name,
        kind=workload.kind,
        cost_per_hour=per_hour,
        cost_total=total,
        duration_hours=operated.duration_hours,
        ttft_ms=operated.ttft_ms,
        tpot_ms=operated.tpot_ms,
        latency_ms=operated.latency_ms,
        unit=unit,
        cost_per_unit=total / units if units else None,
        spot_fraction=_spot_fraction(workload, lines),
        worst_pool="".join(one_pool.names),
        served_after_worst_loss=one_pool.served_fraction,
        expected_served_fraction=_expected_served(workload, lines),
        worst_loss=worst.names,
        served_after_losses=worst.served_fraction,
        availability=availability_of(lines, catalog) if promises.availability else None,
    )


def _units(
    workload: AnyWorkload, catalog: Catalog, lines: Sequence[PlanLine]
) -> tuple[str, float]:
    """Return what the cost is divided by, and how many of it the lines do while they are paid."""
    if isinstance(workload, InferenceService) and workload.traffic is not None:
        sizes = sizes_of(workload.traffic, catalog)
        tokens = sizes.tokens.input_tokens + sizes.tokens.output_tokens
        per_second = float(sizes.shares @ tokens) * workload.traffic.requests_per_second
        hours = lines[0].hours if lines else 0.0
        return "1M tokens, input and output", per_second * SECONDS_PER_HOUR * hours / MILLION
    if isinstance(workload, InferenceService):
        hours = lines[0].hours if lines else 0.0
        samples = (workload.samples_per_second or 0.0) * SECONDS_PER_HOUR * hours
        return "1M samples", samples / MILLION
    if isinstance(workload, BatchInference):
        if workload.requests is None:
            return "1M samples", (workload.samples or 0) / MILLION
        sizes = sizes_of(workload, catalog)
        tokens = sizes.tokens.input_tokens + sizes.tokens.output_tokens
        return (
            "1M tokens, input and output",
            float(sizes.shares @ tokens) * workload.requests / MILLION,
        )
    if isinstance(workload, Requirement):
        return "", 0.0
    return "run", 1.0


def _spot_fraction(workload: AnyWorkload, lines: Sequence[PlanLine]) -> float:
    """Largest share of a bucket on spot; for jobs, of the instance hours."""
    spot = [line for line in lines if line.is_spot]
    if not spot:
        return 0.0
    if isinstance(workload, InferenceService | Requirement):
        return float(np.sum([line.routing for line in spot], axis=0).max())
    used = sum(line.count * line.hours for line in lines)
    return sum(line.count * line.hours for line in spot) / used


def _expected_served(workload: AnyWorkload, lines: Sequence[PlanLine]) -> float:
    """Share of a service's demand on firm capacity, and on spot as often as it is there."""
    if not isinstance(workload, InferenceService | Requirement):
        return 1.0
    absent = (line.share * (1 - (line.availability_fraction or 0.0)) for line in lines
              if line.is_spot)  # fmt: skip
    return 1.0 - sum(absent)


def cost_range(lines: Sequence[PlanLine]) -> tuple[float, float]:
    """Cost of the same lines when every rate reaches the high or only the low end of its band.

    Services rent as many whole instances as the load then needs; jobs run as much shorter or
    longer.

    Returns:
        The lower and the higher cost [plan currency].
    """
    planned = sum(line.line_cost_total for line in lines)
    low, high = _cost_at(lines, high=True), _cost_at(lines, high=False)
    return min(low, planned), max(high, planned)


def _cost_at(lines: Sequence[PlanLine], *, high: bool) -> float:
    total = 0.0
    for line in lines:
        if line.shared_node:
            continue
        if line.utilisation is None:
            total += line.line_cost_total / _factor(line, high=high)
        else:
            total += line.line_cost_total / line.count * _needed(line, high=high)
    for together in sharing(lines).values():
        needed = max(_needed(line, high=high) for line in together)
        total += sum(line.line_cost_total / line.count for line in together) * needed
    return total


def _factor(line: PlanLine, *, high: bool) -> float:
    """Factor on a line's rate at one end of its band [1]."""
    band = line.rate_band
    if band is None:
        return 1.0
    return band.high if high else band.low


def _needed(line: PlanLine, *, high: bool) -> int:
    """Instances that a service's line then needs; who shares one needs as many as the neediest."""
    full = (line.utilisation or 0.0) / _planned_use(line)
    if full > 0:
        return max(1, ceil(line.count * full / _factor(line, high=high) - 1e-9))
    return line.count


def _planned_use(line: PlanLine) -> float:
    """Utilisation at which the line counts as full: what was planned with, or more."""
    return max(line.utilisation or 0.0, line.max_utilisation)
