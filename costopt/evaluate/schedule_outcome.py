"""What a plan over time means for each workload."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.evaluate.hours_operated import HourOperated
from costopt.evaluate.losses import availability_of, worst_loss
from costopt.evaluate.outcome import outcome_of
from costopt.evaluate.schedule_figures import Weights
from costopt.evaluate.scheduled import Scheduled
from costopt.plan.outcome import WorkloadOutcome
from costopt.workload.at_rate import at_rate
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.spot_promises import SpotPromises


def outcome_over_time(
    name: str,
    workload: AnyWorkload,
    found: Scheduled,
    request: PlanRequest,
    catalog: Catalog,
) -> WorkloadOutcome:
    """Sum up one workload over the horizon.

    Costs are those of its lines, per hour of the horizon. The time to first token is that of all
    requests in the hour in which most are late; the other latencies are those of the slowest line
    of any hour. A job is done once in each round of the profile, its duration the latest hour in
    which it is. What spot exposes is told of the hour with the largest share on spot; the loss
    that the limits speak of, of the hour that it hits hardest, and the availability is the least.

    Args:
        name: what the plan calls it.
        workload: what runs, at its mean rate.
        found: the plan over time.
        request: the question, for the horizon.
        catalog: where its trace is.
    """
    whole = found.operated[name]
    hours = found.hours[name]
    lines = tuple(line.model_copy(update={"hours": request.horizon_hours}) for line in whole.lines)
    weights = Weights.of(found.schedule).hours
    factors = np.array([hour.demand_factor[name] for hour in found.schedule.hours])
    mean = float(weights @ factors) / request.horizon_hours
    worst = outcome_of(name, workload, max(hours, key=_on_spot).operated, request, catalog)
    summed = outcome_of(
        name, at_rate(workload, mean), replace(whole, lines=lines), request, catalog
    )
    rounds = request.horizon_hours / len(found.schedule.kind_of_hour[0])
    if name in found.jobs and summed.cost_per_unit is not None:
        summed = summed.model_copy(update={"cost_per_unit": summed.cost_per_unit / rounds})
    return worst.model_copy(
        update=_after_losses(workload, hours, request, catalog)
        | {
            field: getattr(summed, field)
            for field in ("cost_per_hour", "cost_total", "cost_per_unit", "ttft_ms", "tpot_ms",
                          "latency_ms", "duration_hours")
        }
    )  # fmt: skip


def _after_losses(
    workload: AnyWorkload, hours: Sequence[HourOperated], request: PlanRequest, catalog: Catalog
) -> dict[str, Any]:
    """Return what the limits on spot losses come to in the hour in which they leave least."""
    promises = SpotPromises.of(workload.limits, request.limits)
    found: dict[str, Any] = {}
    if promises.losses and hours:
        losses = [
            worst_loss(one.operated.lines, promises.failure_group, promises.losses)
            for one in hours
        ]
        hour = min(range(len(hours)), key=lambda number: losses[number].served_fraction)
        if losses[hour].names:
            found["worst_loss_factor"] = hours[hour].factor
        found["worst_loss"] = losses[hour].names
        found["served_after_losses"] = losses[hour].served_fraction
    if promises.availability and hours:
        found["availability"] = min(availability_of(one.operated.lines, catalog) for one in hours)
    return found


def _on_spot(hour: HourOperated) -> float:
    """Return the largest share of a request size that is on spot."""
    spot = [line.routing for line in hour.operated.lines if line.is_spot]
    return float(np.sum(spot, axis=0).max()) if spot else 0.0
