"""Solving by parts: several workloads, capped spot, ties between hours, and the staircase."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from costopt.solve.hours.bound import hour_bounds
from costopt.solve.hours.by_parts import by_parts
from costopt.solve.hours.commitments import QuantityCommitments
from costopt.solve.hours.decode import decision_at
from costopt.solve.hours.decomposed import Decomposed, take_apart
from costopt.solve.hours.fleets import Fleets
from costopt.solve.hours.highs import minimise_linear, minimise_whole
from costopt.solve.hours.improve import improved_by_windows
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.problem import HourlyProblem, Sequence
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.recheck import hourly_violations
from costopt.solve.hours.run import solve_hours
from costopt.solve.hours.windows import bound_by_windows
from costopt.solve.problem import LimitRow, ServingBlock
from costopt.solve.reduce import instances_needed


def block(demand: list[float], rates: list[list[float]], spot: list[bool]) -> ServingBlock:
    """One workload, 40 % of each bucket on spot at most."""
    return ServingBlock(
        demand=np.array(demand),
        rates=np.array(rates),
        max_utilisation=np.ones(len(rates)),
        is_spot=np.array(spot),
        max_spot_fraction=0.4,
    )


def two_workloads(hours: int) -> HourlyProblem:
    """Two workloads on a firm and a spot server each, one commitment and one quota for both."""
    random = np.random.default_rng(5)
    return HourlyProblem(
        price_per_hour=np.array([1.0, 0.35, 0.0, 1.2, 0.4, 0.0]),
        server=np.array([0, 1, 0, 2, 3, 2]),
        upper=np.full(6, np.inf),
        quantity=np.array([-1, -1, 0, -1, -1, 0]),
        blocks=(
            block([2.0, 1.0], [[1.0, 0.7], [1.0, 0.7]], [False, True]),
            block([1.5], [[0.8], [0.8]], [False, True]),
        ),
        rows=(
            LimitRow(name="quota", offer_coefficients=np.array([1.0, 0, 1, 1, 0, 1]), upper=30.0),
        ),
        weight=np.ones(hours),
        demand_factor=random.uniform(0.5, 4.0, (2, hours)),
        quantities=QuantityCommitments(cost=np.array([0.6 * hours]), upper=np.array([np.inf])),
    )


def apart(problem: HourlyProblem) -> Decomposed:
    """The problem taken apart, nothing left out."""
    kinds = hour_kinds(problem)
    return take_apart(problem, kinds, reach_of(problem, kinds))


def no_fleets(problem: HourlyProblem) -> tuple[Fleets, ...]:
    """No fleet known of any workload yet."""
    return tuple(Fleets(block=one, load=instances_needed(one)) for one in problem.blocks)


def test_parts_of_two_workloads_make_a_plan_near_the_optimum() -> None:
    problem = two_workloads(12)
    hours = apart(problem)
    found = by_parts(hours, gap=1e-3, deadline=perf_counter() + 20)
    assert found.values is not None
    assert found.bound is not None
    decision = decision_at(problem, hours.kinds, hours.assembly, found.values)
    assert hourly_violations(problem, decision) == []
    exact = solve_hours(problem, gap=1e-3, time_limit_seconds=20)
    assert exact.costs is not None
    assert exact.bound is not None
    scale = hours.assembly.columns.scale
    cost = float(hours.assembly.program.cost @ found.values) * scale
    assert found.bound * scale <= exact.costs.objective * (1 + 1e-9)
    assert exact.bound * (1 - 1e-9) <= cost <= exact.costs.objective * 1.03


def test_no_bucket_has_more_than_its_share_on_spot_in_any_hour(
    over_hours: Callable[..., HourlyProblem],
) -> None:
    """5 instances' load, 40 % on spot at $0.4: 3 x 1 + 2 x 0.4 = 3.8."""
    problem = over_hours([5.0], rates=[1.0, 1.0], prices=[1.0, 0.4])
    capped = replace(problem.blocks[0], is_spot=np.array([False, True]), max_spot_fraction=0.4)
    solution = solve_hours(replace(problem, blocks=(capped,)), gap=0)
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(3.8)


def test_the_bound_by_hours_is_no_lower_than_the_linear_one_and_below_the_optimum() -> None:
    problem = two_workloads(8)
    hours = apart(problem)
    linear = minimise_linear(hours.assembly.program, time_limit_seconds=20)
    assert linear.row_prices is not None
    bound = hour_bounds(
        hours, linear.row_prices, no_fleets(problem), gap=1e-4, deadline=perf_counter() + 20
    ).total
    exact = solve_hours(problem, gap=1e-3, time_limit_seconds=20)
    assert exact.costs is not None
    assert linear.objective * (1 - 1e-6) <= bound
    assert bound * hours.assembly.columns.scale <= exact.costs.objective * (1 + 1e-9)


