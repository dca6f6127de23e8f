"""Search over hours by parts: prices from the linear program, fleets by hour, then the choice."""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.highs import Outcome
from costopt.solve.hours.bound import bound_by_hours
from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.highs import LinearRun, minimise_linear, minimise_whole
from costopt.solve.hours.master import Chosen, choose_fleets
from costopt.solve.hours.options import options_among
from costopt.solve.hours.staircase import find_fleets
from costopt.solve.hours.starts import starting_points
from costopt.solve.problem import FloatArray

FIRST_FLEETS_SHARE: Final = 0.5
"""Share of the time that may pass before the first choice among fleets."""

BOUND_SHARE: Final = 0.85
"""Share of the time left that may pass on the bound, before a last choice among fleets."""

TINY_PROGRAM: Final = 300
"""Columns up to which the whole program is solved at once from the start."""

SMALL_PROGRAM: Final = 3_000
"""Columns up to which parts find a plan to start from, and the whole program the bound."""

START_SHARE: Final = 0.7
"""Share of the time in which parts find a plan for a small program to start from."""

LARGE_PROGRAM: Final = 40_000
"""Columns above which solving the whole program at once leads nowhere within seconds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Outcome of a search; nothing here has been checked.

    Attributes:
        values: values of the whole program's columns; None without an answer (columns,).
        bound: lower bound on the objective, in the program's unit; None when infeasible.
    """

    values: FloatArray | None
    bound: float | None


def search(hours: Decomposed, *, gap: float, deadline: float) -> Found:
    """Find commitments and fleets: all at once where that is tiny, by parts first otherwise.

    Args:
        hours: the problem, taken apart.
        gap: relative distance between objective and bound at which to stop [1].
        deadline: when to stop, by the clock of `perf_counter` [s].
    """
    columns = len(hours.assembly.program.cost)
    if columns <= TINY_PROGRAM:
        return _at_once(hours, Found(values=None, bound=-np.inf), gap=gap, deadline=deadline)
    is_small = columns <= SMALL_PROGRAM
    now = perf_counter()
    stop = now + START_SHARE * (deadline - now) if is_small else deadline
    found = by_parts(hours, gap=gap, deadline=stop, bound_whole=not is_small)
    if found.bound is None or columns > LARGE_PROGRAM or _is_near(hours, found, gap):
        return found
    return _at_once(hours, found, gap=gap, deadline=deadline)


def _at_once(hours: Decomposed, known: Found, *, gap: float, deadline: float) -> Found:
    """Solve the whole program, from what is known; give the better of both."""
    left = deadline - perf_counter()
    if left <= 0:
        return known
    program = hours.assembly.program
    run = minimise_whole(program, gap=gap, time_limit_seconds=left, start=known.values)
    if run.outcome is Outcome.INFEASIBLE:
        return known if known.values is not None else Found(values=None, bound=None)
    bound = max(run.bound, -np.inf if known.bound is None else known.bound)
    if run.values is None:
        return replace(known, bound=bound)
    better = known.values is None or program.cost @ run.values < program.cost @ known.values
    return Found(values=run.values if better else known.values, bound=bound)


def _is_near(hours: Decomposed, found: Found, gap: float) -> bool:
    if found.values is None or found.bound is None:
        return False
    columns = hours.assembly.columns
    offset = columns.constant / columns.scale
    cost = float(hours.assembly.program.cost @ found.values) + offset
    return cost - (found.bound + offset) <= gap * cost


