"""A plan with at least one instance of an offer, held against exhaustive search."""

from itertools import product

import numpy as np
import pytest

from costopt.planning.forced import _joined, _with_one_paid
from costopt.solve.problem import Problem, ServingBlock
from costopt.solve.relaxation import relaxed_cost
from costopt.solve.run import solve_problem

DEMAND = 10.0
MOST = 6


def problem_of(prices: list[float], rates: list[float]) -> Problem:
    """One bucket of 10 requests/s and one server for each offer."""
    count = len(prices)
    block = ServingBlock(
        demand=np.array([DEMAND]),
        rates=np.array(rates)[:, None],
        max_utilisation=np.ones(count),
        is_spot=np.zeros(count, dtype=np.bool_),
    )
    return Problem(
        price_per_hour=np.array(prices),
        server=np.arange(count),
        upper=np.full(count, float(MOST)),
        group=np.arange(count),
        blocks=(block,),
    )


def forced_cost(problem: Problem, offer: int) -> float:
    offers = np.array([offer])
    least = float(problem.price_per_hour[offer])
    found = solve_problem(_with_one_paid(problem, offers, least), gap=0.0)
    joined = _joined(found, problem, offers, least)
    assert joined.cost is not None
    assert joined.counts[offer] >= 1
    assert joined.counts @ problem.price_per_hour == pytest.approx(joined.cost)
    return joined.cost


def cheapest_with(prices: list[float], rates: list[float], offer: int) -> float:
    costs = [
        float(np.dot(counts, prices))
        for counts in product(range(MOST + 1), repeat=len(prices))
        if np.dot(counts, rates) >= DEMAND - 1e-9 and counts[offer] >= 1
    ]
    return min(costs)


@pytest.mark.parametrize("seed", range(40))
def test_the_plan_with_one_of_an_offer_is_the_cheapest_of_all_that_have_it(seed: int) -> None:
    draw = np.random.default_rng(seed)
    prices = draw.uniform(0.5, 5.0, size=3).round(2).tolist()
    rates = draw.uniform(2.0, 9.0, size=3).round(1).tolist()
    for offer in range(3):
        expected = cheapest_with(prices, rates, offer)
        assert forced_cost(problem_of(prices, rates), offer) == pytest.approx(expected)


def test_an_offer_that_is_of_no_use_is_paid_for_and_stands_idle() -> None:
    # Two of the first carry 2 x 5 = 10 requests/s for 2 x 1.00; the second adds its 3.00.
    assert forced_cost(problem_of([1.0, 3.0], [5.0, 1.0]), 1) == pytest.approx(5.0)


def test_instances_in_parts_cost_what_the_load_is_worth() -> None:
    # 10 / 4 = 2.5 instances at 2.00; whole ones cost 3 x 2.00.
    problem = problem_of([2.0], [4.0])
    assert relaxed_cost(problem) == pytest.approx(5.0)
    assert solve_problem(problem).cost == pytest.approx(6.0)


def test_what_nothing_can_serve_has_no_cost_in_parts_either() -> None:
    assert relaxed_cost(problem_of([2.0], [0.0])) is None
