"""Gangs in a plan over time: training jobs, and equal nodes that run in every hour."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.gangs_by_hour import hours_lost_with_a_start
from costopt.candidate.rated_gangs import checkpoint_bytes, total_tokens
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.errors import PlanCheckError
from costopt.solve.hours.gangs import EVERY_HOUR, NO_GANG, Gangs
from costopt.solve.hours.problem import DeferrableWork, HourlyProblem
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.batch import BatchInference
from costopt.workload.demand_hours import follows_profile
from costopt.workload.request import Job
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob, TrainingJob

Floats = NDArray[np.float64]
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
    figures = gang_figures(workloads, first, catalog)
    return Gangs(
        configuration=configuration,
        size=figures.nodes,
        lost_hours=figures.lost_hours,
        task=np.searchsorted(whole, first["service"].to_numpy(dtype=np.int64)),
        job=job_numbers(workloads)[whole],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GangFigures:
    """What the gang of each offer is like; arrays of shape (offers,).

    Attributes:
        nodes: instances [1].
        work_hours: to do the job without a start; 0 for nodes that only run [h].
        lost_hours: of its work, with each start [h].
    """

    nodes: Integers
    work_hours: Floats
    lost_hours: Floats


def gang_figures(
    workloads: Sequence[NamedWorkload], columns: pd.DataFrame, catalog: Catalog
) -> GangFigures:
    """Work out what the gangs of offers are like.

    Args:
        workloads: services, then all others.
        columns: offers of gangs, one row for each.
        catalog: where models are described.
    """
    nodes = np.ones(len(columns), dtype=np.int64)
    work, lost = np.zeros((2, len(columns)))
    services = columns["service"].to_numpy(dtype=np.int64)
    layouts = columns["layout"].to_numpy(dtype=np.int64)
    for service in np.unique(services).tolist():
        mine = services == service
        own = _figures_of_layouts(workloads[service], catalog)
        nodes[mine] = own.nodes[layouts[mine]]
        work[mine] = own.work_hours[layouts[mine]]
        lost[mine] = own.lost_hours[layouts[mine]]
    return GangFigures(nodes=nodes, work_hours=work, lost_hours=lost)


def _figures_of_layouts(item: NamedWorkload, catalog: Catalog) -> GangFigures:
    """Work out what the gang of each layout of a workload is like."""
    workload, candidates = item.workload, item.candidates
    if not isinstance(candidates, ServiceCandidates):
        raise PlanCheckError([f"{item.name} was not rated hour by hour, and is planned so"])
    count = len(candidates.layouts)
    if not isinstance(workload, FineTuneJob | TrainingJob):
        nodes = np.full(count, workload.nodes if isinstance(workload, Requirement) else 1)
        return GangFigures(nodes=nodes, work_hours=np.zeros(count), lost_hours=np.zeros(count))
    nodes = np.array([layout.nodes_per_gang for layout in candidates.layouts], dtype=np.int64)
    hosts = np.array([kind.hosts for kind in candidates.types], dtype=np.int64)
    state = checkpoint_bytes(workload, catalog.model(workload.model))
    speed = candidates.layout_rates.rates[:, 0] * nodes * SECONDS_PER_HOUR
    able = speed > 0
    return GangFigures(
        nodes=nodes,
        work_hours=np.where(able, total_tokens(workload) / np.where(able, speed, 1.0), np.inf),
        lost_hours=hours_lost_with_a_start(
            state, nodes * hosts[candidates.type_of_layout], catalog
        ),
    )


def without_gangs(problem: HourlyProblem) -> HourlyProblem:
    """Return a problem of everything that runs in no gang, whatever ran before.

    Args:
        problem: with gangs.
    """
    gangs, work = problem.gangs, problem.work
    rest = np.setdiff1d(np.arange(len(work)), gangs.job)
    number = np.full(len(work) + 1, -1)
    number[rest] = np.arange(len(rest))
    left = DeferrableWork.none()
    if len(rest):
        left = replace(
            work,
            amount=work.amount[rest],
            release=work.release[rest],
            deadline=work.deadline[rest],
            job=number[work.job],
        )
    upper = np.where(gangs.configuration >= 0, 0.0, problem.upper)
    return replace(problem, gangs=Gangs.none(), work=left, upper=upper, changes=None)
