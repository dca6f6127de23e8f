"""A bound above the linear program's: whole fleets cost at least so much in every hour."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.highs import minimise_linear, minimise_whole
from costopt.solve.hours.least_cost import LeastCost, least_cost
from costopt.solve.hours.options import server_prices
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import LINKING, ArrayProgram
from costopt.solve.problem import FloatArray, IntArray

FIRST_WEIGHT: Final = 3.0
"""Time for least costs by the hour, which add most, in units of that under commitments [1]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lifted:
    """What the program with whole commitments and rows of least cost came to.

    Attributes:
        bound: lower bound on the objective, in the program's unit.
        values: values of its columns, commitments whole; None without an answer (columns,).
    """

    bound: float
    values: FloatArray | None


def least_costs(
    problem: HourlyProblem,
    fleets: tuple[Fleets, ...],
    *,
    tolerance: float,
    deadline: float,
) -> list[LeastCost]:
    """Find what whole fleets of each block cost at least, by the hour and under commitments.

    Args:
        problem: the problem, with every hour whose demand is to be bounded.
        fleets: fleets known of each block; receives those that come up.
        tolerance: relative distance between costs and bounds at which to stop [1].
        deadline: when to stop, by the clock of `perf_counter` [s].
    """
    weight = problem.weight * problem.probability[problem.scenario]
    found: list[LeastCost] = []
    by_the_hour, committed = server_prices(problem)
    blocks = range(len(fleets))
    ways = [(FIRST_WEIGHT, by_the_hour, block) for block in blocks]
    ways += [(1.0, committed, block) for block in blocks]
    for weight_of_time, price, block in ways:
        first, last = problem.first_server[block : block + 2]
        share = weight_of_time / sum(later for later, *_ in ways[len(found) :])
        now = perf_counter()
        found.append(
            least_cost(
                block,
                price[first:last],
                (problem.demand_factor[block], weight),
                fleets[block],
                tolerance=tolerance,
                deadline=now + share * (deadline - now),
            )
        )
    return found


def lifted_bound(
    hours: Decomposed,
    least: Sequence[LeastCost],
    costs: Sequence[FloatArray],
    *,
    gap: float,
    deadline: float,
) -> Lifted | None:
    """Minimise the program with whole commitments, whole fleets counted at their least cost.

    The rows ``sum_k p_k m_kt >= z(f_t)`` hold for the whole instances ``m`` of each hour, whoever
    pays for them, and their means hold for hours put together. Counts and routing stay
    fractions; only commitments are whole.

    Args:
        hours: the problem, taken apart.
        least: what whole fleets cost at least, at given prices.
        costs: for each of these, the least cost in each kind of hour, 0 = nothing is known
            (kinds,) [currency/h].
        gap: relative distance at which the search for commitments may stop [1].
        deadline: when to stop, by the clock of `perf_counter` [s].

    Returns:
        None where time ran out before anything was proven.
    """
    program = _with_rows(hours, least, costs)
    linear = minimise_linear(program, time_limit_seconds=max(deadline - perf_counter(), 0.0))
    if linear.values is None:
        return None
    linking = hours.assembly.column_kind == LINKING
    whole = replace(program, integer=program.integer & linking)
    left = deadline - perf_counter()
    if left <= 0 or not whole.integer.any():
        return Lifted(bound=linear.objective, values=linear.values)
    run = minimise_whole(whole, gap=gap, time_limit_seconds=left)
    return Lifted(bound=max(linear.objective, run.bound), values=run.values)


def _with_rows(
    hours: Decomposed, least: Sequence[LeastCost], costs: Sequence[FloatArray]
) -> ArrayProgram:
    """Add a row for each least cost and kind of hour to the program of all hours."""
    problem, program = hours.problem, hours.assembly.program
    counts = hours.assembly.columns.counts
    server = problem.server[counts.item]
    columns: list[IntArray] = [program.entry_column]
    rows: list[IntArray] = [program.entry_row]
    values: list[FloatArray] = [program.entry_value]
    lowers: list[FloatArray] = [program.row_lower]
    first_row = len(program.row_lower)
    for one, cost in zip(least, costs, strict=True):
        first, last = problem.first_server[one.block : one.block + 2]
        known = np.flatnonzero(cost > 0)
        row_of = np.full(len(cost), -1)
        row_of[known] = first_row + np.arange(len(known))
        mine = np.flatnonzero((server >= first) & (server < last) & (row_of[counts.kind] >= 0))
        columns.append(counts.columns[mine])
        rows.append(row_of[counts.kind[mine]])
        values.append(one.price[server[mine] - first] / cost[counts.kind[mine]])
        lowers.append(np.ones(len(known)))
        first_row += len(known)
    entry_column, entry_row = np.concatenate(columns), np.concatenate(rows)
    order = np.lexsort((entry_row, entry_column))
    added = first_row - len(program.row_lower)
    return replace(
        program,
        row_lower=np.concatenate(lowers),
        row_upper=np.concatenate([program.row_upper, np.full(added, np.inf)]),
        entry_column=entry_column[order],
        entry_row=entry_row[order],
        entry_value=np.concatenate(values)[order],
    )
