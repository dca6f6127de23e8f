"""Counts of a PuLP model over hours, up to what can be of use in each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import ceil, floor, isfinite

import pulp

from costopt.solve.hours.gangs import EVERY_HOUR
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.pulp_block import useful_instances
from costopt.solve.pulp_program import numbered


def counts_of(
    model: pulp.LpProblem, problem: HourlyProblem, names: Sequence[str], hour: int
) -> dict[int, pulp.LpVariable]:
    """Add ``n_ot``, whole, up to the offer's limit and to all that can be of use in the hour.

    Args:
        model: program that receives the columns.
        problem: a checked problem.
        names: of each offer.
        hour: of the problem.
    """
    found = {}
    uppers = problem.upper.tolist()
    for offer, useful in enumerate(_useful_counts(problem, hour)):
        most = min(useful, floor(uppers[offer])) if isfinite(uppers[offer]) else useful
        if most > 0:
            name = numbered("n", f"{hour}_{offer}", names[offer])
            found[offer] = model.add_variable(name, 0, most, pulp.LpInteger)
    return found


def _useful_counts(problem: HourlyProblem, hour: int) -> Iterator[int]:
    """Yield the most instances of each offer that can be of use in an hour.

    Where starts count, an instance may idle through the hour: the busiest one counts. So does it
    for what ran before where a stop costs anything, and so does what ran.
    """
    factor = problem.demand_factor
    busiest = factor.max(axis=1, initial=0)
    wanted = factor[:, hour] if problem.sequence is None else busiest
    of_server = _useful_to_blocks(problem, wanted)
    at_most = _useful_to_blocks(problem, busiest)
    scenario = problem.scenario[: hour + 1].tolist()
    before = scenario[:-1].count(scenario[-1])
    for offer, server in enumerate(problem.server.tolist()):
        if server < 0:
            yield _useful_to_jobs(problem, offer, before)
        elif (ran := _ran_before(problem, offer)) is not None:
            yield max(at_most[server], ceil(ran))
        else:
            yield of_server[server]


def _useful_to_blocks(problem: HourlyProblem, wanted: Iterable[float]) -> list[int]:
    """Most instances of each server that can be of use at some factors on the demand."""
    return [
        most
        for block, demand in zip(problem.blocks, wanted, strict=True)
        for most in useful_instances(replace(block, demand=block.demand * demand))
    ]


def _ran_before(problem: HourlyProblem, offer: int) -> float | None:
    """Mean instances of the offer's kind that ran, where a stop of them costs anything."""
    changes = problem.changes
    kind = -1 if changes is None else int(changes.kind[offer])
    if changes is None or kind < 0 or changes.stop_cost == 0:
        return None
    return float(changes.running[kind])


def _useful_to_jobs(problem: HourlyProblem, offer: int, hour_of_round: int) -> int:
    """Instances that finish the offer's job in one hour; 0 outside of the hours open to it."""
    work, gangs = problem.work, problem.gangs
    gang = int(gangs.configuration[offer]) if len(gangs) else -1
    if gang >= 0 and gangs.job[gangs.task[gang]] == EVERY_HOUR:
        return int(gangs.size[gang])
    job = int(work.job[offer]) if len(work) else -1
    if job < 0 or work.rate[offer] <= 0:
        return 0
    inside = int(work.release[job]) <= hour_of_round < int(work.deadline[job])
    if gang >= 0:
        return int(gangs.size[gang]) if inside else 0
    return ceil(float(work.amount[job]) / float(work.rate[offer])) if inside else 0
