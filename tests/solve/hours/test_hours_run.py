"""What solve_hours promises: statuses, refused input, kinds of hours, long series, properties."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from costopt.errors import InvalidInputError
from costopt.plan.status import PlanStatus
from costopt.solve.hours.bill import covered_by
from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.decomposed import take_apart
from costopt.solve.hours.highs import minimise_linear
from costopt.solve.hours.infeasible import unserved_kinds
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.long_series import search_long_series
from costopt.solve.hours.problem import HourlyProblem, Scenarios, Sequence
from costopt.solve.hours.prune import needed_offers
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.recheck import hourly_violations
from costopt.solve.hours.run import solve_hours
from costopt.solve.hours.search import search
from costopt.solve.hours.solution import Commitments
from costopt.solve.problem import LimitRow, ServingBlock

Build = Callable[..., HourlyProblem]


def objective(problem: HourlyProblem) -> float:
    """Cost of the exact optimum."""
    solution = solve_hours(problem, gap=0, time_limit_seconds=20)
    assert solution.costs is not None
    return solution.costs.objective


def test_hours_that_their_limits_leave_unserved_are_named(over_hours: Build) -> None:
    problem = over_hours([1.0, 3.0, 2.0, 4.0], rates=[1.0], prices=[1.0], upper=[2.0])
    solution = solve_hours(problem)
    assert solution.status is PlanStatus.INFEASIBLE
    assert solution.infeasible_hours == (1, 3)
    assert solution.decision is None
    assert solution.bound is None


def test_an_hour_without_any_server_is_named(over_hours: Build) -> None:
    """The only offer runs on instances that are not available in the second hour."""
    problem = over_hours(
        [1.0, 1.0, 0.0],
        rates=[1.0],
        prices=[0.0],
        quantity=[0],
        quantities=QuantityCommitments(
            cost=np.ones(1),
            upper=np.array([5.0]),
            available=np.array([[True, False, False]]),
        ),
    )
    solution = solve_hours(problem)
    assert solution.status is PlanStatus.INFEASIBLE
    assert solution.infeasible_hours == (1,)


def test_a_limit_row_that_an_hour_breaks_makes_it_infeasible(over_hours: Build) -> None:
    quota = LimitRow(name="quota", offer_coefficients=np.array([2.0]), upper=5.0)
    problem = over_hours([2.0, 3.0], rates=[1.0], prices=[1.0], rows=(quota,))
    assert solve_hours(problem).infeasible_hours == (1,)


def test_hours_without_demand_cost_nothing(over_hours: Build) -> None:
    solution = solve_hours(over_hours([0.0, 0.0], rates=[1.0], prices=[1.0]), gap=0)
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert solution.costs is not None
    assert solution.costs.objective == 0.0


def test_equal_hours_are_one_kind_and_weights_add_up(over_hours: Build) -> None:
    problem = over_hours(
        [1.0, 2.0, 1.0, 2.0], rates=[1.0], prices=[1.0], weight=[1.0, 2.0, 3.0, 4.0]
    )
    kinds = hour_kinds(problem)
    assert len(kinds) == 2
    assert kinds.kind[[0, 1]].tolist() == kinds.kind[[2, 3]].tolist()
    assert sorted(kinds.expected_weight.tolist()) == [4.0, 6.0]


def test_hours_that_follow_each_other_stay_apart(over_hours: Build) -> None:
    problem = over_hours(
        [1.0, 1.0],
        rates=[1.0],
        prices=[1.0],
        sequence=Sequence(start_up_hours=np.zeros(1), min_up_hours=np.zeros(1, dtype=np.int64)),
    )
    assert len(hour_kinds(problem)) == 2


def test_a_time_limit_too_short_never_claims_more_than_it_knows(over_hours: Build) -> None:
    random = np.random.default_rng(0)
    problem = over_hours(
        random.uniform(1, 9, 300).tolist(),
        rates=random.uniform(0.5, 3, 12).tolist(),
        prices=random.uniform(1, 3, 12).tolist(),
    )
    solution = solve_hours(problem, gap=0, time_limit_seconds=1e-3)
    allowed = {PlanStatus.NO_ANSWER_IN_TIME, PlanStatus.FEASIBLE_AT_LIMIT}
    assert solution.status in allowed
    assert (solution.costs is None) == (solution.status is PlanStatus.NO_ANSWER_IN_TIME)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("price_per_hour", np.array([np.nan]), "price_per_hour[0] is nan"),
        ("weight", np.array([-1.0, 1.0]), "weight[0] is -1.0"),
        ("demand_factor", np.array([[1.0, np.inf]]), "demand_factor[0, 1] is inf"),
        ("demand_factor", np.ones((1, 3)), "demand_factor has shape (1, 3)"),
        ("server", np.array([1]), "server[0] is 1"),
        ("quantity", np.array([0]), "quantity[0] is 0"),
    ],
)
def test_arrays_that_mean_nothing_are_refused(
    over_hours: Build, field: str, value: object, complaint: str
) -> None:
    problem = over_hours([1.0, 2.0], rates=[1.0], prices=[1.0])
    with pytest.raises(InvalidInputError) as error:
        solve_hours(replace(problem, **{field: value}))  # type: ignore[arg-type]
    assert complaint in str(error.value)


def test_probabilities_that_do_not_add_up_are_refused(over_hours: Build) -> None:
    odds = Scenarios(scenario=np.array([0, 1]), probability=np.array([0.5, 0.4]))
    problem = over_hours([1.0, 2.0], rates=[1.0], prices=[1.0], scenarios=odds)
    with pytest.raises(InvalidInputError, match="must add up to 1"):
        solve_hours(problem)


def test_hours_of_unequal_weight_cannot_follow_each_other(over_hours: Build) -> None:
    problem = over_hours(
        [1.0, 2.0],
        rates=[1.0],
        prices=[1.0],
        weight=[1.0, 2.0],
        sequence=Sequence(start_up_hours=np.zeros(1), min_up_hours=np.zeros(1, dtype=np.int64)),
    )
    with pytest.raises(InvalidInputError, match="weight differs"):
        solve_hours(problem)


def test_the_recheck_finds_a_missing_instance(over_hours: Build) -> None:
    problem = over_hours([2.0, 3.0], rates=[1.0], prices=[1.0])
    decision = solve_hours(problem, gap=0).decision
    assert decision is not None
    assert hourly_violations(problem, decision) == []
    short = replace(decision, counts=decision.counts - np.array([[0, 1]]))
    assert hourly_violations(problem, short) == [
        "hour 1: a server of block 0 is loaded beyond its highest use"
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_greedy_order_of_one_plan_is_the_linear_optimum(seed: int) -> None:
    """With the money given, the program's coverage costs what the greedy order bills."""
    random = np.random.default_rng(seed)
    lines, hours = 6, 5
    price = random.uniform(0.5, 9, lines)
    rate = price * random.uniform(0.2, 1.0, lines)
    rate[random.random(lines) < 0.2] = np.nan
    spends = SpendCommitments(
        cost=np.array([1.0]),
        upper=np.zeros(1),
        owned=random.uniform(0, 25, (1, hours)),
        rate=np.zeros((1, 0)),
        other_usage=random.uniform(0, 4, (lines, hours)),
        other_price=price,
        other_rate=rate[None, :],
    )
    problem = HourlyProblem(
        price_per_hour=np.zeros(0),
        server=np.zeros(0, dtype=np.int64),
        upper=np.zeros(0),
        quantity=np.zeros(0, dtype=np.int64),
        blocks=(),
        weight=np.ones(hours),
        demand_factor=np.zeros((0, hours)),
        spends=spends,
    )
    kinds = hour_kinds(problem)
    assembly = take_apart(problem, kinds, reach_of(problem, kinds)).assembly
    run = minimise_linear(assembly.program, time_limit_seconds=10)
    least = run.objective * assembly.columns.scale + assembly.columns.constant
    nothing = Commitments(
        quantities=np.zeros(0, dtype=np.int64),
        spends=np.zeros(1),
        resources=np.zeros(0, dtype=np.int64),
    )
    coverage = covered_by(problem, np.zeros((0, hours), dtype=np.int64), nothing)
    uncovered = spends.other_usage - coverage.others[0]
    assert float((price @ uncovered).sum()) == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_one_more_product_never_raises_the_cost(
    draw_hours: Callable[[int], HourlyProblem], seed: int
) -> None:
    problem = replace(draw_hours(seed), upper=np.full(4, 9.0), rows=())
    without = replace(problem, quantities=replace(problem.quantities, upper=np.array([2.0, 0.0])))
    assert objective(problem) <= objective(without) * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_leaving_out_replaced_offers_changes_no_cost(
    draw_hours: Callable[[int], HourlyProblem], seed: int
) -> None:
    problem = draw_hours(100 + seed)
    quantities = replace(problem.quantities, upper=np.full(2, np.inf))
    problem = replace(problem, upper=np.full(4, np.inf), quantities=quantities)
    kinds = hour_kinds(problem)
    whole = take_apart(problem, kinds, reach_of(problem, kinds))
    if unserved_kinds(problem, kinds, whole.reach).any():
        assert solve_hours(problem).status is PlanStatus.INFEASIBLE
        return
    found = search(whole, gap=0.0, deadline=perf_counter() + 20)
    columns = whole.assembly.columns
    assert found.values is not None
    cost = float(whole.assembly.program.cost @ found.values) * columns.scale + columns.constant
    assert objective(problem) == pytest.approx(cost, rel=1e-6)


