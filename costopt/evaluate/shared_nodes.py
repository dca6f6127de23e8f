"""Whether what stands together on one instance fits there: accelerators, memory, vCPUs, RAM."""

from collections.abc import Iterator, Mapping, Sequence
from math import isnan

from costopt.candidate.slices import accelerators_taken
from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import offers_of
from costopt.evaluate.limits import TOLERANCE
from costopt.plan.line import PlanLine
from costopt.plan.shared_node import accelerators_held, sharing
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.serving import InferenceService

FLOORS = {"min_vcpus_per_accelerator": ("vcpus", "vCPUs"),
          "min_memory_gib_per_accelerator": ("memory_gib", "GiB of host memory")}  # fmt: skip
"""Field of the limits -> column of the offers and its unit in words."""


def broken_nodes(
    lines: Sequence[PlanLine], request: PlanRequest, catalog: Catalog
) -> Iterator[str]:
    """Yield a sentence for each shared instance that cannot hold what stands on it.

    Args:
        lines: of the plan, with their memory recomputed.
        request: workloads and limits.
        catalog: where instance types are described.
    """
    workloads = dict(request.named_workloads)
    for line in lines:
        if line.vram_fraction is not None and line.vram_fraction > 1 + TOLERANCE:
            yield f"{line.place}: {line.workload} needs more VRAM than an accelerator has"
    for node, together in sharing(lines).items():
        where = f"{together[0].place}, shared node {node}"
        yield from (f"{where}: {text}" for text in _contradictions(together, workloads))
        yield from (f"{where}: {text}" for text in _overfull(together, request, catalog))


def _contradictions(
    together: Sequence[PlanLine], workloads: Mapping[str, AnyWorkload]
) -> Iterator[str]:
    """Yield what the lines of one node say differently of it, and who may not share."""
    if len({line.offer for line in together}) > 1:
        yield "its lines rent different offers"
    if len({line.count for line in together}) > 1:
        yield "its lines say different counts"
    for line in together:
        workload = workloads.get(line.workload)
        if not isinstance(workload, InferenceService | BatchInference):
            yield f"{line.workload} takes whole instances"
        elif isinstance(workload, BatchInference) and line.is_spot:
            yield f"{line.workload} is a batch, which shares firm instances only"
        elif isinstance(workload, BatchInference) and workload.deadline_hours > line.hours:
            yield f"{line.workload} may end after the {line.hours:g} h that the node is rented"
    if len(together) == 1 and not together[0].layout.slice:
        yield "nothing else stands on it"


def _overfull(
    together: Sequence[PlanLine], request: PlanRequest, catalog: Catalog
) -> Iterator[str]:
    """Yield which of its resources one node has too little of."""
    offer = offers_of(catalog, together[:1]).iloc[0]
    there = float(offer["accelerator_count"])
    held = accelerators_held(together)
    if held > there:
        yield f"its replicas take {held} accelerators, it has {there:g}"
    workloads = dict(request.named_workloads)
    for field, (column, words) in FLOORS.items():
        floors = [
            _floor(field, workloads[line.workload].limits, request.limits)
            for line in together
            if line.workload in workloads
        ]
        needed = sum(
            floor * accelerators_taken(line.layout)
            for floor, line in zip(floors, together, strict=False)
        )
        host = float(offer[column])
        if needed and (isnan(host) or needed > host * (1 + TOLERANCE)):
            yield f"its replicas take {needed:g} {words}, it has {host:g}"


def _floor(field: str, own: Limits, shared: Limits) -> float:
    """What each accelerator in use needs beside it, by the stricter of two limits."""
    return max(getattr(own, field) or 0.0, getattr(shared, field) or 0.0)
