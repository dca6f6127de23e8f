"""Limits on losses: caps on failure groups, the least number of them, and what they forbid."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from costopt.errors import InvalidInputError
from costopt.plan.status import PlanStatus
from costopt.solve.problem import Problem, ServingBlock
from costopt.solve.problem_checks import check_problem
from costopt.solve.recheck import violations
from costopt.solve.reduce import reduce_problem
from costopt.solve.run import solve_problem
from costopt.solve.solution import Decision, DropReason, Solution

Serve = Callable[..., Problem]


def grouped(problem: Problem, groups: list[int], **limits: float) -> Problem:
    """The same problem whose first workload has failure groups."""
    block = replace(problem.blocks[0], failure_group=np.array(groups), **limits)  # type: ignore[arg-type]
    return replace(problem, blocks=(block, *problem.blocks[1:]))


def worst_loss(block: ServingBlock, solution: Solution) -> float:
    """Largest share of any bucket that goes with any set of groups that may be lost."""
    groups = sorted(set(block.server_group.tolist()) - {-1})
    losses = [
        solution.shares[0][np.isin(block.server_group, lost)].sum(axis=0).max()
        for lost in combinations(groups, min(block.max_losses, len(groups)))
    ]
    return float(max(losses, default=0.0))


def test_no_group_carries_more_than_may_be_lost(serve: Serve) -> None:
    # 8 requests/s at 1 each. Any one pool at most a quarter: 2 at 1.00, 2 at 1.10, 4 firm at 3.
    problem = serve([8], [[1], [1], [1]], [1, 1.1, 3], spot=[True, True, False])
    assert solve_problem(problem).counts.tolist() == [8, 0, 0]
    capped = grouped(problem, [0, 1, -1], max_losses=1, max_lost_fraction=0.25)
    solution = solve_problem(capped)
    assert solution.counts.tolist() == [2, 2, 4]
    assert worst_loss(capped.blocks[0], solution) == pytest.approx(0.25)


def test_layouts_of_one_group_share_its_cap(serve: Serve) -> None:
    # Both cheap layouts go with the same pool: 2 of 8 together, not each.
    problem = serve([4, 4], [[1, 0.5], [0.5, 1], [1, 1]], [1, 1, 3], spot=[True, True, False])
    capped = grouped(problem, [5, 5, -1], max_losses=1, max_lost_fraction=0.25)
    solution = solve_problem(capped)
    assert solution.counts.tolist() == [1, 1, 6]
    assert solution.shares[0][:2].sum(axis=0) == pytest.approx([0.25, 0.25])


def test_two_losses_at_once_count_together(serve: Serve) -> None:
    # Of 12, two groups may hold 6: at 3 each four groups carry it all. With 3 groups, 9 of 12.
    prices = [1, 1, 1, 1, 5]
    spot = [True, True, True, True, False]
    problem = serve([12], [[1]] * 5, prices, spot=spot)
    four = grouped(problem, [0, 1, 2, 3, -1], max_losses=2, max_lost_fraction=0.5)
    assert solve_problem(four).counts.tolist() == [3, 3, 3, 3, 0]
    three = grouped(problem, [0, 1, 2, 2, -1], max_losses=2, max_lost_fraction=0.5)
    solution = solve_problem(three)
    assert solution.cost == 9 * 1 + 3 * 5
    assert worst_loss(three.blocks[0], solution) == pytest.approx(0.5)


def test_fewer_groups_than_losses_are_lost_together(serve: Serve) -> None:
    problem = serve([4], [[1], [1], [1]], [1, 1, 3], spot=[True, True, False])
    both = grouped(problem, [0, 1, -1], max_losses=3, max_lost_fraction=0.5)
    assert solve_problem(both).cost == 2 * 1 + 2 * 3


def test_a_group_in_use_asks_for_others(serve: Serve) -> None:
    # 4 of group 0 cost 4; three groups cost 2 + 1.5 + 2; none of them 4 x 1.3 = 5.2.
    problem = serve([4], [[1], [1], [1], [1]], [1, 1.5, 2, 1.3])
    spread = grouped(problem, [0, 1, 2, -1], min_failure_groups=2)
    assert solve_problem(spread).counts.tolist() == [3, 1, 0, 0]
    wider = grouped(problem, [0, 1, 2, -1], min_failure_groups=3)
    assert solve_problem(wider).counts.tolist() == [0, 0, 0, 4]
    impossible = grouped(problem, [0, 1, 2, -1], min_failure_groups=4)
    assert solve_problem(impossible).counts.tolist() == [0, 0, 0, 4]


def test_a_required_group_carries_its_part(serve: Serve) -> None:
    """One instance of either carries all; each of two carries at least 1 / (10 x 2) of it."""
    problem = serve([1], [[1], [1]], [1, 2])
    spread = grouped(problem, [0, 1], min_failure_groups=2)
    solution = solve_problem(spread)
    assert solution.counts.tolist() == [1, 1]
    assert solution.shares[0].min() >= 0.05 - 1e-9


def test_a_group_that_serves_only_what_is_rarely_asked_does_not_count(serve: Serve) -> None:
    """Group 1 could carry 4 of 104 requests, 3.8 %; at least 5 % counts, so group 2 is rented."""
    problem = serve([100, 4], [[200, 200], [0, 4], [200, 200]], [1, 0.1, 3])
    spread = grouped(problem, [0, 1, 2], min_failure_groups=2)
    assert solve_problem(spread).counts.tolist() == [1, 0, 1]


def test_nothing_may_be_lost_leaves_the_groups_out(serve: Serve) -> None:
    problem = serve([4], [[1], [1]], [1, 3], spot=[True, False])
    none = grouped(problem, [0, -1], max_losses=1, max_lost_fraction=0.0)
    assert solve_problem(none).counts.tolist() == [0, 4]
    assert reduce_problem(none).drops.reason.tolist() == [DropReason.LOSS_EXCLUDED, 0]


def test_a_bucket_that_the_groups_may_not_carry_whole_is_named(serve: Serve) -> None:
    # Three groups at a third each would do; at 30 % they carry 90 %.
    problem = serve([4, 4], [[1, 1], [1, 0], [1, 1], [0, 1]], [1, 1, 1, 1])
    few = grouped(problem, [0, 1, 2, -1], max_losses=1, max_lost_fraction=0.3)
    solution = solve_problem(few)
    assert solution.status is PlanStatus.INFEASIBLE
    assert solution.unserved == ((0, 0),)
    enough = grouped(problem, [0, 1, 2, -1], max_losses=1, max_lost_fraction=1 / 3)
    assert solve_problem(enough).unserved == ()


def test_a_group_never_stands_in_for_another_one(serve: Serve) -> None:
    problem = serve([4], [[1], [1], [1]], [1, 2, 2])
    capped = grouped(problem, [0, 1, 0], max_losses=1, max_lost_fraction=0.5)
    reasons = reduce_problem(capped).drops.reason
    assert [DropReason(code).name for code in reasons] == ["KEPT", "KEPT", "DOMINATED"]
    safe = grouped(problem, [-1, 1, 0], max_losses=1, max_lost_fraction=0.5)
    reasons = reduce_problem(safe).drops.reason
    assert [DropReason(code).name for code in reasons] == ["KEPT", "DOMINATED", "DOMINATED"]
    counted = grouped(problem, [-1, 1, 0], min_failure_groups=2)
    assert reduce_problem(counted).drops.reason.tolist() == [0, 0, 0]


def test_the_recheck_names_the_worst_set_of_groups(serve: Serve) -> None:
    problem = serve([8], [[1]] * 4, [1] * 4)
    capped = grouped(problem, [7, 3, 9, -1], max_losses=2, max_lost_fraction=0.5)
    shares = (np.array([[0.4], [0.1], [0.2], [0.3]]),)
    decision = Decision(counts=np.array([4, 1, 2, 3]), shares=shares, chosen=())
    assert violations(capped, decision) == [
        "block 0: failure groups [7, 9] carry 0.6 of bucket 0, of 0.5 allowed"
    ]
    counted = grouped(problem, [7, 3, 9, -1], min_failure_groups=4)
    assert violations(counted, decision) == [
        "block 0: 3 of 4 failure groups carry 0.025 of the demand"
    ]
    part = (np.array([[0.6], [0.02], [0.08], [0.3]]),)
    three = grouped(problem, [7, 3, 9, -1], min_failure_groups=3)
    counts = np.array([5, 1, 1, 3])
    assert violations(three, replace(decision, counts=counts, shares=part)) == [
        "block 0: 2 of 3 failure groups carry 0.0333333 of the demand"
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"failure_group": np.array([0])}, r"failure_group has shape \(1,\); it must have \(2,\)"),
        ({"failure_group": np.array([0.0, 1.0])}, "failure_group must hold whole numbers"),
        ({"failure_group": np.array([0, -2])}, r"failure_group\[1\] is -2; a group counts from 0"),
        ({"max_losses": -1}, "max_losses is -1; it must be a whole number of at least 0"),
        ({"max_losses": 1.5}, "max_losses is 1.5"),
        ({"min_failure_groups": -1}, "min_failure_groups is -1"),
        ({"max_lost_fraction": 1.1}, r"max_lost_fraction is 1.1; it must be in 0\.\.1"),
        ({"max_lost_fraction": np.nan}, "max_lost_fraction is nan"),
        ({"failure_group": None, "max_losses": 1}, "without failure_group; name the group"),
    ],
)
def test_a_bad_limit_on_losses_is_told(
    serve: Serve, changes: dict[str, object], sentence: str
) -> None:
    problem = grouped(serve([1], [[1], [1]], [1, 2]), [0, 1])
    broken = replace(problem.blocks[0], **changes)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=sentence):
        check_problem(replace(problem, blocks=(broken,)))
