"""What a plan over time means for each workload."""

from dataclasses import replace

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.evaluate.hours_operated import HourOperated
from costopt.evaluate.outcome import outcome_of
from costopt.evaluate.schedule_figures import Weights
from costopt.evaluate.scheduled import Scheduled
from costopt.plan.outcome import WorkloadOutcome
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService


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
    of any hour. What spot exposes is told of the hour with the largest share
    on spot.

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
        name, at_factor(workload, mean), replace(whole, lines=lines), request, catalog
    )
    return worst.model_copy(
        update={
            field: getattr(summed, field)
            for field in ("cost_per_hour", "cost_total", "cost_per_unit", "ttft_ms", "tpot_ms",
                          "latency_ms")
        }
    )  # fmt: skip


def _on_spot(hour: HourOperated) -> float:
    """Return the largest share of a request size that is on spot."""
    spot = [line.routing for line in hour.operated.lines if line.is_spot]
    return float(np.sum(spot, axis=0).max()) if spot else 0.0


def at_factor(workload: AnyWorkload, factor: float) -> AnyWorkload:
    """Return a workload with its mean rate times a factor.

    Args:
        workload: what runs over the horizon.
        factor: above 0 [1].
    """
    if isinstance(workload, Requirement) and workload.demand_per_second is not None:
        return workload.model_copy(
            update={"demand_per_second": workload.demand_per_second * factor}
        )
    if not isinstance(workload, InferenceService):
        return workload
    if workload.traffic is not None:
        rate = workload.traffic.requests_per_second * factor
        traffic = workload.traffic.model_copy(update={"requests_per_second": rate})
        return workload.model_copy(update={"traffic": traffic})
    rate = (workload.samples_per_second or 0.0) * factor
    return workload.model_copy(update={"samples_per_second": rate})
