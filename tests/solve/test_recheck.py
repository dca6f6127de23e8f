"""violations: each way in which a decision can break the problem is told."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from costopt.solve.problem import Choice, LimitRow, Problem
from costopt.solve.recheck import FEASIBILITY_TOLERANCE, total_cost, violations
from costopt.solve.solution import Decision

Serve = Callable[..., Problem]


@pytest.fixture
def problem(serve: Serve) -> Problem:
    """Two servers, the second on spot; 4 requests/s in each of two buckets, the third empty."""
    row = LimitRow(
        name="vcpu",
        offer_coefficients=np.array([8.0, 0.0]),
        choice_coefficients=(np.array([8.0, 16.0]),),
        upper=40.0,
    )
    return serve(
        [4, 4, 0],
        [[2, 4, 1], [4, 0, 1]],
        [3, 1],
        spot=[False, True],
        max_spot_fraction=0.5,
        upper=[4, 4],
        rows=(row,),
        choices=(Choice(cost=np.array([1.0, 0.5]), group=np.array([0, 5])),),
        budget_per_hour=10.0,
        max_groups=2,
    )


def decision(counts: list[int], shares: list[list[float]], chosen: int = 0) -> Decision:
    return Decision(counts=np.array(counts), shares=(np.array(shares),), chosen=(chosen,))


KEPT = [[0.5, 1.0, 0.0], [0.5, 0.0, 0.0]]
"""Loads 4 x 0.5 / 2 + 4 / 4 = 2 on the first server and 4 x 0.5 / 4 = 0.5 on the second."""


def test_a_decision_within_all_limits_breaks_nothing(problem: Problem) -> None:
    good = decision([2, 1], KEPT)
    assert violations(problem, good) == []
    assert total_cost(problem, good) == 2 * 3 + 1 * 1 + 1


@pytest.mark.parametrize(
    ("counts", "shares", "chosen", "sentence"),
    [
        ([2, -1], KEPT, 0, "negative count"),
        ([2, 5], KEPT, 0, "more instances than its upper limit"),
        ([2, 1], [[0.5, 0.9, 0.0], [0.5, 0.0, 0.0]], 0, "not served whole"),
        ([2, 1], [[1.5, 1.0, 0.0], [-0.5, 0.0, 0.0]], 0, "a share is negative"),
        ([2, 1], [[0.5, 1.0, 0.0], [0.5, 0.0, 0.1]], 0, "bucket without demand"),
        ([2, 1], [[0.5, 0.9, 0.0], [0.5, 0.1, 0.0]], 0, "cannot serve the bucket"),
        ([1, 1], KEPT, 0, "loaded beyond its highest utilisation"),
        ([2, 0], KEPT, 0, "loaded beyond its highest utilisation"),
        ([2, 1], [[0.4, 1.0, 0.0], [0.6, 0.0, 0.0]], 0, "allowed share on spot"),
        ([2, 1], KEPT, 1, "distinct types"),
        ([3, 1], KEPT, 1, "'vcpu'|budget"),
        ([3, 1], KEPT, 0, "the cost of 11 is above the budget of 10"),
    ],
)
def test_each_broken_limit_is_told(
    problem: Problem, counts: list[int], shares: list[list[float]], chosen: int, sentence: str
) -> None:
    found = violations(problem, decision(counts, shares, chosen))
    assert any(part in " / ".join(found) for part in sentence.split("|"))


def test_a_broken_limit_row_is_told_by_name(problem: Problem) -> None:
    # 4 x 8 + 16 = 48 of 40.
    relaxed = replace(problem, budget_per_hour=None, max_groups=None)
    found = violations(relaxed, decision([4, 1], KEPT, 1))
    assert found == ["limit 'vcpu': 48 used of 40"]


def test_the_tolerance_is_relative_to_the_capacity(serve: Serve) -> None:
    good = Decision(counts=np.array([1]), shares=(np.array([[1.0]]),), chosen=())
    inside = serve([1 + 0.5 * FEASIBILITY_TOLERANCE], [[1]], [1])
    outside = serve([1 + 2 * FEASIBILITY_TOLERANCE], [[1]], [1])
    assert violations(inside, good) == []
    assert violations(outside, good) == [
        "block 0: a server is loaded beyond its highest utilisation"
    ]
