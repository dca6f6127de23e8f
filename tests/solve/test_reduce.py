"""reduce_problem: what leaves, for which reason, and when it must stay."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from costopt.solve.problem import MOST_INSTANCES, Choice, LimitRow, Problem, ServingBlock
from costopt.solve.reduce import Reduction, instances_needed, reduce_problem
from costopt.solve.solution import DropReason

Serve = Callable[..., Problem]


def reasons(problem: Problem) -> list[str]:
    codes = reduce_problem(problem).drops.reason
    return [DropReason(code).name for code in codes.tolist()]


def row(weights: list[float], upper: float, *job_weights: list[float]) -> LimitRow:
    return LimitRow(
        name="quota",
        offer_coefficients=np.array(weights),
        choice_coefficients=tuple(np.array(weight) for weight in job_weights),
        upper=upper,
    )


def same_server(problem: Problem, prices: list[float], upper: list[float]) -> Problem:
    """Put several offers on the problem's first server."""
    return replace(
        problem,
        price_per_hour=np.array(prices, dtype=float),
        server=np.zeros(len(prices), dtype=np.int64),
        upper=np.array(upper, dtype=float),
        group=np.zeros(len(prices), dtype=np.int64),
    )


def test_instances_needed_are_demand_over_usable_rate() -> None:
    block = ServingBlock(
        demand=np.array([6.0, 0.0, 1.0]),
        rates=np.array([[2.0, 1.0, 0.0]]),
        max_utilisation=np.array([0.75]),
        is_spot=np.array([False]),
    )
    # 6 / (2 x 0.75) = 4; a bucket without demand, and one that cannot be served, have no load.
    assert instances_needed(block).tolist() == [[4.0, np.inf, np.inf]]


def test_a_rate_that_would_need_a_thousand_million_instances_counts_as_none() -> None:
    block = ServingBlock(
        demand=np.array([1.0, 1.0]),
        rates=np.array([[0.5 / MOST_INSTANCES, 2 / MOST_INSTANCES]]),
        max_utilisation=np.array([1.0]),
        is_spot=np.array([False]),
    )
    assert np.isfinite(instances_needed(block)).tolist() == [[False, True]]


def test_each_own_limit_has_its_reason(serve: Serve) -> None:
    problem = serve(
        [1, 0],
        [[0, 9], [1, 1], [1, 1], [1, 1], [1, 1], [1, 1]],
        [1, 1, 1, 1, 7, 1],
        spot=[False, True, False, False, False, False],
        max_spot_fraction=0.0,
        upper=[9, 9, 0, 9, 9, 9],
        rows=(row([0, 0, 0, 9, 0, 0], 8),),
        budget_per_hour=6.0,
    )
    expected = ["SERVES_NOTHING", "SPOT_EXCLUDED", "NO_QUOTA", "OVER_LIMIT", "OVER_BUDGET", "KEPT"]
    assert reasons(problem) == expected


def test_counts_stop_where_more_instances_would_idle(serve: Serve) -> None:
    # 7/3 + 4/8 = 2.83 instances; with 40 % of it on spot at most 1.13.
    problem = serve([7, 4], [[3, 8]], [1])
    assert reduce_problem(problem).upper.tolist() == [3]
    rates = [[3, 8], [3, 8]]
    capped = serve([7, 4], rates, [2, 1], spot=[False, True], max_spot_fraction=0.4)
    assert dict(zip(*_kept_uppers(capped), strict=True)) == {0: 3, 1: 2}


def _kept_uppers(problem: Problem) -> tuple[list[int], list[float]]:
    reduction = reduce_problem(problem)
    return reduction.offers.tolist(), reduction.upper.tolist()


def test_limits_of_one_offer_tighten_its_count(serve: Serve) -> None:
    problem = serve([9], [[1]], [2])
    assert reduce_problem(replace(problem, upper=np.array([4.9]))).upper.tolist() == [4]
    assert reduce_problem(replace(problem, rows=(row([8], 47),))).upper.tolist() == [5]
    assert reduce_problem(replace(problem, budget_per_hour=12.0)).upper.tolist() == [6]


def test_a_dearer_offer_of_the_same_server_leaves(serve: Serve) -> None:
    problem = same_server(serve([3], [[1]], [1]), [2, 1, 1.5], [np.inf] * 3)
    assert reasons(problem) == ["CHEAPER_SOURCE", "KEPT", "CHEAPER_SOURCE"]
    drops = reduce_problem(problem).drops
    assert drops.beaten_by.tolist() == [1, -1, 1]
    assert drops.beaten_by_count.tolist() == [1, 0, 1]


