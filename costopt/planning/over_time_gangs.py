"""Gangs in a plan over time: training jobs, and equal nodes that run in every hour."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.gangs_by_hour import hours_lost_with_a_start
from costopt.candidate.rated_gangs import checkpoint_bytes
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.errors import PlanCheckError
from costopt.solve.hours.gangs import EVERY_HOUR, NO_GANG, Gangs, runs_started
from costopt.solve.hours.problem import HourlyProblem
from costopt.workload.batch import BatchInference
from costopt.workload.demand_hours import follows_profile
from costopt.workload.request import Job
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob, TrainingJob

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

PLACE = ["service", "server", "provider", "region", "zone"]
"""Columns of offers that name one configuration of a gang: how it runs, and where."""


def runs_in_gangs(item: NamedWorkload) -> bool:
    """Return whether a workload runs on a fixed number of equal instances at once, or on none.

    Args:
        item: of a request with a demand profile.
    """
    return not follows_profile(item.workload) and not isinstance(item.workload, BatchInference)


def job_numbers(workloads: Sequence[NamedWorkload]) -> Integers:
    """Number the jobs among workloads; EVERY_HOUR for those that end by no deadline.

    Args:
        workloads: of the request.
    """
    is_job = np.array([isinstance(item.workload, Job) for item in workloads], dtype=np.bool_)
    return np.where(is_job, np.cumsum(is_job) - 1, EVERY_HOUR)


def of_gangs(workloads: Sequence[NamedWorkload], columns: pd.DataFrame) -> Flags:
    """Return which offers are of workloads that run in gangs (columns,).

    Args:
        workloads: services, then all others.
        columns: offers, one row for each column.
    """
    whole = np.array([runs_in_gangs(item) for item in workloads], dtype=np.bool_)
    return np.asarray(whole[columns["service"].to_numpy(dtype=np.int64)])


def told_apart(server: Integers, columns: pd.DataFrame, in_gangs: Flags) -> Integers:
    """Number servers so that those of gangs are others in each place (columns,).

    All instances of a gang stand in one place, so an offer elsewhere never pays for some of them.

    Args:
        server: of each offer.
        columns: offers, one row for each column.
        in_gangs: offers of gangs.
    """
    place = columns.groupby(PLACE, sort=False).ngroup().to_numpy(dtype=np.int64)
    first = int(server.max(initial=-1)) + 1
    return np.where(in_gangs, first + place, server)


def kept_for_gangs(
    server: Integers, product: Integers, usable: Flags, in_gangs: Flags
) -> Integers:
    """Return servers that stay because gangs run on them, or on their commitments.

    A gang is not replaced by several smaller ones, and what it leaves idle of a commitment is
    worth having for whatever else may run on it.

    Args:
        server: of each offer (columns,).
        product: commitment of each offer; negative without one (columns,).
        usable: offers that matter (columns,).
        in_gangs: offers of gangs (columns,).
    """
    drawn = np.unique(product[usable & in_gangs & (product >= 0)])
    return np.unique(server[usable & (in_gangs | np.isin(product, drawn))])


def gangs_among(
    workloads: Sequence[NamedWorkload], columns: pd.DataFrame, catalog: Catalog
) -> Gangs:
    """Write the gangs of the offers that are planned with.

    Args:
        workloads: services, then all others.
        columns: offers, one row for each of them.
        catalog: where models are described.
    """
    in_gangs = of_gangs(workloads, columns)
    if not any(runs_in_gangs(item) for item in workloads):
        return Gangs.none()
    configuration = np.full(len(columns), NO_GANG)
    own = columns[in_gangs]
    configuration[in_gangs] = own.groupby(PLACE, sort=False).ngroup().to_numpy()
    first = own.drop_duplicates(PLACE)
    whole = [index for index, item in enumerate(workloads) if runs_in_gangs(item)]
    sizes, lost = [], []
    for service, layout in first[["service", "layout"]].itertuples(index=False, name=None):
        size, hours = _size_and_loss(workloads[service], int(layout), catalog)
        sizes.append(size)
        lost.append(hours)
    return Gangs(
        configuration=configuration,
        size=np.array(sizes, dtype=np.int64),
        lost_hours=np.array(lost, dtype=np.float64),
        task=np.searchsorted(whole, first["service"].to_numpy(dtype=np.int64)),
        job=job_numbers(workloads)[whole],
    )


def _size_and_loss(item: NamedWorkload, layout: int, catalog: Catalog) -> tuple[int, float]:
    """Return the instances of a gang, and the hours that it loses with a start."""
    workload, candidates = item.workload, item.candidates
    if isinstance(workload, Requirement):
        return workload.nodes, 0.0
    if not isinstance(workload, FineTuneJob | TrainingJob) or not isinstance(
        candidates, ServiceCandidates
    ):
        raise PlanCheckError([f"{item.name} runs in no gang, and was planned in one"])
    nodes = candidates.layouts[layout].nodes_per_gang
    kind = candidates.types[int(candidates.type_of_layout[layout])]
    state = checkpoint_bytes(workload, catalog.model(workload.model))
    lost = hours_lost_with_a_start(state, np.array([nodes * kind.hosts]), catalog)
    return nodes, float(lost[0])


def rest_gangs(problem: HourlyProblem, counts: Integers) -> None:
    """Take gangs out of hours without which their jobs are done, the dearest and latest first.

    Args:
        problem: that was solved.
        counts: instances of each offer; changed in place (offers, hours) [1].
    """
    gangs = problem.gangs
    for configuration in np.flatnonzero(gangs.works).tolist() if len(gangs) else ():
        offers = np.flatnonzero(gangs.configuration == configuration)
        job = int(gangs.job[gangs.task[configuration]])
        speed = float(problem.work.rate[offers[0]] * gangs.size[configuration])
        needed = float(problem.work.amount[job]) / speed
        for scenario in range(len(problem.probability)):
            hours = np.flatnonzero(problem.scenario == scenario)
            running = counts[np.ix_(offers, hours)]
            charged = problem.price_per_hour[offers] @ running
            busy: Flags = np.asarray((running > 0).sum(axis=0, keepdims=True) > 0)
            for hour in np.lexsort((-hours, -charged)).tolist():
                fewer = busy.copy()
                fewer[0, hour] = False
                lost = runs_started(fewer).sum() * gangs.lost_hours[configuration]
                if fewer.sum() - lost >= needed:
                    busy = fewer
            counts[np.ix_(offers, hours[~busy[0]])] = 0
