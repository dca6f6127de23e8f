"""Problems with every feature at once: by parts and by levels, against the whole program."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from costopt.solve.hours.by_parts import by_parts
from costopt.solve.hours.commitments import (
    QuantityCommitments,
    ResourceCommitments,
    SpendCommitments,
)
from costopt.solve.hours.decode import decision_at
from costopt.solve.hours.decomposed import Decomposed, take_apart
from costopt.solve.hours.highs import minimise_whole
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.long_series import search_long_series
from costopt.solve.hours.problem import HourlyProblem, Scenarios, Sequence
from costopt.solve.hours.prune import needed_offers
from costopt.solve.hours.pulp_model import write_pulp_hours
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.recheck import hourly_violations
from costopt.solve.hours.run import solve_hours
from costopt.solve.problem import LimitRow, ServingBlock

SAME = 1e-5
"""Relative difference up to which two costs count as equal."""

TYPES = 2
OFFERS_OF_A_BLOCK = 6
"""On demand, on spot and committed, of each type."""


def drawn(seed: int, *, tied: bool) -> HourlyProblem:
    """Two workloads on two types: spot, commitments of all sorts, scenarios, a quota."""
    random = np.random.default_rng(seed)
    hours = 4
    base = random.uniform(0.5, 3, TYPES)
    of_spot = base * random.uniform(0.3, 0.6, TYPES)
    weight = np.ones(hours) if tied else random.integers(1, 5, hours).astype(float)
    odds = float(random.uniform(0.2, 0.8))
    horizon = odds * weight[:2].sum() + (1 - odds) * weight[2:].sum()
    price = np.tile(np.concatenate([base, of_spot, np.zeros(TYPES)]), 2)
    first = np.array([0, 1, 2, 3, 0, 1])
    offers = len(price)
    owned = random.random(TYPES) < 0.3
    return HourlyProblem(
        price_per_hour=price,
        server=np.concatenate([first, 4 + first]),
        upper=np.where(random.random(offers) < 0.15, 2.0, np.inf),
        quantity=np.tile([-1, -1, -1, -1, 0, 1], 2),
        blocks=tuple(block(random) for _ in range(2)),
        rows=quota(random, offers),
        weight=weight,
        demand_factor=random.choice([0, 0.5, 1.0, 1.7, 2.5], (2, hours)),
        quantities=QuantityCommitments(
            cost=np.where(owned, 0.0, base * horizon * random.uniform(0.3, 0.95, TYPES)),
            upper=np.where(owned, 2.0, np.inf),
            available=random.random((TYPES, hours)) < 0.85,
        ),
        spends=plan_of_money(random, price, hours, horizon),
        resources=resources_of(random, price, horizon),
        sequence=ties(random, offers) if tied else None,
        scenarios=Scenarios(
            scenario=np.array([0, 0, 1, 1]),
            probability=np.array([odds, 1 - odds]),
            tail_weight=float(random.choice([0, 0.5, 0.9])),
            tail_level=float(random.choice([0, 0.3, 0.8])),
        ),
    )


def block(random: np.random.Generator) -> ServingBlock:
    """Two buckets; some servers cannot serve the second one."""
    rates = random.uniform(0.5, 2, (TYPES, 2))
    rates[1, 1] *= random.random() < 0.7
    return ServingBlock(
        demand=random.uniform(0.3, 2, 2),
        rates=np.concatenate([rates, rates]),
        max_utilisation=random.uniform(0.7, 1, 4),
        is_spot=np.array([False, False, True, True]),
        max_spot_fraction=float(random.choice([0.3, 0.5, 1.0])),
    )


def quota(random: np.random.Generator, offers: int) -> tuple[LimitRow, ...]:
    """A limit on some offers, in half of the problems."""
    taken = (random.random(offers) < 0.6) * random.choice([1.0, 2.0], offers)
    upper = float(random.integers(6, 14))
    row = LimitRow(name="quota", offer_coefficients=taken, upper=upper)
    return (row,) if random.random() < 0.5 else ()


def plan_of_money(
    random: np.random.Generator, price: np.ndarray, hours: int, horizon: float
) -> SpendCommitments:
    """One plan for the first type on demand, with one line of other usage."""
    rate = np.full((1, len(price)), np.nan)
    eligible = [0, OFFERS_OF_A_BLOCK]
    rate[0, eligible] = price[eligible] * random.uniform(0.4, 0.95, 2)
    return SpendCommitments(
        cost=np.array([horizon * random.uniform(0.8, 1.0)]),
        upper=np.array([np.inf]),
        owned=random.choice([0.0, 1.0]) * random.uniform(0, 2, (1, hours)),
        rate=rate,
        other_usage=random.integers(0, 3, (1, hours)).astype(float),
        other_price=np.array([1.5]),
        other_rate=np.array([[1.5 * random.uniform(0.4, 0.95)]]),
    )


def resources_of(
    random: np.random.Generator, price: np.ndarray, horizon: float
) -> ResourceCommitments:
    """Committed amounts for the second type on demand, three quarters of its price."""
    needs = np.zeros((len(price), 1))
    eligible = [1, 1 + OFFERS_OF_A_BLOCK]
    needs[eligible, 0] = price[eligible] * 0.75 / 0.05
    return ResourceCommitments(
        cost=np.array([horizon * 0.05 * 4 * random.uniform(0.4, 0.9)]),
        upper=np.array([np.inf]),
        amounts=np.array([[4.0]]),
        price=np.array([0.05]),
        needs=needs,
    )


def ties(random: np.random.Generator, offers: int) -> Sequence:
    """Starts that cost something, instances that stay for some hours."""
    return Sequence(
        start_up_hours=random.choice([0, 0.5, 1.0], offers),
        min_up_hours=random.integers(0, 4, offers),
    )


def apart(problem: HourlyProblem) -> Decomposed:
    """The problem taken apart, nothing left out."""
    kinds = hour_kinds(problem)
    return take_apart(problem, kinds, reach_of(problem, kinds))


def least(hours: Decomposed) -> float | None:
    """Least cost by the whole program handed to the solver at once; None when infeasible."""
    run = minimise_whole(hours.assembly.program, gap=1e-7, time_limit_seconds=30)
    columns = hours.assembly.columns
    if run.values is None:
        return None
    return float(hours.assembly.program.cost @ run.values) * columns.scale + columns.constant


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_every_way_to_solve_brackets_the_whole_program(seed: int, *, tied: bool) -> None:
    problem = drawn(seed, tied=tied)
    hours = apart(problem)
    cheapest = least(hours)
    solution = solve_hours(problem, gap=0, time_limit_seconds=20)
    found = by_parts(hours, gap=1e-3, deadline=perf_counter() + 20)
    if cheapest is None:
        assert (solution.bound, solution.decision) == (None, None)
        return
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(cheapest, rel=SAME)
    columns = hours.assembly.columns
    assert found.bound is not None
    assert found.bound * columns.scale + columns.constant <= cheapest * (1 + SAME)
    if found.values is None:
        return
    decision = decision_at(problem, hours.kinds, hours.assembly, found.values)
    cost = float(hours.assembly.program.cost @ found.values) * columns.scale + columns.constant
    assert cheapest * (1 - SAME) <= cost <= cheapest * 1.3
    assert hourly_violations(problem, decision) == []


@pytest.mark.parametrize("tied", [False, True])
def test_the_model_written_with_pulp_costs_what_the_arrays_cost(*, tied: bool) -> None:
    for seed in range(3):
        problem = drawn(seed, tied=tied)
        arrays = solve_hours(problem, gap=1e-9, time_limit_seconds=20)
        written = write_pulp_hours(problem).solve(gap=1e-9)
        assert (written.cost is None) == (arrays.costs is None), f"seed {seed}"
        if arrays.costs is not None:
            assert written.cost == pytest.approx(arrays.costs.objective, rel=1e-6), f"seed {seed}"


@pytest.mark.parametrize("seed", range(5))
def test_levels_serve_every_hour_and_bound_the_whole_program(seed: int) -> None:
    problem = drawn(100 + seed, tied=False)
    cheapest = least(apart(problem))
    kinds = hour_kinds(problem)
    needed = needed_offers(problem, reach_of(problem, kinds))
    found = search_long_series(problem, kinds, needed, gap=1e-3, deadline=perf_counter() + 20)
    if cheapest is None:
        assert found.decision is None
        return
    assert found.bound is not None
    assert found.bound <= cheapest * (1 + SAME)
    assert found.decision is not None
    assert hourly_violations(problem, found.decision) == []


def day_and_night(over_hours: Callable[..., HourlyProblem]) -> HourlyProblem:
    """Two workloads at other hours; what is owned serves the first one for nothing."""
    problem = over_hours(
        [2.0, 0.0, 1.0],
        rates=[1.0],
        prices=[9.0, 0.0, 1.0],
        server=[0, 0, 1],
        quantity=[-1, 0, -1],
        quantities=QuantityCommitments(cost=np.zeros(1), upper=np.array([2.0])),
    )
    return replace(
        problem,
        blocks=problem.blocks * 2,
        demand_factor=np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 2.0]]),
    )


def test_a_fleet_of_an_hour_without_demand_serves_no_other_hour(
    over_hours: Callable[..., HourlyProblem],
) -> None:
    """The first hour costs nothing and runs nothing of the second workload; 3 and 2 run later."""
    hours = apart(day_and_night(over_hours))
    found = by_parts(hours, gap=1e-3, deadline=perf_counter() + 20, bound_whole=False)
    assert found.values is not None
    decision = decision_at(hours.problem, hours.kinds, hours.assembly, found.values)
    assert hourly_violations(hours.problem, decision) == []
    assert decision.counts[2].tolist() == [0, 3, 2]


def test_an_hour_that_needs_more_commitments_than_rounded_down_is_served(
    over_hours: Callable[..., HourlyProblem],
) -> None:
    """Nothing runs by the hour. Of 3 h at 0.4 and one at 1.4 instances, 2 must be committed."""
    problem = over_hours(
        [0.4, 0.4, 0.4, 1.4],
        rates=[1.0],
        prices=[0.0],
        quantity=[0],
        quantities=QuantityCommitments(cost=np.array([1.0]), upper=np.array([np.inf])),
    )
    hours = apart(problem)
    found = by_parts(hours, gap=1e-3, deadline=perf_counter() + 20)
    assert found.values is not None
    assert found.values[hours.assembly.columns.quantities] == pytest.approx([2.0])


def test_a_round_of_one_hour_starts_nothing(over_hours: Callable[..., HourlyProblem]) -> None:
    """Two instances run on and on: $1 each, whatever a start would cost."""
    ties_between = Sequence(start_up_hours=np.array([5.0]), min_up_hours=np.array([3]))
    problem = over_hours([2.0], rates=[1.0], prices=[1.0], sequence=ties_between)
    solution = solve_hours(problem, gap=0)
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(2.0)
