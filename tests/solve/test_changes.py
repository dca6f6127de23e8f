"""What runs already: starts and stops in the program, against exhaustive search and by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from costopt.errors import InvalidInputError
from costopt.plan.status import PlanStatus
from costopt.solve.changes import NEW, Changes, GangChanges
from costopt.solve.problem import Choice, Payers, Problem
from costopt.solve.pulp_model import write_pulp_model
from costopt.solve.run import solve_problem
from costopt.solve.solution import Decision
from costopt.solve.switching import switching_cost

Draw = Callable[[int], Problem]
Search = Callable[[Problem], float | None]
Serve = Callable[..., Problem]

SEEDS = [range(first, first + 50) for first in range(0, 300, 50)]
AMOUNTS = [0.0, 0.05, 0.3, 1.0, 2.5]


def with_fleet(problem: Problem, seed: int) -> Problem:
    """Let some kinds of instances run, several offers and alternatives of one kind among them."""
    random = np.random.default_rng([seed, 7])
    kinds = int(random.integers(1, 4))
    gangs = []
    choices = []
    for choice in problem.choices:
        alternatives = len(choice.cost)
        running = np.zeros((alternatives, kinds), dtype=np.int64)
        on = random.random(alternatives) < 0.5
        running[on, random.integers(0, kinds, alternatives)[on]] = 2
        new = np.where(on, random.integers(0, 2, alternatives), 2)
        gangs.append(GangChanges(running=running, new=new, payer_kind=np.zeros(0, dtype=np.int64)))
        choices.append(replace(choice, payers=Payers.none()))
    return replace(
        problem,
        choices=tuple(choices),
        changes=Changes(
            kind=random.integers(NEW, kinds, problem.offer_count),
            running=random.integers(1, 4, kinds),
            start_cost=float(random.choice(AMOUNTS)),
            stop_cost=float(random.choice(AMOUNTS)),
            gangs=tuple(gangs),
        ),
    )


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_cost_with_changes_equals_that_of_exhaustive_search(
    seeds: range, draw_problem: Draw, cheapest_by_search: Search
) -> None:
    for seed in seeds:
        problem = with_fleet(draw_problem(seed), seed)
        known = cheapest_by_search(problem)
        for prune in (True, False):
            solution = solve_problem(problem, gap=0.0, prune=prune)
            if known is None:
                assert solution.status is PlanStatus.INFEASIBLE, f"seed {seed}"
                continue
            assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
            assert solution.cost == pytest.approx(known, rel=1e-6, abs=1e-9), f"seed {seed}"


def test_changes_are_written_with_pulp_as_the_arrays_have_them(draw_problem: Draw) -> None:
    for seed in range(60):
        problem = with_fleet(draw_problem(seed), seed)
        arrays = solve_problem(problem, gap=1e-9)
        written = write_pulp_model(problem).solve(gap=1e-9)
        assert written.status is arrays.status, f"seed {seed}"
        assert written.cost == (arrays.cost and pytest.approx(arrays.cost, rel=1e-6, abs=1e-9))


def test_an_offer_of_several_instances_starts_them_all(serve: Serve) -> None:
    """One of it rents three: 3 x 0.5 to start, as the one instance at 2.0 starts for 0.5."""
    problem = serve([1.0], [[1.0], [1.0]], [1.0, 1.9])
    changes = Changes(
        kind=np.array([NEW, NEW]),
        running=np.zeros(0, dtype=np.int64),
        start_cost=0.5,
        stop_cost=0.0,
        instances=np.array([3, 1]),
    )
    solution = solve_problem(replace(problem, changes=changes))
    assert solution.counts.tolist() == [0, 1]
    assert solution.cost == pytest.approx(2.4)


def test_random_fleets_are_left_grown_and_kept(draw_problem: Draw) -> None:
    left = grown = kept = jobs = 0
    for seeds in SEEDS:
        for seed in seeds:
            problem = with_fleet(draw_problem(seed), seed)
            solution = solve_problem(problem, gap=0.0)
            changes = problem.changes
            if solution.cost is None or changes is None:
                continue
            decision = Decision(
                counts=solution.counts, shares=solution.shares, chosen=solution.chosen
            )
            paid = switching_cost(problem, decision)
            kept += paid == 0
            left += 0 < changes.stop_cost <= paid
            grown += 0 < changes.start_cost <= paid
            jobs += bool(problem.choices)
    assert min(left, grown, kept, jobs) > 20


def test_a_cheaper_type_is_taken_only_when_it_repays_the_change(serve: Serve) -> None:
    """Two at 1.0 run; two others at 0.9 save 0.2 an hour, and take 2 starts and 2 stops."""

    def cost(start: float, stop: float) -> tuple[list[int], float | None]:
        changes = Changes(
            kind=np.array([0, NEW]), running=np.array([2]), start_cost=start, stop_cost=stop
        )
        problem = serve([2.0], [[1.0], [1.0]], [1.0, 0.9], changes=changes)
        found = solve_problem(problem, gap=0.0)
        return found.counts.tolist(), found.cost

    assert cost(0.0, 0.0) == ([0, 2], pytest.approx(1.8))
    assert cost(0.04, 0.05) == ([0, 2], pytest.approx(1.8 + 2 * 0.09))
    assert cost(0.04, 0.07) == ([2, 0], pytest.approx(2.0))


def test_two_offers_of_one_kind_change_the_bill_and_not_the_fleet(serve: Serve) -> None:
    """What runs on demand at 1.0 goes on at 0.6 as the same instances: nothing is started."""
    changes = Changes(kind=np.array([0, 0]), running=np.array([2]), start_cost=5.0, stop_cost=5.0)
    problem = serve([2.0], [[1.0], [1.0]], [1.0, 0.6], changes=changes)
    assert solve_problem(problem, gap=0.0).cost == pytest.approx(1.2)


def test_stopping_what_cannot_serve_is_paid_for(serve: Serve) -> None:
    """Three that run serve nothing: their stops, 3 x 0.5, are in every answer."""
    changes = Changes(
        kind=np.array([0, NEW]), running=np.array([3]), start_cost=0.0, stop_cost=0.5
    )
    problem = serve([1.0], [[0.0], [1.0]], [1.0, 2.0], changes=changes)
    assert solve_problem(problem, gap=0.0).cost == pytest.approx(2.0 + 1.5)


def test_the_budget_counts_what_runs_and_not_the_change(serve: Serve) -> None:
    changes = Changes(
        kind=np.array([NEW]), running=np.zeros(0, dtype=np.int64), start_cost=9.0, stop_cost=9.0
    )
    problem = serve([1.0], [[1.0]], [2.0], budget_per_hour=2.0, changes=changes)
    solution = solve_problem(problem, gap=0.0)
    assert solution.cost == pytest.approx(11.0)
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP


def test_payers_of_a_job_start_only_what_does_not_run() -> None:
    """Three nodes: two of the running kind at 1.0, or new ones at 0.8, a start costs 0.5.

    Two kept at 1.0 and one new at 0.8 + 0.5: 3.3, against 3 x 1.3 = 3.9 all new and 1 + 1 + 1.5
    = 3.5 with one more of the running kind.
    """
    payers = Payers(
        alternative=np.array([0, 0]), instances=np.array([3, 3]), cost=np.array([1.0, 0.8])
    )
    choice = Choice(cost=np.zeros(1), group=np.zeros(1, dtype=np.int64), payers=payers)
    gang = GangChanges(
        running=np.zeros((1, 1), dtype=np.int64),
        new=np.zeros(1, dtype=np.int64),
        payer_kind=np.array([0, NEW]),
    )
    nothing = np.zeros(0, dtype=np.int64)
    changes = Changes(
        kind=nothing, running=np.array([2]), start_cost=0.5, stop_cost=0.0, gangs=(gang,)
    )
    problem = Problem(
        price_per_hour=np.zeros(0),
        server=nothing,
        upper=np.zeros(0),
        group=nothing,
        choices=(choice,),
        changes=changes,
    )
    solution = solve_problem(problem, gap=0.0)
    assert solution.cost == pytest.approx(3.3)
    assert [paid.tolist() for paid in solution.paid] == [[2, 1]]


def test_a_frozen_fleet_stays_whole_even_where_less_would_do(serve: Serve) -> None:
    """One of the three instances would do; frozen, all three are paid for: 3 x 1.0."""
    changes = Changes(
        kind=np.array([0, NEW]),
        running=np.array([3]),
        start_cost=0.0,
        stop_cost=0.0,
        is_frozen=True,
    )
    problem = serve([1.0], [[1.0], [1.0]], [1.0, 0.1], changes=changes)
    solution = solve_problem(problem, gap=0.0)
    assert (solution.counts.tolist(), solution.cost) == ([3, 0], pytest.approx(3.0))
    too_little = replace(problem, blocks=serve([4.0], [[1.0], [1.0]], [1.0, 0.1]).blocks)
    assert solve_problem(too_little).status is PlanStatus.INFEASIBLE


def test_malformed_changes_are_refused_in_words(serve: Serve) -> None:
    changes = Changes(
        kind=np.array([1]), running=np.array([0]), start_cost=-1.0, stop_cost=float("nan")
    )
    with pytest.raises(InvalidInputError) as refused:
        solve_problem(serve([1.0], [[1.0]], [1.0], changes=changes))
    told = " ".join(refused.value.problems)
    assert "changes.kind[0] is 1; there are 1 running kinds" in told
    assert "changes.running[0] is 0; it must be at least 1" in told
    assert "changes.start_cost is -1.0" in told
    assert "changes.stop_cost is nan" in told
