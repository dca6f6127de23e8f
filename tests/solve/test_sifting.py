"""Large problems: sifting against the program of all offers, and bounds that hold for any plan."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from costopt.plan.status import PlanStatus
from costopt.solve import run as run_module
from costopt.solve.pricing import Multipliers, Pricing, first_instance_value
from costopt.solve.problem import Choice, LimitRow, Payers, Problem, ServingBlock
from costopt.solve.reduce import reduce_problem
from costopt.solve.run import solve_problem
from costopt.solve.sifting import rank_in_class
from costopt.solve.solution import Solution

Serve = Callable[..., Problem]


@pytest.fixture
def sifted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Solution]:
    """Solve by sifting, however small the problem."""

    def solve(problem: Problem, **settings: float) -> Solution:
        with monkeypatch.context() as patched:
            patched.setattr(run_module, "SIFTED_OFFERS", 0)
            return solve_problem(problem, **settings)  # type: ignore[arg-type]

    return solve


def draw_catalogue(seed: int) -> Problem:
    """Draw 60 to 120 offers: firm ones and spot pools of some types, with limits of every kind."""
    random = np.random.default_rng(seed)
    types, zones, buckets = (
        int(random.integers(low, high)) for low, high in ((4, 6), (5, 9), (1, 4))
    )
    own = np.exp(random.normal(0, 0.5, (types, buckets))) * random.uniform(0.5, 4, (types, 1))
    own[random.random((types, buckets)) < 0.1] = 0.0
    own[0] = np.maximum(own[0], 0.5)
    firm, pool = np.repeat(np.arange(types), zones), types + np.arange(types * zones)
    is_spot = np.arange(types + len(pool)) >= types
    block = ServingBlock(
        demand=random.uniform(0.5, 3.0, buckets) * random.choice([1.0, 4.0]),
        rates=np.vstack([own, own[firm]]),
        max_utilisation=np.full(len(is_spot), 0.8),
        is_spot=is_spot,
        max_spot_fraction=float(random.choice([0.6, 1.0, 1.0])),
        failure_group=np.where(is_spot, np.arange(len(is_spot)) // random.integers(1, 3), -1),
        max_losses=int(random.integers(0, 4)),
        max_lost_fraction=float(random.choice([0.25, 0.5])),
        min_failure_groups=int(random.choice([0, 0, 2])),
    )
    offers = 3 * len(firm)
    base = own.mean(axis=1)[firm] * random.uniform(0.8, 1.2, len(firm))
    scatter = random.uniform(0.9, 1.3, len(firm))
    price = np.concatenate([base, 0.8 * base * scatter, 0.4 * base * scatter])
    choice = Choice(
        cost=random.uniform(0.5, 1.5, 3),
        group=np.arange(3),
        payers=Payers(
            alternative=np.array([1, 1]),
            instances=np.array([2, 2]),
            cost=random.uniform(0.1, 0.4, 2),
        ),
    )
    row = LimitRow(
        name="quota",
        offer_coefficients=random.choice([0.0, 1.0, 4.0], offers),
        choice_coefficients=(np.array([1.0, 0.0, 2.0]),),
        payer_coefficients=(np.array([1.0, 2.0]),),
        upper=float(random.integers(10, 40)),
    )
    has_job = random.random() < 0.4
    if not has_job:
        row = replace(row, choice_coefficients=(), payer_coefficients=())
    return Problem(
        price_per_hour=np.round(price, 3),
        server=np.concatenate([firm, firm, pool]),
        upper=random.choice([1.0, 2.0, 4.0, 9.0], offers),
        group=np.tile(firm, 3),
        blocks=(block,),
        choices=(choice,) if has_job else (),
        rows=(row,) if random.random() < 0.6 else (),
        budget_per_hour=float(random.uniform(10, 40)) if random.random() < 0.2 else None,
        max_groups=3 if random.random() < 0.2 else None,
    )


def with_a_cost(solve: Callable[..., Solution], problem: Problem, gap: float) -> Solution:
    """Solve in a second; in half a minute where a busy machine found no plan in that."""
    quick = solve(problem, gap=gap, time_limit_seconds=1)
    if quick.bound is None or quick.cost is not None:
        return quick
    return solve(problem, gap=gap, time_limit_seconds=30)


@pytest.mark.parametrize("seeds", [range(first, first + 2) for first in range(0, 20, 2)], ids=str)
def test_sifting_and_the_whole_program_agree_and_no_bound_is_above_the_other_cost(
    seeds: range, sifted: Callable[..., Solution]
) -> None:
    for seed in seeds:
        problem = draw_catalogue(seed)
        found = with_a_cost(sifted, problem, gap=0.02)
        known = with_a_cost(solve_problem, problem, gap=0.01)
        if found.bound is None or known.bound is None:
            assert found.cost is None, f"seed {seed}"
            assert known.cost is None, f"seed {seed}"
            continue
        assert found.cost is not None, f"seed {seed}"
        assert known.cost is not None, f"seed {seed}"
        assert found.bound <= known.cost * (1 + 1e-9), f"seed {seed}"
        assert known.bound <= found.cost * (1 + 1e-9), f"seed {seed}"
        if found.status is known.status is PlanStatus.OPTIMAL_WITHIN_GAP:
            assert found.cost <= known.cost / (1 - 0.02) * (1 + 1e-6), f"seed {seed}"


def draw_multipliers(problem: Problem, seed: int) -> tuple[Pricing, Multipliers]:
    """Prices drawn without any program: the bound must hold for all of them."""
    random = np.random.default_rng(seed)
    reduction = reduce_problem(problem)
    (block,) = reduction.blocks
    buckets = block.kind_load.shape[1]
    best = problem.price_per_hour.mean()
    rows = random.integers(0, 6) if block.whole.limits_losses else 0
    multipliers = Multipliers(
        demand=(random.uniform(0, 2 * best, buckets),),
        spot=(random.uniform(0, 0.2 * best, buckets) * random.integers(0, 2),),
        losses=(
            (
                random.uniform(0, 0.2 * best, rows),
                random.choice(block.group, rows),
                random.integers(0, buckets, rows),
            ),
        ),
        limits=random.uniform(0, 0.05, len(problem.rows)),
        budget=float(random.uniform(0, 0.1)) if problem.budget_per_hour else 0.0,
        capacity=np.where(
            random.random(len(block.servers)) < 0.5,
            random.uniform(0, best, len(block.servers)),
            np.inf,
        ),
    )
    return Pricing(problem, reduction), multipliers


def test_any_prices_give_a_bound_that_no_plan_undercuts() -> None:
    proven = 0
    for seed in range(4):
        problem = draw_catalogue(seed)
        plan = solve_problem(problem, gap=0.05, time_limit_seconds=1)
        if plan.cost is None:
            continue
        for draw in range(30):
            pricing, multipliers = draw_multipliers(problem, draw)
            priced = pricing.priced(multipliers)
            dearer = np.maximum(priced.reduced_cost, 0) @ plan.counts[pricing.reduction.offers]
            assert priced.bound + dearer <= plan.cost * (1 + 1e-9), f"seed {seed}, draw {draw}"
            proven += priced.bound > 0
    assert proven > 10


def test_the_value_of_a_first_instance_is_a_fractional_knapsack() -> None:
    # Worth 4, 3 and 6 for loads 0.5, 1 and 4: 8, 3 and 1.5 for each instance. A full instance
    # takes the first whole (0.5) and half of the second: 4 + 1.5.
    value = first_instance_value(
        np.array([[4.0, 3.0, 6.0]]), np.array([[0.5, 1.0, 4.0]]), np.ones(1)
    )
    assert value.tolist() == [5.5]
    # At most half of each: 2 for 0.25, 1.5 for 0.5, and 0.25 left of the third, 6 x 0.25 / 4.
    half = first_instance_value(
        np.array([[4.0, 3.0, 6.0]]), np.array([[0.5, 1.0, 4.0]]), np.full(1, 0.5)
    )
    assert half.tolist() == [2 + 1.5 + 0.375]
    # What it cannot serve, or what is worth nothing, earns nothing.
    none = first_instance_value(np.array([[4.0, -1.0]]), np.array([[np.inf, 1.0]]), np.ones(1))
    assert none.tolist() == [0.0]


def test_elements_are_ranked_within_their_class() -> None:
    classes = np.array([2, 0, 2, 0, 2])
    assert rank_in_class(classes, np.array([3.0, 1.0, 1.0, 0.5, 2.0])).tolist() == [2, 1, 0, 0, 1]


def large_problem(quota: float = 9.0) -> Problem:
    """6,000 spot pools of 40 types, each at a price of its own, and a firm offer of each type."""
    random = np.random.default_rng(3)
    types, pools, buckets = 40, 150, 6
    own = np.exp(random.normal(0, 0.5, (types, buckets))) * random.uniform(0.5, 4, (types, 1))
    firm = np.arange(types)
    kind = np.repeat(firm, pools)
    is_spot = np.arange(types + len(kind)) >= types
    block = ServingBlock(
        demand=random.uniform(20, 80, buckets),
        rates=np.vstack([own, own[kind]]),
        max_utilisation=np.full(len(is_spot), 0.8),
        is_spot=is_spot,
        failure_group=np.where(is_spot, np.arange(len(is_spot)), -1),
        max_losses=1,
        max_lost_fraction=0.25,
    )
    base = own.mean(axis=1) * random.uniform(0.8, 1.2, types)
    return Problem(
        price_per_hour=np.concatenate([base, base[kind] * random.uniform(0.3, 0.6, len(kind))]),
        server=np.arange(len(is_spot)),
        upper=np.full(len(is_spot), quota),
        group=np.concatenate([firm, kind]),
        blocks=(block,),
    )


def test_a_large_problem_is_sifted_and_keeps_every_cap() -> None:
    problem = large_problem()
    solution = solve_problem(problem, gap=0.05, time_limit_seconds=60)
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert (solution.drops.reason == 0).sum() > run_module.SIFTED_OFFERS
    spot = solution.shares[0][problem.blocks[0].is_spot]
    assert spot.max() <= 0.25 * (1 + 1e-6)
    again = solve_problem(problem, gap=0.05, time_limit_seconds=60)
    assert again.cost == solution.cost
    assert np.array_equal(again.counts, solution.counts)


def test_a_problem_without_enough_quota_is_infeasible_when_sifted_too(
    sifted: Callable[..., Solution],
) -> None:
    problem = replace(draw_catalogue(2), choices=())
    busy = replace(problem.blocks[0], demand=20 * problem.blocks[0].demand)
    row = LimitRow(name="all", offer_coefficients=np.ones(problem.offer_count), upper=1.0)
    scarce = replace(problem, blocks=(busy,), rows=(row,), budget_per_hour=None)
    assert sifted(scarce, gap=0.02).status is PlanStatus.INFEASIBLE


def test_a_limit_too_short_for_a_large_problem_gives_no_answer_and_an_honest_bound() -> None:
    problem = large_problem()
    started = perf_counter()
    solution = solve_problem(problem, gap=0.02, time_limit_seconds=1e-9)
    assert perf_counter() - started < 30
    assert solution.status is PlanStatus.NO_ANSWER_IN_TIME
    assert solution.cost is None
    assert solution.bound == 0.0
