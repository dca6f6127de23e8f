"""solve_problem against exhaustive search, a second solver, and itself without pruning."""

from collections.abc import Callable

import numpy as np
import pytest

from costopt.plan.status import PlanStatus
from costopt.solve.problem import LimitRow, Problem, ServingBlock
from costopt.solve.recheck import violations
from costopt.solve.run import solve_problem
from costopt.solve.solution import Decision

Draw = Callable[[int], Problem]
Oracle = Callable[[Problem], float | None]

SEARCHED_SEEDS = [range(first, first + 50) for first in range(0, 500, 50)]
SECOND_SOLVER_SEEDS = [range(first, first + 30) for first in range(1000, 1120, 30)]
PRUNED_SEEDS = [range(first, first + 20) for first in range(0, 200, 20)]


def same_cost(found: float | None, known: float | None) -> bool:
    if found is None or known is None:
        return found is known
    return found == pytest.approx(known, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seeds", SEARCHED_SEEDS, ids=str)
def test_cost_equals_that_of_exhaustive_search(
    seeds: range, draw_problem: Draw, cheapest_by_search: Oracle
) -> None:
    for seed in seeds:
        problem = draw_problem(seed)
        solution = solve_problem(problem, gap=0.0)
        assert same_cost(solution.cost, cheapest_by_search(problem)), f"seed {seed}"
        if solution.cost is None:
            assert solution.status is PlanStatus.INFEASIBLE
            continue
        decision = Decision(counts=solution.counts, shares=solution.shares, chosen=solution.chosen)
        assert violations(problem, decision) == [], f"seed {seed}"
        assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP


def test_random_problems_cover_every_kind_of_limit(
    draw_problem: Draw, cheapest_by_search: Oracle
) -> None:
    problems = [draw_problem(seed) for seeds in SEARCHED_SEEDS for seed in seeds]
    infeasible = sum(cheapest_by_search(problem) is None for problem in problems)
    assert 50 < infeasible < len(problems) - 150
    assert sum(len(problem.blocks) == 2 for problem in problems) > 50
    assert sum(problem.max_groups is not None for problem in problems) > 50
    assert sum(problem.budget_per_hour is not None for problem in problems) > 50
    assert sum(bool(problem.rows and problem.choices) for problem in problems) > 50


@pytest.mark.parametrize("seeds", SECOND_SOLVER_SEEDS, ids=str)
def test_cost_equals_that_of_a_second_solver(
    seeds: range, draw_problem: Draw, cheapest_by_cbc: Oracle
) -> None:
    for seed in seeds:
        problem = draw_problem(seed)
        found = solve_problem(problem, gap=0.0).cost
        assert same_cost(found, cheapest_by_cbc(problem)), f"seed {seed}"


def draw_wide_problem(seed: int) -> Problem:
    """Types in families of proportional sizes, each at several prices, firm and spot."""
    random = np.random.default_rng(seed)
    families, buckets = 4, int(random.integers(2, 6))
    own = np.exp(random.normal(0, 0.6, (families, buckets))) * (random.random((families, 1)) + 0.5)
    own[random.random((families, buckets)) < 0.15] = 0.0
    own[0] = np.maximum(own[0], 0.3)
    sizes = (1.0, 4.0)
    rates = np.vstack([own * size for size in sizes])
    rates = np.vstack([rates, rates])
    firm = len(rates) // 2
    price = np.maximum(rates[:firm].mean(axis=1), 0.1) * random.uniform(0.7, 1.4, firm)
    block = ServingBlock(
        demand=random.choice([0.0, 0.5, 1.5, 3.0], buckets),
        rates=rates,
        max_utilisation=np.full(2 * firm, 0.85),
        is_spot=np.arange(2 * firm) >= firm,
        max_spot_fraction=float(random.choice([0.0, 0.4, 1.0])),
    )
    server = np.repeat(np.arange(2 * firm), 2)
    base = np.concatenate([price, 0.5 * price])[server]
    row = LimitRow(
        name="quota",
        offer_coefficients=np.where(random.random(len(server)) < 0.3, 4.0, 0.0),
        upper=8.0,
    )
    return Problem(
        price_per_hour=np.round(base * random.choice([1.0, 1.1, 1.3], len(server)), 3),
        server=server,
        upper=random.choice([1.0, 3.0, np.inf, np.inf], len(server)),
        group=server % firm,
        blocks=(block,),
        rows=(row,) if random.random() < 0.5 else (),
        max_groups=2 if random.random() < 0.3 else None,
    )


@pytest.mark.parametrize("seeds", PRUNED_SEEDS, ids=str)
def test_the_reduced_program_costs_what_the_whole_one_costs(seeds: range) -> None:
    for seed in seeds:
        problem = draw_wide_problem(seed)
        reduced = solve_problem(problem, gap=1e-7, time_limit_seconds=60)
        whole = solve_problem(problem, gap=1e-7, time_limit_seconds=60, prune=False)
        assert reduced.status is whole.status
        assert same_cost(reduced.cost, whole.cost), f"seed {seed}"


def test_the_reduction_removes_most_of_the_wide_problems() -> None:
    reasons = [solve_problem(draw_wide_problem(seed)).drops.reason for seed in range(20)]
    kept = np.mean(np.concatenate(reasons) == 0)
    assert kept < 0.5
