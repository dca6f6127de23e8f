"""From what runs already to the part of the problem that prices leaving it."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.job import NO_OFFER, JobCandidates
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.planning.service_columns import ServiceColumns
from costopt.solve.changes import NEW, Changes, GangChanges
from costopt.workload.fleet import InstanceKind, kinds_of_offers, running_kinds
from costopt.workload.request import PlanRequest

Integers = NDArray[np.int64]


def changes_of(
    workloads: Sequence[NamedWorkload],
    services: Sequence[ServiceColumns],
    request: PlanRequest,
    catalog: Catalog,
    *,
    is_frozen: bool = False,
) -> Changes | None:
    """Say which columns of the problem are of what runs already; None where nothing is said to.

    A cost of switching is paid once, and spread over the horizon like that of a job.

    Args:
        workloads: with their candidates.
        services: which offer each program offer stands for.
        request: with the fleet.
        catalog: whose offers tell zones apart or do not.
        is_frozen: True where the fleet must stay as it is.
    """
    if request.current_fleet is None:
        return None
    running = running_kinds(request.current_fleet, catalog.offers)
    of_offers: list[Integers] = []
    rented: list[Integers] = []
    gangs: list[GangChanges] = []
    columns = iter(services)
    for item in workloads:
        kinds = _kinds(item.candidates.offers, tuple(running))
        if isinstance(item.candidates, ServiceCandidates):
            column = next(columns)
            of_offers.append(kinds[column.offer])
            rented.append(column.instances)
        else:
            gangs.append(_gangs(item.candidates, kinds, len(running)))
    cost = request.switching_cost
    return Changes(
        kind=np.concatenate([*of_offers, np.zeros(0, dtype=np.int64)]),
        running=np.array(list(running.values()), dtype=np.int64),
        start_cost=cost.start / request.horizon_hours,
        stop_cost=cost.stop / request.horizon_hours,
        gangs=tuple(gangs),
        is_frozen=is_frozen,
        instances=np.concatenate([*rented, np.zeros(0, dtype=np.int64)]),
    )


def kinds_without_candidate(
    workloads: Sequence[NamedWorkload], running: Iterable[InstanceKind]
) -> tuple[InstanceKind, ...]:
    """Return what runs and cannot be in any plan of the workloads.

    Args:
        workloads: with their candidates.
        running: kinds of instances that run.
    """
    there: set[object] = set()
    for item in workloads:
        there |= set(kinds_of_offers(item.candidates.offers).unique())
    return tuple(kind for kind in running if tuple(kind) not in there)


def _kinds(offers: pd.DataFrame, running: Sequence[InstanceKind]) -> Integers:
    """Return the position of each offer's kind among those that run; NEW where it is none."""
    if not running:
        return np.full(len(offers), NEW)
    names = pd.MultiIndex.from_tuples(running)
    return np.asarray(names.get_indexer(kinds_of_offers(offers)), dtype=np.int64)


def _gangs(job: JobCandidates, kinds: Integers, running: int) -> GangChanges:
    """Count the instances of each alternative by kind; firm nodes with payers are theirs."""
    gangs = job.gangs
    taken = np.zeros((len(gangs), running + 1), dtype=np.int64)
    if len(gangs):
        firm = gangs.nodes - gangs.spot_nodes
        firm[job.payers.gang] = 0
        has_spot = np.flatnonzero(gangs.spot_offer != NO_OFFER)
        rows = np.concatenate([np.arange(len(gangs)), has_spot])
        of_kind = np.concatenate([kinds[gangs.offer], kinds[gangs.spot_offer[has_spot]]])
        np.add.at(taken, (rows, of_kind), np.concatenate([firm, gangs.spot_nodes[has_spot]]))
    return GangChanges(
        running=taken[:, :-1], new=taken[:, NEW], payer_kind=kinds[job.payers.offer]
    )
