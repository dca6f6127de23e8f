"""HiGHS in process: what it claims is passed on, and what it may not claim is an error."""

import numpy as np
import pytest

from costopt.errors import PlanCheckError
from costopt.solve.highs import OPTIONS, Outcome, route_fixed, run_program
from costopt.solve.program import Program


def knapsack() -> Program:
    """``min 2 a + 3 b`` with ``a + 2 b >= 5``, both whole, ``a <= 3``: a = 1, b = 2 costs 8."""
    program = Program()
    columns = program.add_columns(np.array([2.0, 3.0]), np.array([3.0, 9.0]), integer=True)
    program.add_entries(program.add_rows(1, 5, np.inf), columns, np.array([1.0, 2.0]))
    return program


def test_a_finished_run_gives_values_and_bound() -> None:
    run = run_program(knapsack(), gap=0.0, time_limit_seconds=9)
    assert run.outcome is Outcome.FINISHED
    assert run.values is not None
    assert run.values.tolist() == [1, 2]
    assert run.bound == pytest.approx(8)


def test_an_infeasible_program_is_told() -> None:
    program = knapsack()
    program.add_entries(program.add_rows(1, -np.inf, 1), np.array([0, 1]), 1)
    run = run_program(program, gap=0.0, time_limit_seconds=9)
    assert run.outcome is Outcome.INFEASIBLE
    assert run.values is None


def test_a_run_without_time_stops() -> None:
    run = run_program(knapsack(), gap=0.0, time_limit_seconds=0)
    assert run.outcome is Outcome.STOPPED


def test_whole_columns_stay_fixed_while_the_rest_is_solved_again() -> None:
    program = knapsack()
    free = program.add_columns(np.array([1.0]), 9, integer=False)
    program.add_entries(program.add_rows(1, 4, np.inf), np.append(free, 1), 1)
    run = route_fixed(program, np.array([1.0, 1.9999999, 0.0]))
    assert run.values is not None
    assert run.values == pytest.approx([1, 2, 2])


def test_an_end_that_the_program_cannot_have_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIONS, "simplex_iteration_limit", 0)
    program = knapsack()
    free = program.add_columns(np.ones(2), 9, integer=False)
    rows = program.add_rows(2, np.array([7, 8]), np.inf)
    program.add_entries(rows[:, None], free, np.array([[1.0, 2.0], [3.0, 1.0]]))
    with pytest.raises(PlanCheckError, match="HiGHS ended with"):
        route_fixed(program, np.array([1.0, 2.0, 0.0, 0.0]))


def test_an_option_that_highs_does_not_know_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIONS, "no_such_option", 1)
    with pytest.raises(PlanCheckError, match="refused the option no_such_option = 1"):
        run_program(knapsack(), gap=0.0, time_limit_seconds=9)


def test_a_coefficient_that_is_no_number_is_refused() -> None:
    program = knapsack()
    program.add_entries(np.array([0]), np.array([0]), np.nan)
    with pytest.raises(PlanCheckError, match="refused the program"):
        run_program(program, gap=0.0, time_limit_seconds=9)
