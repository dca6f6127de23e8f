"""solve_problem: counts, ties, odd numbers, outcomes, and distrust of the solver."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import highspy
import numpy as np
import pytest

from costopt.errors import InvalidInputError, PlanCheckError
from costopt.plan.status import GAP_ROUNDING, PlanStatus
from costopt.solve import run as run_module
from costopt.solve.highs import Outcome, SolverRun, run_program
from costopt.solve.problem import LimitRow, Problem, ServingBlock
from costopt.solve.program import Program
from costopt.solve.recheck import violations
from costopt.solve.run import solve_problem
from costopt.solve.solution import Decision, Solution

Serve = Callable[..., Problem]


def decision_of(solution: Solution) -> Decision:
    return Decision(counts=solution.counts, shares=solution.shares, chosen=solution.chosen)


def test_one_offer_is_rented_as_often_as_its_rate_needs(serve: Serve) -> None:
    # 7 requests/s at 3 each take 2.33, so 3 instances at 2.00.
    solution = solve_problem(serve([7], [[3]], [2]))
    assert solution.counts.tolist() == [3]
    assert solution.cost == 6.0
    assert solution.bound == 6.0
    assert solution.gap == 0.0
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP


def test_an_exactly_full_mix_is_accepted(serve: Serve) -> None:
    # Published example. All on the A100: 6/20 + 3/20 + 15/40 + 6/20 = 1.125 instances. A third
    # of the third bucket moves to the A10G: 5/5 = 1 there, and 1.125 - 5/40 = 1 here.
    problem = serve([6, 3, 15, 6], [[2, 1, 5, 2], [20, 20, 40, 20]], [1.01, 3.67])
    solution = solve_problem(problem)
    assert solution.counts.tolist() == [1, 1]
    assert solution.cost == pytest.approx(4.68, abs=1e-12)
    assert solution.shares[0][0] == pytest.approx([0, 0, 1 / 3, 0])


def test_utilisation_limits_the_load_of_each_instance(serve: Serve) -> None:
    # 8 requests/s at 1 each and 80 %: 10 instances instead of 8.
    assert solve_problem(serve([8], [[1]], [1], utilisation=0.8)).counts.tolist() == [10]


def test_no_demand_needs_no_instances(serve: Serve) -> None:
    solution = solve_problem(serve([0, 0], [[1, 0], [0, 0]], [1, 2]))
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert (solution.cost, solution.bound, solution.gap) == (0.0, 0.0, 0.0)
    assert solution.counts.tolist() == [0, 0]
    assert solution.shares[0].tolist() == [[0, 0], [0, 0]]


def test_no_offers_and_no_demand_is_an_empty_plan() -> None:
    nothing, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    empty = Problem(price_per_hour=nothing, server=whole, upper=nothing, group=whole)
    assert solve_problem(empty).cost == 0.0


def test_equal_cost_prefers_one_large_instance_to_many_small_ones(serve: Serve) -> None:
    # 9 requests/s: nine at 1.00, or one of 8 for 8.00 and one at 1.00.
    solution = solve_problem(serve([9], [[1], [8]], [1, 8]))
    assert solution.cost == 9.0
    assert solution.counts.tolist() == [1, 1]


def test_equal_cost_prefers_two_instances_to_three(serve: Serve) -> None:
    assert solve_problem(serve([6], [[2], [3]], [2, 3])).counts.tolist() == [0, 2]


def test_the_tie_rule_keeps_quotas_rows_and_types(serve: Serve) -> None:
    problem = serve([8], [[1], [8]], [1, 8])
    assert solve_problem(problem).counts.tolist() == [0, 1]
    no_room = replace(problem, upper=np.array([np.inf, 0]))
    assert solve_problem(no_room).counts.tolist() == [8, 0]
    room_for_one = serve([16], [[1], [8]], [1, 8], upper=[np.inf, 1])
    assert solve_problem(room_for_one).counts.tolist() == [8, 1]
    row = LimitRow(name="quota", offer_coefficients=np.array([1.0, 9.0]), upper=8.0)
    over_limit = replace(problem, rows=(row,))
    assert solve_problem(over_limit).counts.tolist() == [8, 0]
    rates = [[1, 1], [8, 0], [0, 1]]
    other_type = serve([8, 2], rates, [1, 8, 0.9], upper=[8, 9, 2], max_groups=2)
    assert solve_problem(other_type).counts.tolist() == [0, 1, 2]


def test_the_tie_rule_never_puts_firm_demand_on_spot(serve: Serve) -> None:
    problem = serve([8], [[1], [8]], [1, 8], spot=[False, True], max_spot_fraction=0.5)
    assert solve_problem(problem).counts.tolist() == [8, 0]


def test_a_demand_too_small_for_the_solver_still_gets_its_instance(serve: Serve) -> None:
    # One ten-thousand-millionth of an instance is needed; the second server cannot take it over.
    solution = solve_problem(serve([1e-6, 3], [[1e4, 0], [0, 1]], [1, 2]))
    assert solution.counts.tolist() == [1, 3]


def test_prices_of_a_millionth_are_told_apart(serve: Serve) -> None:
    solution = solve_problem(serve([5], [[1], [1]], [1e-6, 1.1e-6], upper=[3, 9]))
    assert solution.counts.tolist() == [3, 2]
    assert solution.gap == pytest.approx(0, abs=1e-9)


def test_free_instances_are_used_before_paid_ones_and_none_idles(serve: Serve) -> None:
    solution = solve_problem(serve([5], [[1], [1]], [0, 1], upper=[99, 9]))
    assert solution.counts.tolist() == [5, 0]
    assert solution.cost == 0.0


def hard_problem() -> Problem:
    random = np.random.default_rng(5)
    servers, buckets = 80, 40
    strength = np.exp(random.normal(0, 0.6, (servers, 1)))
    rates = strength * np.exp(random.normal(0, 0.7, (servers, buckets)))
    block = ServingBlock(
        demand=random.uniform(0.05, 0.4, buckets),
        rates=rates,
        max_utilisation=np.full(servers, 0.9),
        is_spot=random.random(servers) < 0.5,
        max_spot_fraction=0.5,
    )
    return Problem(
        price_per_hour=(rates.mean(axis=1) * random.uniform(0.8, 1.2, servers)),
        server=np.arange(servers),
        upper=np.full(servers, 2.0),
        group=np.arange(servers),
        blocks=(block,),
    )


@pytest.mark.parametrize("limit", [1e-9, 0.05, 0.5])
def test_a_time_limit_is_told_by_its_status_and_an_honest_gap(limit: float) -> None:
    problem = hard_problem()
    short = solve_problem(problem, gap=0.0, time_limit_seconds=limit, prune=False)
    longer = solve_problem(problem, gap=0.05, time_limit_seconds=60, prune=False)
    assert longer.cost is not None
    assert longer.bound is not None
    assert short.bound is not None
    assert short.bound <= longer.cost
    if short.cost is None:
        assert short.status is PlanStatus.NO_ANSWER_IN_TIME
        assert short.gap is None
        assert short.counts.size == 0
        assert short.shares == ()
        return
    gap = 1 - short.bound / short.cost
    assert short.gap == pytest.approx(gap)
    proven = gap <= GAP_ROUNDING
    assert short.status is (
        PlanStatus.OPTIMAL_WITHIN_GAP if proven else PlanStatus.FEASIBLE_AT_LIMIT
    )
    assert short.cost >= longer.bound
    assert violations(problem, decision_of(short)) == []


def test_no_time_at_all_gives_no_answer() -> None:
    solution = solve_problem(hard_problem(), gap=0.0, time_limit_seconds=1e-9, prune=False)
    assert solution.status is PlanStatus.NO_ANSWER_IN_TIME
    assert solution.cost is None
    assert solution.bound == 0.0


def test_a_coarse_gap_is_proven_not_assumed() -> None:
    solution = solve_problem(hard_problem(), gap=0.2, time_limit_seconds=60)
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert solution.cost is not None
    assert solution.bound is not None
    assert solution.cost - solution.bound <= 0.2 * solution.cost * (1 + 1e-9)


def test_the_same_problem_gives_the_same_answer_each_time() -> None:
    problem = hard_problem()
    first, second = (solve_problem(problem, gap=0.05, time_limit_seconds=60) for _ in range(2))
    assert first.counts.tolist() == second.counts.tolist()
    assert (first.cost, first.bound) == (second.cost, second.bound)


def test_another_thread_count_used_by_the_process_does_not_matter(serve: Serve) -> None:
    def run_on_two_threads() -> highspy.HighsStatus:
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 2)
        solver.addVar(0, 1)
        return solver.run()

    assert run_on_two_threads() == highspy.HighsStatus.kOk
    assert solve_problem(serve([7], [[3]], [2])).cost == 6.0
    assert run_on_two_threads() == highspy.HighsStatus.kOk


def test_solves_side_by_side_do_not_disturb_each_other(
    draw_problem: Callable[[int], Problem],
) -> None:
    problems = [draw_problem(seed) for seed in range(40)]
    alone = [solve_problem(problem).cost for problem in problems]
    with ThreadPoolExecutor(4) as pool:
        together = [solution.cost for solution in pool.map(solve_problem, problems)]
    assert together == alone


def test_a_routing_that_the_solver_left_short_is_repaired(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short_of_routing(program: Program, *, gap: float, time_limit_seconds: float) -> SolverRun:
        run = run_program(program, gap=gap, time_limit_seconds=time_limit_seconds)
        assert run.values is not None
        whole = np.concatenate(program.integers)
        return replace(run, values=np.where(whole, run.values, 0.0))

    monkeypatch.setattr(run_module, "run_program", short_of_routing)
    problem = serve([6, 3, 15, 6], [[2, 1, 5, 2], [20, 20, 40, 20]], [1.01, 3.67])
    solution = solve_problem(problem)
    assert solution.cost == pytest.approx(4.68)
    assert violations(problem, decision_of(solution)) == []


def test_the_solvers_residue_is_no_share(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_residue(program: Program, *, gap: float, time_limit_seconds: float) -> SolverRun:
        run = run_program(program, gap=gap, time_limit_seconds=time_limit_seconds)
        assert run.values is not None
        whole = np.concatenate(program.integers)
        return replace(run, values=run.values + np.where(whole, 0.0, 1e-10))

    monkeypatch.setattr(run_module, "run_program", with_residue)
    shares = solve_problem(serve([3, 3], [[3, 1], [1, 3]], [1, 1])).shares[0]
    assert shares.tolist() == [[1, 0], [0, 1]]


def test_an_answer_that_cannot_carry_the_demand_is_never_returned(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_instance_short(
        program: Program, *, gap: float, time_limit_seconds: float
    ) -> SolverRun:
        run = run_program(program, gap=gap, time_limit_seconds=time_limit_seconds)
        assert run.values is not None
        return replace(run, values=run.values - np.concatenate(program.integers))

    monkeypatch.setattr(run_module, "run_program", one_instance_short)
    with pytest.raises(PlanCheckError, match="loaded beyond its highest utilisation"):
        solve_problem(serve([7], [[3]], [2]))


def test_a_program_without_a_solution_is_reported_as_such(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = SolverRun(outcome=Outcome.STOPPED, values=None, bound=1.5)
    monkeypatch.setattr(run_module, "run_program", lambda *_, **__: nothing)
    solution = solve_problem(serve([7], [[3]], [2]))
    assert solution.status is PlanStatus.NO_ANSWER_IN_TIME
    assert solution.bound == 3.0  # 1.5 in units of the cheapest price, 2.00


@pytest.mark.parametrize(("gap", "limit"), [(-0.1, 1.0), (1.0, 1.0), (0.1, 0.0), (0.1, np.inf)])
def test_a_gap_or_time_limit_out_of_range_is_refused(
    serve: Serve, gap: float, limit: float
) -> None:
    with pytest.raises(InvalidInputError, match=r"(gap|time_limit_seconds) is"):
        solve_problem(serve([1], [[1]], [1]), gap=gap, time_limit_seconds=limit)


def test_importing_the_solver_loads_neither_pandas_nor_a_solver() -> None:
    code = "import sys, costopt.solve.mix; print({'pandas', 'highspy', 'pulp'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
