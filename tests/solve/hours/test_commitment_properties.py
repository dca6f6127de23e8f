"""What holds of commitments whatever demand and prices are."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.run import solve_hours
from costopt.solve.hours.solution import HourlySolution

Build = Callable[..., HourlyProblem]

SAME = 1e-6
"""Relative difference up to which two costs count as equal."""

few = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
demands = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=6).filter(any)
prices = st.floats(0.5, 5.0).map(lambda number: round(number, 2))
discounts = st.floats(0.05, 0.9).map(lambda number: round(number, 2))


def with_plan(problem: HourlyProblem, rates: list[float]) -> HourlyProblem:
    """Let one plan of money pay for the offers at these rates; NaN = not eligible."""
    hours = problem.hour_count
    spends = SpendCommitments(
        cost=np.array([float(hours)]),
        upper=np.array([np.inf]),
        owned=np.zeros((1, hours)),
        rate=np.array([rates]),
        other_usage=np.zeros((0, hours)),
        other_price=np.zeros(0),
        other_rate=np.zeros((1, 0)),
    )
    return replace(problem, spends=spends)


def reserved(over_hours: Build, demand: list[float], price: float, rate: float) -> HourlyProblem:
    """Instances that serve one unit each, on demand or committed for all hours."""
    hours = len(demand)
    return over_hours(
        demand,
        rates=[1.0],
        prices=[price, 0.0],
        server=[0, 0],
        quantity=[-1, 0],
        quantities=QuantityCommitments(cost=np.array([rate * hours]), upper=np.array([np.inf])),
    )


def solved(problem: HourlyProblem) -> HourlySolution:
    return solve_hours(problem, gap=0.0, time_limit_seconds=20)


def objective(problem: HourlyProblem) -> float:
    costs = solved(problem).costs
    assert costs is not None
    return costs.objective


@few
@given(demand=demands, price=prices, discount=discounts, of_plan=discounts)
def test_one_more_product_never_raises_the_cost(
    over_hours: Build, demand: list[float], price: float, discount: float, of_plan: float
) -> None:
    without = price * sum(demand)
    one = reserved(over_hours, demand, price, price * (1 - discount))
    both = with_plan(one, [price * (1 - of_plan), np.nan])
    with_one = objective(one)
    assert with_one <= without * (1 + SAME)
    assert objective(both) <= with_one * (1 + SAME)


@few
@given(count=st.integers(1, 8), hours=st.integers(1, 6), price=prices, discount=discounts)
def test_flat_demand_commits_fully(
    over_hours: Build, count: int, hours: int, price: float, discount: float
) -> None:
    rate = price * (1 - discount)
    problem = reserved(over_hours, [float(count)] * hours, price, rate)
    decision = solved(problem).decision
    assert decision is not None
    assert decision.commitments.quantities.tolist() == [count]
    by_money = with_plan(over_hours([float(count)] * hours, rates=[1.0], prices=[price]), [rate])
    committed = solved(by_money).decision
    assert committed is not None
    assert committed.commitments.spends == pytest.approx([count * rate])


@few
@given(demand=demands, price=prices)
def test_what_saves_nothing_is_worth_nothing(
    over_hours: Build, demand: list[float], price: float
) -> None:
    """At the price on demand only what is always used could be committed, for nothing gained."""
    problem = with_plan(reserved(over_hours, demand, price, price), [price, np.nan])
    solution = solved(problem)
    assert solution.costs is not None
    assert solution.decision is not None
    assert solution.costs.objective == pytest.approx(price * sum(demand))
    committed = solution.decision.commitments
    instances = committed.quantities[0] + committed.spends[0] / price
    assert instances <= min(demand) * (1 + SAME) + SAME


@few
@given(demand=demands, price=prices, discount=discounts)
def test_the_committed_amount_is_the_largest_that_is_used_often_enough(
    over_hours: Build, demand: list[float], price: float, discount: float
) -> None:
    """The k-th unit pays where it is used in at least 1 - d of the hours; its cost says so."""
    problem = reserved(over_hours, demand, price, price * (1 - discount))
    by_hand = min(
        price * ((1 - discount) * k * len(demand) + sum(max(one - k, 0.0) for one in demand))
        for k in range(7)
    )
    assert objective(problem) == pytest.approx(by_hand)
