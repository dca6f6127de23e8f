"""Which services of a request may share instances, and what fits on which."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.candidate.settings import RateSettings
from costopt.candidate.sliced_services import with_slices
from costopt.candidate.slices import PROFILES, partitions, size_of
from costopt.catalog.catalog import Catalog
from costopt.planning.assemble import AssembledProblem, availability_row
from costopt.planning.service_columns import ServiceColumns
from costopt.solve.problem import Problem
from costopt.solve.shared_nodes import SharedNodes
from costopt.workload.batch import BatchInference
from costopt.workload.request import PlanRequest
from costopt.workload.serving import InferenceService

Integers = NDArray[np.int64]


def may_share(item: NamedWorkload) -> bool:
    """Return whether a workload may stand beside others on one instance.

    Services whose replicas are rated by the performance model may, and a batch where it is
    planned at an even pace. A requirement says what whole instances do; a gang takes whole
    instances for a while; and what a service with quotas or a budget of its own takes of them
    could not be told from what its neighbours take.
    """
    limits = item.workload.limits
    own = bool(limits.counted) or limits.budget is not None
    return isinstance(item.workload, InferenceService | BatchInference) and not own


def promises_availability(request: PlanRequest) -> bool:
    """Return whether a request, or one of its workloads, promises availability.

    Args:
        request: limits and settings.
    """
    every = [request.limits, *(workload.limits for workload in request.workloads)]
    return any(limits.availability is not None for limits in every)


def sharing_helps_nobody(workloads: Sequence[NamedWorkload]) -> bool:
    """Return whether fewer than two workloads have an instance type on which both may stand."""
    types: set[tuple[str, str]] = set()
    for item in filter(may_share, workloads):
        if not isinstance(item.candidates, ServiceCandidates):
            continue
        rated = (item.candidates.layout_rates.rates > 0).any(axis=1)
        own = {
            (kind.provider, kind.name)
            for kind in (
                item.candidates.types[index]
                for index in np.unique(item.candidates.type_of_layout[rated]).tolist()
            )
            if kind.count > 1 or kind.chip in PROFILES
        }
        if own & types:
            return False
        types |= own
    return True


def shared_nodes_of(
    workloads: Sequence[NamedWorkload], assembled: AssembledProblem
) -> tuple[Problem, SharedNodes]:
    """Turn the offers of a problem into nodes, each once whoever it may serve.

    An offer of the catalogue that several services may use, in several layouts, is one node; its
    pool is that of the offers which can feed the same servers. What shares nothing keeps nodes of
    its own, which hold one instance. Where availability is promised, a node is a configuration:
    several instances that hold the same, of which some are counted on.

    Args:
        workloads: with their candidates.
        assembled: their problem without sharing.

    Returns:
        The problem, with rows that say what nodes take of what is promised; and the nodes.
    """
    services = [item for item in workloads if isinstance(item.candidates, ServiceCandidates)]
    parts = [
        _part(item, columns, int(first))
        for item, columns, first in zip(
            services, assembled.services, assembled.problem.first_server[:-1], strict=True
        )
    ]
    offers = pd.concat(parts, ignore_index=True)
    offers["node"] = offers.groupby(["node", "instances", "counted"], sort=False).ngroup()
    nodes, first_row, node = np.unique(
        offers["node"].to_numpy(dtype=np.int64), return_index=True, return_inverse=True
    )
    pool = _pools(node, offers["server"].to_numpy(dtype=np.int64), len(nodes))
    offers["pool"] = pool[node]
    kinds = offers.drop_duplicates(["pool", "server"])
    of_pool = kinds.drop_duplicates("pool").sort_values("pool")
    divided = np.unique(kinds.loc[kinds["slot"] >= 0, "pool"].to_numpy(dtype=np.int64))
    ways = np.array(partitions(), dtype=np.int64)
    shared = SharedNodes(
        offer=offers["offer"].to_numpy(dtype=np.int64)[first_row],
        pool=pool,
        accelerators=of_pool["accelerators"].to_numpy(dtype=np.int64),
        server=kinds["server"].to_numpy(dtype=np.int64),
        home=kinds["pool"].to_numpy(dtype=np.int64),
        size=kinds["size"].to_numpy(dtype=np.int64),
        slot=kinds["slot"].to_numpy(dtype=np.int64),
        divisor=kinds["divisor"].to_numpy(dtype=np.int64),
        partition_home=np.repeat(divided, len(ways)),
        partition_slots=np.tile(ways, (len(divided), 1)),
    )
    return _promised_by_node(assembled.problem, offers, shared), shared


def _promised_by_node(problem: Problem, offers: pd.DataFrame, nodes: SharedNodes) -> Problem:
    """Let every node count in the availability of each workload that may stand on it.

    The chance that all configurations that are rented have what is counted on is at most the
    chance of those on which a workload really stands, so that each promise is kept.
    """
    rows = list(problem.rows)
    for position, row in enumerate(rows):
        own = offers[(offers["workload"].map(availability_row) == row.name).to_numpy()]
        if len(own):
            weight = own.groupby("node")["weight"].max()
            taken = np.zeros(len(row.offer_coefficients))
            taken[nodes.offer[weight.index.to_numpy(dtype=np.int64)]] = weight.to_numpy()
            rows[position] = replace(row, offer_coefficients=taken)
    return replace(problem, rows=tuple(rows))


def _part(item: NamedWorkload, columns: ServiceColumns, first_server: int) -> pd.DataFrame:
    """One row for each program offer of a service: its node, its server, and what it takes."""
    found = item.candidates
    position = np.arange(len(columns.offer)) + columns.first
    alone = pd.DataFrame(
        {
            "workload": item.name,
            "offer": position,
            "node": -1 - position,
            "server": columns.server + first_server,
            "accelerators": 1,
            "size": 1,
            "slot": -1,
            "divisor": 1,
            "instances": columns.instances,
            "counted": columns.counted,
            "weight": columns.weight,
        }
    )
    if not may_share(item) or not isinstance(found, ServiceCandidates):
        return alone
    layouts = found.layouts
    slices = [size_of(one) for one in layouts]
    slot = np.array([-1 if one is None else one for one in slices], dtype=np.int64)
    size = np.array([one.tensor_parallel for one in layouts], dtype=np.int64)
    replicas = np.array([one.replicas for one in layouts], dtype=np.int64)
    accelerators = np.array([max(1, int(one.accelerators)) for one in layouts], dtype=np.int64)
    rows = np.flatnonzero(found.excluded.taking_part)
    return alone.assign(
        node=rows[columns.offer],
        accelerators=accelerators[columns.layout],
        size=np.where(slot < 0, size, 0)[columns.layout],
        slot=slot[columns.layout],
        divisor=replicas[columns.layout],
    )


def _pools(node: Integers, server: Integers, nodes: int) -> Integers:
    """Number the sets of servers that nodes can feed (nodes,)."""
    order = np.lexsort((server, node))
    node, server = node[order], server[order]
    starts = np.searchsorted(node, np.arange(nodes))
    place = np.arange(len(node)) - starts[node]
    fed = np.full((nodes, int(place.max(initial=0)) + 1), -1, dtype=np.int64)
    fed[node, place] = server
    _, pool = np.unique(fed, axis=0, return_inverse=True)
    return np.asarray(pool.reshape(-1), dtype=np.int64)


def sliced_workloads(
    workloads: Sequence[NamedWorkload], catalog: Catalog, settings: RateSettings
) -> list[NamedWorkload] | None:
    """Let every service that may share also stand on slices of accelerators.

    Args:
        workloads: with their candidates.
        catalog: where models, traces and accelerators are described.
        settings: what decides the planned speed.

    Returns:
        The workloads with more layouts; None where no slice serves any of them.
    """
    changed = [
        replace(
            item,
            candidates=with_slices(item.workload, item.candidates, catalog, settings),
        )
        if may_share(item)
        and isinstance(item.workload, InferenceService)
        and isinstance(item.candidates, ServiceCandidates)
        else item
        for item in workloads
    ]
    more = sum(map(_layouts, changed)) > sum(map(_layouts, workloads))
    return changed if more else None


def _layouts(item: NamedWorkload) -> int:
    return len(item.candidates.layouts) if isinstance(item.candidates, ServiceCandidates) else 0
