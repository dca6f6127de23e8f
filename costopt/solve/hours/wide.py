"""Wide problems: the offers that nearly pay, by the linear program over few levels of demand."""

from dataclasses import dataclass
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.highs import Outcome
from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.highs import LinearRun
from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.levels import levels_of
from costopt.solve.hours.linear_bound import relaxed_at_mean
from costopt.solve.hours.long_series import LONG_SERIES
from costopt.solve.hours.options import server_prices
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.reach import Reach
from costopt.solve.problem import BoolArray, FloatArray

WIDE_PROGRAM: Final = 250_000
"""Routing columns over all kinds of hours above which not every offer is looked at in each."""

LEVELS: Final = (1, 5)
"""Levels of demand at which all offers are looked at, as long as there is time [1]."""

MOST_SERVERS: Final = 32
"""Servers that stay at most, those that pay best [1]. Source: own trials over 4,807 offers: where
a few nodes serve all, those within 4 % of paying alone led to plans a third dearer."""

PART_OF_TIME: Final = 0.5
"""Part of the time that may pass before the search among the offers that stay."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Narrowed:
    """Offers that nearly pay, and a bound on plans with all of them.

    Attributes:
        needed: offers that stay (offers,).
        bound: no plan with any offers costs less [currency]; None when infeasible.
    """

    needed: BoolArray
    bound: float | None


def is_wide(problem: HourlyProblem, reach: Reach, needed: BoolArray) -> bool:
    """Whether the program of these offers over all kinds of hours is too large to be solved.

    A long series is searched in levels of demand, of which there are fewer than of its hours.
    """
    kinds = min(reach.factor.shape[1], LONG_SERIES)
    cells = 0
    for index, load in enumerate(reach.loads):
        first, last = problem.first_server[index : index + 2]
        own = needed & (problem.server >= first) & (problem.server < last)
        servers = np.unique(problem.server[own] - first)
        cells += int(np.isfinite(load[servers]).sum()) * kinds
    is_tied = problem.hours_are_coupled or len(problem.gangs) or len(problem.spends.other_usage)
    return cells > WIDE_PROGRAM and not is_tied


def narrowed(
    problem: HourlyProblem, kinds: HourKinds, needed: BoolArray, *, deadline: float
) -> Narrowed:
    """Look at all offers at few levels of demand, and keep those that pay or nearly do.

    The linear program at the mean demand of each level costs no more than any plan (Jensen's
    inequality, as for long series). Its prices say what an offer saves at best in some level.

    Args:
        problem: a problem whose hours are not tied to each other.
        kinds: its kinds of hours.
        needed: offers that are worth a look (offers,).
        deadline: when to stop, by the clock of `perf_counter` [s].
    """
    now = perf_counter()
    stop = now + PART_OF_TIME * (deadline - now)
    found: Narrowed | None = None
    for most in LEVELS:
        levels = levels_of(problem, kinds, most=most)
        hours, run = relaxed_at_mean(levels.mean, needed, deadline=stop)
        if run.outcome is Outcome.INFEASIBLE:
            return Narrowed(needed=needed, bound=None)
        if run.values is None:
            break
        columns = hours.assembly.columns
        bound = max(run.objective * columns.scale + columns.constant, 0.0)
        found = Narrowed(needed=needed & _nearly_paying(hours, run), bound=bound)
    if found is None:
        return Narrowed(needed=needed & _cheapest_alone(problem, hours.reach), bound=0.0)
    return found


def _cheapest_alone(problem: HourlyProblem, reach: Reach) -> BoolArray:
    """Offers of the servers that serve a block at least cost alone, firm and spot (offers,)."""
    by_hour, committed = server_prices(problem)
    price = np.minimum(by_hour, committed)
    stays = np.zeros(len(price), dtype=bool)
    for block, load in enumerate(reach.loads):
        first = problem.first_server[block]
        able = np.isfinite(load)
        # What a server cannot serve counts as if it took ten times the dearest bucket.
        most = 10 * np.max(load, axis=1, where=able, initial=0.0)
        cost = price[first : first + len(load)] * np.where(able, load, most[:, None]).sum(axis=1)
        for kind in (True, False):
            own = np.flatnonzero(problem.blocks[block].is_spot == kind)
            ranked = own[np.argsort(cost[own], kind="stable")]
            stays[first + ranked[: MOST_SERVERS // 2]] = True
    free = problem.server < 0
    return np.asarray(free | stays[np.maximum(problem.server, 0)])


def _nearly_paying(hours: Decomposed, run: LinearRun) -> BoolArray:
    """Offers of the servers that pay best, or fall short of it by the least part (offers,)."""
    problem, counts = hours.problem, hours.assembly.columns.counts
    program = hours.assembly.program
    if run.values is None or run.row_prices is None:
        return np.ones(problem.offer_count, dtype=bool)
    reduced = program.cost.copy()
    prices = run.row_prices[program.entry_row]
    np.subtract.at(reduced, program.entry_column, program.entry_value * prices)
    idle = _idle_worth(hours, reduced)
    serving = np.flatnonzero(problem.server[counts.item] >= 0)
    offer, kind = counts.item[serving], counts.kind[serving]
    column, server = counts.columns[serving], problem.server[offer]
    by_hour = hours.assembly.price[column] > 0
    cost = np.where(by_hour, program.cost[column], np.inf)
    beyond = np.maximum(reduced[column] + idle[server, kind], 0.0)
    part = np.full(len(problem.blocks) and int(problem.first_server[-1]), np.inf)
    np.minimum.at(part, server, np.where(by_hour, beyond / cost, np.inf))
    used = serving[run.values[column] > 0]
    part[problem.server[counts.item[used]]] = 0.0
    best = np.argsort(part, kind="stable")[:MOST_SERVERS]
    stays = np.zeros(len(part), dtype=bool)
    stays[best] = True
    free = problem.server < 0
    return np.asarray(free | stays[np.maximum(problem.server, 0)])


def _idle_worth(hours: Decomposed, reduced: FloatArray) -> FloatArray:
    """What an instance falls short of paying by its best bucket (servers, kinds).

    A server that carries nothing may have any price of capacity between what its buckets pay
    and what it costs; the least is what counts.
    """
    problem, reach = hours.problem, hours.reach
    short = np.zeros((int(problem.first_server[-1]), len(hours.kinds)))
    for block, routing in enumerate(hours.assembly.columns.routing):
        first, last = problem.first_server[block : block + 2]
        load = reach.loads[block][routing.within, routing.item] * reach.factor[block, routing.kind]
        own = np.full((last - first, len(hours.kinds)), np.inf)
        each = np.maximum(reduced[routing.columns], 0.0) / load
        np.minimum.at(own, (routing.within, routing.kind), each)
        short[first:last] = np.where(np.isfinite(own), own, 0.0)
    return short
