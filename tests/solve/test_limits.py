"""solve_problem under limits: spot, quotas, budget, types, jobs and shared quotas."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from costopt.plan.status import PlanStatus
from costopt.solve.problem import Choice, LimitRow, Problem
from costopt.solve.recheck import FEASIBILITY_TOLERANCE
from costopt.solve.run import solve_problem

Serve = Callable[..., Problem]


def quota(weights: list[float], upper: float, *job_weights: list[float]) -> LimitRow:
    return LimitRow(
        name="quota",
        offer_coefficients=np.array(weights),
        choice_coefficients=tuple(np.array(weight) for weight in job_weights),
        upper=upper,
    )


def job(cost: list[float], group: list[int] | None = None) -> Choice:
    return Choice(cost=np.array(cost), group=np.array(group or range(len(cost))))


def only_jobs(*choices: Choice, **limits: object) -> Problem:
    nothing = np.zeros(0)
    whole = np.zeros(0, dtype=np.int64)
    return Problem(
        price_per_hour=nothing,
        server=whole,
        upper=nothing,
        group=whole,
        choices=choices,
        **limits,  # type: ignore[arg-type]
    )


def test_spot_takes_no_more_than_its_share_of_each_bucket(serve: Serve) -> None:
    # At most half of 8 on spot: 4 spot at 1.00 and 4 firm at 3.00.
    problem = serve([8], [[1], [1]], [3, 1], spot=[False, True], max_spot_fraction=0.5)
    solution = solve_problem(problem)
    assert solution.counts.tolist() == [4, 4]
    assert solution.cost == 16.0
    assert solution.shares[0][1].max() <= 0.5 * (1 + FEASIBILITY_TOLERANCE)


def test_spot_is_left_out_when_no_share_may_run_on_it(serve: Serve) -> None:
    problem = serve([2], [[1], [1]], [3, 1], spot=[False, True], max_spot_fraction=0.0)
    assert solve_problem(problem).counts.tolist() == [2, 0]


def test_a_bucket_that_only_capped_spot_serves_is_named(serve: Serve) -> None:
    rates = [[1, 0], [1, 1]]
    problem = serve([1, 1], rates, [3, 1], spot=[False, True], max_spot_fraction=0.5)
    solution = solve_problem(problem)
    assert solution.status is PlanStatus.INFEASIBLE
    assert solution.unserved == ((0, 1),)


def test_a_bucket_that_nobody_serves_is_named(serve: Serve) -> None:
    solution = solve_problem(serve([1, 1, 0], [[1, 0, 0]], [1]))
    assert solution.status is PlanStatus.INFEASIBLE
    assert solution.unserved == ((0, 1),)
    assert (solution.cost, solution.bound, solution.gap) == (None, None, None)
    assert solution.counts.size == 0


def test_quota_of_zero_forbids_an_offer(serve: Serve) -> None:
    assert solve_problem(serve([2], [[1], [1]], [1, 5], upper=[0, 9])).counts.tolist() == [0, 2]


def test_a_quota_sends_the_rest_to_the_next_offer(serve: Serve) -> None:
    # 3 at 1.00 are allowed, the other 2 cost 1.50 each.
    solution = solve_problem(serve([5], [[1], [1]], [1, 1.5], upper=[3, 9]))
    assert solution.counts.tolist() == [3, 2]
    assert solution.cost == 6.0


def test_quotas_too_small_together_are_infeasible_without_a_named_bucket(serve: Serve) -> None:
    solution = solve_problem(serve([5], [[1], [1]], [1, 1], upper=[2, 2]))
    assert solution.status is PlanStatus.INFEASIBLE
    assert solution.unserved == ()


def test_a_limit_row_binds_the_weighted_sum(serve: Serve) -> None:
    # 8 vCPU of 24 each: 3 of the cheap one; the other 2 requests/s go to the dear one.
    problem = serve([5], [[1], [1]], [1, 4], rows=(quota([8, 0], 24),))
    assert solve_problem(problem).counts.tolist() == [3, 2]


def test_budget_rules_out_the_only_plan(serve: Serve) -> None:
    problem = serve([5], [[1]], [1])
    assert solve_problem(replace(problem, budget_per_hour=5.0)).cost == 5.0
    too_little = solve_problem(replace(problem, budget_per_hour=4.99))
    assert too_little.status is PlanStatus.INFEASIBLE


def test_budget_of_zero_allows_what_is_free(serve: Serve) -> None:
    problem = serve([2], [[1], [2]], [0, 1], upper=[3, 9], budget_per_hour=0.0)
    solution = solve_problem(problem)
    assert solution.counts.tolist() == [2, 0]
    assert (solution.cost, solution.bound, solution.gap) == (0.0, 0.0, 0.0)


def test_a_limit_on_types_trades_cost_for_fewer_types(serve: Serve) -> None:
    # Each bucket has its own cheap type (1 + 1); one type for both costs 3.
    rates = [[1, 0], [0, 1], [1, 1]]
    problem = serve([1, 1], rates, [1, 1, 1.5])
    assert solve_problem(problem).counts.tolist() == [1, 1, 0]
    limited = solve_problem(replace(problem, max_groups=1))
    assert limited.counts.tolist() == [0, 0, 2]
    assert limited.cost == 3.0


def test_offers_of_one_group_count_as_one_type(serve: Serve) -> None:
    problem = serve([1, 1], [[1, 0], [0, 1]], [1, 1], group=np.array([7, 7]), max_groups=1)
    assert solve_problem(problem).counts.tolist() == [1, 1]


def test_a_job_takes_its_cheapest_alternative() -> None:
    solution = solve_problem(only_jobs(job([3, 2, 2.5])))
    assert solution.chosen == (1,)
    assert solution.cost == 2.0


def test_two_jobs_share_a_quota() -> None:
    # Both want their cheap way, which takes 4 of 6; one gives way where that costs less (1 < 2).
    row = quota([], 6, [4, 2], [4, 2])
    solution = solve_problem(only_jobs(job([1, 3]), job([1, 2]), rows=(row,)))
    assert solution.chosen == (0, 1)
    assert solution.cost == 3.0


def test_a_job_and_a_service_share_a_quota(serve: Serve) -> None:
    # The quota holds 3: the job takes 2 of it, so 1 instance of the cheap offer is left.
    row = quota([1, 0], 3, [2])
    problem = serve([3], [[1], [1]], [1, 2], rows=(row,), choices=(job([1]),))
    solution = solve_problem(problem)
    assert solution.counts.tolist() == [1, 2]
    assert solution.cost == 6.0


def test_a_job_counts_among_the_types(serve: Serve) -> None:
    # The job's cheap way needs type 5; with one type in all it must run on the service's type 0.
    choice = job([1, 2], group=[5, 0])
    problem = serve([1], [[1]], [1], choices=(choice,))
    assert solve_problem(problem).chosen == (0,)
    assert solve_problem(replace(problem, max_groups=1)).chosen == (1,)


def test_a_job_without_an_allowed_alternative_is_named() -> None:
    row = quota([], 3, [1, 1], [4, 5])
    solution = solve_problem(only_jobs(job([1, 2]), job([1, 2]), rows=(row,)))
    assert solution.status is PlanStatus.INFEASIBLE
    assert solution.impossible_choices == (1,)


def test_two_workloads_share_a_quota(serve: Serve) -> None:
    # Offers 0 and 2 are one purchasable type with a quota of 4. Without it the first workload
    # saves 4 per instance and the second 1, so the first gets all 4.
    first = serve([4], [[1], [1]], [1, 5])
    second = serve([4], [[1], [1]], [1, 2])
    both = Problem(
        price_per_hour=np.array([1.0, 5, 1, 2]),
        server=np.arange(4),
        upper=np.full(4, np.inf),
        group=np.array([0, 1, 0, 2]),
        blocks=(*first.blocks, *second.blocks),
        rows=(quota([1, 0, 1, 0], 4),),
    )
    solution = solve_problem(both)
    assert solution.counts.tolist() == [4, 0, 0, 4]
    assert solution.cost == 12.0


def test_workloads_may_have_different_buckets(serve: Serve) -> None:
    first, second = serve([1, 2], [[1, 2]], [1]), serve([3, 0, 3], [[3, 1, 6]], [2])
    both = Problem(
        price_per_hour=np.array([1.0, 2.0]),
        server=np.arange(2),
        upper=np.full(2, np.inf),
        group=np.arange(2),
        blocks=(*first.blocks, *second.blocks),
    )
    # 1/1 + 2/2 = 2 of the first; 3/3 + 3/6 = 1.5, so 2 of the second.
    solution = solve_problem(both)
    assert solution.counts.tolist() == [2, 2]
    assert [share.shape for share in solution.shares] == [(1, 2), (1, 3)]
    assert solution.shares[1].tolist() == [[1, 0, 1]]
