"""Fleets for given commitments, hour by hour, and no more hours than needed.

With commitments given, the cheapest fleet is a staircase over the demand factor: it never gets
cheaper as demand grows. A fleet found for one hour serves all hours up to its largest factor, and
the bound of one hour holds for every busier one; where the two meet, nothing is left to solve.
"""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.highs import Outcome
from costopt.solve.hours.assembly import HoursAssembly
from costopt.solve.hours.columns import others_price
from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.highs import minimise_whole
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.problem import FloatArray, IntArray

LONGEST_HOUR_SECONDS: Final = 2.0
"""Wall-clock limit of the program of one hour."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Steps:
    """What has been found of one staircase; a list entry for each hour solved."""

    factors: list[FloatArray] = field(default_factory=list)
    reached: list[FloatArray] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)

    def is_settled(self, factor: FloatArray, gap: float) -> bool:
        """Whether a known fleet serves this demand within the gap of what it must cost."""
        if not self.costs:
            return False
        serves = (np.stack(self.reached) >= factor).all(axis=1)
        below = (np.stack(self.factors) <= factor).all(axis=1)
        cheapest = np.min(self.costs, where=serves, initial=np.inf)
        least = np.max(self.bounds, where=below, initial=0.0)
        return bool(cheapest <= least * (1 + gap) + gap * 1e-9)


def find_fleets(
    hours: Decomposed,
    fleets: tuple[Fleets, ...],
    linking: FloatArray,
    *,
    gap: float,
    deadline: float,
) -> bool:
    """Add to the known fleets what the hours want under given commitments.

    Args:
        hours: the problem, taken apart.
        fleets: fleets known of each block; receives the new ones.
        linking: values of the columns, commitments among them (columns,).
        gap: relative distance from the cheapest that is near enough [1].
        deadline: when to stop, by the clock of `perf_counter` [s].

    Returns:
        Whether every hour has a fleet within the gap.
    """
    problem, assembly, programs = hours.problem, hours.assembly, hours.programs
    reach, terms, offset = hours.reach, hours.terms, others_price(problem, hours.kinds)
    stairs = [_Steps() for _ in range(int(terms.max(initial=-1)) + 1)]
    for kind in _spread(terms, reach.factor):
        factor = reach.factor[:, kind]
        steps = stairs[terms[kind]]
        if not factor.any() or steps.is_settled(factor, gap):
            continue
        left = deadline - perf_counter()
        if left <= 0:
            return False
        run = minimise_whole(
            programs.given(kind, linking, assembly.price),
            gap=gap / 2,
            time_limit_seconds=min(left, LONGEST_HOUR_SECONDS),
        )
        if run.outcome is Outcome.INFEASIBLE:
            _with_most_committed(hours, fleets, kind, linking, deadline=deadline)
        if run.values is None:
            continue
        reached = note_fleets(hours, fleets, kind, run.values)
        cost = float(assembly.price[programs.columns[kind]] @ run.values) + offset[kind]
        steps.factors.append(factor)
        steps.reached.append(reached)
        steps.costs.append(cost)
        steps.bounds.append(run.bound + offset[kind])
    return True


def _with_most_committed(
    hours: Decomposed,
    fleets: tuple[Fleets, ...],
    kind: int,
    linking: FloatArray,
    *,
    deadline: float,
) -> None:
    """Note a fleet for an hour that these commitments leave unserved, with the most of each."""
    left = deadline - perf_counter()
    if left <= 0:
        return
    most, chosen = hours.assembly.program.upper.copy(), hours.assembly.columns.gangs.chosen
    most[chosen] = linking[chosen]
    program = hours.programs.given(kind, most, hours.assembly.price)
    run = minimise_whole(program, gap=0.0, time_limit_seconds=min(left, LONGEST_HOUR_SECONDS))
    if run.values is not None:
        note_fleets(hours, fleets, kind, run.values)


def note_fleets(
    hours: Decomposed, fleets: tuple[Fleets, ...], kind: int, values: FloatArray
) -> FloatArray:
    """Add the fleets of an hour's answer to those known; give what they reach (blocks,).

    Args:
        hours: the problem, taken apart.
        fleets: fleets known of each block; receives the new ones.
        kind: kind of hour.
        values: values of the columns of its program.
    """
    counts = _counts(hours.problem, hours.assembly, hours.programs.columns[kind], values)
    factor = hours.reach.factor[:, kind]
    reached = np.zeros(len(fleets))
    for block, known in enumerate(fleets):
        if factor[block] > 0:
            first, last = hours.problem.first_server[block : block + 2]
            reached[block] = known.add(counts[first:last], float(factor[block]))
    return reached


def _counts(
    problem: HourlyProblem, assembly: HoursAssembly, columns: IntArray, values: FloatArray
) -> IntArray:
    """Instances of each server in an hour's answer (servers,)."""
    offer_of = np.full(len(assembly.program.cost), -1)
    counts = assembly.columns.counts
    offer_of[counts.columns] = counts.item
    offer = offer_of[columns]
    running = np.flatnonzero((offer >= 0) & (problem.server[offer] >= 0))
    per_server = np.zeros(int(problem.first_server[-1]), dtype=np.int64)
    rounded = np.round(values[running]).astype(np.int64)
    np.add.at(per_server, problem.server[offer[running]], rounded)
    return per_server


def _spread(terms: IntArray, factor: FloatArray) -> list[int]:
    """Kinds of hours in an order that halves the ranges of demand left between them."""
    order: list[int] = []
    total = factor.sum(axis=0)
    for term in np.unique(terms):
        mine = np.flatnonzero(terms == term)
        ranked = mine[np.argsort(total[mine], kind="stable")]
        place = np.arange(len(ranked))
        width = max(len(ranked) - 1, 1)
        level = np.full(len(ranked), np.inf)
        step = 1
        while not np.isfinite(level).all():
            stops = np.unique(np.round(np.linspace(0, width, step + 1)).astype(int))
            stops = stops[stops < len(ranked)]
            level[stops] = np.minimum(level[stops], step)
            step *= 2
        order += ranked[np.lexsort((place, level))].tolist()
    return order
