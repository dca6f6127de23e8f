"""What is lost together over hours: by hand, and against all fleets of every hour."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from costopt.plan.status import PlanStatus
from costopt.solve.hours import run, wide
from costopt.solve.hours.commitments import QuantityCommitments
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.pulp_model import write_pulp_hours
from costopt.solve.hours.recheck import hourly_violations
from costopt.solve.hours.run import solve_hours
from costopt.solve.problem import ServingBlock

Build = Callable[..., HourlyProblem]

EXACT = 1e-9
"""Rounding error of the search's sums."""


def grouped(problem: HourlyProblem, groups: list[int], **limits: object) -> HourlyProblem:
    """Put servers into failure groups; -1 is firm."""
    group = np.array(groups)
    changed = replace(
        problem.blocks[0],
        is_spot=group >= 0,
        failure_group=group,
        **limits,  # type: ignore[arg-type]
    )
    return replace(problem, blocks=(changed,))


def counts_of(problem: HourlyProblem) -> list[list[int]]:
    """Instances of each offer in each hour."""
    solution = solve_hours(problem, gap=0)
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert solution.decision is not None
    return solution.decision.counts.T.tolist()


def test_each_hour_keeps_half_when_a_pool_goes(over_hours: Build) -> None:
    """At 2 requests/s a pool carries 1, at 4 it carries 2; nothing asks for firm instances."""
    problem = over_hours([2.0, 4.0], rates=[1, 1, 1], prices=[1, 1.5, 4])
    free = grouped(problem, [0, 1, -1])
    assert counts_of(free) == [[2, 0, 0], [4, 0, 0]]
    half = grouped(problem, [0, 1, -1], max_losses=1, max_lost_fraction=0.5)
    assert counts_of(half) == [[1, 1, 0], [2, 2, 0]]


def test_an_hour_of_one_instance_cannot_be_split_and_is_firm(over_hours: Build) -> None:
    """At 1 request/s two pools cost 2.5, firm 2; at 4 requests/s 2 x 1 + 2 x 1.5 against 8."""
    problem = over_hours([1.0, 4.0], rates=[1, 1, 1], prices=[1, 1.5, 2])
    half = grouped(problem, [0, 1, -1], max_losses=1, max_lost_fraction=0.5)
    assert counts_of(half) == [[0, 0, 1], [2, 2, 0]]


def test_two_pools_that_go_at_once_leave_what_is_promised(over_hours: Build) -> None:
    """Of 4 requests/s any two of four pools carry half; of three pools they would carry more."""
    problem = over_hours([4.0, 2.0], rates=[1] * 5, prices=[1, 1.1, 1.2, 1.3, 9])
    two = grouped(problem, [0, 1, 2, 3, -1], max_losses=2, max_lost_fraction=0.5)
    assert counts_of(two) == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 0]]
    three = grouped(problem, [0, 1, 2, 2, -1], max_losses=2, max_lost_fraction=0.5)
    assert all(hour[4] > 0 for hour in counts_of(three))


def test_enough_groups_carry_a_part_in_every_hour(over_hours: Build) -> None:
    """One instance of the first carries either hour; two must each carry 1 / 20 of it."""
    problem = over_hours([1.0, 2.0], rates=[2, 2, 2], prices=[1, 2, 9])
    spread = grouped(problem, [0, 1, -1], min_failure_groups=2)
    solution = solve_hours(spread, gap=0)
    assert solution.decision is not None
    assert solution.decision.counts.T.tolist() == [[1, 1, 0], [1, 1, 0]]
    assert solution.decision.shares[0][:, :2].min() >= 0.05 - 1e-9
    three = grouped(problem, [0, 1, -1], min_failure_groups=3)
    assert counts_of(three) == [[0, 0, 1], [0, 0, 1]]


def test_an_hour_that_only_spot_could_serve_is_infeasible(over_hours: Build) -> None:
    problem = over_hours([0.0, 1.0, 2.0], rates=[1, 1], prices=[1, 1], upper=[1, 1])
    half = grouped(problem, [0, 1], max_losses=1, max_lost_fraction=0.5)
    assert counts_of(half) == [[0, 0], [1, 1], [1, 1]]
    less = grouped(problem, [0, 1], max_losses=1, max_lost_fraction=0.4)
    solution = solve_hours(less)
    assert solution.status is PlanStatus.INFEASIBLE
    assert solution.infeasible_hours == (1, 2)


def test_the_recheck_names_the_worst_set_and_its_hour(over_hours: Build) -> None:
    problem = over_hours([2.0, 4.0], rates=[1, 1, 1], prices=[1, 1.5, 4])
    solution = solve_hours(grouped(problem, [0, 1, -1]), gap=0)
    assert solution.decision is not None
    half = grouped(problem, [0, 1, -1], max_losses=1, max_lost_fraction=0.5)
    assert hourly_violations(half, solution.decision) == [
        "hour 0 and 1 more: failure groups of block 0 carry too much together, at worst [0] with "
        "1 of bucket 0, of 0.5 allowed"
    ]
    spread = grouped(problem, [0, 1, -1], min_failure_groups=2)
    assert hourly_violations(spread, solution.decision) == [
        "hour 0 and 1 more: fewer than 2 failure groups of block 0 carry 0.05 of the demand"
    ]


