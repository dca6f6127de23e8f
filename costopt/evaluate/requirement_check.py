"""Whether the instances of a plan are the hardware that a requirement asks for."""

from collections.abc import Iterator, Sequence

from costopt.candidate.requirement import hardware_reasons
from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import types_of
from costopt.evaluate.limits import TOLERANCE
from costopt.plan.line import PlanLine
from costopt.workload.requirement import Requirement


def broken_requirement(
    catalog: Catalog, workload: Requirement, lines: Sequence[PlanLine], horizon_hours: float
) -> Iterator[str]:
    """Yield a sentence for each part of a requirement that the lines do not meet.

    Args:
        catalog: where instance types are described.
        workload: the requirement.
        lines: of the plan.
        horizon_hours: over which they must run [h].
    """
    kinds = types_of(catalog, lines)
    for kind, reason in zip(kinds, hardware_reasons(workload, catalog, tuple(kinds)), strict=True):
        if reason:
            yield f"{kind.name} is not the hardware that is required ({reason})"
    if any(line.hours != horizon_hours for line in lines):
        yield "a line does not run over the whole horizon"
    rates = workload.throughput_per_second
    if rates is None:
        count = sum(line.count for line in lines)
        if count != workload.nodes or len({kind.name for kind in kinds}) != 1:
            yield f"{count} instances, {workload.nodes} equal ones required"
        return
    for line in lines:
        routed = line.routing[0] * (workload.demand_per_second or 0.0)
        full = line.count * rates.get(line.offer.instance_type, 0.0)
        if routed > full * workload.max_utilisation * (1 + TOLERANCE):
            yield f"{line.offer.instance_type}: {routed:,.4g}/s routed to {full:,.4g}/s"
