"""Rows on the plan as a whole: what is paid in each scenario, and which types run."""

import numpy as np

from costopt.solve.hours.columns import CellColumns, HoursColumns
from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import LINKING, HoursProgram
from costopt.solve.hours.serving_rows import numbered
from costopt.solve.problem import FloatArray, IntArray


def keep_budgets(
    program: HoursProgram, columns: HoursColumns, problem: HourlyProblem, kinds: HourKinds
) -> None:
    """Add ``sum_t w_ts sum_o p_o (n_ot - covered_ot) + sum_c c_c Q_c <= B`` by scenario."""
    scenarios = len(problem.probability)
    for budget in problem.budgets:
        rows = program.add_rows(np.full(scenarios, LINKING), upper=budget.upper / columns.scale)
        price = budget.price_per_hour
        charges = [(columns.counts, price[columns.counts.item])]
        charges.append((columns.covered, -price[columns.covered.item]))
        charges.append((columns.amounts, -budget.amounts[columns.amounts.item]))
        if problem.sequence is not None:
            started = problem.sequence.start_up_hours * price
            charges.append((columns.starts, started[columns.starts.item]))
        for family, paid in charges:
            _charge(program, rows, family, paid[:, None] * kinds.weight[family.kind], columns)
        for number, cost in (
            (columns.quantities, budget.quantities),
            (columns.spends, budget.spends),
            (columns.resources, budget.resources),
        ):
            program.add_entries(rows[:, None], number, cost / columns.scale)


def _charge(
    program: HoursProgram,
    rows: IntArray,
    family: CellColumns,
    paid: FloatArray,
    columns: HoursColumns,
) -> None:
    """Add what cells cost over the horizon to the rows of the scenarios (cells, scenarios)."""
    program.add_entries(rows, family.columns[:, None], paid / columns.scale)


def limit_types(program: HoursProgram, columns: HoursColumns, problem: HourlyProblem) -> None:
    """Add ``n_ot <= U_o y_g``, ``sum_{k of g} x_bkt <= y_g`` and ``sum_g y_g <= most``.

    ``U_o`` is the most of the offer in any hour. The rows on shares follow from the others where
    counts are whole, and bound from below what types must be in use where they are not.
    """
    if problem.types is None:
        return
    counts = columns.counts
    upper = np.concatenate([np.zeros(0), *program.uppers])
    most = np.zeros(problem.offer_count)
    np.maximum.at(most, counts.item, upper[counts.columns])
    links = program.add_rows(counts.kind, upper=0)
    program.add_entries(links, counts.columns, 1)
    group = problem.types.group[counts.item]
    program.add_entries(links, columns.types[group], -most[counts.item])
    of_server = server_types(problem)
    for block, routing in enumerate(columns.routing):
        own = of_server[problem.first_server[block] + routing.within]
        cells = np.flatnonzero(own >= 0)
        number, first = numbered(routing.kind[cells], routing.item[cells], own[cells])
        rows = program.add_rows(routing.kind[cells[first]], upper=0)
        program.add_entries(rows[number], routing.columns[cells], 1)
        program.add_entries(rows, columns.types[own[cells[first]]], -1)
    row = program.add_rows(np.full(1, LINKING), upper=problem.types.most)
    program.add_entries(row, columns.types, 1)


def server_types(problem: HourlyProblem) -> IntArray:
    """Type of each server; -1 where its offers are of none or of several (servers,)."""
    servers = int(problem.first_server[-1])
    least, most = np.full(servers, np.iinfo(np.int64).max), np.full(servers, -1)
    if problem.types is not None:
        serving = np.flatnonzero(problem.server >= 0)
        np.minimum.at(least, problem.server[serving], problem.types.group[serving])
        np.maximum.at(most, problem.server[serving], problem.types.group[serving])
    return np.where(least == most, most, -1)
