"""check_problem: every broken rule is one sentence that names the field and the position."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from costopt.errors import InvalidInputError
from costopt.solve.problem import Choice, LimitRow, Problem
from costopt.solve.problem_checks import check_problem

Serve = Callable[..., Problem]


@pytest.fixture
def problem(serve: Serve) -> Problem:
    row = LimitRow(
        name="vcpu",
        offer_coefficients=np.array([1.0, 1.0]),
        choice_coefficients=(np.array([1.0]),),
        upper=9.0,
    )
    choice = Choice(cost=np.array([1.0]), group=np.array([0]))
    return serve([1, 1], [[1, 2], [3, 4]], [1, 2], rows=(row,), choices=(choice,))


def test_a_problem_in_order_passes(problem: Problem) -> None:
    check_problem(problem)
    check_problem(replace(problem, budget_per_hour=np.inf, max_groups=1))


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf, -np.inf])
@pytest.mark.parametrize("field", ["demand", "rates"])
def test_a_bad_number_in_a_block_is_named_with_its_position(
    problem: Problem, field: str, bad: float
) -> None:
    block = problem.blocks[0]
    values = getattr(block, field).copy()
    values[(-1,) * values.ndim] = bad
    broken = replace(problem, blocks=(replace(block, **{field: values}),))
    position = "[1, 1]" if field == "rates" else "[1]"
    with pytest.raises(InvalidInputError) as caught:
        check_problem(broken)
    assert f"blocks[0].{field}{position} is {bad}" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"price_per_hour": [1, np.nan]}, r"price_per_hour\[1\] is nan; .* at least 0 and finite"),
        ({"price_per_hour": [1, np.inf]}, r"price_per_hour\[1\] is inf"),
        ({"price_per_hour": [[1], [2]]}, "must have one number for each offer"),
        ({"upper": [-1, 2]}, r"upper\[0\] is -1; it must be at least 0$"),
        ({"upper": [np.nan, 2]}, r"upper\[0\] is nan"),
        ({"upper": [1.0]}, r"upper has shape \(1,\); it must have \(2,\)"),
        ({"server": [0, 2]}, r"server\[1\] is 2; there are 2 servers"),
        ({"server": [-1, 0]}, r"server\[0\] is -1"),
        ({"server": [0.0, 1.0]}, "server must hold whole numbers"),
        ({"group": ["a", "b"]}, "group must hold whole numbers"),
        ({"budget_per_hour": -1.0}, "budget_per_hour is -1.0"),
        ({"budget_per_hour": np.nan}, "budget_per_hour is nan"),
        ({"max_groups": 0}, "max_groups is 0; it must be at least 1"),
    ],
)
def test_a_broken_field_is_told(
    problem: Problem, changes: dict[str, object], sentence: str
) -> None:
    arrays = {
        name: np.array(value) if isinstance(value, list) else value
        for name, value in changes.items()
    }
    with pytest.raises(InvalidInputError, match=sentence):
        check_problem(replace(problem, **arrays))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"max_utilisation": [1, 0]}, r"max_utilisation\[1\] is 0; it must be above 0"),
        ({"max_utilisation": [1.1, 1]}, r"max_utilisation\[0\] is 1.1"),
        ({"max_utilisation": [1.0]}, r"max_utilisation has shape \(1,\)"),
        ({"demand": [1.0]}, r"demand has shape \(1,\); it must have \(2,\)"),
        ({"rates": [1.0, 2.0]}, "rates must have two axes"),
        ({"is_spot": [True]}, r"is_spot has shape \(1,\)"),
        ({"is_spot": [0, 1]}, "is_spot must hold truth values"),
        ({"max_spot_fraction": 1.5}, "max_spot_fraction is 1.5"),
        ({"max_spot_fraction": np.nan}, "max_spot_fraction is nan"),
    ],
)
def test_a_broken_block_is_told(
    problem: Problem, changes: dict[str, object], sentence: str
) -> None:
    arrays = {
        name: np.array(value) if isinstance(value, list) else value
        for name, value in changes.items()
    }
    block = replace(problem.blocks[0], **arrays)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=sentence):
        check_problem(replace(problem, blocks=(block,)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"upper": -1.0}, "row 'vcpu' upper is -1.0"),
        ({"offer_coefficients": np.array([1.0])}, r"row 'vcpu' offer_coefficients has shape"),
        ({"offer_coefficients": np.array([1.0, -2])}, r"row 'vcpu' coefficients\[1\] is -2"),
        ({"choice_coefficients": ()}, "row 'vcpu' covers 0 of 1 choices"),
        ({"choice_coefficients": (np.ones(2),)}, r"choice_coefficients\[0\] has shape \(2,\)"),
    ],
)
def test_a_broken_row_is_told(problem: Problem, changes: dict[str, object], sentence: str) -> None:
    row = replace(problem.rows[0], **changes)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=sentence):
        check_problem(replace(problem, rows=(row,)))


def test_a_broken_job_is_told(problem: Problem) -> None:
    costly = Choice(cost=np.array([np.nan]), group=np.array([0]))
    with pytest.raises(InvalidInputError, match=r"choices\[0\].cost\[0\] is nan"):
        check_problem(replace(problem, choices=(costly,)))
    table = Choice(cost=np.ones((1, 1)), group=np.array([0]))
    with pytest.raises(InvalidInputError, match="one number for each alternative"):
        check_problem(replace(problem, choices=(table,), rows=()))


def test_all_broken_rules_come_in_one_error(problem: Problem) -> None:
    prices = np.array([-1.0, np.nan])
    with pytest.raises(InvalidInputError) as caught:
        check_problem(replace(problem, price_per_hour=prices, max_groups=0))
    assert len(caught.value.problems) == 2


def test_many_bad_positions_are_counted_not_listed(serve: Serve) -> None:
    problem = serve([1] * 9, [[1] * 9], [1])
    block = replace(problem.blocks[0], demand=np.full(9, np.nan))
    with pytest.raises(InvalidInputError, match=r"demand\[2\] is nan and 6 more;"):
        check_problem(replace(problem, blocks=(block,)))
