"""Solve over hours: reduce, assemble, run, map back, and believe nothing that fails a recheck."""

import logging
from dataclasses import replace
from time import perf_counter

import numpy as np

from costopt.errors import PlanCheckError
from costopt.plan.status import PlanStatus, proven_status
from costopt.solve.highs import Outcome
from costopt.solve.hours.assembly import HoursAssembly, assemble_hours
from costopt.solve.hours.bill import costs_of, covered_by
from costopt.solve.hours.decode import decision_at
from costopt.solve.hours.highs import minimise_linear, minimise_whole
from costopt.solve.hours.kinds import HourKinds, hour_kinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.recheck import hourly_violations
from costopt.solve.hours.solution import HourlyDecision, HourlySolution
from costopt.solve.problem import FloatArray
from costopt.solve.problem_checks import check_effort

logger = logging.getLogger(__name__)


def solve_hours(
    problem: HourlyProblem, *, gap: float = 1e-2, time_limit_seconds: float = 15.0
) -> HourlySolution:
    """Find the cheapest commitments and hourly fleets within the gap, and recheck them.

    Args:
        problem: what is to be decided.
        gap: relative distance between objective and proven bound at which to stop [1].
        time_limit_seconds: wall-clock limit of everything together [s].

    Raises:
        InvalidInputError: the problem or a setting breaks a rule.
        PlanCheckError: the solver's answer fails the recheck.
    """
    started = perf_counter()
    check_effort("solve_hours", gap, time_limit_seconds)
    kinds = hour_kinds(problem)
    assembly = assemble_hours(problem, kinds, reach_of(problem, kinds))
    run = minimise_whole(assembly.program, gap=gap, time_limit_seconds=time_limit_seconds)
    bound: float | None = None
    if run.outcome is not Outcome.INFEASIBLE:
        bound = run.bound * assembly.columns.scale + assembly.columns.constant
    decision = None
    if run.values is not None:
        decision = _checked(problem, kinds, assembly, run.values)
    return _solution(problem, decision, bound, gap=gap, started=started)


def _checked(
    problem: HourlyProblem, kinds: HourKinds, assembly: HoursAssembly, values: FloatArray
) -> HourlyDecision:
    decision = decision_at(problem, kinds, assembly, values)
    if hourly_violations(problem, decision):
        program = assembly.program
        fixed = np.round(values[program.integer])
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[program.integer] = upper[program.integer] = fixed
        run = minimise_linear(replace(program, lower=lower, upper=upper), time_limit_seconds=60)
        if run.values is not None:
            decision = decision_at(problem, kinds, assembly, run.values)
    broken = hourly_violations(problem, decision)
    if broken:
        raise PlanCheckError(broken)
    return decision


def _solution(
    problem: HourlyProblem,
    decision: HourlyDecision | None,
    bound: float | None,
    *,
    gap: float,
    started: float,
) -> HourlySolution:
    status = PlanStatus.INFEASIBLE if bound is None else PlanStatus.NO_ANSWER_IN_TIME
    coverage = costs = proven = None
    if decision is not None and bound is not None:
        coverage = covered_by(problem, decision.counts, decision.commitments)
        costs = costs_of(problem, decision.counts, decision.commitments, coverage)
        bound = min(bound, costs.objective)
        proven = (costs.objective - bound) / costs.objective if costs.objective > 0 else 0.0
        status = proven_status(proven, gap)
    return HourlySolution(
        status=status,
        decision=decision,
        coverage=coverage,
        costs=costs,
        bound=bound,
        gap=proven,
        seconds=perf_counter() - started,
    )
