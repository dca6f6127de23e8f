"""The program over hours: columns and rows, each tagged with the kind of hour it belongs to."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from costopt.solve.problem import BoolArray, FloatArray, IntArray

LINKING: Final = -1
"""Tag of a column or row that belongs to no single kind of hour."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrayProgram:
    """A finished program ``min c x``, bounded columns and ranged rows, by column.

    Attributes:
        cost: ``c`` (columns,).
        lower: lower bounds of the columns (columns,).
        upper: upper bounds of the columns (columns,).
        integer: True for whole columns (columns,).
        row_lower: lower bounds of the rows (rows,).
        row_upper: upper bounds of the rows (rows,).
        entry_column: column of each coefficient, ascending (entries,).
        entry_row: row of each coefficient (entries,).
        entry_value: the coefficients (entries,).
    """

    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    integer: BoolArray
    row_lower: FloatArray
    row_upper: FloatArray
    entry_column: IntArray
    entry_row: IntArray
    entry_value: FloatArray


@dataclass(slots=True, kw_only=True, eq=False)
class HoursProgram:
    """A program over hours under construction; every lower bound is 0.

    Attributes:
        hour_weight: what a price per hour counts in the objective (kinds,) [1/(currency/h)].
        prices: price of one unit for an hour, 0 without an hour, by batch of columns
            [currency/h].
        costs: objective coefficients, by batch.
        uppers: upper bounds, by batch.
        integers: True for whole columns, by batch.
        column_kinds: kind of hour of the columns, by batch.
        row_lowers: lower bounds of the rows, by batch.
        row_uppers: upper bounds of the rows, by batch.
        row_kinds: kind of hour of the rows, by batch.
        entries: (rows, columns, values) of the coefficients, by batch.
        column_count: columns so far.
        row_count: rows so far.
    """

    hour_weight: FloatArray
    prices: list[FloatArray] = field(default_factory=list)
    costs: list[FloatArray] = field(default_factory=list)
    uppers: list[FloatArray] = field(default_factory=list)
    integers: list[BoolArray] = field(default_factory=list)
    column_kinds: list[IntArray] = field(default_factory=list)
    row_lowers: list[FloatArray] = field(default_factory=list)
    row_uppers: list[FloatArray] = field(default_factory=list)
    row_kinds: list[IntArray] = field(default_factory=list)
    entries: list[tuple[IntArray, IntArray, FloatArray]] = field(default_factory=list)
    column_count: int = 0
    row_count: int = 0

    def add_linking(
        self, *, cost: FloatArray, upper: ArrayLike, integer: bool = False
    ) -> IntArray:
        """Add one column without an hour for each cost, in 0..upper; return their numbers."""
        kind = np.full(len(cost), LINKING)
        return self._add(kind, np.zeros(len(cost)), cost, upper, integer=integer)

    def add_hourly(
        self, kind: IntArray, *, price: FloatArray, upper: ArrayLike, integer: bool = False
    ) -> IntArray:
        """Add one column for each kind given, charged by the hour; return their numbers."""
        return self._add(kind, price, price * self.hour_weight[kind], upper, integer=integer)

    def _add(
        self,
        kind: IntArray,
        price: FloatArray,
        cost: FloatArray,
        upper: ArrayLike,
        *,
        integer: bool,
    ) -> IntArray:
        count = len(cost)
        self.prices.append(price)
        self.costs.append(cost)
        self.uppers.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), count))
        self.integers.append(np.full(count, integer))
        self.column_kinds.append(kind)
        self.column_count += count
        return np.arange(self.column_count - count, self.column_count)

    def add_rows(
        self, kind: IntArray, *, lower: ArrayLike = -np.inf, upper: ArrayLike = np.inf
    ) -> IntArray:
        """Add one row for each kind given, ``lower <= row <= upper``; return their numbers."""
        count = len(kind)
        self.row_lowers.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), count))
        self.row_uppers.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), count))
        self.row_kinds.append(kind)
        self.row_count += count
        return np.arange(self.row_count - count, self.row_count)

    def add_entries(self, rows: ArrayLike, columns: ArrayLike, values: ArrayLike) -> None:
        """Add coefficients; the three broadcast against each other."""
        row, column, value = np.broadcast_arrays(rows, columns, np.asarray(values, dtype=float))
        self.entries.append((row.ravel(), column.ravel(), value.ravel()))

    def price(self) -> FloatArray:
        """Price of one unit of every column for an hour (columns,) [currency/h]."""
        return np.concatenate([np.zeros(0), *self.prices])

    def column_kind(self) -> IntArray:
        """Kind of hour of every column; -1 = none (columns,)."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *self.column_kinds])

    def row_kind(self) -> IntArray:
        """Kind of hour of every row; -1 = none (rows,)."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *self.row_kinds])

    def finished(self) -> ArrayProgram:
        """The program in arrays, coefficients of 0 left out."""
        nothing = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
        rows, columns, values = (
            np.concatenate(parts) for parts in zip(nothing, *self.entries, strict=True)
        )
        order = np.lexsort((rows, columns))
        order = order[values[order] != 0]
        cost = np.concatenate([np.zeros(0), *self.costs])
        return ArrayProgram(
            cost=cost,
            lower=np.zeros(len(cost)),
            upper=np.concatenate([np.zeros(0), *self.uppers]),
            integer=np.concatenate([np.zeros(0, dtype=bool), *self.integers]),
            row_lower=np.concatenate([np.zeros(0), *self.row_lowers]),
            row_upper=np.concatenate([np.zeros(0), *self.row_uppers]),
            entry_column=columns[order],
            entry_row=rows[order],
            entry_value=values[order],
        )
