"""Batches that work beside services, on accelerators that these leave idle on their nodes."""

from collections.abc import Sequence
from dataclasses import replace

from costopt.candidate.find import NamedWorkload, batch_on_nodes
from costopt.candidate.renting import start_hours
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.planning.found import Found
from costopt.planning.shared_nodes import sharing_helps_nobody
from costopt.workload.batch import BatchInference
from costopt.workload.request import PlanRequest


def beside_services(
    workloads: Sequence[NamedWorkload], request: PlanRequest, catalog: Catalog
) -> list[NamedWorkload] | None:
    """Let every batch that ends within the horizon stand on nodes of services at an even pace.

    Such a node is rented for the horizon, so this is for what services leave idle anyway.

    Args:
        workloads: with their candidates.
        request: limits and settings.
        catalog: offers and facts.

    Returns:
        The workloads, with batches as what is served at a rate; None where no batch can share.
    """
    served = [
        replace(item, candidates=batch_on_nodes(item.workload, request, catalog))
        if isinstance(item.workload, BatchInference) and _fits(item.workload, request, catalog)
        else item
        for item in workloads
    ]
    changed = any(new is not old for new, old in zip(served, workloads, strict=True))
    has_service = any(isinstance(item.candidates, ServiceCandidates) for item in workloads)
    return served if changed and has_service and not sharing_helps_nobody(served) else None


def _fits(workload: BatchInference, request: PlanRequest, catalog: Catalog) -> bool:
    """Return whether a batch begins and ends while the nodes of services run."""
    begins = start_hours(catalog)
    promised = workload.limits.promises or request.limits.promises
    return begins < workload.deadline_hours <= request.horizon_hours and not promised


def stands_beside(workloads: Sequence[NamedWorkload], found: Found) -> bool:
    """Return whether no batch has a node to itself, which would be rented for the horizon.

    Args:
        workloads: as they were searched.
        found: what the search came to.
    """
    return all(
        line.shared_node
        for item, run in zip(workloads, found.operated, strict=False)
        if isinstance(item.workload, BatchInference)
        and isinstance(item.candidates, ServiceCandidates)
        for line in run.lines
    )
