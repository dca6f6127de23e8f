"""Rows of commitments: what is used of each in an hour stays within what is committed."""

import numpy as np

from costopt.solve.hours.columns import HoursColumns
from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import HoursProgram
from costopt.solve.hours.serving_rows import numbered


def draw_on_quantities(
    program: HoursProgram, columns: HoursColumns, problem: HourlyProblem
) -> None:
    """Add ``sum_{o on c} n_ot <= Q_c`` for each quantity commitment and hour."""
    counts = columns.counts
    commitment = problem.quantity[counts.item]
    cells = np.flatnonzero(commitment >= 0)
    number, first = numbered(commitment[cells], counts.kind[cells])
    rows = program.add_rows(counts.kind[cells[first]], upper=0)
    program.add_entries(rows[number], counts.columns[cells], 1)
    program.add_entries(rows, columns.quantities[commitment[cells[first]]], -1)


def cover_instances_once(
    program: HoursProgram, columns: HoursColumns, problem: HourlyProblem
) -> None:
    """Add ``sum_s y_sot <= n_ot + u_o s_ot``: what is charged is billed under one plan at most.

    ``u_o`` are the hours charged for each of ``s_ot`` starts.
    """
    covered = columns.covered
    number, first = numbered(covered.item, covered.kind)
    rows = program.add_rows(covered.kind[first], upper=0)
    program.add_entries(rows[number], covered.columns, 1)
    count = columns.number[covered.item[first], covered.kind[first]]
    program.add_entries(rows, count, -1)
    starts = columns.starts
    row_of = np.full(columns.number.shape, -1)
    row_of[covered.item[first], covered.kind[first]] = rows
    row = row_of[starts.item, starts.kind]
    charged = problem.start_up_hours[starts.item]
    program.add_entries(row[row >= 0], starts.columns[row >= 0], -charged[row >= 0])


def spend_within_plans(
    program: HoursProgram, columns: HoursColumns, problem: HourlyProblem, kinds: HourKinds
) -> None:
    """Add ``sum_o r_so y_sot + sum_l r_sl z_slt <= v_s + owned_st``, ``sum_s z_slt <= u_lt``."""
    spends, covered, others = problem.spends, columns.covered, columns.others
    if not len(spends):
        return
    plan = np.concatenate([covered.within, others.within])
    kind = np.concatenate([covered.kind, others.kind])
    number, first = numbered(plan, kind)
    owned = spends.owned[plan[first], kinds.example[kind[first]]]
    rows = program.add_rows(kind[first], upper=owned)
    rates = [
        spends.rate[covered.within, covered.item],
        spends.other_rate[others.within, others.item],
    ]
    program.add_entries(
        rows[number], np.concatenate([covered.columns, others.columns]), np.concatenate(rates)
    )
    program.add_entries(rows, columns.spends[plan[first]], -1)
    number, first = numbered(others.item, others.kind)
    usage = spends.other_usage[others.item[first], kinds.example[others.kind[first]]]
    rows = program.add_rows(others.kind[first], upper=usage)
    program.add_entries(rows[number], others.columns, 1)


def cover_resources(
    program: HoursProgram, columns: HoursColumns, problem: HourlyProblem, kinds: HourKinds
) -> None:
    """Add ``a_rt <= sum_o need_or n_ot`` and ``a_rt <= sum_p held_pr Q_p`` for each resource."""
    resources, amounts, counts = problem.resources, columns.amounts, columns.counts
    if not len(amounts.columns):
        return
    needed = program.add_rows(amounts.kind, upper=0)
    program.add_entries(needed, amounts.columns, 1)
    row_of = np.full((len(resources.price), len(kinds)), -1)
    row_of[amounts.item, amounts.kind] = needed
    cell, resource = np.nonzero(resources.needs[counts.item])
    offer, kind = counts.item[cell], counts.kind[cell]
    program.add_entries(
        row_of[resource, kind], counts.columns[cell], -resources.needs[offer, resource]
    )
    held = program.add_rows(amounts.kind, upper=0)
    program.add_entries(held, amounts.columns, 1)
    share = resources.amounts[:, amounts.item]
    if resources.available is not None:
        share = share * resources.available[:, kinds.example[amounts.kind]]
    product, row = np.nonzero(share)
    program.add_entries(held[row], columns.resources[product], -share[product, row])
