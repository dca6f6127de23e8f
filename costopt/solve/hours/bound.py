"""A lower bound by hours: commitments priced, every hour's program solved whole."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from costopt.solve.highs import Outcome
from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.highs import minimise_linear, minimise_whole
from costopt.solve.hours.program import LINKING
from costopt.solve.hours.staircase import note_fleets
from costopt.solve.problem import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourBounds:
    """A lower bound and its parts, in the program's unit.

    Attributes:
        constant: what priced rows and linking columns come to.
        values: least cost of each kind of hour, the priced rows charged (kinds,).
    """

    constant: float
    values: FloatArray

    @property
    def total(self) -> float:
        """The bound."""
        return self.constant + float(self.values.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """The objective with some rows priced instead of kept.

    Attributes:
        cost: objective of each column (columns,).
        row_values: price of each row times the side of it that the price asks for (rows,).
        constant: sum of these, and of what linking columns earn at best.
    """

    cost: FloatArray
    row_values: FloatArray
    constant: float


def priced(hours: Decomposed, row_prices: FloatArray, rows: BoolArray) -> Priced:
    """Price rows: ``pi b`` is charged for them, and ``A' pi`` taken off the objective.

    Args:
        hours: the problem, taken apart.
        row_prices: prices of all rows, of which only those that are priced are used (rows,).
        rows: those that are priced; all with linking columns among them (rows,).
    """
    program = hours.assembly.program
    prices = np.where(rows, row_prices, 0.0)
    side = np.where(prices > 0, program.row_lower, program.row_upper)
    prices = np.where(np.isfinite(side), prices, 0.0)
    cost = program.cost.copy()
    np.subtract.at(cost, program.entry_column, program.entry_value * prices[program.entry_row])
    row_values = prices * np.where(np.isfinite(side), side, 0.0)
    linking = hours.assembly.column_kind == LINKING
    charged = cost[linking] * np.where(cost[linking] < 0, program.upper[linking], 0.0)
    constant = float(row_values.sum()) + float(charged.sum())
    return Priced(cost=cost, row_values=row_values, constant=constant)


def hour_bounds(
    hours: Decomposed,
    row_prices: FloatArray,
    fleets: tuple[Fleets, ...],
    *,
    gap: float,
    deadline: float,
) -> HourBounds:
    """Bound the objective from below, hour by hour, by Lagrangian relaxation.

    With any prices ``pi`` of the rows that tie hours to commitments or to each other,
    ``pi b + sum_t min (c - A' pi) x_t`` bounds every plan from below (``b`` is the side of the row
    that the sign of its price asks for). With the prices of the linear program this is its bound
    as long as hours are solved in fractions, and a better one with whole counts.

    Args:
        hours: the problem, taken apart.
        row_prices: prices of all rows, of which only those of tying rows are used (rows,).
        fleets: fleets known of each block; receives those that come up (blocks,).
        gap: relative distance at which an hour's program stops [1].
        deadline: when to stop solving hours whole, by the clock of `perf_counter` [s].
    """
    whole = priced(hours, row_prices, hours.linking_rows)
    values = np.zeros(len(hours.kinds))
    kinds = len(hours.kinds)
    for kind in np.argsort(-hours.kinds.expected_weight, kind="stable").tolist():
        part = hours.programs.priced(kind, whole.cost)
        left = deadline - perf_counter()
        value = -np.inf
        if left > 0:
            run = minimise_whole(part, gap=gap, time_limit_seconds=left / kinds * 4)
            if run.values is not None:
                note_fleets(hours, fleets, kind, run.values)
            value = run.bound if run.outcome is not Outcome.INFEASIBLE else -np.inf
        if not np.isfinite(value):
            value = minimise_linear(part, time_limit_seconds=np.inf).objective
        values[kind] = value
    return HourBounds(constant=whole.constant, values=values)
