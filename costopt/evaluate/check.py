"""evaluate_plan: cost, rates and every limit of a plan recomputed, and what does not hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from costopt.candidate.eligible import ages_allowed
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.facts import offers_of, prices_of
from costopt.evaluate.job_point import job_point
from costopt.evaluate.limits import (
    TOLERANCE,
    broken_line_limits,
    broken_quotas,
    broken_totals,
)
from costopt.evaluate.requirement_check import broken_requirement
from costopt.evaluate.sample_point import sample_point
from costopt.evaluate.serving_point import serving_point
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService

FIGURE_TOLERANCE = 1e-6
"""Relative rounding by which a figure written in a plan may differ from the recomputed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a plan comes to when it is recomputed without any solver.

    Attributes:
        cost_per_hour: of all lines while they run [plan currency/h].
        cost_total: over the horizon, or until the jobs are done [plan currency].
        violations: one sentence for each figure or limit that does not hold.
    """

    cost_per_hour: float
    cost_total: float
    violations: tuple[str, ...]

    def __str__(self) -> str:
        """Return the outcome for a terminal."""
        figures = f"cost {self.cost_per_hour:,.4f} per hour, {self.cost_total:,.2f} in all"
        if not self.violations:
            return f"The plan holds: {figures}; every limit is met."
        listed = "\n".join(f"- {sentence}" for sentence in self.violations)
        return f"The plan does not hold ({figures}):\n{listed}"


def evaluate_plan(plan: Plan, catalog: Catalog) -> Evaluation:
    """Recompute a plan from catalogue, request and performance model.

    Args:
        plan: with or without lines.
        catalog: the one that the plan was made from.

    Raises:
        InvalidInputError: the plan was made from another catalogue, or names what it lacks.
    """
    _refuse_other_catalog(plan, catalog)
    if not plan.lines:
        return Evaluation(cost_per_hour=0.0, cost_total=0.0, violations=())
    per_hour, total = _costs(plan, catalog)
    violations = [
        *_tampered(plan, per_hour, total),
        *_broken_limits(plan, catalog),
        *broken_totals(plan.lines, float(total.sum()), plan.request.limits),
    ]
    for name, workload in plan.request.named_workloads:
        lines = [line for line in plan.lines if line.workload == name]
        violations += [
            f"{name}: {text}" for text in broken_workload(plan, workload, lines, catalog)
        ]
    return Evaluation(
        cost_per_hour=float(per_hour.sum()),
        cost_total=float(total.sum()),
        violations=tuple(violations),
    )


def request_hash(request: PlanRequest) -> str:
    """Return the sha256 of a request."""
    return sha256(request.model_dump_json().encode()).hexdigest()


def _refuse_other_catalog(plan: Plan, catalog: Catalog) -> None:
    if plan.catalog.fingerprint != catalog.fingerprint:
        raise InvalidInputError(
            "plan",
            [
                f"it was made from a catalogue of {plan.catalog.as_of} "
                f"({plan.catalog.fingerprint[:12]}), and this one is of {catalog.as_of} "
                f"({catalog.fingerprint[:12]}); name the plan's own with --catalog"
            ],
        )


def _costs(plan: Plan, catalog: Catalog) -> tuple[np.ndarray, np.ndarray]:
    """Cost of each line, per hour and in all."""
    allowed = ages_allowed([plan.request.limits])["exchange_rate"]
    prices = prices_of(catalog, plan.lines, plan.currency, allowed)
    counts = np.array([line.count for line in plan.lines], dtype=np.float64)
    return prices.per_hour * counts, prices.total * counts


def _tampered(plan: Plan, per_hour: np.ndarray, total: np.ndarray) -> Iterator[str]:
    """Yield a sentence for each written figure that differs from the recomputed one."""
    for line, hourly, whole in zip(plan.lines, per_hour, total, strict=True):
        name = f"{line.offer.instance_type} in {line.offer.region}"
        if line.count < 1:
            yield f"{name}: {line.count} instances"
        if _differs(line.line_cost_per_hour, hourly):
            said = f"{line.line_cost_per_hour:,.6f}"
            yield f"{name}: costs {hourly:,.6f} per hour, the plan says {said}"
        if _differs(line.line_cost_total, whole):
            yield f"{name}: costs {whole:,.4f} in all, the plan says {line.line_cost_total:,.4f}"
    if _differs(plan.cost_per_hour or 0.0, float(per_hour.sum())):
        yield f"the lines cost {per_hour.sum():,.6f} per hour, the plan says {plan.cost_per_hour}"
    if _differs(plan.cost_total or 0.0, float(total.sum())):
        yield f"the lines cost {total.sum():,.4f} in all, the plan says {plan.cost_total}"
    if plan.request_hash != request_hash(plan.request):
        yield "the request was changed after the plan was made"


def _differs(written: float, recomputed: float) -> bool:
    return abs(written - recomputed) > FIGURE_TOLERANCE * max(abs(written), abs(recomputed), 1e-9)


def _broken_limits(plan: Plan, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each limit on names, dates and quotas that the lines break."""
    offers = offers_of(catalog, plan.lines)
    shared = plan.request.limits
    for name, workload in plan.request.named_workloads:
        rows = [row for row, line in enumerate(plan.lines) if line.workload == name]
        for row in rows:
            line = plan.lines[row]
            yield from broken_line_limits(line, offers.iloc[row], catalog, workload.limits, shared)
        lines = [plan.lines[row] for row in rows]
        yield from broken_quotas(lines, [workload.limits])
        cost = sum(line.line_cost_total for line in lines)
        yield from broken_totals(lines, cost, workload.limits)
    yield from broken_quotas(plan.lines, [shared])


