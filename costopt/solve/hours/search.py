"""Search over hours: all at once where that is tiny, by parts first otherwise."""

from dataclasses import replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.highs import Outcome
from costopt.solve.hours.by_parts import Found, by_parts, is_near
from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.highs import minimise_whole
from costopt.solve.hours.improve import improved_by_windows

IMPROVING_SHARE: Final = 0.6
"""Share of the time left in which a plan over tied hours is improved window by window."""

TINY_PROGRAM: Final = 300
"""Columns up to which the whole program is solved at once from the start."""

SMALL_PROGRAM: Final = 3_000
"""Columns up to which parts find a plan to start from, and the whole program the bound."""

START_SHARE: Final = 0.7
"""Share of the time in which parts find a plan for a small program to start from."""

LARGE_PROGRAM: Final = 40_000
"""Columns above which solving the whole program at once leads nowhere within seconds."""


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
    is_tied = hours.problem.sequence is not None
    stop = now + START_SHARE * (deadline - now) if is_small or is_tied else deadline
    found = by_parts(hours, gap=gap, deadline=stop, bound_whole=not is_small or is_tied)
    if is_tied:
        found = _improved(hours, found, gap=gap, deadline=deadline)
    if found.bound is None or columns > LARGE_PROGRAM or is_near(hours, found, gap):
        return found
    return _at_once(hours, found, gap=gap, deadline=deadline)


def _improved(hours: Decomposed, found: Found, *, gap: float, deadline: float) -> Found:
    """Give what is found with a plan that costs no more, where it is not near enough."""
    if found.values is None or is_near(hours, found, gap):
        return found
    now = perf_counter()
    stop = now + IMPROVING_SHARE * (deadline - now)
    values = improved_by_windows(hours, found.values, gap=gap / 4, deadline=stop)
    return replace(found, values=values)


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
