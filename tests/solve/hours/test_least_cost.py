"""What whole fleets cost at least is never above what they cost, and the bound above is one."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from time import perf_counter

import numpy as np
import pytest

from costopt.solve.hours.by_parts import fleets_of
from costopt.solve.hours.decomposed import take_apart
from costopt.solve.hours.fleets import Fleets, largest_factor
from costopt.solve.hours.highs import minimise_linear
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.least_cost import LeastCost, least_cost
from costopt.solve.hours.levels import levels_of
from costopt.solve.hours.lifted_bound import least_costs, lifted_bound
from costopt.solve.hours.long_series import search_long_series
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.reach import reach_of
from costopt.solve.problem import FloatArray, ServingBlock
from costopt.solve.reduce import instances_needed

MOST_INSTANCES = 6
"""Of each server, in the exhaustive search."""


def drawn_block(seed: int) -> ServingBlock:
    """Two request sizes on two firm servers and a spot one with half of each size at most."""
    random = np.random.default_rng(seed)
    return ServingBlock(
        demand=random.uniform(0.5, 1.5, 2),
        rates=random.uniform(0.6, 2.0, (3, 2)),
        max_utilisation=np.full(3, 0.9),
        is_spot=np.array([False, False, True]),
        max_spot_fraction=0.5,
    )


def bounds_for(block: ServingBlock, price: FloatArray, factors: FloatArray) -> LeastCost:
    known = Fleets(block=block, load=instances_needed(block))
    demand = (factors, np.ones(len(factors)))
    return least_cost(0, price, demand, known, tolerance=0.0, deadline=perf_counter() + 20)


def test_one_server_costs_its_price_for_every_instance_begun() -> None:
    block = ServingBlock(
        demand=np.ones(1),
        rates=np.full((1, 1), 2.0),
        max_utilisation=np.ones(1),
        is_spot=np.zeros(1, dtype=bool),
    )
    factors = np.array([0.0, 0.5, 1.9, 2.5, 3.0, 4.5])
    # An instance serves 2 of them at $3: none, 1, 1, 2, 2 and 3 instances.
    found = bounds_for(block, np.array([3.0]), factors)
    assert found.at(factors) == pytest.approx([0.0, 3.0, 3.0, 6.0, 6.0, 9.0])


@pytest.mark.parametrize("seed", range(5))
def test_the_least_cost_is_that_of_the_cheapest_whole_fleet(seed: int) -> None:
    block = drawn_block(seed)
    random = np.random.default_rng(100 + seed)
    price = random.uniform(1.0, 3.0, 3)
    factors = random.uniform(0.1, 2.0, 7)
    fleets = [np.array(one) for one in product(range(MOST_INSTANCES), repeat=3)]
    reach = [largest_factor(block, instances_needed(block), one)[0] for one in fleets]
    costs = np.array([one @ price for one in fleets])
    cheapest = [costs[np.array(reach) >= factor * (1 - 1e-7)].min() for factor in factors.tolist()]
    found = bounds_for(block, price, factors)
    assert (found.at(factors) <= np.array(cheapest) * (1 + 1e-6)).all()
    assert found.at(factors) == pytest.approx(np.array(cheapest), rel=1e-6)


def test_a_server_that_is_not_on_offer_serves_nothing() -> None:
    block = drawn_block(1)
    alone = bounds_for(block, np.array([1.0, np.inf, np.inf]), np.array([1.0]))
    needed = np.ceil(instances_needed(block)[0].sum())
    assert alone.at(np.array([1.0])) == pytest.approx([needed])


@pytest.mark.parametrize("seed", range(20))
def test_the_lifted_bound_is_between_the_linear_one_and_the_optimum(
    draw_hours: Callable[[int], HourlyProblem],
    cheapest_by_search: Callable[[HourlyProblem], float | None],
    seed: int,
) -> None:
    problem = draw_hours(seed)
    cheapest = cheapest_by_search(problem)
    kinds = hour_kinds(problem)
    hours = take_apart(problem, kinds, reach_of(problem, kinds))
    linear = minimise_linear(hours.assembly.program, time_limit_seconds=20)
    if cheapest is None or linear.values is None:
        return
    deadline = perf_counter() + 20
    least = least_costs(problem, fleets_of(hours), tolerance=0.0, deadline=deadline)
    costs = [one.at(hours.reach.factor[one.block]) for one in least]
    lifted = lifted_bound(hours, least, costs, gap=0.0, deadline=deadline)
    assert lifted is not None
    columns = hours.assembly.columns
    assert linear.objective <= lifted.bound + 1e-9
    assert lifted.bound * columns.scale + columns.constant <= cheapest * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_over_a_series_in_levels_is_below_the_optimum_of_its_hours(
    draw_hours: Callable[[int], HourlyProblem],
    cheapest_by_search: Callable[[HourlyProblem], float | None],
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four hours in two levels: the bound is at most the least that the four cost."""
    random = np.random.default_rng(seed)
    problem = replace(
        draw_hours(seed + 50),
        weight=np.ones(4),
        demand_factor=random.uniform(0.3, 4.0, (1, 4)),
        rows=(),
    )
    quantities = replace(problem.quantities, available=None)
    no_plans = type(problem.spends).none()
    problem = replace(problem, quantities=quantities, spends=no_plans)
    for name in ("MOST_LEVELS", "PLANNED_LEVELS"):
        monkeypatch.setattr(f"costopt.solve.hours.long_series.{name}", 2)
    cheapest = cheapest_by_search(problem)
    assert cheapest is not None
    needed = np.ones(problem.offer_count, dtype=bool)
    found = search_long_series(
        problem, hour_kinds(problem), needed, gap=0.0, deadline=perf_counter() + 20
    )
    assert found.bound is not None
    assert 0 < found.bound <= cheapest * (1 + 1e-6)


def test_levels_are_narrow_where_hours_are_many(
    over_hours: Callable[..., HourlyProblem],
) -> None:
    many = np.linspace(1.0, 1.1, 900).tolist()
    few = np.linspace(1.1, 3.0, 100).tolist()
    problem = over_hours([*many, *few], rates=[1.0], prices=[1.0])
    levels = levels_of(problem, hour_kinds(problem), most=20)
    # Steps of equal width, 0.1, would put nearly all 900 hours into the first of them.
    in_first_tenth = len(set(levels.level[:900].tolist()))
    assert 3 <= in_first_tenth <= 12
    assert (levels.above.demand_factor[0, levels.level] >= problem.demand_factor[0]).all()
