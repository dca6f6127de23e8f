"""The choice among known fleets: one for each block and hour, with commitments to match."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.solve.hours.assembly import HoursAssembly
from costopt.solve.hours.decomposed import Decomposed
from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.highs import minimise_whole
from costopt.solve.hours.options import Options
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import ArrayProgram
from costopt.solve.problem import BoolArray, FloatArray, IntArray

PICKED: Final = 0.5
"""Value above which a choice of 0 or 1 is 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chosen:
    """Commitments and fleets chosen together.

    Attributes:
        values: values of the whole program's columns, routing included (columns,).
        objective: their cost, in the program's unit.
        options: the fleets chosen.
    """

    values: FloatArray
    objective: float
    options: Options


def choose_fleets(
    hours: Decomposed,
    fleets: tuple[Fleets, ...],
    options: Options,
    *,
    gap: float,
    time_limit_seconds: float,
    known: Chosen | None = None,
) -> Chosen | None:
    """Choose one fleet for each block and kind of hour, with the commitments that suit them.

    ``min c x`` over the columns without routing, every row without routing, ``sum_i z_bti = 1``
    and ``sum_{o of server k} n_ot >= sum_i m_ik z_bti``. None when time ran out first, when
    no choice keeps the limits, or when an hour with demand has no fleet to choose.

    Args:
        hours: the problem, taken apart.
        fleets: fleets known of each block.
        options: fleets that each hour may choose from.
        gap: relative distance between cost and bound at which to stop [1].
        time_limit_seconds: wall-clock limit [s].
        known: a choice among these options to start from.
    """
    problem, assembly = hours.problem, hours.assembly
    has_choice = np.zeros(hours.reach.factor.shape, dtype=bool)
    has_choice[options.block, options.kind] = True
    if not has_choice[hours.reach.factor > 0].all():
        return None
    program = assembly.program
    routed = np.zeros(len(program.cost), dtype=bool)
    for routing, losses in zip(assembly.columns.routing, assembly.losses, strict=True):
        routed[routing.columns] = routed[losses.columns] = True
    kept = np.flatnonzero(~routed)
    restricted = _with_choice(problem, assembly, fleets, options, routed)
    start = None
    if known is not None:
        start = np.concatenate([known.values[kept], options.holding(known.options)])
    run = minimise_whole(restricted, gap=gap, time_limit_seconds=time_limit_seconds, start=start)
    if run.values is None:
        return None
    values = np.zeros(len(program.cost))
    values[kept] = run.values[: len(kept)]
    picked = options.only(run.values[len(kept) :] > PICKED)
    for block, routing in enumerate(assembly.columns.routing):
        if not len(routing.columns):
            continue
        mine = picked.block == block
        fleet_of = np.full(assembly.columns.number.shape[1], -1)
        fleet_of[picked.kind[mine]] = picked.fleet[mine]
        shares = np.stack(fleets[block].shares)
        chosen = shares[fleet_of[routing.kind], routing.within, routing.item]
        values[routing.columns] = chosen
        assembly.losses[block].fill(values, routing)
    return Chosen(values=values, objective=float(program.cost @ values), options=picked)


