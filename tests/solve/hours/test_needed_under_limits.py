"""What replaces an offer must not break a limit on the whole plan that the offer keeps."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from costopt.plan.status import PlanStatus
from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.gangs import EVERY_HOUR, NO_GANG, Gangs
from costopt.solve.hours.problem import HourlyProblem, Sequence
from costopt.solve.hours.recheck import budget_violations
from costopt.solve.hours.run import solve_hours
from costopt.solve.hours.whole_limits import Budget, TypeLimit

Build = Callable[..., HourlyProblem]


def budget_of(problem: HourlyProblem, upper: float, **paid: np.ndarray) -> Budget:
    """Count by the hour what is minimised, and of commitments what is given."""
    counted = {
        "price_per_hour": problem.price_per_hour,
        "quantities": problem.quantities.cost,
        "spends": problem.spends.cost,
        "resources": problem.resources.cost,
        "amounts": problem.resources.price,
    }
    return Budget(name="budget", upper=upper, **(counted | paid))


def test_a_commitment_that_is_paid_less_for_is_kept_for_the_budget(over_hours: Build) -> None:
    """Of two commitments worth 3 and 4 today, 6 and 5 are paid: a budget of 5 buys the second."""
    problem = over_hours(
        [1.0, 1.0],
        rates=[1, 1],
        prices=[0, 0],
        quantity=[0, 1],
        quantities=QuantityCommitments(cost=np.array([3.0, 4.0]), upper=np.full(2, np.inf)),
    )
    budget = budget_of(problem, 5.0, quantities=np.array([6.0, 5.0]))
    solution = solve_hours(replace(problem, budgets=(budget,)), gap=0)
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(4)


def test_a_start_that_is_paid_less_for_is_kept_for_the_budget(over_hours: Build) -> None:
    """One instance in one of four hours, at 1 an hour and starts of 2 h, or at 2 and of 1 h.

    Minimised are 1 + 2 x 1 or 2 + 1 x 2; the budget counts both at 1 an hour, 1 + 2 or 1 + 1.
    """
    problem = over_hours(
        [0.0, 0.0, 0.0, 1.0],
        rates=[1, 1],
        prices=[1, 2],
        sequence=Sequence(start_up_hours=np.array([2.0, 1.0]), min_up_hours=np.ones(2, np.int64)),
    )
    for upper, least in ((3.0, 3.0), (2.5, 4.0)):
        budget = budget_of(problem, upper, price_per_hour=np.ones(2))
        solution = solve_hours(replace(problem, budgets=(budget,)), gap=0)
        assert solution.costs is not None
        assert solution.costs.objective == pytest.approx(least)


def test_a_type_that_nodes_of_every_hour_run_on_stays_for_the_service(over_hours: Build) -> None:
    """Nodes run on type 0 at 1; the service costs 2 there, 1 on type 1, and one type may run."""
    problem = over_hours(
        [1.0, 2.0],
        rates=[1, 1],
        prices=[2, 1, 1],
        server=[0, 1, -1],
        types=TypeLimit(group=np.array([0, 1, 0]), most=1),
        gangs=Gangs(
            configuration=np.array([NO_GANG, NO_GANG, 0]),
            size=np.ones(1, dtype=np.int64),
            lost_hours=np.zeros(1),
            task=np.zeros(1, dtype=np.int64),
            job=np.full(1, EVERY_HOUR),
        ),
    )
    solution = solve_hours(problem, gap=0)
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(2 * 3 + 2)


def test_money_is_not_settled_beyond_the_budget(over_hours: Build) -> None:
    """A plan of money that saves others 1 an hour costs the budget, which does not count theirs.

    Two plans cover what others run for 2 an hour; either costs 1 for each of two hours. The
    plan's own instance costs 1 an hour, all that the budget of 2 leaves room for.
    """
    spends = SpendCommitments(
        cost=np.array([2.0, 2.0]),
        upper=np.full(2, np.inf),
        owned=np.zeros((2, 2)),
        rate=np.full((2, 1), np.nan),
        other_usage=np.array([[1.0, 1.0]]),
        other_price=np.array([2.0]),
        other_rate=np.array([[1.0], [1.0]]),
    )
    problem = over_hours([1.0, 1.0], rates=[1], prices=[1], spends=spends)
    limited = replace(problem, budgets=(budget_of(problem, 2.0),))
    solution = solve_hours(limited, gap=0)
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert solution.decision is not None
    assert solution.coverage is not None
    assert not list(budget_violations(limited, solution.decision, solution.coverage))
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(2 + 4)
