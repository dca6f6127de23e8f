"""What instances of an offer can be of use for, hour by hour: loads and largest useful counts."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.problem import BoolArray, FloatArray, IntArray
from costopt.solve.reduce import instances_needed

ROUNDING: Final = 1e-9
"""Relative room for a limit that a whole count meets exactly."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reach:
    """Loads of the blocks and the largest useful counts.

    Attributes:
        loads: by block, instances needed to serve a whole bucket at a demand factor of 1;
            ``inf`` = cannot (servers, buckets) [instances].
        factor: demand factor of each block in each kind of hour (blocks, kinds) [1].
        useful: most instances of each offer that can be of use (offers, kinds) [instances].
        is_mean: whether the factors are means over several hours; rows that hold for whole
            counts of a single hour are then left out.
        upper: the same within the offer's own limits (offers, kinds) [instances].
    """

    loads: tuple[FloatArray, ...]
    factor: FloatArray
    useful: FloatArray
    upper: FloatArray
    is_mean: bool = False

    def running(self, problem: HourlyProblem, block: int) -> BoolArray:
        """Servers of a block that may have an instance, by kind of hour (servers, kinds)."""
        first, last = problem.first_server[block : block + 2]
        running = np.zeros((last - first, self.upper.shape[1]), dtype=bool)
        mine = np.flatnonzero((problem.server >= first) & (problem.server < last))
        np.logical_or.at(running, problem.server[mine] - first, self.upper[mine] > 0)
        return running


def reach_of(problem: HourlyProblem, kinds: HourKinds) -> Reach:
    """Work out loads and the largest useful counts.

    More than ``N = ceil(f sum_b L_b)`` instances of a server idle in an hour with demand factor
    ``f`` (``L_b`` counts by the share that the server may carry). Where hours are tied to each
    other an instance may idle through one of them, so the largest ``f`` counts. What ran before
    may idle in any hour where its stop costs more, up to what ran.
    """
    loads = tuple(instances_needed(block) for block in problem.blocks)
    factor = problem.demand_factor[:, kinds.example]
    peak = (
        factor
        if problem.sequence is None
        else np.broadcast_to(factor.max(axis=1, keepdims=True), factor.shape)
    )
    useful = _work_counts(problem, kinds)
    _count_gangs(problem, useful)
    serving = np.flatnonzero(problem.server >= 0)
    block = np.searchsorted(problem.first_server, problem.server[serving], side="right") - 1
    useful[serving] = np.ceil(_totals(problem, loads)[problem.server[serving], None] * peak[block])
    useful = _with_what_ran(problem, useful)
    upper = np.minimum(useful, np.floor(_own_limit(problem))[:, None])
    upper[~_available(problem, kinds)] = 0
    return Reach(loads=loads, factor=factor, useful=useful, upper=upper)


def _with_what_ran(problem: HourlyProblem, useful: FloatArray) -> FloatArray:
    """Raise the counts of what ran before to those of the busiest hour, and to what ran.

    Args:
        problem: the problem.
        useful: most instances of use (offers, kinds) [instances].
    """
    changes = problem.changes
    if changes is None or changes.stop_cost == 0:
        return useful
    ran = np.append(changes.running, 0.0)[changes.kind]
    most = np.maximum(useful.max(axis=1, initial=0), np.ceil(ran))
    idle = changes.has_run & (problem.server >= 0)
    return np.where(idle[:, None], most[:, None], useful)


def _totals(problem: HourlyProblem, loads: tuple[FloatArray, ...]) -> FloatArray:
    """Load of all that a server can serve at a factor of 1 (servers,) [instances]."""
    totals = [np.zeros(0)]
    for block, load in zip(problem.blocks, loads, strict=True):
        totals.append(np.sum(load, axis=1, where=np.isfinite(load)) * block.most_share)
    return np.concatenate(totals)


def _work_counts(problem: HourlyProblem, kinds: HourKinds) -> FloatArray:
    """Instances that finish a job within one hour, in the hours open to it (offers, kinds)."""
    counts = np.zeros((problem.offer_count, len(kinds)))
    work = problem.work
    if not len(work):
        return counts
    working = np.flatnonzero((work.job >= 0) & (work.rate > 0))
    job = work.job[working]
    hour = hour_in_scenario(problem)[kinds.example]
    open_to = (work.release[job][:, None] <= hour) & (hour < work.deadline[job][:, None])
    counts[working] = np.where(open_to, np.ceil(work.amount[job] / work.rate[working])[:, None], 0)
    return counts


def _count_gangs(problem: HourlyProblem, useful: FloatArray) -> None:
    """Set the useful counts of gangs to their sizes, in the hours open to them."""
    gangs = problem.gangs
    if not len(gangs):
        return
    mine = np.flatnonzero(gangs.configuration >= 0)
    configuration = gangs.configuration[mine]
    open_to = (useful[mine] > 0) | ~gangs.works[configuration][:, None]
    useful[mine] = np.where(open_to, gangs.size[configuration][:, None], 0)


def hour_in_scenario(problem: HourlyProblem) -> IntArray:
    """Number of each hour within its scenario, from 0 (hours,)."""
    scenario = problem.scenario
    number = np.zeros(problem.hour_count, dtype=np.int64)
    for one in range(len(problem.probability)):
        mine = np.flatnonzero(scenario == one)
        number[mine] = np.arange(len(mine))
    return number


def _own_limit(problem: HourlyProblem) -> FloatArray:
    """Count that an offer's bound, commitment and each row alone allow (offers,) [instances]."""
    limit = problem.upper.copy()
    committed = problem.quantity >= 0
    most = problem.quantities.upper[problem.quantity[committed]]
    limit[committed] = np.minimum(limit[committed], most)
    for row in problem.rows:
        with np.errstate(divide="ignore", invalid="ignore"):
            room = row.upper * (1 + ROUNDING) / row.offer_coefficients
        limit = np.minimum(limit, np.where(row.offer_coefficients > 0, room, np.inf))
    return limit


def _available(problem: HourlyProblem, kinds: HourKinds) -> BoolArray:
    """Whether the offer's quantity commitment may be used, if it has one (offers, kinds)."""
    usable = np.ones((problem.offer_count, len(kinds)), dtype=bool)
    if problem.quantities.available is not None:
        committed = np.flatnonzero(problem.quantity >= 0)
        in_kind = problem.quantities.available[:, kinds.example]
        usable[committed] = in_kind[problem.quantity[committed]]
    return usable