def _with_choice(
    problem: HourlyProblem,
    assembly: HoursAssembly,
    fleets: tuple[Fleets, ...],
    options: Options,
    routed: BoolArray,
) -> ArrayProgram:
    """The program without routing, and with a choice of 0 or 1 for each option."""
    program = assembly.program
    routing_rows = np.zeros(len(program.row_lower), dtype=bool)
    routing_rows[program.entry_row[routed[program.entry_column]]] = True
    column_number = np.where(routed, -1, np.cumsum(~routed) - 1)
    row_number = np.where(routing_rows, -1, np.cumsum(~routing_rows) - 1)
    inside = ~routed[program.entry_column] & ~routing_rows[program.entry_row]
    columns, rows = int((~routed).sum()), int((~routing_rows).sum())
    picks, pick_row = np.unique(options.block * 2**32 + options.kind, return_inverse=True)
    supply = _supply(problem, assembly, fleets, options)
    supplies = int(supply.rows)
    entry_row = np.concatenate(
        [
            row_number[program.entry_row[inside]],
            rows + pick_row,
            rows + len(picks) + supply.count_row,
            rows + len(picks) + supply.option_row,
        ]
    )
    entry_column = np.concatenate(
        [
            column_number[program.entry_column[inside]],
            columns + np.arange(len(options)),
            column_number[supply.count_column],
            columns + supply.option,
        ]
    )
    entry_value = np.concatenate(
        [
            program.entry_value[inside],
            np.ones(len(options) + len(supply.count_row)),
            -supply.needed,
        ]
    )
    order = np.lexsort((entry_row, entry_column))
    choices = np.zeros(len(options))
    return replace(
        program,
        cost=np.concatenate([program.cost[~routed], choices]),
        lower=np.concatenate([program.lower[~routed], choices]),
        upper=np.concatenate([_free_uppers(assembly)[~routed], choices + 1]),
        integer=np.concatenate([program.integer[~routed], choices == 0]),
        row_lower=np.concatenate(
            [program.row_lower[~routing_rows], np.ones(len(picks)), np.zeros(supplies)]
        ),
        row_upper=np.concatenate(
            [program.row_upper[~routing_rows], np.ones(len(picks)), np.full(supplies, np.inf)]
        ),
        entry_column=entry_column[order],
        entry_row=entry_row[order],
        entry_value=entry_value[order],
    )


def _free_uppers(assembly: HoursAssembly) -> FloatArray:
    """Upper bounds in which an hour may hold what a busier one needs (columns,)."""
    columns = assembly.columns
    upper = assembly.program.upper.copy()
    most = np.zeros(len(columns.number))
    np.maximum.at(most, columns.counts.item, upper[columns.counts.columns])
    upper[columns.counts.columns] = most[columns.counts.item]
    for family in (columns.covered, columns.amounts, columns.starts):
        upper[family.columns] = np.inf
    return upper


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Supply:
    """Entries of the rows that make counts hold what the options chosen need.

    Attributes:
        rows: number of rows.
        count_row: row of each count (counts,).
        count_column: column of each count (counts,).
        option_row: row of each need (needs,).
        option: option that needs (needs,).
        needed: instances that it needs (needs,).
    """

    rows: int
    count_row: IntArray
    count_column: IntArray
    option_row: IntArray
    option: IntArray
    needed: FloatArray


def _supply(
    problem: HourlyProblem,
    assembly: HoursAssembly,
    fleets: tuple[Fleets, ...],
    options: Options,
) -> _Supply:
    kinds = assembly.columns.number.shape[1]
    servers, needing, needed = [], [], []
    for block, known in enumerate(fleets):
        mine = np.flatnonzero(options.block == block)
        if not len(mine):
            continue
        counts = np.stack(known.counts)[options.fleet[mine]]
        option, server = np.nonzero(counts)
        servers.append(problem.first_server[block] + server)
        needing.append(mine[option])
        needed.append(counts[option, server])
    nothing = np.zeros(0, dtype=np.int64)
    option = np.concatenate([nothing, *needing])
    key = np.concatenate([nothing, *servers]) * kinds + options.kind[option]
    rows, option_row = np.unique(key, return_inverse=True)
    counts_of = assembly.columns.counts
    serving = np.flatnonzero(problem.server[counts_of.item] >= 0)
    own_key = problem.server[counts_of.item[serving]] * kinds + counts_of.kind[serving]
    place = np.minimum(np.searchsorted(rows, own_key), max(len(rows) - 1, 0))
    wanted = rows[place] == own_key if len(rows) else np.zeros(len(serving), dtype=bool)
    return _Supply(
        rows=len(rows),
        count_row=place[wanted],
        count_column=counts_of.columns[serving[wanted]],
        option_row=option_row,
        option=option,
        needed=np.concatenate([np.zeros(0), *needed]),
    )
