"""Money committed to several plans is settled in the order in which the provider applies them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from costopt.solve.hours.bill import costs_of, covered_by
from costopt.solve.hours.commitments import SpendCommitments
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.run import solve_hours
from costopt.solve.hours.settled_spends import with_settled_spends
from costopt.solve.hours.solution import HourlyDecision


def two_plans(rates: list[list[float]], hours: int) -> SpendCommitments:
    """Two plans, a dollar for a dollar, in the order given."""
    return SpendCommitments(
        cost=np.full(2, float(hours)),
        upper=np.full(2, np.inf),
        owned=np.zeros((2, hours)),
        rate=np.array(rates),
        other_usage=np.zeros((0, hours)),
        other_price=np.zeros(0),
        other_rate=np.zeros((2, 0)),
    )


def bill(problem: HourlyProblem, decision: HourlyDecision) -> float:
    coverage = covered_by(problem, decision.counts, decision.commitments)
    return costs_of(problem, decision.counts, decision.commitments, coverage).objective


def committed(decision: HourlyDecision, spends: list[float]) -> HourlyDecision:
    return replace(decision, commitments=replace(decision.commitments, spends=np.array(spends)))


def test_money_that_an_earlier_plan_leaves_nothing_to_do_is_taken_back(
    over_hours: Callable[..., HourlyProblem],
) -> None:
    """Two instances of $10: the first plan covers both for $10 an hour, the second is idle."""
    problem = over_hours([2.0] * 3, rates=[1.0], prices=[10.0])
    problem = replace(problem, spends=two_plans([[5.0], [6.0]], 3))
    solution = solve_hours(problem, gap=0)
    assert solution.decision is not None
    wasteful = committed(solution.decision, [10.0, 12.0])
    assert bill(problem, wasteful) == pytest.approx(3 * 22.0)
    settled = with_settled_spends(problem, wasteful)
    assert settled.commitments.spends == pytest.approx([10.0, 0.0])
    assert bill(problem, settled) == pytest.approx(30.0)


@pytest.mark.parametrize("seed", range(10))
def test_settling_never_makes_the_bill_dearer_and_keeps_the_fleets(
    over_hours: Callable[..., HourlyProblem], seed: int
) -> None:
    random = np.random.default_rng(seed)
    prices = random.uniform(4, 10, 2)
    problem = over_hours(
        random.uniform(1, 5, 4).tolist(), rates=[1.0, 2.0], prices=prices.tolist()
    )
    rates = [[0.6 * prices[0], np.nan], [0.8 * prices[0], 0.7 * prices[1]]]
    problem = replace(problem, spends=two_plans(rates, 4))
    solution = solve_hours(problem, gap=0)
    assert solution.decision is not None
    any_amounts = committed(solution.decision, random.uniform(0, 20, 2).tolist())
    settled = with_settled_spends(problem, any_amounts)
    assert bill(problem, settled) <= bill(problem, any_amounts)
    assert (settled.counts == any_amounts.counts).all()
    grid = [
        bill(problem, committed(any_amounts, [first, second]))
        for first in np.linspace(0, 30, 16)
        for second in np.linspace(0, 30, 16)
    ]
    assert bill(problem, settled) <= min(grid) * 1.1