def test_a_dearer_offer_stays_while_the_cheaper_ones_lack_quota(serve: Serve) -> None:
    # 5 instances can be of use: 2 + 3 at the lower prices cover them, 2 + 2 do not.
    base = serve([5], [[1]], [1])
    enough = same_server(base, [1, 2, 3], [2, 3, np.inf])
    assert reasons(enough) == ["KEPT", "KEPT", "CHEAPER_SOURCE"]
    scarce = same_server(base, [1, 2, 3], [2, 2, np.inf])
    assert reasons(scarce) == ["KEPT", "KEPT", "KEPT"]


def test_a_dearer_offer_stays_when_a_row_binds_only_the_cheaper(serve: Serve) -> None:
    base = same_server(serve([5], [[1]], [1]), [1, 2], [np.inf] * 2)
    assert reasons(replace(base, rows=(row([1, 0], 3),))) == ["KEPT", "KEPT"]
    assert reasons(replace(base, rows=(row([1, 1], 3),))) == ["KEPT", "CHEAPER_SOURCE"]


def test_a_dearer_offer_of_another_type_stays_when_types_are_limited(serve: Serve) -> None:
    base = same_server(serve([5], [[1]], [1]), [1, 2], [np.inf] * 2)
    two_types = replace(base, group=np.array([0, 1]), max_groups=1)
    assert reasons(two_types) == ["KEPT", "DOMINATED"]
    shared = Choice(cost=np.array([1.0]), group=np.array([1]))
    assert reasons(replace(two_types, choices=(shared,))) == ["KEPT", "KEPT"]


def test_several_cheap_instances_dominate_a_large_one(serve: Serve) -> None:
    # Two at 1.00 do 2 and 4; the large one does 2 and 3 for 2.50.
    problem = serve([9, 9], [[1, 2], [2, 3]], [1, 2.5])
    drops = reduce_problem(problem).drops
    assert reasons(problem) == ["KEPT", "DOMINATED"]
    assert (drops.beaten_by[1], drops.beaten_by_count[1]) == (0, 2)


def test_a_large_instance_stays_when_whole_small_ones_cost_more(serve: Serve) -> None:
    # Three at 1.00 would be needed for its 2.1 in the first bucket, and it costs 2.50.
    assert reasons(serve([9, 9], [[1, 2], [2.1, 3]], [1, 2.5])) == ["KEPT", "KEPT"]


def test_an_offer_that_alone_serves_a_bucket_stays(serve: Serve) -> None:
    assert reasons(serve([9, 9], [[9, 0], [1, 1]], [1, 5])) == ["KEPT", "KEPT"]


def test_utilisation_counts_when_offers_are_compared(serve: Serve) -> None:
    problem = serve([9], [[1], [1]], [1, 1])
    assert reasons(problem) == ["KEPT", "DOMINATED"]
    block = replace(problem.blocks[0], max_utilisation=np.array([0.5, 1.0]))
    assert reasons(replace(problem, blocks=(block,))) == ["DOMINATED", "KEPT"]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"upper": [3, np.inf]}, "KEPT"),
        ({"upper": [9, np.inf]}, "DOMINATED"),
        ({"rows": (row([1, 0], 100),)}, "KEPT"),
        ({"rows": (row([1, 1], 100),)}, "KEPT"),
        ({"rows": (row([1, 2], 100),)}, "DOMINATED"),
        ({"rows": (row([0, 1], 100),)}, "DOMINATED"),
        ({"spot": [True, False], "max_spot_fraction": 0.5}, "KEPT"),
        ({"spot": [True, False], "max_spot_fraction": 1.0}, "DOMINATED"),
        ({"spot": [False, True], "max_spot_fraction": 0.5}, "DOMINATED"),
        ({"max_groups": 2, "group": np.array([0, 0])}, "DOMINATED"),
        ({"budget_per_hour": 20.0}, "DOMINATED"),
    ],
)
def test_an_offer_is_dominated_only_where_no_limit_can_want_it(
    serve: Serve, limits: dict[str, object], expected: str
) -> None:
    # Two of the first offer replace one of the second; 9 of the first can be of use.
    problem = serve([9], [[1], [2]], [1, 2.5], **limits)
    assert reasons(problem)[1] == expected