def test_an_offer_that_is_slower_and_dearer_is_left_out(over_hours: Build) -> None:
    problem = over_hours([1.0, 5.0], rates=[2.0, 1.0], prices=[1.0, 1.5])
    assert needed_offers(problem, reach_of(problem, hour_kinds(problem))).tolist() == [True, False]


def week(hours: int) -> HourlyProblem:
    """Two kinds of servers, three buckets, demand that never repeats."""
    random = np.random.default_rng(3)
    block = ServingBlock(
        demand=np.array([3.0, 2.0, 1.0]),
        rates=np.array([[1.0, 0.8, 0.2], [3.1, 2.9, 1.9]]),
        max_utilisation=np.full(2, 0.9),
        is_spot=np.zeros(2, dtype=bool),
    )
    factor = 1 + 0.7 * np.sin(np.arange(hours) / 24 * 2 * np.pi) + random.uniform(0, 0.2, hours)
    return HourlyProblem(
        price_per_hour=np.array([1.0, 3.3, 0.0, 0.0]),
        server=np.array([0, 1, 0, 1]),
        upper=np.full(4, np.inf),
        quantity=np.array([-1, -1, 0, 1]),
        blocks=(block,),
        weight=np.ones(hours),
        demand_factor=factor[None, :] * 4,
        quantities=QuantityCommitments(
            cost=hours * np.array([0.6, 2.1]), upper=np.full(2, np.inf)
        ),
    )


def test_a_long_series_is_served_in_every_hour_with_an_honest_bound() -> None:
    """The bound by levels is no higher, and the cost no lower, than solving hours as they are."""
    problem = week(100)
    kinds = hour_kinds(problem)
    needed = np.ones(4, dtype=bool)
    long = search_long_series(problem, kinds, needed, gap=0.03, deadline=perf_counter() + 20)
    direct = solve_hours(problem, gap=0.03, time_limit_seconds=20)
    assert long.decision is not None
    assert long.bound is not None
    assert direct.costs is not None
    assert direct.bound is not None
    assert hourly_violations(problem, long.decision) == []
    assert long.bound <= direct.costs.objective
    charged = problem.price_per_hour @ long.decision.counts.sum(axis=1)
    committed = long.decision.commitments.quantities @ problem.quantities.cost
    assert charged + committed >= direct.bound
    assert charged + committed <= long.bound * 1.05
