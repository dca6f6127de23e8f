"""From packed nodes to the lines of a plan: one for each workload and layout on a node."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.candidate.slices import MEMORY_PARTS, SIZES
from costopt.catalog.catalog import Catalog
from costopt.plan.line import PlanLine
from costopt.planning.assemble import AssembledProblem
from costopt.planning.lines import job_lines, written_line
from costopt.solve.shared_nodes import SharedNodes
from costopt.solve.shared_run import SharedSolution


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Replicas of one kind on equal instances.

    Attributes:
        kind: of the replicas.
        offer: program offer that is rented.
        count: configurations, mostly of one instance [1].
        replicas: on each instance [1].
        shared_node: number of the instances; empty where nothing else stands on them.
        node_fraction: part of the accelerators in use there [0..1].
    """

    kind: int
    offer: int
    count: int
    replicas: int
    shared_node: str = ""
    node_fraction: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What was found, and what it was found for."""

    services: Sequence[ServiceCandidates]
    assembled: AssembledProblem
    found: SharedSolution
    held: Sequence[_Held]

    def offer_row(self, offer: int) -> tuple["pd.Series[Any]", int]:
        """Row of a program offer among those of the service that brought it, and its instances."""
        firsts = [columns.first for columns in self.assembled.services]
        service = bisect_right(firsts, offer) - 1
        while not len(self.assembled.services[service].offer):
            service -= 1
        columns = self.assembled.services[service]
        place = offer - columns.first
        rented = int(columns.instances[place])
        return self.services[service].offers.iloc[int(columns.offer[place])], rented


def shared_lines(
    workloads: Sequence[NamedWorkload],
    assembled: AssembledProblem,
    found: SharedSolution,
    horizon_hours: float,
    catalog: Catalog,
) -> list[list[PlanLine]]:
    """Write the lines of each workload; none without a solution.

    What stands alone on an instance fills it, as without sharing: its other accelerators would
    idle.

    Args:
        workloads: with their candidates.
        assembled: their problem.
        found: its solution with shared nodes.
        horizon_hours: over which services run [h].
        catalog: where exchange rates and spot signals are.
    """
    if found.solution.cost is None:
        return []
    candidates = [item.candidates for item in workloads]
    place = _Found(
        services=[one for one in candidates if isinstance(one, ServiceCandidates)],
        assembled=assembled,
        found=found,
        held=tuple(_held(found)),
    )
    lines: list[list[PlanLine]] = []
    services = jobs = 0
    for item in workloads:
        if isinstance(item.candidates, ServiceCandidates):
            lines.append(list(_service_lines(item.name, services, place, horizon_hours, catalog)))
            services += 1
        else:
            chosen, paid = found.solution.chosen[jobs], found.solution.paid[jobs]
            lines.append(list(job_lines(item.name, item.candidates, chosen, paid, catalog)))
            jobs += 1
    return lines


def _held(found: SharedSolution) -> Iterator[_Held]:
    """Yield what stands on which instances, shared ones first; equal lines joined."""
    nodes = found.nodes
    alone: dict[tuple[int, int], int] = {}
    number = 0
    for one in found.packing:
        offer = int(nodes.offer[one.node])
        if len(one.replicas) == 1 and nodes.slot[one.replicas[0][0]] < 0:
            key = (one.replicas[0][0], offer)
            alone[key] = alone.get(key, 0) + one.count
            continue
        number += 1
        taken = [_taken(nodes, kind) * replicas for kind, replicas in one.replicas]
        for (kind, replicas), accelerators in zip(one.replicas, taken, strict=True):
            yield _Held(
                kind=kind,
                offer=offer,
                count=one.count,
                replicas=replicas,
                shared_node=str(number),
                node_fraction=accelerators / sum(taken),
            )
    for (kind, offer), count in alone.items():
        yield _Held(kind=kind, offer=offer, count=count, replicas=int(nodes.divisor[kind]))


def _taken(nodes: SharedNodes, kind: int) -> float:
    """Accelerators that one replica takes, of a slice by its memory [1]."""
    slot = int(nodes.slot[kind])
    return int(nodes.size[kind]) if slot < 0 else SIZES[slot].memory / MEMORY_PARTS


def _service_lines(
    name: str, block: int, place: _Found, horizon_hours: float, catalog: Catalog
) -> Iterator[PlanLine]:
    """Yield the lines of one service, each with its part of what its server is routed."""
    problem, nodes = place.assembled.problem, place.found.nodes
    candidates, columns = place.services[block], place.assembled.services[block]
    first, last = problem.first_server[block : block + 2]
    own = [one for one in place.held if first <= nodes.server[one.kind] < last]
    layout_of = np.zeros(int(last - first), dtype=np.int64)
    layout_of[columns.server] = columns.layout
    shares = place.found.solution.shares[block][:, candidates.buckets.prompts]
    replicas = np.array([one.count * one.replicas for one in own], dtype=np.float64)
    server = np.array([int(nodes.server[one.kind] - first) for one in own], dtype=np.int64)
    standing = np.bincount(server, weights=replicas, minlength=len(shares))
    weights = candidates.demand / candidates.demand.sum()
    for position, one in enumerate(own):
        routing = shares[server[position]] * replicas[position] / standing[server[position]]
        index = int(layout_of[server[position]])
        layout = candidates.layouts[index]
        offer, instances = place.offer_row(one.offer)
        if one.shared_node:
            layout = replace(layout, replicas=one.replicas)
        yield written_line(
            name,
            offer,
            layout,
            catalog,
            count=one.count * instances,
            hours=horizon_hours,
            share=float(weights @ routing),
            routing=tuple(float(part) for part in routing),
            max_utilisation=float(candidates.layout_rates.max_utilisation[index]),
            shared_node=one.shared_node,
            node_fraction=one.node_fraction,
        )