def by_parts(hours: Decomposed, *, gap: float, deadline: float, bound_whole: bool = True) -> Found:
    """Find commitments and fleets by parts.

    The linear program over all hours gives a bound and commitments to start from. Rounded, they
    leave one small program for each hour; its fleets join those known. A program over the fleets
    known chooses one for each hour, and the commitments with them; new commitments ask for new
    fleets, until nothing gets cheaper or time runs out. What time is left tightens the bound.

    Args:
        hours: the problem, taken apart.
        gap: relative distance between objective and bound at which to stop [1].
        deadline: when to stop, by the clock of `perf_counter` [s].
        bound_whole: whether to tighten the bound; the caller may have no use for it.
    """
    started = perf_counter()
    program = hours.assembly.program
    linear = minimise_linear(program, time_limit_seconds=max(deadline - started, 0.0))
    if linear.outcome is Outcome.INFEASIBLE:
        return Found(values=None, bound=None)
    if linear.values is None:
        return Found(values=None, bound=-np.inf)
    fleets = tuple(
        Fleets(block=block, load=load)
        for block, load in zip(hours.problem.blocks, hours.reach.loads, strict=True)
    )
    best = _first_choice(hours, fleets, linear, gap=gap, deadline=deadline)
    found = Found(values=None if best is None else best.values, bound=linear.objective)
    if not bound_whole or _is_near(hours, found, gap) or linear.row_prices is None:
        return found
    stop = perf_counter() + BOUND_SHARE * (deadline - perf_counter())
    by_hours = bound_by_hours(hours, linear.row_prices, fleets, gap=gap / 4, deadline=stop)
    linking = linear.values if best is None else best.values
    better = _chosen(hours, fleets, linking, best, gap=gap, deadline=deadline)
    return Found(
        values=None if better is None else better.values,
        bound=max(linear.objective, by_hours),
    )


def _first_choice(
    hours: Decomposed,
    fleets: tuple[Fleets, ...],
    linear: LinearRun,
    *,
    gap: float,
    deadline: float,
) -> Chosen | None:
    """The best choice from any start, all of them on the fleets found so far."""
    best: Chosen | None = None
    starts = [] if linear.values is None else starting_points(hours, linear.values)
    for number, start in enumerate(starts):
        now = perf_counter()
        stop = now + (deadline - now) / (len(starts) - number)
        other = _alternate(hours, fleets, linear, start, gap=gap, deadline=stop)
        if best is None or (other is not None and other.objective < best.objective):
            best = other
        found = Found(values=None if best is None else best.values, bound=linear.objective)
        if _is_near(hours, found, gap):
            break
    return best


def _alternate(
    hours: Decomposed,
    fleets: tuple[Fleets, ...],
    linear: LinearRun,
    linking: FloatArray,
    *,
    gap: float,
    deadline: float,
) -> Chosen | None:
    """Fleets for commitments, commitments for fleets, until nothing changes."""
    started = perf_counter()
    best: Chosen | None = None
    tried = set()
    stop = started + FIRST_FLEETS_SHARE * (deadline - started)
    while perf_counter() < deadline:
        tried.add(_commitments(hours, linking))
        find_fleets(hours, fleets, linking, gap=gap / 2, deadline=stop)
        best = _chosen(hours, fleets, linking, best, gap=gap, deadline=deadline)
        if best is None or _commitments(hours, best.values) in tried:
            break
        if _is_near(hours, Found(values=best.values, bound=linear.objective), gap):
            break
        linking, stop = best.values, deadline
    return best


def _chosen(
    hours: Decomposed,
    fleets: tuple[Fleets, ...],
    linking: FloatArray,
    best: Chosen | None,
    *,
    gap: float,
    deadline: float,
) -> Chosen | None:
    """The better of the best choice so far and one among all fleets known now."""
    left = deadline - perf_counter()
    if left <= 0:
        return best
    options = options_among(
        hours.problem,
        hours.reach,
        fleets,
        hours.committed_servers(linking),
        None if best is None else best.options,
    )
    chosen = choose_fleets(
        hours,
        fleets,
        options,
        gap=gap / 4,
        time_limit_seconds=left,
        known=best,
    )
    if chosen is None or (best is not None and best.objective <= chosen.objective):
        return best
    return chosen


def _commitments(hours: Decomposed, values: FloatArray) -> tuple[float, ...]:
    columns = hours.assembly.columns
    held = np.concatenate([columns.quantities, columns.spends, columns.resources])
    return tuple(np.round(values[held], 6).tolist())
