"""When gangs run: no hour that is not needed, and in one run where that costs nothing."""

from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.solve.hours.gangs import runs_started
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.solution import HourlyDecision

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

ROUNDING: Final = 1e-9
"""Relative rounding of work, and of the charges of a run."""


def timed_gangs(problem: HourlyProblem, decision: HourlyDecision) -> Integers:
    """Return counts with gangs in no hour without which their jobs are done, in few runs.

    On what is committed hours cost nothing, so the program may leave more of them in, and spread
    them. The dearest and latest go first. Then the work moves into one run, where the same
    payers have room for it and charge no more. Where instances have to stay up once they have
    started, nothing is touched.

    Args:
        problem: that was solved.
        decision: of its solution.

    Returns:
        Instances of each offer (offers, hours) [1].
    """
    counts, gangs = decision.counts.copy(), problem.gangs
    if problem.sequence is not None:
        return counts
    for configuration in np.flatnonzero(gangs.works).tolist() if len(gangs) else ():
        offers = np.flatnonzero(gangs.configuration == configuration)
        for scenario in range(len(problem.probability)):
            hours = np.flatnonzero(problem.scenario == scenario)
            if counts[np.ix_(offers, hours)].any():
                _rest(problem, configuration, offers, hours, counts)
                _in_one_run(problem, configuration, offers, hours, counts,
                            decision.commitments.quantities)  # fmt: skip
    return counts


def _needed(problem: HourlyProblem, configuration: int, offers: Integers) -> float:
    """Return the hours of work of a job on a gang of its, without a start [h]."""
    gangs = problem.gangs
    speed = float(problem.work.rate[offers[0]] * gangs.size[configuration])
    amount = float(problem.work.amount[gangs.job[gangs.task[configuration]]])
    return amount / speed * (1 - ROUNDING)


def _rest(
    problem: HourlyProblem, configuration: int, offers: Integers, hours: Integers, counts: Integers
) -> None:
    """Take a gang out of hours of one scenario that it does not need; changes the counts."""
    needed = _needed(problem, configuration, offers)
    running = counts[np.ix_(offers, hours)]
    charged = problem.price_per_hour[offers] @ running
    busy: Flags = np.asarray((running > 0).sum(axis=0, keepdims=True) > 0)
    for hour in np.lexsort((-hours, -charged)).tolist():
        fewer = busy.copy()
        fewer[0, hour] = False
        lost = runs_started(fewer).sum() * problem.gangs.lost_hours[configuration]
        if busy[0, hour] and fewer.sum() - lost >= needed:
            busy = fewer
    counts[np.ix_(offers, hours[~busy[0]])] = 0


def _in_one_run(
    problem: HourlyProblem,
    configuration: int,
    offers: Integers,
    hours: Integers,
    counts: Integers,
    committed: Integers,
) -> None:
    """Move a gang of one scenario into one run at no higher charge; changes the counts.

    Nothing moves where limits, plans of money or resources join it to others, or where it is in
    one run already.
    """
    gangs, work = problem.gangs, problem.work
    running = counts[np.ix_(offers, hours)]
    starts = runs_started(np.asarray(running.sum(axis=0, keepdims=True) > 0)).sum()
    covered = len(problem.spends) and np.isfinite(problem.spends.rate[:, offers]).any()
    if starts <= 1 or problem.rows or covered or len(problem.resources):
        return
    job = int(gangs.job[gangs.task[configuration]])
    last = int(min(work.deadline[job], len(hours)))
    lost = float(gangs.lost_hours[configuration])
    length = ceil(_needed(problem, configuration, offers) + lost - ROUNDING)
    first = int(work.release[job])
    if first + length > last:
        return
    counts[np.ix_(offers, hours)] = 0
    paid = _cheapest_payers(problem, configuration, offers, counts[:, hours], committed)
    charged = np.where(paid.sum(axis=0) == gangs.size[configuration],
                       problem.price_per_hour[offers] @ paid, np.inf)  # fmt: skip
    of_run = np.convolve(charged[first:last], np.ones(length), mode="valid")
    start = first + int(of_run.argmin())
    current = float((problem.price_per_hour[offers] @ running).sum())
    moved = np.zeros_like(running)
    moved[:, start : start + length] = paid[:, start : start + length]
    is_cheap = of_run.min() <= current * (1 + ROUNDING) + ROUNDING
    counts[np.ix_(offers, hours)] = moved if is_cheap else running


def _cheapest_payers(
    problem: HourlyProblem,
    configuration: int,
    offers: Integers,
    others: Integers,
    committed: Integers,
) -> Integers:
    """Return what of a gang each offer would pay for in each hour, the cheapest first.

    Args:
        problem: that was solved.
        configuration: of the gang.
        offers: of the configuration.
        others: instances of all else (all offers, hours) [1].
        committed: of each commitment [1].

    Returns:
        Shape (offers, hours); less than the gang where there is no room for it [1].
    """
    paid = np.zeros((len(offers), others.shape[1]), dtype=np.int64)
    left = np.full(others.shape[1], problem.gangs.size[configuration])
    for row in np.argsort(problem.price_per_hour[offers], kind="stable").tolist():
        room = np.full(others.shape[1], problem.upper[offers[row]])
        product = int(problem.quantity[offers[row]])
        if product >= 0:
            drawn = others[problem.quantity == product].sum(axis=0)
            room = np.minimum(room, committed[product] - drawn)
            if problem.quantities.available is not None:
                room = np.where(problem.quantities.available[product], room, 0)
        paid[row] = np.minimum(left, np.maximum(room, 0))
        left = left - paid[row]
    return paid
