"""Limits on losses against a second solver, exhaustive search, and themselves without pruning."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

from costopt.plan.status import PlanStatus
from costopt.solve.problem import FloatArray, IntArray, Problem, ServingBlock
from costopt.solve.run import solve_problem

Oracle = Callable[[Problem], float | None]


def draw_grouped(seed: int) -> Problem:
    """Up to two workloads whose servers are lost in groups, with spot caps and quotas."""
    random = np.random.default_rng(seed)
    blocks = []
    for _ in range(random.integers(1, 3)):
        servers, buckets = int(random.integers(2, 6)), int(random.integers(1, 4))
        group = random.integers(-1, 4, servers)
        group[0] = -1 if random.random() < 0.8 else 0
        base = random.choice([1.0, 2.0, 3.0], (1, buckets))
        rates = base * random.choice([0.5, 1.0, 2.0], (servers, 1))
        own = random.choice([0.0, 1.0, 2.0, 3.0], (servers, buckets))
        own[0] = 1.0
        block = ServingBlock(
            demand=random.choice([0.7, 1.3, 2.1], buckets),
            rates=np.where(random.random((servers, 1)) < 0.6, rates, own),
            max_utilisation=random.choice([0.7, 1.0], servers),
            is_spot=group >= 0,
            max_spot_fraction=float(random.choice([0.5, 0.8, 1.0, 1.0])),
            failure_group=group,
            max_losses=int(random.integers(0, 4)),
            max_lost_fraction=float(random.choice([0.0, 0.25, 0.5, 0.7])),
            min_failure_groups=int(random.choice([0, 0, 1, 2, 3])),
        )
        blocks.append(block)
    servers = sum(len(block.is_spot) for block in blocks)
    offers = servers + int(random.integers(0, 3))
    server = np.concatenate([np.arange(servers), random.integers(0, servers, offers - servers)])
    at_risk = np.concatenate([block.is_spot for block in blocks])[server]
    firm_price = random.choice([1.0, 1.1, 2.0, 2.1], offers)
    return Problem(
        price_per_hour=np.where(at_risk, random.choice([0.5, 0.7, 0.8], offers), firm_price),
        server=server,
        upper=random.choice([2.0, 4.0, np.inf, np.inf, np.inf], offers),
        group=server,
        blocks=tuple(blocks),
        max_groups=int(random.integers(2, 4)) if random.random() < 0.3 else None,
    )


@pytest.mark.parametrize(
    "seeds", [range(first, first + 40) for first in range(0, 200, 40)], ids=str
)
def test_cost_equals_that_of_a_second_solver_with_a_row_for_every_set_of_groups(
    seeds: range, cheapest_by_cbc: Oracle
) -> None:
    for seed in seeds:
        problem = draw_grouped(seed)
        known = cheapest_by_cbc(problem)
        for prune in (True, False):
            solution = solve_problem(problem, gap=0.0, prune=prune)
            if known is None:
                assert solution.status is PlanStatus.INFEASIBLE, f"seed {seed}"
            else:
                assert solution.cost == pytest.approx(known, rel=1e-6), f"seed {seed}"


def cheapest_with_one_bucket(problem: Problem) -> float | None:
    """Cheapest cost over all counts, by arithmetic alone; one workload with one bucket.

    Each group carries what its instances can, or a common level where that is less; the highest
    level that no set of groups breaks carries the most.
    """
    block = problem.blocks[0]
    load = block.demand[0] / (block.rates[:, 0] * block.max_utilisation)
    most = np.minimum(problem.upper, np.ceil(load[problem.server] - 1e-9)).astype(int)
    best = np.inf
    for counts in product(*(range(count + 1) for count in most)):
        cost = float(np.dot(counts, problem.price_per_hour))
        if cost < best and carries_all(problem, np.array(counts), load):
            best = cost
    return None if best == np.inf else best


def carries_all(problem: Problem, counts: IntArray, load: FloatArray) -> bool:
    block = problem.blocks[0]
    carried = np.bincount(problem.server, weights=counts, minlength=len(load)) / load
    groups = sorted(set(block.server_group.tolist()) - {-1})
    inside = np.array([carried[block.server_group == group].sum() for group in groups])
    held = sum(
        counts[np.isin(block.server_group[problem.server], group)].any() for group in groups
    )
    if 0 < held < block.min_failure_groups:
        return False
    free = carried[block.server_group < 0].sum()
    losses = min(block.max_losses, len(groups))
    levels = [0.0, 1.0, *inside]
    if losses:
        # A level at which some set of groups carries exactly what may be lost.
        sums = [
            inside[list(s)].sum()
            for n in range(losses)
            for s in combinations(range(len(inside)), n)
        ]
        levels += [
            (block.max_lost_fraction - total) / (losses - size)
            for size in range(losses)
            for total in sums
        ]
    most = 0.0
    for level in levels:
        limited = np.minimum(inside, max(level, 0.0))
        if np.sort(limited)[len(limited) - losses :].sum() <= block.max_lost_fraction + 1e-9:
            most = max(most, float(limited.sum()))
    if losses == 0:
        most = float(inside.sum())
    return bool(free + min(most, block.max_spot_fraction) >= 1 - 1e-9)


@pytest.mark.parametrize(
    "seeds", [range(first, first + 60) for first in range(0, 240, 60)], ids=str
)
def test_cost_equals_that_of_exhaustive_search_with_one_bucket(seeds: range) -> None:
    for seed in seeds:
        random = np.random.default_rng(seed)
        servers = int(random.integers(3, 6))
        group = random.integers(-1, 4, servers)
        block = ServingBlock(
            demand=np.array([random.choice([2.0, 3.0, 4.5])]),
            rates=random.choice([1.0, 1.5, 2.0], (servers, 1)),
            max_utilisation=np.ones(servers),
            is_spot=group >= 0,
            max_spot_fraction=float(random.choice([0.75, 1.0])),
            failure_group=group,
            max_losses=int(random.integers(0, 4)),
            max_lost_fraction=float(random.choice([0.25, 0.4, 0.6])),
            min_failure_groups=int(random.integers(0, 4)),
        )
        problem = Problem(
            price_per_hour=random.choice([0.5, 0.7, 1.0, 1.1, 2.0], servers),
            server=np.arange(servers),
            upper=random.choice([1.0, 2.0, np.inf, np.inf], servers),
            group=np.arange(servers),
            blocks=(block,),
        )
        known = cheapest_with_one_bucket(problem)
        solution = solve_problem(problem, gap=0.0)
        if known is None:
            assert solution.status is PlanStatus.INFEASIBLE, f"seed {seed}"
        else:
            assert solution.cost == pytest.approx(known, rel=1e-6), f"seed {seed}"


def test_the_drawn_limits_on_losses_bind_in_many_cases() -> None:
    dearer = impossible = 0
    for seed in range(100):
        problem = draw_grouped(seed)
        without = replace(
            problem,
            blocks=tuple(
                replace(block, failure_group=None, max_losses=0, min_failure_groups=0)
                for block in problem.blocks
            ),
        )
        limited, free = (solve_problem(one, gap=0.0).cost for one in (problem, without))
        impossible += limited is None and free is not None
        dearer += limited is not None and free is not None and limited > free * (1 + 1e-6)
    assert dearer >= 20
    assert impossible >= 5
