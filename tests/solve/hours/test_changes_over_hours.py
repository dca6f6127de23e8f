"""Starting and stopping beside what ran before: by hand and by exhaustive search."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from time import perf_counter

import numpy as np
import pytest

from costopt.errors import InvalidInputError
from costopt.plan.status import PlanStatus
from costopt.solve.hours.by_parts import by_parts
from costopt.solve.hours.changes import HourlyChanges
from costopt.solve.hours.commitments import QuantityCommitments
from costopt.solve.hours.decomposed import take_apart
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.problem import HourlyProblem, Scenarios
from costopt.solve.hours.pulp_model import write_pulp_hours
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.run import solve_hours

Build = Callable[..., HourlyProblem]

SAME = 1e-6
"""Relative difference up to which two costs count as equal."""


def drawn(build: Build, seed: int, *, scenarios: bool = False) -> HourlyProblem:
    """Three hours: the first type on demand and committed, which runs, and two that do not."""
    random = np.random.default_rng(seed)
    hourly = random.integers(2, 9, 3).astype(float)
    weight = random.integers(1, 4, 3).astype(float)
    odds = Scenarios(
        scenario=np.array([0, 0, 1]), probability=np.array([0.75, 0.25]),
        tail_weight=float(random.choice([0.0, 0.5])), tail_level=0.5,
    )  # fmt: skip
    return build(
        random.integers(0, 5, 3).astype(float).tolist(),
        rates=random.integers(1, 4, 3).astype(float).tolist(),
        prices=[*hourly.tolist(), 0.0],
        server=[0, 1, 2, 0],
        upper=[2.0, 2.0, 2.0, 2.0],
        quantity=[-1, -1, -1, 0],
        weight=weight.tolist(),
        quantities=QuantityCommitments(
            cost=np.round(hourly[:1] * weight.sum() * random.uniform(0.2, 0.9), 1),
            upper=np.array([2.0]),
        ),
        scenarios=odds if scenarios else None,
        changes=HourlyChanges(
            kind=np.array([0, 1, -1, 0]),
            running=np.round(random.uniform(0, 3, 2), 2),
            start_cost=float(random.choice([0.0, 4.0, 20.0])),
            stop_cost=float(random.choice([0.0, 3.0, 20.0])),
        ),
    )


def cheapest_with_changes(problem: HourlyProblem) -> float | None:
    """Try every commitment with every fleet in every hour, each with the way to it."""
    changes, rates = problem.changes, problem.blocks[0].rates[problem.server, 0]
    assert changes is not None
    every = np.array(list(product(range(3), repeat=problem.offer_count)))
    hours = problem.weight * problem.probability[problem.scenario]
    best = np.inf
    for committed in range(3):
        fleets = []
        for factor in problem.demand_factor[0]:
            fits = (every @ rates >= factor) & (every[:, 3] <= committed)
            fits &= (every <= _most_of_use(problem, factor, rates)).all(axis=1)
            fleets.append(every[fits])
        if not all(map(len, fleets)):
            continue
        shape = [len(fleet) for fleet in fleets]
        paid = [fleet @ problem.price_per_hour for fleet in fleets]
        of_scenario = np.zeros((len(problem.probability), *shape))
        mean = np.zeros((problem.offer_count, *shape))
        for hour, fleet in enumerate(fleets):
            along = [1] * len(shape)
            along[hour] = shape[hour]
            here = problem.weight[hour] * paid[hour].reshape(along)
            of_scenario[problem.scenario[hour]] += here
            part = hours[hour] / hours.sum()
            mean += part * fleet.T.reshape(problem.offer_count, *along)
        cost = np.tensordot(problem.probability, of_scenario, 1)
        if problem.scenarios is not None:
            # Of two scenarios with 0.75 and 0.25 the dearest half is the second's quarter and a
            # quarter of the first, or half of the first alone.
            first, second = of_scenario
            tail = np.where(second > first, (first + second) / 2, first)
            cost = (1 - problem.tail_weight) * cost + problem.tail_weight * tail
        ran = (*changes.running.tolist(), 0.0)
        of_kinds = (mean[0] + mean[3], mean[1], mean[2])
        for before, after in zip(ran, of_kinds, strict=True):
            cost = cost + changes.start_cost * np.maximum(after - before, 0)
            cost = cost + changes.stop_cost * np.maximum(before - after, 0)
        best = min(best, float(cost.min()) + committed * float(problem.quantities.cost[0]))
    return None if best == np.inf else best


def _most_of_use(problem: HourlyProblem, factor: float, rates: np.ndarray) -> np.ndarray:
    """No more runs than serves the hour; what ran may idle where stopping it costs anything."""
    changes = problem.changes
    assert changes is not None
    most = np.ceil(factor / rates)
    if changes.stop_cost == 0:
        return most
    ran = np.append(changes.running, 0.0)[changes.kind]
    idle = np.maximum(np.ceil(problem.demand_factor.max() / rates), np.ceil(ran))
    return np.where(changes.kind >= 0, idle, most)


@pytest.mark.parametrize("scenarios", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_the_cheapest_way_from_a_fleet_costs_what_exhaustive_search_finds(
    over_hours: Build, seed: int, *, scenarios: bool
) -> None:
    problem = drawn(over_hours, seed, scenarios=scenarios)
    solution = solve_hours(problem, gap=0, time_limit_seconds=20)
    cheapest = cheapest_with_changes(problem)
    if cheapest is None:
        assert solution.status is PlanStatus.INFEASIBLE
        return
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert solution.costs is not None
    assert solution.costs.objective == pytest.approx(cheapest, rel=SAME)


@pytest.mark.parametrize("seed", range(20))
def test_parts_bracket_the_cheapest_way_from_a_fleet(over_hours: Build, seed: int) -> None:
    problem = drawn(over_hours, seed)
    cheapest = cheapest_with_changes(problem)
    if cheapest is None:
        assert solve_hours(problem).bound is None
        return
    kinds = hour_kinds(problem)
    hours = take_apart(problem, kinds, reach_of(problem, kinds))
    found = by_parts(hours, gap=0.0, deadline=perf_counter() + 20)
    columns = hours.assembly.columns
    assert found.bound is not None
    assert found.values is not None
    assert found.bound * columns.scale <= cheapest * (1 + SAME)
    cost = float(hours.assembly.program.cost @ found.values) * columns.scale
    assert cheapest * (1 - SAME) <= cost <= cheapest * 1.35


@pytest.mark.parametrize("first", range(0, 12, 4))
def test_the_program_written_from_sets_agrees_on_the_way_from_a_fleet(
    over_hours: Build, first: int
) -> None:
    for seed in range(first, first + 4):
        problem = drawn(over_hours, seed, scenarios=seed % 2 == 1)
        arrays = solve_hours(problem, gap=0, time_limit_seconds=20)
        written = write_pulp_hours(problem).solve(gap=0.0)
        assert (written.cost is None) == (arrays.costs is None)
        if arrays.costs is not None:
            assert written.cost == pytest.approx(arrays.costs.objective, rel=SAME)


def test_the_mathematics_of_a_program_names_what_is_started_and_stopped(over_hours: Build) -> None:
    told = str(write_pulp_hours(two_types(over_hours, start=0.3, stop=0.2)))
    assert "sum_k (0.3 b_k + 0.2 d_k)" in told
    assert "sum_t p_t h_t / H sum_(o of k) n_ot - b_k + d_k = r_k" in told


def two_types(build: Build, *, start: float, stop: float) -> HourlyProblem:
    """1, 2, 1, 0 instances are needed; 1.0 of the type at $1.10 ran in the mean, of $1.00 none."""
    changes = HourlyChanges(
        kind=np.array([0, -1]), running=np.array([1.0]), start_cost=start, stop_cost=stop
    )
    return build([1.0, 2.0, 1.0, 0.0], rates=[1.0, 1.0], prices=[1.1, 1.0], changes=changes)


def test_nothing_moves_where_the_saving_is_less_than_the_way(over_hours: Build) -> None:
    """4 instance-hours save $0.40 on the other type; leaving 1.0 for it costs $0.30 + $0.20."""
    solution = solve_hours(two_types(over_hours, start=0.3, stop=0.2), gap=0)
    assert solution.decision is not None
    assert solution.decision.counts.tolist() == [[1, 2, 1, 0], [0, 0, 0, 0]]
    assert solution.costs is not None
    assert solution.costs.changes == 0.0
    assert solution.costs.objective == pytest.approx(4.4)


def test_everything_moves_where_the_saving_is_more(over_hours: Build) -> None:
    """The same way at $0.20 + $0.10 repays: $4.00 and $0.30 instead of $4.40."""
    solution = solve_hours(two_types(over_hours, start=0.2, stop=0.1), gap=0)
    assert solution.decision is not None
    assert solution.decision.counts.tolist() == [[0, 0, 0, 0], [1, 2, 1, 0]]
    assert solution.costs is not None
    assert solution.costs.changes == pytest.approx(0.3)
    assert solution.costs.objective == pytest.approx(4.3)


def test_a_mean_is_of_the_expected_hours(over_hours: Build) -> None:
    """2 instances with odds of 0.75 and 4 with 0.25 are 1.5 + 1.0 = 2.5: half a one is started."""
    problem = over_hours(
        [2.0, 4.0], rates=[1.0], prices=[1.0], weight=[3.0, 3.0],
        scenarios=Scenarios(scenario=np.array([0, 1]), probability=np.array([0.75, 0.25])),
        changes=HourlyChanges(kind=np.array([0]), running=np.array([2.0]), start_cost=8.0,
                              stop_cost=0.0),
    )  # fmt: skip
    solution = solve_hours(problem, gap=0)
    assert solution.costs is not None
    assert solution.costs.changes == pytest.approx(0.5 * 8.0)


def test_a_wrong_fleet_is_refused(over_hours: Build) -> None:
    problem = two_types(over_hours, start=1.0, stop=1.0)
    assert problem.changes is not None
    for wrong, told in (
        ({"kind": np.array([1, -1])}, "changes.kind"),
        ({"kind": np.array([0])}, "changes.kind has shape"),
        ({"running": np.array([np.nan])}, "changes.running"),
        ({"stop_cost": -1.0}, "changes.stop_cost"),
    ):
        with pytest.raises(InvalidInputError, match=told):
            solve_hours(replace(problem, changes=replace(problem.changes, **wrong)))
