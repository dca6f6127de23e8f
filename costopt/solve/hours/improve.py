"""A plan over tied hours improved window by window, everything outside the window held."""

from dataclasses import replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.highs import minimise_whole
from costopt.solve.hours.program import LINKING
from costopt.solve.problem import FloatArray

WINDOW_HOURS: Final = 6
"""Hours of a window; the next one begins in its middle [h]."""

PATIENCE: Final = 3.0
"""How much longer than an even share of the time one window may take."""

LEAST_GAIN: Final = 1e-6
"""Relative gain of a round of all windows below which no further one is tried [1]."""


def improved_by_windows(
    hours: Decomposed, values: FloatArray, *, gap: float, deadline: float
) -> FloatArray:
    """Give values that cost no more, by solving windows of hours whole, one after another.

    Where starts tie hours, a fleet that is best for its hour need not be best beside its
    neighbours. Commitments and all other hours stand as they are.

    Args:
        hours: the problem, taken apart, whose hours follow each other.
        values: of the whole program's columns (columns,).
        gap: relative distance at which a window's program stops [1].
        deadline: when to stop, by the clock of `perf_counter` [s].
    """
    program, kinds = hours.assembly.program, len(hours.kinds)
    cost = float(program.cost @ values)
    firsts = np.arange(0, kinds, WINDOW_HOURS // 2).tolist()
    while True:
        before = cost
        for place, first in enumerate(firsts):
            left = deadline - perf_counter()
            if left <= 0:
                return values
            limit = min(left, PATIENCE * left / (len(firsts) - place))
            found = _window_solved(hours, values, first, gap=gap, seconds=limit)
            if found is not None and program.cost @ found < cost:
                values, cost = found, float(program.cost @ found)
        if before - cost <= LEAST_GAIN * abs(cost):
            return values


def _window_solved(
    hours: Decomposed, values: FloatArray, first: int, *, gap: float, seconds: float
) -> FloatArray | None:
    """Solve one window from what is known; None where nothing is found in time."""
    program, kind = hours.assembly.program, hours.assembly.column_kind
    after = (kind - first) % len(hours.kinds)
    held = (kind == LINKING) | (after >= WINDOW_HOURS)
    rounded = np.where(program.integer, np.round(values), values)
    fixed = replace(
        program,
        lower=np.where(held, rounded, program.lower),
        upper=np.where(held, rounded, program.upper),
    )
    run = minimise_whole(fixed, gap=gap, time_limit_seconds=seconds, start=values)
    return run.values
