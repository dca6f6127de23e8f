"""A budget and a number of types over all hours: by hand, and against all plans of small cases."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from time import perf_counter

import numpy as np
import pytest

from costopt.plan.status import PlanStatus
from costopt.solve.hours.by_parts import by_parts
from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.decomposed import take_apart
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.problem import HourlyProblem, Scenarios
from costopt.solve.hours.pulp_model import write_pulp_hours
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.recheck import hourly_violations
from costopt.solve.hours.run import solve_hours
from costopt.solve.hours.whole_limits import Budget, TypeLimit
from costopt.solve.problem import ServingBlock

Build = Callable[..., HourlyProblem]

BUDGET = 4.5
"""Of a plan whose bill depends on the order in which savings apply."""


def with_budget(problem: HourlyProblem, upper: float, **other: object) -> HourlyProblem:
    """Let what is minimised be what is paid, up to a budget."""
    budget = Budget(
        name="budget",
        price_per_hour=problem.price_per_hour,
        quantities=problem.quantities.cost,
        spends=problem.spends.cost,
        resources=problem.resources.cost,
        amounts=problem.resources.price,
        upper=upper,
    )
    return replace(problem, budgets=(replace(budget, **other),))  # type: ignore[arg-type]


def objective(problem: HourlyProblem) -> float:
    solution = solve_hours(problem, gap=0)
    assert solution.costs is not None
    return solution.costs.objective


def test_a_budget_that_the_cheapest_plan_meets_changes_nothing(over_hours: Build) -> None:
    """Hours of 1 and 3 requests/s cost 1 x 2 and 3 x 2."""
    problem = over_hours([1.0, 3.0], rates=[1], prices=[2])
    assert objective(with_budget(problem, 8.0)) == pytest.approx(8)
    less = solve_hours(with_budget(problem, 7.99))
    assert (less.status, less.bound) == (PlanStatus.INFEASIBLE, None)


def test_what_is_paid_need_not_be_what_is_minimised(over_hours: Build) -> None:
    """Committed, an instance is worth 3 and costs 5; by the hour both are 2 an hour.

    Of two instances in two hours the budget of 9 pays one committed: 5 + 2 x 2.
    """
    problem = over_hours(
        [2.0, 2.0],
        rates=[1],
        prices=[2, 0],
        server=[0, 0],
        quantity=[-1, 0],
        quantities=QuantityCommitments(cost=np.array([3.0]), upper=np.array([np.inf])),
    )
    paid = {"quantities": np.array([5.0])}
    assert objective(with_budget(problem, 10.0, **paid)) == pytest.approx(6)
    assert objective(with_budget(problem, 9.0, **paid)) == pytest.approx(3 + 4)
    assert objective(with_budget(problem, 8.0, **paid)) == pytest.approx(8)
    assert solve_hours(with_budget(problem, 7.9, **paid)).status is PlanStatus.INFEASIBLE


def test_a_budget_holds_in_every_scenario(over_hours: Build) -> None:
    """One hour at 1 or at 5 requests/s, half the time each: a mean of 3 against a budget of 4."""
    scenarios = Scenarios(scenario=np.array([0, 1]), probability=np.array([0.5, 0.5]))
    problem = over_hours([1.0, 5.0], rates=[1], prices=[1], scenarios=scenarios)
    assert objective(with_budget(problem, 5.0)) == pytest.approx(3)
    assert solve_hours(with_budget(problem, 4.0)).status is PlanStatus.INFEASIBLE


def test_a_budget_is_held_against_the_provider_s_bill(over_hours: Build) -> None:
    """Plans apply to the highest saving first, which here is not what the budget would choose."""
    spends = SpendCommitments(
        cost=np.array([2.0]),
        upper=np.array([np.inf]),
        owned=np.zeros((1, 2)),
        rate=np.array([[0.5, 1.8]]),
        other_usage=np.array([[1.0, 1.0]]),
        other_price=np.array([2.0]),
        other_rate=np.array([[0.4]]),
    )
    problem = over_hours([1.0, 3.0], rates=[1, 2], prices=[1.0, 2.5], spends=spends)
    free = objective(problem)
    solution = solve_hours(with_budget(problem, BUDGET), gap=0)
    assert solution.decision is not None
    assert solution.coverage is not None
    assert solution.costs is not None
    charged = solution.decision.counts - solution.coverage.spends.sum(axis=0)
    paid = (problem.price_per_hour @ charged).sum() + 2 * solution.decision.commitments.spends[0]
    assert paid <= BUDGET * (1 + 1e-6)
    assert solution.costs.objective >= free - 1e-9


def test_few_types_serve_all_hours(over_hours: Build) -> None:
    """Small instances suit the first hour and large ones the second; one type must do both.

    Rates 1 at $1 and 10 at $6: hours of 1 and 10 requests/s cost 1 + 6, or 1 + 10 and 6 + 6.
    """
    problem = over_hours([1.0, 10.0], rates=[1, 10], prices=[1, 6])
    both = TypeLimit(group=np.array([0, 1]), most=2)
    one = replace(both, most=1)
    assert objective(replace(problem, types=both)) == pytest.approx(7)
    assert objective(replace(problem, types=one)) == pytest.approx(11)
    decision = solve_hours(problem, gap=0).decision
    assert decision is not None
    assert hourly_violations(replace(problem, types=one), decision) == [
        "2 distinct types run, 1 may"
    ]


def drawn(seed: int) -> HourlyProblem:
    """Four types by the hour and committed, two buckets, four hours."""
    random = np.random.default_rng(seed)
    types, hours = 4, 4
    base = random.uniform(0.5, 3, types)
    weight = random.integers(1, 5, hours).astype(float)
    block = ServingBlock(
        demand=random.uniform(0.3, 2, 2),
        rates=random.uniform(0.3, 2, (types, 2)) * base[:, None],
        max_utilisation=np.ones(types),
        is_spot=np.zeros(types, dtype=bool),
    )
    return HourlyProblem(
        price_per_hour=np.concatenate([base, np.zeros(types)]),
        server=np.tile(np.arange(types), 2),
        upper=np.full(2 * types, np.inf),
        quantity=np.concatenate([np.full(types, -1), np.arange(types)]),
        blocks=(block,),
        weight=weight,
        demand_factor=random.uniform(0.5, 4, (1, hours)),
        quantities=QuantityCommitments(
            cost=base * weight.sum() * random.uniform(0.4, 0.9, types),
            upper=np.full(types, np.inf),
        ),
        types=TypeLimit(group=np.tile(np.arange(types), 2), most=int(random.integers(1, 3))),
    )


@pytest.mark.parametrize("seed", range(8))
def test_few_types_cost_what_the_best_set_of_types_costs(seed: int) -> None:
    """Every set of types is solved alone, with nothing else to rent."""
    problem = drawn(seed)
    assert problem.types is not None
    known = min(
        objective(
            replace(
                problem,
                types=None,
                upper=np.where(np.isin(problem.types.group, kept), np.inf, 0.0),
            )
        )
        for kept in combinations(range(4), problem.types.most)
    )
    assert objective(problem) == pytest.approx(known, rel=1e-5)
    kinds = hour_kinds(problem)
    hours = take_apart(problem, kinds, reach_of(problem, kinds))
    found = by_parts(hours, gap=1e-4, deadline=perf_counter() + 20)
    assert found.values is not None
    assert found.bound is not None
    scale = hours.assembly.columns.scale
    cost = float(hours.assembly.program.cost @ found.values) * scale
    assert found.bound * scale <= known * (1 + 1e-6)
    assert known * (1 - 1e-6) <= cost <= known * 1.3


def test_few_types_and_a_budget_cost_the_same_written_with_pulp() -> None:
    for seed in range(8):
        problem = drawn(seed)
        written = write_pulp_hours(problem).solve(gap=1e-9)
        assert written.cost == pytest.approx(objective(problem), rel=1e-6), seed
        within = Budget(
            name="half",
            price_per_hour=problem.price_per_hour,
            quantities=problem.quantities.cost,
            spends=np.zeros(0),
            resources=np.zeros(0),
            amounts=np.zeros(0),
            upper=1.2 * objective(replace(problem, types=None)),
        )
        limited = replace(problem, budgets=(within,))
        arrays = solve_hours(limited, gap=1e-9, time_limit_seconds=20)
        answer = write_pulp_hours(limited).solve(gap=1e-9)
        assert (answer.cost is None) == (arrays.costs is None), seed
        if arrays.costs is not None:
            assert answer.cost == pytest.approx(arrays.costs.objective, rel=1e-6), seed
