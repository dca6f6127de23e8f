"""One program for each kind of hour, cut out of the program over all of them."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from costopt.solve.hours.assembly import HoursAssembly
from costopt.solve.hours.program import LINKING, ArrayProgram
from costopt.solve.problem import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourPrograms:
    """The programs of the kinds of hours, with commitments given or priced.

    Rows that tie hours to each other are left out: with commitments given, hours without such
    rows can be decided one by one.

    Attributes:
        whole: the program over all hours.
        columns: columns of each kind, ascending.
        rows: rows of each kind, ascending.
        parts: the program of each kind, linking columns left out.
        links: coefficients of linking columns in the rows of kinds, as rows, columns, values.
    """

    whole: ArrayProgram
    columns: tuple[IntArray, ...]
    rows: tuple[IntArray, ...]
    parts: tuple[ArrayProgram, ...]
    links: tuple[IntArray, IntArray, FloatArray]

    def given(self, kind: int, linking: FloatArray, price: FloatArray) -> ArrayProgram:
        """The program of one kind with what is committed given.

        Args:
            kind: kind of hour.
            linking: values of the columns, of which only the linking ones are read (columns,).
            price: objective (columns,).
        """
        row, column, value = self.links
        taken = np.zeros(len(self.whole.row_lower))
        np.add.at(taken, row, value * linking[column])
        part, rows = self.parts[kind], self.rows[kind]
        return replace(
            part,
            cost=price[self.columns[kind]],
            row_lower=part.row_lower - taken[rows],
            row_upper=part.row_upper - taken[rows],
        )

    def priced(self, kind: int, cost: FloatArray) -> ArrayProgram:
        """The program of one kind without the rows of commitments, at another cost (columns,)."""
        linked = np.zeros(len(self.whole.row_lower), dtype=bool)
        linked[self.links[0]] = True
        part, rows = self.parts[kind], self.rows[kind]
        free = linked[rows]
        return replace(
            part,
            cost=cost[self.columns[kind]],
            row_lower=np.where(free, -np.inf, part.row_lower),
            row_upper=np.where(free, np.inf, part.row_upper),
        )


def split_by_hour(assembly: HoursAssembly, kinds: int) -> HourPrograms:
    """Cut the program into one for each kind of hour."""
    whole = assembly.program
    column_kind, row_kind = assembly.column_kind, assembly.row_kind
    in_kind = row_kind[whole.entry_row] != LINKING
    linking = column_kind[whole.entry_column] == LINKING
    links = np.flatnonzero(in_kind & linking)
    inside = np.flatnonzero(in_kind & ~linking)
    kind_of_entry = column_kind[whole.entry_column[inside]]
    columns = _members(column_kind, kinds)
    rows = _members(row_kind, kinds)
    column_number, row_number = (
        _numbers(columns, len(whole.cost)),
        _numbers(rows, len(whole.row_lower)),
    )
    parts = []
    for kind, entries in enumerate(_members(kind_of_entry, kinds)):
        entry = inside[entries]
        parts.append(
            ArrayProgram(
                cost=whole.cost[columns[kind]],
                lower=whole.lower[columns[kind]],
                upper=whole.upper[columns[kind]],
                integer=whole.integer[columns[kind]],
                row_lower=whole.row_lower[rows[kind]],
                row_upper=whole.row_upper[rows[kind]],
                entry_column=column_number[whole.entry_column[entry]],
                entry_row=row_number[whole.entry_row[entry]],
                entry_value=whole.entry_value[entry],
            )
        )
    return HourPrograms(
        whole=whole,
        columns=columns,
        rows=rows,
        parts=tuple(parts),
        links=(whole.entry_row[links], whole.entry_column[links], whole.entry_value[links]),
    )


def _members(kind: IntArray, kinds: int) -> tuple[IntArray, ...]:
    """Positions of each kind, ascending."""
    order = np.argsort(kind, kind="stable")
    bounds = np.searchsorted(kind[order], np.arange(kinds + 1))
    return tuple(order[low:high] for low, high in pairwise(bounds))


def _numbers(members: tuple[IntArray, ...], size: int) -> IntArray:
    """Number of each position within its kind."""
    number = np.full(size, -1)
    for positions in members:
        number[positions] = np.arange(len(positions))
    return number
