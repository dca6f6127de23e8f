"""What to commit to, where the answer is known by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from costopt.solve.hours.commitments import (
    QuantityCommitments,
    ResourceCommitments,
    SpendCommitments,
)
from costopt.solve.hours.problem import HourlyProblem, Scenarios
from costopt.solve.hours.run import solve_hours
from costopt.solve.hours.solution import HourlyCosts, HourlyDecision
from costopt.solve.problem import LimitRow, ServingBlock

Build = Callable[..., HourlyProblem]


def solved(problem: HourlyProblem) -> tuple[HourlyDecision, HourlyCosts]:
    """Decision and costs of the exact optimum."""
    solution = solve_hours(problem, gap=0, time_limit_seconds=20)
    assert solution.decision is not None
    assert solution.costs is not None
    assert solution.bound == pytest.approx(solution.costs.objective, rel=1e-6)
    return solution.decision, solution.costs


def reserved(cost: float, **limits: object) -> QuantityCommitments:
    """One commitment of whole instances at this cost over the horizon."""
    arrays = {"cost": np.array([cost]), "upper": np.array([np.inf])}
    return QuantityCommitments(**(arrays | limits))  # type: ignore[arg-type]


def plan(
    rates: list[float], hours: int, *, cost: float, owned: float = 0.0, upper: float = np.inf
) -> SpendCommitments:
    """One plan without other usage."""
    return SpendCommitments(
        cost=np.array([cost]),
        upper=np.array([upper]),
        owned=np.full((1, hours), owned),
        rate=np.array([rates]),
        other_usage=np.zeros((0, hours)),
        other_price=np.zeros(0),
        other_rate=np.zeros((1, 0)),
    )


FOUR_WEEKS = np.arange(672)
DEMAND = np.maximum(
    0,
    np.round(
        10 + 6 * np.sin(2 * np.pi * (FOUR_WEEKS % 24 - 9) / 24) - 4 * (FOUR_WEEKS // 24 % 7 >= 5)
    ),
)
"""Instances wanted in each hour of four weeks, mean 8.8571, as on paper."""


@pytest.mark.parametrize(
    ("discount", "committed", "cost_per_hour", "utilisation", "coverage"),
    [(0.3, 6, 7.8429, 0.8690, 0.5887), (0.5, 8, 6.4286, 0.8036, 0.7258)],
)
def test_four_weeks_commit_as_the_known_values_say(
    over_hours: Build,
    discount: float,
    committed: int,
    cost_per_hour: float,
    utilisation: float,
    coverage: float,
) -> None:
    problem = over_hours(
        DEMAND.tolist(),
        rates=[1.0],
        prices=[1.0, 0.0],
        server=[0, 0],
        quantity=[-1, 0],
        quantities=reserved(672 * (1 - discount)),
    )
    decision, costs = solved(problem)
    used = decision.counts[1].sum()
    assert decision.commitments.quantities.tolist() == [committed]
    assert costs.objective / 672 == pytest.approx(cost_per_hour, abs=5e-5)
    assert used / (672 * committed) == pytest.approx(utilisation, abs=5e-5)
    assert used / DEMAND.sum() == pytest.approx(coverage, abs=5e-5)


@pytest.mark.parametrize(("discount", "committed"), [(0.3, 6), (0.5, 8)])
def test_a_spend_commitment_covers_the_same_instances_as_a_reservation(
    over_hours: Build, discount: float, committed: int
) -> None:
    rate = 1 - discount
    problem = over_hours(
        DEMAND.tolist(), rates=[1.0], prices=[1.0], spends=plan([rate], 672, cost=672.0)
    )
    decision, _ = solved(problem)
    assert decision.commitments.spends == pytest.approx([committed * rate])


def test_flat_demand_commits_fully(over_hours: Build) -> None:
    """5 instances for 3 h: 5 x 2 = 10 committed, against 15 by the hour."""
    problem = over_hours(
        [5.0, 5.0, 5.0],
        rates=[1.0],
        prices=[1.0, 0.0],
        server=[0, 0],
        quantity=[-1, 0],
        quantities=reserved(2.0),
    )
    decision, costs = solved(problem)
    assert decision.commitments.quantities.tolist() == [5]
    assert decision.counts.tolist() == [[0, 0, 0], [5, 5, 5]]
    assert costs.objective == pytest.approx(10.0)


def test_a_commitment_without_discount_is_not_bought_where_demand_varies(
    over_hours: Build,
) -> None:
    problem = over_hours(
        [1.0, 3.0, 2.0],
        rates=[2.0],
        prices=[1.0, 0.0],
        server=[0, 0],
        quantity=[-1, 0],
        upper=[np.inf, np.inf],
        quantities=reserved(3.0 + 1e-3),
    )
    decision, _ = solved(problem)
    assert decision.commitments.quantities.tolist() == [0]


def test_owned_instances_serve_until_they_expire(over_hours: Build) -> None:
    """2 owned for the first two of three hours: only the last pays, 3 x $1."""
    problem = over_hours(
        [2.0, 1.0, 3.0],
        rates=[1.0],
        prices=[1.0, 0.0],
        server=[0, 0],
        quantity=[-1, 0],
        quantities=reserved(0.0, upper=np.array([2.0]), available=np.array([[True, True, False]])),
    )
    decision, costs = solved(problem)
    assert decision.counts[0].tolist() == [0, 0, 3]
    assert costs.objective == pytest.approx(3.0)


def test_two_layouts_draw_on_one_commitment_in_the_same_hour(over_hours: Build) -> None:
    """Both servers hang on one owned pair: 3 requests/s take one fast (2) and one slow (1)."""
    problem = over_hours(
        [3.0],
        rates=[2.0, 1.0],
        prices=[9.0, 0.0, 0.0],
        server=[0, 0, 1],
        quantity=[-1, 0, 0],
        upper=[5.0, 1.0, 5.0],
        quantities=reserved(0.0, upper=np.array([2.0])),
    )
    decision, costs = solved(problem)
    assert decision.counts[:, 0].tolist() == [0, 1, 1]
    assert costs.objective == 0.0


def test_other_usage_with_a_higher_saving_consumes_the_plan_first(over_hours: Build) -> None:
    """$1/h owned: the other line saves 60 % and takes 2 x 0.4 = 0.8; 0.2 is left for 0.4 of our
    instance at rate 0.5. To pay: 0.6 x $1 of ours; the line's $2 are covered whole."""
    spends = SpendCommitments(
        cost=np.array([1e3]),
        upper=np.array([0.0]),
        owned=np.ones((1, 1)),
        rate=np.array([[0.5]]),
        other_usage=np.array([[2.0]]),
        other_price=np.array([1.0]),
        other_rate=np.array([[0.4]]),
    )
    problem = over_hours([1.0], rates=[1.0], prices=[1.0], spends=spends)
    solution = solve_hours(problem, gap=0)
    assert solution.coverage is not None
    assert solution.costs is not None
    assert solution.coverage.others[0, 0, 0] == pytest.approx(2.0)
    assert solution.coverage.spends[0, 0, 0] == pytest.approx(0.4)
    assert solution.costs.objective == pytest.approx(0.6)
    assert solution.costs.others_by_scenario == pytest.approx([0.0])


