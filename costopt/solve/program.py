"""Program: columns, rows and coefficients of the integer program, as the solver takes them."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from costopt.solve.problem import BoolArray, FloatArray, IntArray

ROW_TOLERANCE: Final = 1e-9
"""Excess up to which a row counts as kept: that of the solver itself."""


@dataclass(slots=True, kw_only=True, eq=False)
class Program:
    """A program under construction: ``min c x`` over bounded columns and ranged rows.

    Attributes:
        costs: ``c``, by batch of columns.
        column_uppers: upper bounds, by batch; every lower bound is 0.
        integers: True for whole columns, by batch.
        row_lowers: lower bounds of the rows, by batch.
        row_uppers: upper bounds of the rows, by batch.
        entries: (rows, columns, values) of the coefficients, by batch.
        column_count: columns so far.
        row_count: rows so far.
    """

    costs: list[FloatArray] = field(default_factory=list)
    column_uppers: list[FloatArray] = field(default_factory=list)
    integers: list[BoolArray] = field(default_factory=list)
    row_lowers: list[FloatArray] = field(default_factory=list)
    row_uppers: list[FloatArray] = field(default_factory=list)
    entries: list[tuple[IntArray, IntArray, FloatArray]] = field(default_factory=list)
    column_count: int = 0
    row_count: int = 0

    def add_columns(self, cost: FloatArray, upper: ArrayLike, *, integer: bool) -> IntArray:
        """Add one column for each cost, in 0..upper; return their numbers."""
        count = len(cost)
        self.costs.append(cost)
        self.column_uppers.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), count))
        self.integers.append(np.full(count, integer))
        self.column_count += count
        return np.arange(self.column_count - count, self.column_count)

    def add_rows(self, count: int, lower: ArrayLike, upper: ArrayLike) -> IntArray:
        """Add rows that hold ``lower <= row <= upper``; return their numbers."""
        self.row_lowers.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), count))
        self.row_uppers.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), count))
        self.row_count += count
        return np.arange(self.row_count - count, self.row_count)

    def add_entries(self, rows: IntArray, columns: IntArray, values: ArrayLike) -> None:
        """Add coefficients; the three broadcast against each other."""
        row, column, value = np.broadcast_arrays(rows, columns, np.asarray(values, dtype=float))
        self.entries.append((row.ravel(), column.ravel(), value.ravel()))

    def by_column(self) -> tuple[IntArray, IntArray, FloatArray]:
        """Give starts, row numbers and values of the nonzero coefficients, by column."""
        rows, columns, values = (
            np.concatenate([np.zeros(0, dtype=kind), *parts])
            for kind, parts in zip(
                (np.int64, np.int64, np.float64),
                zip(*self.entries, strict=True) if self.entries else ((), (), ()),
                strict=True,
            )
        )
        order = np.lexsort((rows, columns))
        order = order[values[order] != 0]
        starts = np.searchsorted(columns[order], np.arange(self.column_count + 1))
        return starts, rows[order], values[order]

    def allows(self, values: FloatArray) -> bool:
        """Whether a point keeps every bound and row, and has its whole columns whole."""
        whole = np.concatenate(self.integers)
        if (values[whole] != np.round(values[whole])).any():
            return False
        starts, rows, coefficients = self.by_column()
        each = np.repeat(values, np.diff(starts)) * coefficients
        total = np.bincount(rows, each, minlength=self.row_count)
        below = total <= np.concatenate(self.row_uppers) + ROW_TOLERANCE
        above = total >= np.concatenate(self.row_lowers) - ROW_TOLERANCE
        inside = (values >= 0) & (values <= np.concatenate(self.column_uppers))
        return bool(below.all() and above.all() and inside.all())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockColumns:
    """Where the routing of a reduced block stands in the program.

    Attributes:
        server: reduced server of each routing column, counted inside the block (cells,).
        bucket: merged bucket of each routing column (cells,).
        columns: number of each routing column (cells,).
    """

    server: IntArray
    bucket: IntArray
    columns: IntArray


@dataclass(slots=True, kw_only=True, eq=False)
class PricedRows:
    """Rows of a program whose dual values price offers; filled as the rows are added.

    Attributes:
        demand: row of each merged bucket, by block.
        capacity: row of each reduced server, counted over all blocks (servers,).
        spot: row of each merged bucket, for the blocks with a cap on spot.
        losses: for the blocks with a limit on losses, rows of a group's share of a bucket, with
            the group and the bucket of each.
        limits: row of each limit of the problem that has one.
        budget: row of the budget; None without one.
    """

    demand: list[IntArray] = field(default_factory=list)
    capacity: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    spot: dict[int, IntArray] = field(default_factory=dict)
    losses: dict[int, tuple[IntArray, IntArray, IntArray]] = field(default_factory=dict)
    limits: dict[int, int] = field(default_factory=dict)
    budget: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assembly:
    """A finished program and where the parts of the decision stand in it.

    Attributes:
        program: the program.
        counts: columns of the instance counts (kept offers,).
        routing: columns of the routing shares, by block.
        alternatives: columns of the alternatives kept, by choice.
        payers: columns of the instances that each payer kept pays for, by choice.
        price_scale: price that one unit of the objective stands for [currency/h].
        served: column of the part of the demand that is served, in 0..1, where that is sought;
            empty where all of it must be.
        rows: rows whose dual values price offers.
    """

    program: Program
    counts: IntArray
    routing: tuple[BlockColumns, ...]
    alternatives: tuple[IntArray, ...]
    payers: tuple[IntArray, ...]
    price_scale: float
    served: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rows: PricedRows = field(default_factory=PricedRows)