def test_a_type_leaves_only_as_a_whole_when_types_are_limited(serve: Serve) -> None:
    # Type 1 has a firm and a spot offer; type 0 replaces both only if its spot offer is cheaper.
    rates = [[1, 1], [1, 1], [1, 1], [1, 1]]
    spot = [False, True, False, True]
    limits = {"spot": spot, "max_spot_fraction": 0.5, "max_groups": 1}
    group = np.array([0, 0, 1, 1])
    partly = serve([9, 9], rates, [2, 1, 3, 0.5], group=group, **limits)
    assert reasons(partly) == ["KEPT"] * 4
    whole = serve([9, 9], rates, [2, 1, 3, 1.5], group=group, **limits)
    assert reasons(whole) == ["KEPT", "KEPT", "DOMINATED", "DOMINATED"]


def test_what_beats_an_offer_is_itself_kept(draw_problem: Callable[[int], Problem]) -> None:
    beaten = 0
    for seed in range(200):
        drops = reduce_problem(draw_problem(seed)).drops
        lost = drops.beaten_by >= 0
        assert (drops.reason[drops.beaten_by[lost]] == DropReason.KEPT).all()
        assert (drops.beaten_by_count[lost] >= 1).all()
        is_beaten = np.isin(drops.reason, [DropReason.CHEAPER_SOURCE, DropReason.DOMINATED])
        assert (lost == is_beaten).all()
        beaten += int(lost.sum())
    assert beaten > 100


def test_buckets_with_proportional_loads_share_one_routing(serve: Serve) -> None:
    # Bucket 1 loads each server twice as much as bucket 0; bucket 2 does not.
    problem = serve([3, 3, 3, 0], [[2, 1, 1, 1], [6, 3, 1, 1]], [1, 1.5])
    block = reduce_problem(problem).blocks[0]
    assert block.bucket[0] == block.bucket[1] != block.bucket[2]
    assert block.bucket[3] == -1
    # Loads of the two add up: 3/2 + 3/1 = 4.5 and 3/6 + 3/3 = 1.5.
    assert sorted(block.load[:, block.bucket[0]].tolist()) == [1.5, 4.5]


def test_nearly_proportional_loads_are_not_merged(serve: Serve) -> None:
    problem = serve([3, 3], [[2, 1], [6, 3.0001]], [1, 1.5])
    assert reduce_problem(problem).blocks[0].load.shape == (2, 2)


def test_a_job_keeps_the_cheapest_alternative_of_each_kind(serve: Serve) -> None:
    choice = Choice(cost=np.array([3.0, 2.0, 1.0, 0.5]), group=np.array([0, 0, 1, 1]))
    limit = row([], 5, [1, 1, 1, 9])
    nobody = serve([], [], [], rows=(limit,), choices=(choice,))
    assert reduce_problem(nobody).alternatives[0].tolist() == [2]
    by_type = reduce_problem(replace(nobody, max_groups=1)).alternatives[0]
    assert sorted(by_type.tolist()) == [1, 2]
    other_use = replace(nobody, rows=(row([], 5, [1, 2, 3, 9]),))
    assert sorted(reduce_problem(other_use).alternatives[0].tolist()) == [0, 1, 2]


def test_without_pruning_only_the_forbidden_leaves(serve: Serve) -> None:
    problem = serve([3, 3, 0], [[1, 2, 1], [2, 4, 1], [0, 0, 1]], [1, 2.5, 1], upper=[9, 9, 9])
    reduction = reduce_problem(problem, prune=False)
    assert sorted(reduction.offers.tolist()) == [0, 1]
    assert reduction.blocks[0].load.shape == (2, 2)


def test_the_order_of_the_input_does_not_change_the_program() -> None:
    random = np.random.default_rng(3)
    rates = random.uniform(0.5, 4, (6, 4))
    prices = rates.mean(axis=1) * random.uniform(0.9, 1.1, 6)
    demand = random.uniform(1, 3, 4)

    def reduction(types: list[int], buckets: list[int]) -> Reduction:
        block = ServingBlock(
            demand=demand[buckets],
            rates=rates[np.ix_(types, buckets)],
            max_utilisation=np.ones(6),
            is_spot=np.zeros(6, dtype=bool),
        )
        problem = Problem(
            price_per_hour=prices[types],
            server=np.arange(6),
            upper=np.full(6, np.inf),
            group=np.arange(6),
            blocks=(block,),
        )
        return reduce_problem(problem)

    one, other = (
        reduction([0, 1, 2, 3, 4, 5], [0, 1, 2, 3]),
        reduction([4, 2, 5, 0, 3, 1], [2, 0, 3, 1]),
    )
    assert one.blocks[0].load.tolist() == other.blocks[0].load.tolist()
    assert one.upper.tolist() == other.upper.tolist()
