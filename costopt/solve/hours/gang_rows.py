"""Rows of gangs: whole ones only, of one configuration for each task, and what starts lose."""

import numpy as np

from costopt.solve.hours.columns import HoursColumns
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import LINKING, HoursProgram
from costopt.solve.hours.tie_rows import hour_before


def keep_gangs_whole(program: HoursProgram, columns: HoursColumns, problem: HourlyProblem) -> None:
    """Add ``sum_{o in c} n_ot = G_c g_ct`` and ``g_ct <= z_c``, ``sum_{c of a task} z_c = 1``.

    A task that runs in every hour has ``sum_{o in c} n_ot = G_c z_c`` instead.
    """
    gangs, cells = problem.gangs, columns.gangs
    if not len(gangs):
        return
    _choose_one_each(program, columns, problem)
    counts, kinds = columns.counts, columns.number.shape[1]
    row_of = np.full((len(gangs.size), kinds), -1)
    rows = program.add_rows(cells.kind, lower=0, upper=0)
    row_of[cells.configuration, cells.kind] = rows
    program.add_entries(rows, cells.running, -gangs.size[cells.configuration])
    links = program.add_rows(cells.kind, upper=0)
    program.add_entries(links, cells.running, 1)
    program.add_entries(links, cells.chosen[cells.configuration], -1)
    always = np.repeat(np.flatnonzero(~gangs.works), kinds)
    kind = np.tile(np.arange(kinds), len(always) // kinds)
    rows = program.add_rows(kind, lower=0, upper=0)
    row_of[always, kind] = rows
    program.add_entries(rows, cells.chosen[always], -gangs.size[always])
    configuration = gangs.configuration[counts.item]
    mine = np.flatnonzero(configuration >= 0)
    rows = row_of[configuration[mine], counts.kind[mine]]
    program.add_entries(rows, counts.columns[mine], 1)


def _choose_one_each(program: HoursProgram, columns: HoursColumns, problem: HourlyProblem) -> None:
    gangs = problem.gangs
    rows = program.add_rows(np.full(len(gangs), LINKING), lower=1, upper=1)
    program.add_entries(rows[gangs.task], columns.gangs.chosen, 1)


def count_gang_starts(
    program: HoursProgram, columns: HoursColumns, problem: HourlyProblem
) -> None:
    """Add ``s_ct >= g_ct - g_c,t-1``; in the first hour of a round whatever runs has started."""
    cells = columns.gangs
    if not len(cells.running):
        return
    before = hour_before(problem)
    earlier = before[cells.kind]
    number = np.full((len(problem.gangs.size), columns.number.shape[1]), -1)
    number[cells.configuration, cells.kind] = cells.running
    rows = program.add_rows(np.full(len(cells.kind), LINKING), lower=0)
    program.add_entries(rows, cells.starting, 1)
    program.add_entries(rows, cells.running, -1)
    ran = number[cells.configuration, earlier]
    follows = (ran >= 0) & (earlier < cells.kind)
    program.add_entries(rows[follows], ran[follows], 1)
