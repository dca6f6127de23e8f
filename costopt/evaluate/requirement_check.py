"""Whether the instances of a plan are the hardware that a requirement asks for."""

from collections.abc import Iterator, Sequence

from costopt.candidate.requirement import hardware_reasons
from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import types_of
from costopt.evaluate.limits import TOLERANCE
from costopt.plan.line import PlanLine
from costopt.plan.words import percent_to
from costopt.workload.requirement import Requirement


def broken_hardware(
    catalog: Catalog, workload: Requirement, lines: Sequence[PlanLine]
) -> Iterator[str]:
    """Yield a sentence for each instance type that is not what a requirement asks for.

    Args:
        catalog: where instance types are described.
        workload: the requirement.
        lines: of the plan.
    """
    kinds = types_of(catalog, lines)
    for kind, reason in zip(kinds, hardware_reasons(workload, catalog, tuple(kinds)), strict=True):
        if reason:
            yield f"{kind.name} is not the hardware that is required ({reason})"


def broken_requirement(workload: Requirement, lines: Sequence[PlanLine]) -> Iterator[str]:
    """Yield a sentence where the lines are not the nodes that are asked for, or are overloaded.

    Args:
        workload: the requirement.
        lines: of the plan, with their load.
    """
    if workload.throughput_per_second is None:
        count = sum(line.count for line in lines)
        places = {
            (line.offer.provider, line.offer.region, line.offer.instance_type) for line in lines
        }
        zones = {line.offer.zone for line in lines} - {""}
        if count != workload.nodes or len(places) != 1 or len(zones) > 1:
            yield f"{count} instances, {workload.nodes} equal ones required in one place"
        return
    allowed = workload.max_utilisation
    for line in lines:
        if line.max_utilisation != allowed:
            yield (
                f"{line.place}: planned up to {percent_to(line.max_utilisation, 2)}, "
                f"{percent_to(allowed, 2)} asked"
            )
        if line.utilisation is None:
            yield f"{line.place}: nothing says how far it is loaded"
        elif not line.utilisation <= allowed * (1 + TOLERANCE):
            yield (
                f"{line.place}: loaded to {percent_to(line.utilisation, 2)}, "
                f"{percent_to(allowed, 2)} allowed"
            )
