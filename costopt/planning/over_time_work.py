"""Jobs in a plan over time: work that may be done in any hour before its deadline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.batch_by_hour import working_seconds
from costopt.candidate.find import NamedWorkload
from costopt.candidate.rated_gangs import total_tokens
from costopt.catalog.catalog import Catalog
from costopt.planning.over_time_gangs import job_numbers, runs_in_gangs
from costopt.planning.over_time_runs import timed_gangs
from costopt.planning.over_time_servers import FewerServers
from costopt.solve.hours.bill import covered_by
from costopt.solve.hours.problem import NO_SERVER, DeferrableWork, HourlyProblem
from costopt.solve.hours.recheck import stays_up
from costopt.solve.hours.solution import HourlySolution
from costopt.solve.problem import ServingBlock
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.batch import BatchInference
from costopt.workload.demand_hours import DemandHours, follows_profile
from costopt.workload.request import Job

Integers = NDArray[np.int64]


def stands_beside(item: NamedWorkload) -> bool:
    """Return whether a workload follows no profile, but stands beside those that do."""
    return not follows_profile(item.workload)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServedAndWorked:
    """Offers that serve, and those that work on jobs.

    Attributes:
        blocks: workloads that are served.
        server: server of each offer; NO_SERVER where it works on a job (offers,).
        work: jobs, once in each round of the profile.
    """

    blocks: tuple[ServingBlock, ...]
    server: Integers
    work: DeferrableWork


def served_and_worked(
    workloads: Sequence[NamedWorkload], fewer: FewerServers, server: Integers, catalog: Catalog
) -> ServedAndWorked:
    """Tell jobs from services, which were one kind of thing while offers were compared.

    What replaces an instance that serves, replaces one that works: it does as much in the hour.

    Args:
        workloads: services, then all others.
        fewer: a block for each, with the servers that are left.
        server: of each offer, before servers left (offers,).
        catalog: where the time from request to ready is.
    """
    served = sum(not stands_beside(item) for item in workloads)
    number = fewer.number[server]
    if served == len(workloads):
        return ServedAndWorked(blocks=fewer.blocks, server=number, work=DeferrableWork.none())
    sizes = [len(block.max_utilisation) for block in fewer.blocks]
    owner = np.repeat(np.arange(len(sizes)), sizes)[number]
    speed = np.concatenate([block.rates.max(axis=1, initial=0.0) for block in fewer.blocks])
    job = job_numbers(workloads)[owner]
    seconds = np.array([_seconds_of_an_hour(item, catalog) for item in workloads])
    jobs = [item.workload for item in workloads if isinstance(item.workload, Job)]
    return ServedAndWorked(
        blocks=fewer.blocks[:served],
        server=np.where(owner >= served, NO_SERVER, number),
        work=DeferrableWork(
            amount=np.array([_amount(one) for one in jobs]),
            release=np.zeros(len(jobs), dtype=np.int64),
            deadline=np.array([floor(one.deadline_hours) for one in jobs], dtype=np.int64),
            job=job,
            rate=np.where(job >= 0, speed[number] * seconds[owner], 0.0),
        ),
    )


def _seconds_of_an_hour(item: NamedWorkload, catalog: Catalog) -> float:
    """Return the part of an hour that counts as work; what gangs lose counts by their starts."""
    return SECONDS_PER_HOUR if runs_in_gangs(item) else working_seconds(catalog)


def _amount(job: Job) -> float:
    """Return what a job asks for in each round, in the units of its rates."""
    if isinstance(job, BatchInference):
        return float(job.requests or job.samples or 0)
    return total_tokens(job)


def within_rounds(work: DeferrableWork, hours: DemandHours) -> DeferrableWork:
    """Return jobs that are due by the end of a round at the latest.

    A job comes again with every round, so a later deadline leaves it no more hours of each.

    Args:
        work: jobs.
        hours: kinds of hours.
    """
    return replace(work, deadline=np.minimum(work.deadline, hours.profile_hours))


def without_surplus(problem: HourlyProblem, solution: HourlySolution) -> HourlySolution:
    """Return a solution in which no instance works on a job that is done without it.

    On what is committed such hours cost nothing, so the program may leave them in. The dearest
    and the latest go first; those stay that an instance must be up for. Where stopping what ran
    before costs anything, none goes: they may be what saves that.

    Args:
        problem: that was solved.
        solution: of it.
    """
    decision, work = solution.decision, problem.work
    is_kept = problem.changes is not None and problem.changes.stop_cost > 0
    if decision is None or not len(work) or is_kept:
        return solution
    counts = timed_gangs(problem, decision)
    sequence = problem.sequence
    least = np.zeros(len(counts), np.int64) if sequence is None else sequence.min_up_hours
    for job, amount in enumerate(work.amount.tolist()):
        if job in problem.gangs.job:
            continue
        offers = np.flatnonzero(work.job == job)
        for scenario in range(len(problem.probability)):
            hours = np.flatnonzero(problem.scenario == scenario)
            surplus = float(work.rate[offers] @ counts[np.ix_(offers, hours)].sum(axis=1)) - amount
            row, column = np.nonzero(counts[np.ix_(offers, hours)])
            order = np.lexsort((-column, -problem.price_per_hour[offers[row]]))
            for offer, hour in zip(offers[row[order]], hours[column[order]], strict=True):
                spare = max(min(int(counts[offer, hour]), int(surplus / work.rate[offer])), 0)
                counts[offer, hour] -= spare
                if not stays_up(counts[offer, hours], least[offer]):
                    counts[offer, hour] += spare
                    continue
                surplus -= spare * work.rate[offer]
    return replace(
        solution,
        decision=replace(decision, counts=counts),
        coverage=covered_by(problem, counts, decision.commitments),
    )