def drawn(seed: int) -> HourlyProblem:
    """Three pools, and firm instances by the hour or committed."""
    random = np.random.default_rng(seed)
    hours = int(random.integers(2, 4))
    weight = random.integers(1, 4, hours).astype(float)
    block = ServingBlock(
        demand=np.ones(1),
        rates=random.choice([1.0, 1.5, 2.0], (4, 1)),
        max_utilisation=np.ones(4),
        is_spot=np.array([True, True, True, False]),
        max_spot_fraction=float(random.choice([0.6, 1.0])),
        failure_group=np.array([0, 1, int(random.integers(1, 3)), -1]),
        max_losses=int(random.integers(0, 3)),
        max_lost_fraction=float(random.choice([0.25, 0.4, 0.6])),
        min_failure_groups=int(random.integers(0, 4)),
    )
    firm = float(random.choice([1.5, 2.5]))
    return HourlyProblem(
        price_per_hour=np.array([*random.choice([0.5, 0.7, 1.0], 3), firm, 0.0]),
        server=np.array([0, 1, 2, 3, 3]),
        upper=np.array([2.0, 2.0, 2.0, float(random.integers(0, 4)), 2.0]),
        quantity=np.array([-1, -1, -1, -1, 0]),
        blocks=(block,),
        weight=weight,
        demand_factor=random.choice([0.0, 1.0, 2.0, 3.5], (1, hours)),
        quantities=QuantityCommitments(
            cost=np.array([firm * weight.sum() * random.uniform(0.3, 0.9)]),
            upper=np.array([2.0]),
        ),
    )


def carries(block: ServingBlock, running: NDArray[np.int64], demand: float) -> bool:
    """Whether instances of four servers serve one bucket; pools carry up to a common level.

    Each group carries what its instances can, or the highest level that no ``k`` of them break.
    """
    can = running * block.rates[:, 0] / demand
    pools = [can[:3][block.server_group[:3] == group].sum() for group in (0, 1, 2)]
    able = np.sort(pools)[::-1]
    if 0 < (able > 0).sum() < block.min_failure_groups:
        return bool(can[3] >= 1 - EXACT)
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        lost = np.minimum(able, middle)[: block.max_losses].sum()
        low, high = (middle, high) if lost <= block.max_lost_fraction else (low, middle)
    on_spot = min(np.minimum(able, high).sum(), block.max_spot_fraction)
    return bool(can[3] + on_spot >= 1 - EXACT)


def cheapest(problem: HourlyProblem) -> float | None:
    """Least cost over all commitments and all fleets of every hour."""
    block = problem.blocks[0]
    most = problem.upper.astype(int).tolist()
    fleets = np.array(list(product(*(range(count + 1) for count in most))))
    best = None
    for committed in range(int(problem.quantities.upper[0]) + 1):
        cost = committed * float(problem.quantities.cost[0])
        for factor, weight in zip(problem.demand_factor[0], problem.weight, strict=True):
            if not factor:
                continue
            allowed = fleets[fleets[:, 4] <= committed]
            bills = allowed @ problem.price_per_hour
            order = np.argsort(bills, kind="stable")
            served = (
                float(bills[row])
                for row in order
                if carries(
                    block, np.append(allowed[row, :3], allowed[row, 3:].sum()), float(factor)
                )
            )
            bill = next(served, None)
            cost = np.inf if bill is None else cost + weight * bill
        if np.isfinite(cost) and (best is None or cost < best):
            best = cost
    return best


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_the_cheapest_plan_with_promises_costs_what_exhaustive_search_finds(first: int) -> None:
    answered = 0
    for seed in range(first, first + 20):
        problem = drawn(seed)
        solution = solve_hours(problem, gap=0, time_limit_seconds=20)
        known = cheapest(problem)
        if known is None:
            assert solution.status is PlanStatus.INFEASIBLE, seed
            continue
        answered += 1
        assert solution.costs is not None, seed
        assert solution.costs.objective == pytest.approx(known, rel=1e-6), seed
    assert answered > 5


@pytest.mark.parametrize("by", ["few offers", "levels"])
def test_large_problems_keep_promises_within_a_valid_bound(
    by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small cases handled as if they were too wide, or their series too long."""
    if by == "few offers":
        monkeypatch.setattr(wide, "WIDE_PROGRAM", 0)
        monkeypatch.setattr(wide, "MOST_SERVERS", 3)
    else:
        monkeypatch.setattr(run, "LONG_SERIES", 0)
    answered = 0
    for seed in range(30):
        problem = drawn(seed)
        solution = run.solve_hours(problem, gap=1e-3, time_limit_seconds=20)
        known = cheapest(problem)
        if known is None:
            assert solution.decision is None, seed
            continue
        assert solution.bound is not None, seed
        assert solution.bound <= known * (1 + 1e-6), seed
        if solution.costs is None:
            assert solution.status is PlanStatus.NO_ANSWER_IN_TIME, seed
            continue
        answered += 1
        assert solution.costs.objective >= known * (1 - 1e-6), seed
    assert answered > 10


def test_promises_over_hours_cost_the_same_written_with_pulp() -> None:
    for seed in range(20):
        problem = drawn(seed)
        known = cheapest(problem)
        written = write_pulp_hours(problem).solve(gap=1e-9)
        assert written.cost == (known and pytest.approx(known, rel=1e-6)), seed
