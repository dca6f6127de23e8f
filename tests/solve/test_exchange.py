"""tidied: idle instances go, dearest first, and an exchange keeps every limit."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from costopt.solve.exchange import tidied
from costopt.solve.problem import Choice, LimitRow, Problem
from costopt.solve.recheck import violations
from costopt.solve.solution import Decision

Serve = Callable[..., Problem]


def decision(counts: list[int], shares: list[list[float]], *chosen: int) -> Decision:
    return Decision(counts=np.array(counts), shares=(np.array(shares),), chosen=chosen)


def test_idle_instances_are_given_back_dearest_first(serve: Serve) -> None:
    # 5 requests/s at 1 each need 5 of the 9; the 3 at 4.00 and one at 2.00 go.
    problem = replace(
        serve([5], [[1]], [1]),
        price_per_hour=np.array([1.0, 4.0, 2.0]),
        server=np.zeros(3, dtype=np.int64),
        upper=np.full(3, np.inf),
        group=np.zeros(3, dtype=np.int64),
    )
    tidy = tidied(problem, decision([3, 3, 3], [[1.0]]))
    assert tidy.counts.tolist() == [3, 0, 2]
    assert violations(problem, tidy) == []


def test_an_exactly_full_instance_is_not_given_back(serve: Serve) -> None:
    # 3 x 0.1 + 0.7 is a rounding error above 1.
    problem = serve([0.1, 0.1, 0.1, 0.7], [[1, 1, 1, 1]], [1])
    assert tidied(problem, decision([2], [[1.0] * 4])).counts.tolist() == [1]


def test_an_exchange_moves_the_load_of_the_instances_given(serve: Serve) -> None:
    # 10 small ones carry 10; 8 of them become 1 large one, and with it 0.8 of each bucket.
    problem = serve([4, 6], [[1, 1], [8, 8]], [1, 8])
    tidy = tidied(problem, decision([10, 0], [[1.0, 1.0], [0.0, 0.0]]))
    assert tidy.counts.tolist() == [2, 1]
    assert tidy.shares[0] == pytest.approx(np.array([[0.2, 0.2], [0.8, 0.8]]))
    assert violations(problem, tidy) == []


def test_an_exchange_may_lower_the_cost(serve: Serve) -> None:
    problem = serve([6], [[1], [6]], [1, 5])
    assert tidied(problem, decision([6, 0], [[1.0], [0.0]])).counts.tolist() == [0, 1]


def test_an_exchange_never_raises_the_cost(serve: Serve) -> None:
    problem = serve([6], [[1], [6]], [1, 6.1])
    assert tidied(problem, decision([6, 0], [[1.0], [0.0]])).counts.tolist() == [6, 0]


def test_only_the_buckets_that_an_offer_serves_count(serve: Serve) -> None:
    # The large type cannot serve bucket 1, which stays with the second type.
    problem = serve([6, 1], [[1, 1], [0, 1], [6, 0]], [1, 1, 6])
    apart = decision([6, 1, 0], [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert tidied(problem, apart).counts.tolist() == [0, 1, 1]
    together = decision([7, 0, 0], [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    assert tidied(problem, together).counts.tolist() == [7, 0, 0]


def test_what_a_job_uses_of_a_limit_is_not_exchanged_away(serve: Serve) -> None:
    # The large type would use 5 of 8, but the job already uses 4.
    row = LimitRow(
        name="quota",
        offer_coefficients=np.array([0.0, 5.0]),
        choice_coefficients=(np.array([4.0]),),
        upper=8.0,
    )
    choice = Choice(cost=np.array([1.0]), group=np.array([0]))
    problem = serve([6], [[1], [6]], [1, 6], rows=(row,), choices=(choice,))
    small = decision([6, 0], [[1.0], [0.0]], 0)
    assert tidied(problem, small).counts.tolist() == [6, 0]
    wider = replace(problem, rows=(replace(row, upper=9.0),))
    assert tidied(wider, small).counts.tolist() == [0, 1]


def test_an_exchange_opens_no_type_beyond_the_limit(serve: Serve) -> None:
    problem = serve([6], [[1], [6]], [1, 6], max_groups=1)
    assert tidied(problem, decision([6, 0], [[1.0], [0.0]])).counts.tolist() == [6, 0]
    same_type = replace(problem, group=np.array([3, 3]))
    assert tidied(same_type, decision([6, 0], [[1.0], [0.0]])).counts.tolist() == [0, 1]


def test_the_decision_handed_in_is_not_changed(serve: Serve) -> None:
    problem = serve([8], [[1], [8]], [1, 8])
    before = decision([9, 0], [[1.0], [0.0]])
    tidied(problem, before)
    assert before.counts.tolist() == [9, 0]
    assert before.shares[0].tolist() == [[1.0], [0.0]]
