"""Rows of one hour: demand, capacity, spot and limits, each for every kind of hour at once."""

import numpy as np

from costopt.solve.constraints import SMALL_LOAD
from costopt.solve.hours.columns import HoursColumns
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import HoursProgram
from costopt.solve.hours.reach import Reach
from costopt.solve.problem import IntArray


def numbered(*keys: IntArray) -> tuple[IntArray, IntArray]:
    """Number the distinct combinations of keys: number of each cell, and a cell of each number."""
    if not len(keys[0]):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing
    code = np.ravel_multi_index(keys, [int(key.max()) + 1 for key in keys])
    _, first, number = np.unique(code, return_index=True, return_inverse=True)
    return number, first


def serve_demand(program: HoursProgram, columns: HoursColumns) -> None:
    """Add ``sum_k x_bkt = 1``: every bucket with demand is served whole in every hour."""
    for routing in columns.routing:
        number, first = numbered(routing.kind, routing.item)
        rows = program.add_rows(routing.kind[first], lower=1, upper=1)
        program.add_entries(rows[number], routing.columns, 1)


def respect_capacity(
    program: HoursProgram, columns: HoursColumns, problem: HourlyProblem, reach: Reach
) -> None:
    """Add ``f_t sum_b L_bk x_bkt <= min(1, T_kt) sum_o n_ot``: no server beyond its offers.

    ``T_kt`` is the most that the server can be loaded with in the hour; a row below one instance
    is tightened to it, and cells with a very small load are linked to the counts, as in
    `costopt.solve.constraints.respect_capacity`.
    """
    for index, (block, routing) in enumerate(zip(problem.blocks, columns.routing, strict=True)):
        load, factor = reach.loads[index], reach.factor[index]
        total = np.sum(load, axis=1, where=np.isfinite(load)) * block.most_share
        most = np.ones((len(total), factor.shape[0]))
        if not reach.is_mean:
            most = np.minimum(1, total[:, None] * factor)
        number, first = numbered(routing.kind, routing.within)
        rows = program.add_rows(routing.kind[first], upper=0)
        cell_load = load[routing.within, routing.item] * factor[routing.kind]
        cell_load /= most[routing.within, routing.kind]
        program.add_entries(rows[number], routing.columns, cell_load)
        row_of = np.full(most.shape, -1)
        row_of[routing.within[first], routing.kind[first]] = rows
        counts = columns.counts
        server = problem.server[counts.item] - problem.first_server[index]
        mine = np.flatnonzero((server >= 0) & (server < len(load)))
        row = row_of[server[mine], counts.kind[mine]]
        program.add_entries(row[row >= 0], counts.columns[mine[row >= 0]], -1)
        small = np.flatnonzero((cell_load < SMALL_LOAD) & (not reach.is_mean))
        links = program.add_rows(routing.kind[small], upper=0)
        program.add_entries(links, routing.columns[small], 1)
        same = row[:, None] == rows[number[small]]
        offer, link = np.nonzero(same)
        program.add_entries(links[link], counts.columns[mine[offer]], -1)


def cap_spot_share(program: HoursProgram, columns: HoursColumns, problem: HourlyProblem) -> None:
    """Add ``sum_{spot k} x_bkt <= s``: no bucket has more than its allowed share on spot."""
    for block, routing in zip(problem.blocks, columns.routing, strict=True):
        spot = np.flatnonzero(block.is_spot[routing.within])
        if block.max_spot_fraction == 1 or not len(spot):
            continue
        number, first = numbered(routing.kind[spot], routing.item[spot])
        rows = program.add_rows(routing.kind[spot[first]], upper=block.max_spot_fraction)
        program.add_entries(rows[number], routing.columns[spot], 1)


def respect_limits(program: HoursProgram, columns: HoursColumns, problem: HourlyProblem) -> None:
    """Add ``sum_o w_o n_ot <= W`` for each limit and hour, scaled to 1.

    A limit of 0 needs no row: whatever it forbids has no column.
    """
    counts = columns.counts
    for limit in problem.rows:
        cells = np.flatnonzero(limit.offer_coefficients[counts.item] > 0)
        if limit.upper in (0, np.inf) or not len(cells):
            continue
        number, first = numbered(counts.kind[cells])
        rows = program.add_rows(counts.kind[cells[first]], upper=1)
        weights = limit.offer_coefficients[counts.item[cells]] / limit.upper
        program.add_entries(rows[number], counts.columns[cells], weights)
