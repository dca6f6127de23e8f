"""A lower bound by windows of hours, where something ties hours to those beside them."""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.highs import Outcome
from costopt.solve.hours.bound import hour_bounds, priced
from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.highs import minimise_whole
from costopt.solve.hours.program import LINKING
from costopt.solve.hours.split import HourPrograms, split_by_hour
from costopt.solve.problem import BoolArray, FloatArray, IntArray

WIDTHS: Final = (3, 6, 12, 24)
"""Hours of a window, each a multiple of the one before; a day at most."""

PATIENCE: Final = 3.0
"""How much longer than an even share of the time one window may take."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Windows:
    """A program cut into windows of hours.

    Attributes:
        programs: of each window.
        cost: objective in which the rows that tie windows are priced (columns,).
        constant: what these rows and linking columns come to.
        inner: what the prices of the rows inside each window come to (windows,).
    """

    programs: HourPrograms
    cost: FloatArray
    constant: float
    inner: FloatArray


def bound_by_windows(
    hours: Decomposed,
    row_prices: FloatArray,
    fleets: tuple[Fleets, ...],
    *,
    gap: float,
    deadline: float,
) -> float:
    """Give a lower bound on the objective, in the program's unit, no worse than that by hours.

    Where starts tie hours, windows of them are solved whole, the rows priced that tie windows to
    each other or to commitments. With the rows inside it kept, the least cost of a window is no
    lower than the sum of its hours with these priced (weak duality), which stands where time runs
    out. Windows get wider while time is left; one that took too long is not tried as part of a
    wider one.

    Args:
        hours: the problem, taken apart.
        row_prices: prices of all rows, of which only those of tying rows are used (rows,).
        fleets: fleets known of each block; receives those that come up (blocks,).
        gap: relative distance at which a program stops [1].
        deadline: when to stop solving programs whole, by the clock of `perf_counter` [s].
    """
    by_hours = hour_bounds(hours, row_prices, fleets, gap=gap, deadline=deadline)
    if hours.problem.sequence is None:
        return by_hours.total
    values, is_open = by_hours.values, np.ones(len(by_hours.values), dtype=bool)
    total, width, inner = by_hours.total, 1, np.zeros(len(values))
    for wider in WIDTHS:
        if perf_counter() >= deadline or len(values) == 1:
            break
        windows = _windows(hours, row_prices, wider)
        parts = np.arange(len(values)) * width // wider
        values = np.bincount(parts, weights=values - inner) + windows.inner
        tried = np.bincount(parts, weights=~is_open) == 0
        values, is_open = _solved(windows, values, tried, gap=gap, deadline=deadline)
        total, width, inner = windows.constant + float(values.sum()), wider, windows.inner
    return total


def _solved(
    windows: _Windows, values: FloatArray, tried: BoolArray, *, gap: float, deadline: float
) -> tuple[FloatArray, BoolArray]:
    """Raise the values of windows to what solving them whole proves; say which were solved."""
    values, is_solved = values.copy(), np.zeros(len(values), dtype=bool)
    waiting = np.flatnonzero(tried).tolist()
    for place, window in enumerate(waiting):
        left = deadline - perf_counter()
        if left <= 0:
            break
        limit = min(left, PATIENCE * left / (len(waiting) - place))
        program = windows.programs.priced(window, windows.cost)
        run = minimise_whole(program, gap=gap, time_limit_seconds=limit)
        is_solved[window] = run.outcome is Outcome.FINISHED
        if run.outcome is not Outcome.INFEASIBLE:
            values[window] = max(values[window], run.bound)
    return values, is_solved


def _windows(hours: Decomposed, row_prices: FloatArray, width: int) -> _Windows:
    """Cut the program into windows; rows whose columns are all in one window belong to it."""
    assembly, program = hours.assembly, hours.assembly.program
    of_column = np.where(assembly.column_kind == LINKING, LINKING, assembly.column_kind // width)
    window = of_column[program.entry_column]
    first = np.full(len(program.row_lower), np.iinfo(np.int64).max)
    last = np.full(len(program.row_lower), LINKING)
    np.minimum.at(first, program.entry_row, window)
    np.maximum.at(last, program.entry_row, window)
    of_row: IntArray = np.where(first == last, last, LINKING)
    whole = priced(hours, row_prices, hours.linking_rows)
    outer = priced(hours, row_prices, of_row == LINKING)
    inside = np.flatnonzero((of_row != LINKING) & (whole.row_values != 0))
    count = -(-len(hours.kinds) // width)
    inner = np.zeros(count)
    np.add.at(inner, of_row[inside], whole.row_values[inside])
    return _Windows(
        programs=split_by_hour(replace(assembly, column_kind=of_column, row_kind=of_row), count),
        cost=outer.cost,
        constant=outer.constant,
        inner=inner,
    )
