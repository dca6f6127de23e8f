"""A workload at a multiple of the rate that it asks for."""

from costopt.workload.request import AnyWorkload
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService


def at_rate(workload: AnyWorkload, factor: float) -> AnyWorkload:
    """Return a service or a requirement at a multiple of its rate; what has none as it is.

    Args:
        workload: as asked.
        factor: on its rate [1].
    """
    if isinstance(workload, Requirement) and workload.demand_per_second is not None:
        demand = workload.demand_per_second * factor
        return workload.model_copy(update={"demand_per_second": demand})
    if not isinstance(workload, InferenceService):
        return workload
    if workload.traffic is not None:
        rate = workload.traffic.requests_per_second * factor
        traffic = workload.traffic.model_copy(update={"requests_per_second": rate})
        return workload.model_copy(update={"traffic": traffic})
    rate = (workload.samples_per_second or 0.0) * factor
    return workload.model_copy(update={"samples_per_second": rate})