def broken_workload(
    plan: Plan, workload: AnyWorkload, lines: Sequence[PlanLine], catalog: Catalog
) -> Iterator[str]:
    """Yield a sentence for each limit of one workload that its lines break."""
    if not lines:
        yield "nothing runs it"
        return
    request = plan.request
    spot_limit = min(workload.limits.max_spot_fraction, request.limits.max_spot_fraction)
    if isinstance(workload, InferenceService):
        yield from _broken_routing(lines, spot_limit)
        if workload.traffic is not None:
            yield from _broken_service(catalog, workload, lines, request.confidence)
        else:
            yield from _broken_samples(catalog, workload, lines, request.confidence)
    elif isinstance(workload, Requirement):
        yield from _broken_routing(lines, spot_limit)
        yield from broken_requirement(catalog, workload, lines, plan.horizon_hours)
    else:
        point = job_point(catalog, workload, lines, request)
        if not point.hours <= workload.deadline_hours * (1 + TOLERANCE):
            yield f"done after {point.hours:,.2f} h, {workload.deadline_hours:,.2f} h allowed"
        for line in lines:
            hours = point.spot_hours if line.is_spot else point.firm_hours
            if _differs(line.hours, hours):
                yield f"each instance is charged {hours:,.4f} h, the plan says {line.hours:,.4f} h"
        used = sum(line.count * line.hours for line in lines)
        spot = sum(line.count * line.hours for line in lines if line.is_spot)
        if spot > spot_limit * used * (1 + TOLERANCE):
            yield f"{spot / used:.1%} of the hours are on spot, {spot_limit:.1%} allowed"


def _broken_routing(lines: Sequence[PlanLine], spot_limit: float) -> Iterator[str]:
    """Check that every bucket is served once, and how much of it is lost with any spot pool."""
    routing = np.array([line.routing for line in lines], dtype=np.float64)
    if routing.min() < -TOLERANCE or np.abs(routing.sum(axis=0) - 1).max() > TOLERANCE:
        yield "the lines do not serve each request size exactly once"
    spot = np.array([line.is_spot for line in lines])
    on_spot = routing[spot].sum(axis=0) if spot.any() else np.zeros(routing.shape[1])
    if on_spot.max() > spot_limit + TOLERANCE:
        yield f"{on_spot.max():.1%} of a request size is on spot, {spot_limit:.1%} allowed"
    for pool in {line.pool for line in lines if line.is_spot}:
        lost = routing[[line.is_spot and line.pool == pool for line in lines]].sum(axis=0)
        if 1 - lost.max() < 1 - spot_limit - TOLERANCE:
            yield f"losing {pool} leaves {1 - lost.max():.1%} of a request size served"


def _broken_service(
    catalog: Catalog, workload: InferenceService, lines: Sequence[PlanLine], confidence: float
) -> Iterator[str]:
    point = serving_point(catalog, workload, lines, confidence)
    for line, feasible, load, tpot in zip(
        lines, point.feasible, point.load, point.tpot_ms, strict=True
    ):
        name = f"{line.offer.instance_type} in {line.offer.region}"
        if not feasible:
            yield f"{name}: cannot serve what is routed to it"
        if not load <= workload.max_utilisation * (1 + TOLERANCE):
            yield f"{name}: loaded to {load:.2%}, {workload.max_utilisation:.2%} allowed"
        if workload.max_tpot_ms is not None and not tpot <= workload.max_tpot_ms * (1 + TOLERANCE):
            yield f"{name}: {tpot:,.2f} ms per token, {workload.max_tpot_ms:,.2f} allowed"
    allowed = 1 - workload.percentile / 100
    if workload.max_ttft_ms is not None and point.late_fraction > allowed + TOLERANCE:
        yield (
            f"{point.late_fraction:.2%} of the requests wait longer than "
            f"{workload.max_ttft_ms:,.0f} ms for their first token, {allowed:.2%} allowed"
        )


def _broken_samples(
    catalog: Catalog, workload: InferenceService, lines: Sequence[PlanLine], confidence: float
) -> Iterator[str]:
    point = sample_point(catalog, workload, lines, confidence)
    for line, load, latency in zip(lines, point.load, point.latency_ms, strict=True):
        name = f"{line.offer.instance_type} in {line.offer.region}"
        if not load <= workload.max_utilisation * (1 + TOLERANCE):
            yield f"{name}: loaded to {load:.2%}, {workload.max_utilisation:.2%} allowed"
        limit = workload.max_latency_ms
        if limit is not None and not latency <= limit * (1 + TOLERANCE):
            yield f"{name}: {latency:,.2f} ms, {limit:,.2f} allowed"
