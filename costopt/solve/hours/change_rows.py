"""Rows of changes: what is started and stopped of what ran before, by mean counts."""

from dataclasses import dataclass

import numpy as np

from costopt.solve.hours.columns import HoursColumns
from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import LINKING, HoursProgram
from costopt.solve.problem import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangeRows:
    """Where changes stand in the program.

    Attributes:
        rows: row of each kind, then of all that did not run before; empty without changes
            (kinds + 1,).
        per_unit: what a row's price of 1 adds to the price of an hour [currency/h].
    """

    rows: IntArray
    per_unit: float


def charge_changes(
    program: HoursProgram,
    columns: HoursColumns,
    problem: HourlyProblem,
    kinds: HourKinds,
    upper: FloatArray,
) -> ChangeRows:
    """Add ``sum_t (w_t / W) sum_{o of k} n_ot - s_k + d_k = r_k``, started and stopped priced.

    All kinds that did not run share one row, for their starts cost the same and nothing of them
    stops.

    Args:
        program: program that receives columns and rows.
        columns: where the counts stand.
        problem: the problem.
        kinds: its kinds of hours.
        upper: largest useful counts (offers, kinds) [instances].
    """
    changes, horizon = problem.changes, float(kinds.expected_weight.sum())
    if changes is None:
        return ChangeRows(rows=np.zeros(0, dtype=np.int64), per_unit=0.0)
    ran = np.append(changes.running, 0.0)
    rows = program.add_rows(np.full(len(ran), LINKING), lower=ran, upper=ran)
    counts, counted = columns.counts, changes.counted
    own = np.isin(counts.item, counted)
    part = kinds.expected_weight[counts.kind[own]] / horizon
    program.add_entries(rows[changes.kind[counts.item[own]]], counts.columns[own], part)
    most = np.zeros(len(ran))
    np.add.at(most, changes.kind[counted], upper.max(axis=1, initial=0)[counted])
    start, stop = changes.start_cost / columns.scale, changes.stop_cost / columns.scale
    started = program.add_linking(cost=np.full(len(ran), start), upper=most)
    stopped = program.add_linking(cost=np.full(len(ran) - 1, stop), upper=changes.running)
    program.add_entries(rows, started, -1)
    program.add_entries(rows[:-1], stopped, 1)
    return ChangeRows(rows=rows, per_unit=columns.scale / horizon)
