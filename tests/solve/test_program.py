"""The assembled program: columns, rows and coefficients of a case small enough to write out."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from costopt.solve.assembly import assemble
from costopt.solve.constraints import SMALL_LOAD
from costopt.solve.problem import Choice, LimitRow, Problem
from costopt.solve.program import Program
from costopt.solve.reduce import reduce_problem

Serve = Callable[..., Problem]


def dense(program: Program) -> NDArray[np.float64]:
    """All coefficients (rows, columns)."""
    starts, rows, values = program.by_column()
    table = np.zeros((program.row_count, program.column_count))
    columns = np.repeat(np.arange(program.column_count), np.diff(starts))
    table[rows, columns] = values
    return table


def rows_of(problem: Problem) -> list[tuple[float, list[float], float]]:
    """Every row as lower bound, coefficients, upper bound; nothing is pruned."""
    program = assemble(problem, reduce_problem(problem, prune=False)).program
    lower, upper = np.concatenate(program.row_lowers), np.concatenate(program.row_uppers)
    return list(zip(lower.tolist(), dense(program).tolist(), upper.tolist(), strict=True))


def test_demand_capacity_and_spot_rows_are_those_of_the_formulas(serve: Serve) -> None:
    # Columns n0 n1 | x00 x01 x10, server by server; the spot server cannot serve bucket 1.
    problem = serve([6, 8], [[2, 4], [3, 0]], [4, 2], spot=[False, True], max_spot_fraction=0.75)
    # The cheap offer comes first: server 0 of the program is the spot one.
    assert rows_of(problem) == [
        (1.0, [0, 0, 1, 1, 0], 1.0),
        (1.0, [0, 0, 0, 0, 1], 1.0),
        (-np.inf, [-1, 0, 2, 0, 0], 0.0),
        (-np.inf, [0, -1, 0, 3, 2], 0.0),
        (-np.inf, [0, 0, 1, 0, 0], 0.75),
        (-np.inf, [0, 0, 0, 0, 0], 0.75),
    ]


def test_costs_are_in_units_of_the_cheapest_price(serve: Serve) -> None:
    problem = serve([6], [[2], [3]], [0.01, 0.02])
    assembly = assemble(problem, reduce_problem(problem, prune=False))
    assert assembly.price_scale == 0.01
    assert np.concatenate(assembly.program.costs).tolist() == [1, 2, 0, 0]


def test_a_server_that_one_instance_covers_is_tightened_to_its_load(serve: Serve) -> None:
    # Loads 0.2 and 0.3 of one instance: scaled by 1 / 0.5, one instance still covers both.
    assert rows_of(serve([2, 3], [[10, 10]], [1]))[2] == (-np.inf, [-1, 0.4, 0.6], 0.0)


def test_a_very_small_load_is_linked_to_an_instance(serve: Serve) -> None:
    problem = serve([1, 0.5 * SMALL_LOAD], [[1, 1]], [1])
    assert rows_of(problem)[-1] == (-np.inf, [-1, 0, 1], 0.0)


def test_limits_and_budget_are_scaled_to_one(serve: Serve) -> None:
    row = LimitRow(
        name="vcpu",
        offer_coefficients=np.array([8.0]),
        choice_coefficients=(np.array([4.0, 2.0]),),
        upper=16.0,
    )
    choice = Choice(cost=np.array([3.0, 5.0]), group=np.array([1, 2]))
    problem = serve([2], [[1]], [4], rows=(row,), choices=(choice,), budget_per_hour=20.0)
    *_, job_row, limit_row, budget_row = rows_of(problem)
    # Columns n | x | z0 z1.
    assert job_row == (1.0, [0, 0, 1, 1], 1.0)
    assert limit_row == (-np.inf, [0.5, 0, 0.25, 0.125], 1.0)
    assert budget_row == (-np.inf, [0.2, 0, 0.15, 0.25], 1.0)


def test_limits_that_can_never_bind_get_no_row(serve: Serve) -> None:
    problem = serve([2], [[1]], [4])
    idle = LimitRow(name="none", offer_coefficients=np.array([8.0]), upper=np.inf)
    unlimited = replace(problem, rows=(idle,), budget_per_hour=np.inf, max_groups=1)
    assert len(rows_of(unlimited)) == len(rows_of(problem)) == 2


def test_types_in_use_open_their_offers_and_alternatives(serve: Serve) -> None:
    choice = Choice(cost=np.array([3.0]), group=np.array([7]))
    problem = serve([2, 3], [[1, 0], [0, 1]], [4, 5], choices=(choice,), max_groups=2)
    # Columns n0 n1 | x00 x11 | z | y0 y1 y7; at most 2 and 3 instances are of use.
    assert rows_of(problem)[-4:] == [
        (-np.inf, [1, 0, 0, 0, 0, -2, 0, 0], 0.0),
        (-np.inf, [0, 1, 0, 0, 0, 0, -3, 0], 0.0),
        (-np.inf, [0, 0, 0, 0, 1, 0, 0, -1], 0.0),
        (-np.inf, [0, 0, 0, 0, 0, 1, 1, 1], 2.0),
    ]