def test_a_bound_with_any_prices_holds() -> None:
    """Prices that fit nothing make a poor bound, never a wrong one."""
    problem = two_workloads(6)
    hours = apart(problem)
    rows = len(hours.assembly.program.row_lower)
    exact = solve_hours(problem, gap=1e-3, time_limit_seconds=20)
    assert exact.costs is not None
    for seed in range(5):
        prices = np.random.default_rng(seed).normal(0, 1, rows)
        bound = hour_bounds(
            hours, prices, no_fleets(problem), gap=1e-3, deadline=perf_counter() + 20
        ).total
        assert bound * hours.assembly.columns.scale <= exact.costs.objective * (1 + 1e-9)


def tied(hours: int) -> HourlyProblem:
    """Two workloads that take half an hour to start, and some that stay up."""
    sequence = Sequence(start_up_hours=np.full(6, 0.5), min_up_hours=np.array([3, 0, 0, 2, 0, 0]))
    return replace(two_workloads(hours), sequence=sequence)


def test_the_bound_by_windows_is_no_lower_than_that_by_hours_and_below_the_optimum() -> None:
    problem = tied(8)
    hours = apart(problem)
    linear = minimise_linear(hours.assembly.program, time_limit_seconds=20)
    assert linear.row_prices is not None
    by_hours = hour_bounds(
        hours, linear.row_prices, no_fleets(problem), gap=0, deadline=perf_counter() + 5
    ).total
    by_windows = bound_by_windows(
        hours, linear.row_prices, no_fleets(problem), gap=0, deadline=perf_counter() + 5
    )
    exact = solve_hours(problem, gap=1e-3, time_limit_seconds=20)
    assert exact.costs is not None
    assert by_hours < by_windows * (1 - 1e-4)
    assert by_windows * hours.assembly.columns.scale <= exact.costs.objective * (1 + 1e-9)


def test_a_bound_by_windows_with_any_prices_holds() -> None:
    problem = tied(6)
    hours = apart(problem)
    rows = len(hours.assembly.program.row_lower)
    exact = solve_hours(problem, gap=1e-3, time_limit_seconds=20)
    assert exact.costs is not None
    for seed in range(4):
        prices = np.random.default_rng(seed).normal(0, 1, rows)
        bound = bound_by_windows(
            hours, prices, no_fleets(problem), gap=1e-3, deadline=perf_counter() + 1
        )
        assert bound * hours.assembly.columns.scale <= exact.costs.objective * (1 + 1e-9)


def test_parts_respect_ties_between_hours() -> None:
    problem = tied(10)
    hours = apart(problem)
    found = by_parts(hours, gap=0.01, deadline=perf_counter() + 20)
    assert found.values is not None
    decision = decision_at(problem, hours.kinds, hours.assembly, found.values)
    assert hourly_violations(problem, decision) == []


def test_a_fleet_serves_up_to_its_largest_factor() -> None:
    """2 firm and 2 spot instances of 1 request/s, one bucket of 1 request/s, 40 % on spot.

    Firm carries at least 60 %: 2 / 0.6 = 3.33; then spot carries 1.33 of its 2.
    """
    served = block([1.0], [[1.0], [1.0]], [False, True])
    fleets = Fleets(block=served, load=instances_needed(served))
    assert fleets.add(np.array([2, 2]), 1.0) == pytest.approx(10 / 3)
    assert fleets.add(np.array([2, 0]), 1.0) == pytest.approx(2.0)
    assert fleets.add(np.array([0, 2]), 0.0) == 0.0
    assert len(fleets.counts) == 3


def test_a_plan_improved_by_windows_keeps_its_limits_and_costs_no_more() -> None:
    """From a plan with three of every offer in every hour that may have them."""
    problem = tied(10)
    hours = apart(problem)
    program, counts = hours.assembly.program, hours.assembly.columns.counts.columns
    lower = program.lower.copy()
    lower[counts] = np.where(program.upper[counts] > 3, 3.0, 0.0)
    lavish = minimise_whole(replace(program, lower=lower), gap=0.0, time_limit_seconds=5.0)
    assert lavish.values is not None
    better = improved_by_windows(hours, lavish.values, gap=0.0, deadline=perf_counter() + 5)
    assert program.cost @ better < program.cost @ lavish.values
    decision = decision_at(problem, hours.kinds, hours.assembly, better)
    assert hourly_violations(problem, decision) == []
