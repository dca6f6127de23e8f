"""A table of measurements as it was given: its kind, its columns, and what each row may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from costopt.errors import InvalidInputError, UnknownNameError, nearest_names

if TYPE_CHECKING:
    import pandas as pd


class TableKind(StrEnum):
    """Tables that can be scored."""

    PERFORMANCE = "performance"
    MEMORY = "memory"


REQUIRED: Final[Mapping[TableKind, tuple[str, ...]]] = {
    TableKind.PERFORMANCE: (
        "id", "workload", "model", "precision", "accelerator", "n_accelerators",
        "tensor_parallel", "pipeline_parallel", "batch_or_concurrency", "input_tokens",
        "output_tokens", "metric", "value", "software",
    ),
    TableKind.MEMORY: (
        "case", "model", "method", "precision", "batch", "seq", "gpus", "quantity",
        "expected_gib",
    ),
}  # fmt: skip
"""Columns that a table must have; a blank cell says that the source does not tell."""

OPTIONAL: Final[Mapping[TableKind, tuple[str, ...]]] = {
    TableKind.PERFORMANCE: ("source", "notes", "model_ref"),
    TableKind.MEMORY: ("source", "note", "tolerance"),
}
"""Columns that are read where they are there."""

MEASURED: Final[Mapping[TableKind, str]] = {
    TableKind.PERFORMANCE: "value",
    TableKind.MEMORY: "expected_gib",
}
"""Column of what was measured."""

_NUMBERS: Final[Mapping[TableKind, Mapping[str, bool]]] = {
    TableKind.PERFORMANCE: {
        "n_accelerators": False,
        "tensor_parallel": True,
        "pipeline_parallel": True,
        "batch_or_concurrency": True,
        "input_tokens": True,
        "output_tokens": True,
        "value": False,
    },
    TableKind.MEMORY: {
        "batch": True,
        "seq": True,
        "gpus": False,
        "expected_gib": False,
        "tolerance": True,
    },
}
"""Columns of numbers, and whether a cell may be blank."""

_WHOLE: Final = ("n_accelerators", "tensor_parallel", "pipeline_parallel", "gpus")

_AT_LEAST_ONE: Final = ("batch_or_concurrency", "input_tokens", "output_tokens", "batch", "seq")
"""Counts that may be a mean over requests."""

_MAY_BE_ZERO: Final = ("seq",)
"""Length of a row about weights alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """Rows of a table, read.

    Attributes:
        kind: what they are.
        given: the table as it was given.
        rows: the columns that are used, numbers as numbers and texts as texts; rows are numbered
            from 0.
        reasons: why a row cannot be predicted; empty where nothing stands against it.
    """

    kind: TableKind
    given: pd.DataFrame
    rows: pd.DataFrame
    reasons: tuple[str, ...]


def recognised_kind(columns: Sequence[str], kind: str | None) -> TableKind:
    """Kind of a table by its columns, or the one that was named.

    Raises:
        UnknownNameError: the named kind is none.
        InvalidInputError: columns are missing, or those of both kinds are there.
    """
    if kind is not None and kind not in tuple(TableKind):
        raise UnknownNameError("kind of table", kind, tuple(TableKind))
    asked = tuple(TableKind) if kind is None else (TableKind(kind),)
    absent = {one: [name for name in REQUIRED[one] if name not in columns] for one in asked}
    complete = [one for one in asked if not absent[one]]
    if len(complete) > 1:
        raise InvalidInputError(
            "table", ["it has the columns of both kinds; say which with kind or --kind"]
        )
    if complete:
        return complete[0]
    nearest = min(asked, key=lambda one: len(absent[one]) / len(REQUIRED[one]))
    raise InvalidInputError("table", _missing(nearest, absent[nearest], columns, kind))


