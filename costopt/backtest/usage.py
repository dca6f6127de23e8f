"""Usage: instance-hours of each SKU in each hour, checked once and cut into calendar months."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from costopt.commitment.apply import Floats, Integers
from costopt.errors import InvalidInputError

MONTHS_TO_WALK = 2
"""Months that usage must touch: one to learn from, one to be judged by [1]."""

MOST_UNITS: Final = 1e12
"""Units in an hour beyond which a solver no longer counts exactly, and nobody runs them [1]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usage:
    """Usage by hour and SKU.

    Attributes:
        hours: start of each hour, UTC (hours,).
        skus: what was used, in the order of the table's columns.
        units: instances, or units of a resource, in use (hours, skus) [1].
        month: number of the calendar month of each hour, from 0 (hours,).
        months: first day of each of them, or the first hour's day in the first one.
    """

    hours: pd.DatetimeIndex
    skus: tuple[str, ...]
    units: Floats
    month: Integers
    months: tuple[pd.Timestamp, ...]

    def frame(self, first: int, end: int) -> pd.DataFrame:
        """Give the hours from one number to before another as a table of their own."""
        return pd.DataFrame(
            self.units[first:end].copy(), index=self.hours[first:end], columns=list(self.skus)
        )

    def first_hour(self, month: int) -> int:
        """Give the number of the first hour of a month, of all hours for the month after all."""
        return int(np.searchsorted(self.month, month))


def read_usage(frame: pd.DataFrame) -> Usage:
    """Check a table of usage and put it in order of time.

    Times without a zone are taken as UTC; others are converted. Calendar months are those of UTC.

    Args:
        frame: start of each hour as index, one column for each SKU, instance-hours in the cells.

    Raises:
        InvalidInputError: what is wrong with it, one sentence each.
    """
    if not isinstance(frame, pd.DataFrame):
        raise InvalidInputError("usage", [f"{type(frame).__name__} is not a pandas DataFrame"])
    problems = [*_column_problems(frame), *_time_problems(frame.index)]
    if problems:
        raise InvalidInputError("usage", problems)
    in_order = frame.sort_index()
    index = pd.DatetimeIndex(in_order.index)
    hours = index.tz_localize("UTC") if index.tz is None else index.tz_convert("UTC")
    hours = hours.sort_values()
    problems = [*_cell_problems(in_order), *_gap_problems(hours)]
    if problems:
        raise InvalidInputError("usage", problems)
    number = np.asarray(hours.year * 12 + hours.month, dtype=np.int64)
    month = number - number[0]
    firsts = np.searchsorted(month, np.arange(month[-1] + 1))
    if len(firsts) < MONTHS_TO_WALK:
        raise InvalidInputError(
            "usage",
            [
                "it lies within one calendar month; a walk buys at the start of a month from what "
                "was used before, so give at least two months"
            ],
        )
    return Usage(
        hours=hours,
        skus=tuple(in_order.columns),
        units=in_order.to_numpy(dtype=np.float64),
        month=month,
        months=tuple(hours[firsts]),
    )


def _column_problems(frame: pd.DataFrame) -> list[str]:
    if not len(frame) or not len(frame.columns):
        return ["it is empty; give a row for each hour and a column for each SKU"]
    unnamed = [name for name in frame.columns if not (isinstance(name, str) and name)]
    if unnamed:
        return [f"column {unnamed[0]!r}: a SKU's name must be text"]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        return [f"two columns are named {twice[0]!r}"]
    wrong = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    if wrong:
        return [
            f"column {wrong[0]!r}: usage must be numbers, and these are {frame[wrong[0]].dtype}"
        ]
    return []


def _time_problems(index: pd.Index) -> list[str]:
    if not isinstance(index, pd.DatetimeIndex):
        return [
            f"its index is of {index.dtype}; it must be the start of each hour, such as "
            "pd.to_datetime(times, utc=True), which also settles several time zones"
        ]
    if index.hasnans:
        return ["its index has an empty time"]
    uneven = index[index != index.floor("h")]
    if len(uneven):
        return [f"{uneven[0]} is no start of an hour; add usage up by hour"]
    twice = index[index.duplicated()]
    if len(twice):
        return [
            f"{twice[0]} stands twice; where the clocks went back, give times with their zone, or "
            "in UTC"
        ]
    return []


def _cell_problems(frame: pd.DataFrame) -> list[str]:
    units = frame.to_numpy(dtype=np.float64)
    problems = []
    for told, is_wrong in (
        ("is missing; write 0 where nothing ran", np.isnan(units)),
        ("must be a finite number", np.isinf(units)),
        ("must be at least 0", units < 0),
        (f"at most {MOST_UNITS:,.0f} are counted; check the unit", units > MOST_UNITS),
    ):
        if is_wrong.any():
            row, column = np.argwhere(is_wrong)[0]
            problems.append(
                f"{frame.columns[column]} at {frame.index[row]} = {units[row, column]:g}: {told}"
            )
    if not problems and not units.any():
        problems = ["nothing was used in any hour, so there is nothing to cover"]
    return problems


def _gap_problems(hours: pd.DatetimeIndex) -> list[str]:
    steps = np.diff(hours.asi8) if len(hours) > 1 else np.zeros(0, dtype=np.int64)
    hour = pd.Timedelta(hours=1) // pd.Timedelta(1, unit=hours.unit)
    gaps = np.flatnonzero(steps != hour)
    if not len(gaps):
        return []
    return [
        f"{len(gaps)} gap(s) in time: nothing between {hours[gaps[0]]} and {hours[gaps[0] + 1]}; "
        "write 0 where nothing ran"
    ]
