"""Long series: commitments and fleets by levels of demand, then a fleet for every hour."""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.hours.bill import covered_by, hourly_charges
from costopt.solve.hours.by_parts import (
    LEAST_COSTS_SHARE,
    LIFTING_SHARE,
    TOLERANCE_SHARE,
    Found,
    by_parts,
    fleets_of,
)
from costopt.solve.hours.decode import decision_at
from costopt.solve.hours.decomposed import Decomposed, take_apart
from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.infeasible import infeasible_hours
from costopt.solve.hours.kinds import HourKinds, hour_kinds
from costopt.solve.hours.levels import MOST_LEVELS, PLANNED_LEVELS, Levels, levels_of
from costopt.solve.hours.lifted_bound import least_costs, lifted_bound
from costopt.solve.hours.linear_bound import apart_at_mean, linear_bound
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.solution import HourlyDecision
from costopt.solve.problem import BoolArray, FloatArray, IntArray

PLANNING_SHARE: Final = 0.35
"""Share of the time for a plan with the commitments of the linear program."""

LONG_SERIES: Final = 384
"""Kinds of hours above which a series is brought to levels first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LongFound:
    """Outcome of a search over a long series; nothing here has been checked.

    Attributes:
        decision: the best decision found, for every hour of the series; None without one.
        bound: lower bound on the objective over the series [currency]; None when infeasible.
        infeasible_hours: hours that nothing serves, whatever is committed.
    """

    decision: HourlyDecision | None
    bound: float | None
    infeasible_hours: tuple[int, ...] = ()


def search_long_series(
    problem: HourlyProblem,
    kinds: HourKinds,
    needed: BoolArray,
    *,
    gap: float,
    deadline: float,
) -> LongFound:
    """Find commitments by levels and a fleet for every hour, with a bound over the series.

    The bound is the linear program at the mean demand of each level, with what whole fleets of
    its hours cost at least; the fleets are those of levels at their highest demand, and every
    hour takes the cheapest of them that serves it.

    Args:
        problem: a problem whose hours are not tied to each other.
        kinds: its kinds of hours.
        needed: offers that are worth a look (offers,).
        gap: relative distance at which the search by levels may stop [1].
        deadline: when to stop, by the clock of `perf_counter` [s].
    """
    levels = levels_of(problem, kinds, most=PLANNED_LEVELS)
    bounding = levels_of(problem, kinds, most=MOST_LEVELS)
    own = hour_kinds(levels.above)
    reach = reach_of(levels.above, own)
    reach = replace(reach, upper=np.where(needed[:, None], reach.upper, 0))
    hours = take_apart(levels.above, own, reach)
    bound = linear_bound(bounding.mean, needed, deadline=deadline)
    fleets, started = fleets_of(hours), perf_counter()
    found = by_parts(
        hours,
        gap=gap,
        deadline=started + PLANNING_SHARE * (deadline - started),
        bound_whole=False,
        fleets=fleets,
    )
    if bound is not None and found.bound is not None:
        half = perf_counter() + LIFTING_SHARE * (deadline - perf_counter())
        lifted, start = _lifted(problem, bounding, needed, fleets, gap=gap, deadline=half)
        bound = max(bound, lifted)
        if start is not None:
            other = by_parts(
                hours, gap=gap, deadline=deadline, bound_whole=False, fleets=fleets, start=start
            )
            found = _cheaper(hours, found, other)
    if bound is None or found.bound is None:
        named = np.array(infeasible_hours(hours, deadline=deadline), dtype=np.int64)
        at_top = (problem.demand_factor >= levels.above.demand_factor[:, levels.level]).all(axis=0)
        impossible = np.flatnonzero(np.isin(levels.level, named) & at_top).tolist()
        # Tops of several blocks may never meet in one hour, and then prove nothing.
        is_proven = bound is None or bool(impossible)
        return LongFound(
            decision=None,
            bound=None if is_proven else bound,
            infeasible_hours=tuple(impossible),
        )
    if found.values is None:
        return LongFound(decision=None, bound=bound)
    by_level = decision_at(levels.above, own, hours.assembly, found.values)
    return LongFound(decision=_spread(problem, levels, by_level, reach.loads), bound=bound)


def _cheaper(hours: Decomposed, one: Found, other: Found) -> Found:
    """The cheaper of two plans, or the one that there is."""
    cost = hours.assembly.program.cost
    if other.values is None or one.values is None:
        return one if other.values is None else other
    return other if cost @ other.values < cost @ one.values else one


def _lifted(
    problem: HourlyProblem,
    levels: Levels,
    needed: BoolArray,
    fleets: tuple[Fleets, ...],
    *,
    gap: float,
    deadline: float,
) -> tuple[float, FloatArray | None]:
    """Bound over the series by what whole fleets cost at least, and commitments that it is at.

    Each level carries the mean over its own hours of the least cost, so that hours put together
    lose none of it.
    """
    started = perf_counter()
    least = least_costs(
        problem,
        fleets,
        tolerance=gap * TOLERANCE_SHARE,
        deadline=started + LEAST_COSTS_SHARE * (deadline - started),
    )
    hours = apart_at_mean(levels.mean, needed)
    weight = np.bincount(levels.level, problem.weight)
    costs = []
    for one in least:
        cost = one.at(problem.demand_factor[one.block])
        total = np.bincount(levels.level, problem.weight * cost)
        by_level = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
        by_kind = np.full(len(hours.kinds), np.inf)
        np.minimum.at(by_kind, hours.kinds.kind, by_level)
        costs.append(by_kind)
    lifted = lifted_bound(hours, least, costs, gap=gap / 4, deadline=deadline)
    if lifted is None:
        return 0.0, None
    columns = hours.assembly.columns
    quantities = None if lifted.values is None else lifted.values[columns.quantities]
    return lifted.bound * columns.scale + columns.constant, quantities


def _spread(
    problem: HourlyProblem,
    levels: Levels,
    by_level: HourlyDecision,
    loads: tuple[FloatArray, ...],
) -> HourlyDecision:
    """Give every hour the cheapest level's fleet that serves it, under the same terms."""
    above = levels.above
    reached, shares = _reached(above, by_level, loads)
    coverage = covered_by(above, by_level.counts, by_level.commitments)
    charge = np.add(*hourly_charges(above, by_level.counts, coverage))
    chosen = levels.level.copy()
    cheapest, terms = charge[chosen], levels.terms[chosen]
    for level in range(above.hour_count):
        fits = (terms == levels.terms[level]) & (charge[level] < cheapest)
        fits &= (problem.demand_factor <= reached[:, [level]]).all(axis=0)
        chosen[fits], cheapest[fits] = level, charge[level]
    return replace(by_level, counts=by_level.counts[:, chosen], kind=chosen, shares=shares)


def _reached(
    above: HourlyProblem, by_level: HourlyDecision, loads: tuple[FloatArray, ...]
) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """Largest factor of each level's fleet (blocks, levels), and the shares that reach it."""
    reached = np.full(above.demand_factor.shape, 0.0)
    shares = []
    for index, (block, load) in enumerate(zip(above.blocks, loads, strict=True)):
        known = Fleets(block=block, load=load)
        running = _running(above, by_level.counts, index)
        shares.append(np.zeros((above.hour_count, *load.shape)))
        for level, factor in enumerate(above.demand_factor[index].tolist()):
            if factor > 0:
                reached[index, level] = known.add(running[:, level], factor)
                number = known.known[tuple(running[:, level].tolist())]
                shares[index][level] = known.shares[number]
    return reached, tuple(shares)


def _running(above: HourlyProblem, counts: IntArray, block: int) -> IntArray:
    """Instances of each server of a block (servers, levels)."""
    first, last = above.first_server[block : block + 2]
    running = np.zeros((last - first, above.hour_count), dtype=np.int64)
    mine = np.flatnonzero((above.server >= first) & (above.server < last))
    np.add.at(running, above.server[mine] - first, counts[mine])
    return running
