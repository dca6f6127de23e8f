"""Cases of a stress test: a plan's question at other rates, demand or work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.explain.other_rates import with_work
from costopt.workload.at_rate import at_rate
from costopt.workload.request import AnyWorkload, Job, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService

LATENCIES: Final = ("max_ttft_ms", "max_tpot_ms", "max_latency_ms")
"""Limits that shrink with the speed of the clock by which they are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is not as planned.

    Attributes:
        rate_factor: true over planned rate [1].
        demand_factor: demand, or work of a job, over what was asked for [1].
    """

    rate_factor: float = 1.0
    demand_factor: float = 1.0


def stressed_request(request: PlanRequest, case: Case) -> PlanRequest:
    """Return a question whose answer at planned rates is that of the case.

    Everything that an instance does at ``f`` times the planned rate takes ``1 / f`` as long.
    Counted by a clock that is slower by ``f``, it runs as planned, meets ``1 / f`` of the demand
    and has ``f`` of each latency limit.

    Args:
        request: as planned.
        case: what is not as planned.
    """
    workloads = tuple(_stressed(workload, case) for workload in request.workloads)
    return request.model_copy(update={"workloads": workloads})


def stressed_candidates(
    workloads: Sequence[NamedWorkload], request: PlanRequest
) -> tuple[NamedWorkload, ...] | None:
    """Return the candidates of services at another demand, their rates left as they are.

    Rates depend on the latency limits as well; mixes are held against those of the request.

    Args:
        workloads: with their candidates, as planned.
        request: of the case.

    Returns:
        None where a job takes part, whose gangs have to be found again.
    """
    changed = []
    for item, workload in zip(workloads, request.workloads, strict=True):
        found = item.candidates
        if isinstance(workload, Requirement) and item.workload == workload:
            changed.append(item)
            continue
        if not isinstance(found, ServiceCandidates):
            return None
        factor = _rate_of(workload) / _rate_of(item.workload)
        buckets = replace(found.buckets, demand=np.asarray(found.buckets.demand * factor))
        changed.append(
            replace(item, workload=workload, candidates=replace(found, buckets=buckets))
        )
    return tuple(changed)


def demand_counts(workload: AnyWorkload) -> bool:
    """Return whether a workload asks for a rate or for an amount of work."""
    return not isinstance(workload, Requirement) or workload.demand_per_second is not None


def _stressed(workload: AnyWorkload, case: Case) -> AnyWorkload:
    factor = case.demand_factor / case.rate_factor
    if isinstance(workload, Job):
        return with_work(workload, factor)
    scaled = at_rate(workload, factor)
    if isinstance(workload, Requirement):
        return scaled
    limits = {name: getattr(workload, name) for name in LATENCIES}
    return scaled.model_copy(
        update={
            name: limit * case.rate_factor for name, limit in limits.items() if limit is not None
        }
    )


def _rate_of(workload: AnyWorkload) -> float:
    """Demand of what is served at a rate [1/s]."""
    if isinstance(workload, InferenceService):
        if workload.traffic is not None:
            return workload.traffic.requests_per_second
        return workload.samples_per_second or 0.0
    return getattr(workload, "demand_per_second", None) or 0.0