def test_unused_money_is_lost_hour_by_hour(over_hours: Build) -> None:
    """$1/h owned at rate 0.5 covers 2 instances an hour: of (0, 4) demand it covers 2, not 4."""
    problem = over_hours(
        [0.0, 4.0],
        rates=[1.0],
        prices=[1.0],
        spends=plan([0.5], 2, cost=1e3, owned=1.0, upper=0.0),
    )
    _, costs = solved(problem)
    assert costs.objective == pytest.approx(2.0)


def test_resource_commitments_cover_amounts_and_leave_the_rest_to_pay(over_hours: Build) -> None:
    """An instance of $3 needs 4 vCPU at $0.5: 1 h of 1 and 1 h of 3 instances.

    A unit of 4 vCPU costs $2.5 over the two hours and saves $2 in each hour that uses it: one
    unit is always used (saves 4), a second one only in the second hour (saves 2).
    Cost: 4 x $3 - 2 x $2 + $2.5 = 10.5.
    """
    resources = ResourceCommitments(
        cost=np.array([2.5]),
        upper=np.array([np.inf]),
        amounts=np.array([[4.0]]),
        price=np.array([0.5]),
        needs=np.array([[4.0]]),
    )
    problem = over_hours([1.0, 3.0], rates=[1.0], prices=[3.0], resources=resources)
    decision, costs = solved(problem)
    assert decision.commitments.resources.tolist() == [1]
    assert costs.objective == pytest.approx(10.5)


