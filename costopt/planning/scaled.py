"""The same request for a multiple of its demand."""

from costopt.workload.at_rate import at_rate
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService


def scales(workload: AnyWorkload) -> bool:
    """Return whether a workload has a rate or a quantity that can grow.

    Args:
        workload: of a request.
    """
    if isinstance(workload, Requirement):
        return workload.demand_per_second is not None
    return isinstance(workload, InferenceService | BatchInference)


def scaled_request(request: PlanRequest, factor: float) -> PlanRequest:
    """Return the request for a multiple of every rate, and of every batch.

    Args:
        request: as asked.
        factor: above 0; requests and samples are rounded down, to at least one [1].
    """
    workloads = tuple(_scaled(one, factor) for one in request.workloads)
    return request.model_copy(update={"workloads": workloads})


def _scaled(workload: AnyWorkload, factor: float) -> AnyWorkload:
    if not isinstance(workload, BatchInference):
        return at_rate(workload, factor)
    amounts = {"requests": workload.requests, "samples": workload.samples}
    grown = {
        name: max(int(amount * factor), 1)
        for name, amount in amounts.items()
        if amount is not None
    }
    return workload.model_copy(update=grown)
