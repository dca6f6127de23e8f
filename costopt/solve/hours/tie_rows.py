"""Rows that tie hours to each other: work with a deadline, starts, and the dearest scenarios."""

import numpy as np

from costopt.solve.hours.columns import HoursColumns, others_price
from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import LINKING, HoursProgram
from costopt.solve.problem import IntArray


def finish_work(program: HoursProgram, columns: HoursColumns, problem: HourlyProblem) -> None:
    """Add ``sum_t sum_o rate_o n_ot >= amount``, scaled to 1, for each job and scenario.

    Counts exist only between release and deadline.
    """
    work, counts = problem.work, columns.counts
    if not len(work):
        return
    scenarios = len(problem.probability)
    rows = program.add_rows(np.full(len(work) * scenarios, LINKING), lower=1)
    job = work.job[counts.item]
    cells = np.flatnonzero(job >= 0)
    job, scenario = job[cells], problem.scenario[counts.kind[cells]]
    rate = work.rate[counts.item[cells]] / work.amount[job]
    program.add_entries(rows[job * scenarios + scenario], counts.columns[cells], rate)


def count_starts(program: HoursProgram, columns: HoursColumns, problem: HourlyProblem) -> None:
    """Add ``s_ot >= n_ot - n_o,t-1``, and what keeps instances running.

    Hour ``t - 1`` of a scenario's first hour is its last one; in a round of one hour nothing
    starts.
    """
    starts = columns.starts
    if problem.sequence is None or not len(starts.columns):
        return
    before = hour_before(problem)
    number_of_start = np.full(columns.number.shape, -1)
    number_of_start[starts.item, starts.kind] = starts.columns
    rows = program.add_rows(np.full(len(starts.columns), LINKING), lower=0)
    program.add_entries(rows, starts.columns, 1)
    may_start = before[starts.kind] != starts.kind
    now = columns.number[starts.item, starts.kind]
    program.add_entries(rows[may_start], now[may_start], -1)
    earlier = columns.number[starts.item, before[starts.kind]]
    ran = may_start & (earlier >= 0)
    program.add_entries(rows[ran], earlier[ran], 1)
    _keep_running(program, columns, problem, number_of_start)


def _keep_running(
    program: HoursProgram, columns: HoursColumns, problem: HourlyProblem, started: IntArray
) -> None:
    """Add ``sum_{i in the last U hours} s_oi <= n_ot``; the round may come in them repeatedly."""
    if problem.sequence is None:
        return
    hours = np.arange(problem.hour_count)
    round_hours = np.bincount(problem.scenario)[problem.scenario]
    before = hour_before(problem)
    for offer in np.flatnonzero(problem.sequence.min_up_hours > 1).tolist():
        least = int(problem.sequence.min_up_hours[offer])
        window = np.minimum(least, round_hours)
        rows = program.add_rows(np.full(len(hours), LINKING), upper=0)
        count = columns.number[offer]
        program.add_entries(rows[count >= 0], count[count >= 0], -1)
        hour = hours
        for back in range(int(window.max())):
            inside = (back < window) & (started[offer, hour] >= 0)
            rounds = -((back - least) // round_hours[inside])
            program.add_entries(rows[inside], started[offer, hour][inside], rounds)
            hour = before[hour]


def hour_before(problem: HourlyProblem) -> IntArray:
    """The hour before each, in its scenario; before the first comes the last (hours,)."""
    before = np.zeros(problem.hour_count, dtype=np.int64)
    for one in range(len(problem.probability)):
        mine = np.flatnonzero(problem.scenario == one)
        before[mine] = np.roll(mine, 1)
    return before


def weigh_tail(
    program: HoursProgram, columns: HoursColumns, problem: HourlyProblem, kinds: HourKinds
) -> None:
    """Add ``eta + xi_s >= C_s``, the cost of scenario ``s`` beside commitments, for CVaR."""
    if not len(columns.tail):
        return
    constant = others_price(problem, kinds) @ kinds.weight
    rows = program.add_rows(
        np.full(len(problem.probability), LINKING), lower=constant / columns.scale
    )
    program.add_entries(rows, columns.tail[0], 1)
    program.add_entries(rows, columns.tail[1:], 1)
    price, kind = program.price(), program.column_kind()
    charged = np.flatnonzero(price)
    cost = price[charged, None] * kinds.weight[kind[charged]] / columns.scale
    program.add_entries(rows, charged[:, None], -cost)