def two_scenarios(over_hours: Build, *, tail_weight: float) -> HourlyProblem:
    """1 or 3 instances with even odds, $1/h or $0.6 committed."""
    return over_hours(
        [1.0, 3.0],
        rates=[1.0],
        prices=[1.0, 0.0],
        server=[0, 0],
        quantity=[-1, 0],
        quantities=reserved(0.6),
        scenarios=Scenarios(
            scenario=np.array([0, 1]),
            probability=np.array([0.5, 0.5]),
            tail_weight=tail_weight,
            tail_level=0.5,
        ),
    )


def test_the_mean_of_scenarios_commits_to_what_pays_on_average(over_hours: Build) -> None:
    """A second unit is used in half of the cases: 0.5 < 0.6. Cost 0.6 + (0 + 2) / 2 = 1.6."""
    decision, costs = solved(two_scenarios(over_hours, tail_weight=0.0))
    assert decision.commitments.quantities.tolist() == [1]
    assert costs.objective == pytest.approx(1.6)
    assert costs.by_scenario == pytest.approx([0.0, 2.0])


def test_the_dearest_half_of_scenarios_commits_to_the_peak(over_hours: Build) -> None:
    """The dearest half is the second scenario: 3 x 0.6 = 1.8 beats any hour at $1."""
    decision, costs = solved(two_scenarios(over_hours, tail_weight=1.0))
    assert decision.commitments.quantities.tolist() == [3]
    assert costs.objective == pytest.approx(1.8)


def test_a_mixture_of_mean_and_tail_is_minimised(over_hours: Build) -> None:
    """With weight 0.4: k = 1: 0.6 + 0.6 x 1 + 0.4 x 2 = 2.0; k = 3: 1.8, both means 0."""
    decision, costs = solved(two_scenarios(over_hours, tail_weight=0.4))
    assert decision.commitments.quantities.tolist() == [3]
    assert costs.objective == pytest.approx(1.8)


def test_money_that_others_share_is_found_at_a_tolerance_that_the_solver_bears() -> None:
    """With a feasibility tolerance of 1e-9 HiGHS 1.15.1 called 13,452.86 the optimum of this.

    0.88 $/h cost 7,708.80 $. In the last hour they pay for one instance at 1.10 $/h beside the two
    that are free. Others charge 1, 2.5 and 2.5 $/h before, of which they take 1, and twice
    0.88 / 0.7: 2 x (2.5 - 1.257) x 2,190 h = 5,443.71 $ are left.
    """
    nothing = np.nan
    block = ServingBlock(
        demand=np.ones(1),
        rates=np.array([[1.0], [1.0], [0.7], [0.7]]),
        max_utilisation=np.ones(4),
        is_spot=np.array([False, True, False, True]),
        max_spot_fraction=0.2,
    )
    problem = HourlyProblem(
        price_per_hour=np.array([1.1, 0.66, 0.0, 1.0, 0.8]),
        server=np.array([0, 1, 0, 2, 3]),
        upper=np.full(5, np.inf),
        quantity=np.full(5, -1),
        blocks=(block,),
        rows=(LimitRow(name="owned", offer_coefficients=np.eye(5)[2], upper=2.0),),
        weight=np.full(4, 2190.0),
        demand_factor=np.array([[1.7, 0.5, 1.0, 3.0]]),
        spends=SpendCommitments(
            cost=np.full(3, 8760.0),
            upper=np.full(3, np.inf),
            owned=np.zeros((3, 4)),
            rate=np.array(
                [
                    [0.55, nothing, nothing, nothing, nothing],
                    [nothing, nothing, nothing, 0.8, nothing],
                    [0.88, nothing, nothing, 0.5, nothing],
                ]
            ),
            other_usage=np.array([[1.0, 2.5, 2.5, 0.0]]),
            other_price=np.ones(1),
            other_rate=np.array([[nothing], [nothing], [0.7]]),
        ),
    )
    _, costs = solved(problem)
    assert costs.objective == pytest.approx(7708.80 + 5443.714, rel=1e-6)