def _missing(
    kind: TableKind, absent: Sequence[str], columns: Sequence[str], named: str | None
) -> list[str]:
    """Sentences about the columns that are missing, with the nearest that is there."""
    spare = [name for name in columns if name not in REQUIRED[kind]]
    told = []
    for name in absent:
        near = nearest_names(name, spare, 1)
        told.append(f"{name} (is it {near[0]}?)" if near else name)
    neither = "" if named else "it is neither a table of performance nor of memory; "
    return [f"{neither}a table of {kind} also needs the columns {', '.join(told)}"]


def read_measurements(frame: pd.DataFrame, kind: str | None = None) -> Measurements:
    """Read a table of measurements; each row that breaks a rule gets the reason.

    Raises:
        InvalidInputError: columns are missing or doubled, or there are no rows.
        UnknownNameError: the named kind is none.
    """
    import pandas as pd

    columns = [str(name) for name in frame.columns]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InvalidInputError("table", [f"the column {twice[0]} is there twice"])
    found = recognised_kind(columns, kind)
    if frame.empty:
        raise InvalidInputError("table", ["it has no rows"])
    given = frame.set_axis(columns, axis="columns").reset_index(drop=True)
    used = [name for name in (*REQUIRED[found], *OPTIONAL[found]) if name in columns]
    rows: dict[str, pd.Series[Any]] = {
        name: _texts(given[name]) for name in used if name not in _NUMBERS[found]
    }
    problems: list[list[str]] = [[] for _ in range(len(given))]
    _refuse_repeated(given[REQUIRED[found][0]], problems)
    for name, may_be_blank in _NUMBERS[found].items():
        if name in columns:
            rows[name] = _numbers(given[name], problems, may_be_blank=may_be_blank)
    for name in OPTIONAL[found]:
        blank = np.nan if name in _NUMBERS[found] else ""
        rows.setdefault(name, pd.Series([blank] * len(given)))
    return Measurements(
        kind=found,
        given=given,
        rows=pd.DataFrame(rows),
        reasons=tuple("; ".join(told) for told in problems),
    )


def _refuse_repeated(column: pd.Series[str], problems: list[list[str]]) -> None:
    """Refuse rows that have the name of an earlier one; it would count twice."""
    names = _texts(column)
    for row in np.flatnonzero((names.duplicated() & (names != "")).to_numpy()):
        problems[row].append(f"{column.name} {names.iloc[row]!r} is that of an earlier row")


def _texts(column: pd.Series[str]) -> pd.Series[str]:
    return column.astype(object).where(column.notna(), "").astype(str).str.strip()


def _numbers(
    column: pd.Series[str], problems: list[list[str]], *, may_be_blank: bool
) -> pd.Series[float]:
    """Numbers of a column; what is none, or out of range, is a problem of its row."""
    import pandas as pd

    name = str(column.name)
    texts = _texts(column)
    blank = (texts == "").to_numpy()
    numbers = pd.to_numeric(texts.where(~blank, "nan"), errors="coerce").astype(float)
    values = numbers.to_numpy()
    for row in np.flatnonzero(blank) if not may_be_blank else ():
        problems[row].append(f"{name} is blank")
    finite = np.isfinite(values)
    for row in np.flatnonzero(~finite & ~blank):
        problems[row].append(f"{name} is {texts.iloc[row]!r}, which is not a number")
    too_low = finite & ((values < 0.0) if name in _MAY_BE_ZERO else (values <= 0.0))
    for row in np.flatnonzero(too_low):
        problems[row].append(f"{name} is {texts.iloc[row]}; it must be above 0")
    below_one = finite & (values > 0.0) & (values < 1.0)
    for row in np.flatnonzero(below_one) if name in _AT_LEAST_ONE else ():
        problems[row].append(f"{name} is {texts.iloc[row]}; it must be at least 1")
    if name in _WHOLE:
        for row in np.flatnonzero(finite & (values % 1.0 != 0.0)):
            problems[row].append(f"{name} is {texts.iloc[row]}; it must be a whole number")
    return numbers
