"""Solve over hours: reduce, assemble, run, map back, and believe nothing that fails a recheck."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.errors import PlanCheckError
from costopt.plan.status import PlanStatus, proven_status
from costopt.solve.hours.bill import costs_of, covered_by
from costopt.solve.hours.checks import check_hourly_problem
from costopt.solve.hours.decode import decision_at
from costopt.solve.hours.decomposed import Decomposed, take_apart
from costopt.solve.hours.highs import minimise_linear
from costopt.solve.hours.infeasible import infeasible_hours, unserved_kinds
from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.long_series import LONG_SERIES, search_long_series
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.prune import needed_offers
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.recheck import budget_violations, hourly_violations
from costopt.solve.hours.search import search
from costopt.solve.hours.settled_spends import with_settled_spends
from costopt.solve.hours.solution import HourlyDecision, HourlySolution
from costopt.solve.hours.wide import is_wide, narrowed
from costopt.solve.problem import BoolArray, FloatArray
from costopt.solve.problem_checks import check_effort

logger = logging.getLogger(__name__)

MOST_TIGHTENINGS: Final = 4
"""Searches with a budget that is lowered because the bill exceeds it."""

TIGHTENING: Final = 1e-3
"""Part by which a budget is lowered beyond what the bill exceeds it by [1]."""

MANY_OFFERS: Final = 5_000
"""Offers of a wide problem above which holding them against each other takes too long."""

LEAST_SECONDS: Final = 0.5
"""Time that a search gets however late it is [s]."""


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
    check_hourly_problem(problem)
    first = solution = _search_once(problem, gap, started, time_limit_seconds)
    tighter = problem
    for number in range(MOST_TIGHTENINGS + 1):
        if number:
            left = max(started + time_limit_seconds - perf_counter(), LEAST_SECONDS)
            solution = _search_once(tighter, gap, perf_counter(), left)
        if solution.decision is None or solution.coverage is None:
            break
        broken = dict(budget_violations(problem, solution.decision, solution.coverage))
        if not broken:
            return _with_bound(solution, first.bound, gap)
        tighter = _tightened(problem, tighter, broken)
    if first.decision is None:
        return first
    return _without_answer(started, first.bound, ())


def _tightened(
    asked: HourlyProblem, searched: HourlyProblem, broken: Mapping[int, float]
) -> HourlyProblem:
    """Lower the budgets that the provider's bill exceeds, each by a little more than its excess.

    Args:
        asked: as it was handed in.
        searched: as it was searched last.
        broken: number of a budget -> what is paid of it in the dearest scenario [currency].
    """
    budgets = list(searched.budgets)
    for number, paid in broken.items():
        excess = paid / asked.budgets[number].upper if asked.budgets[number].upper else np.inf
        lowered = budgets[number].upper / excess * (1 - TIGHTENING)
        budgets[number] = replace(budgets[number], upper=lowered)
    return replace(searched, budgets=tuple(budgets))


def _with_bound(solution: HourlySolution, bound: float | None, gap: float) -> HourlySolution:
    """The solution held against the bound of the problem as it was asked."""
    if solution.costs is None or bound is None or bound == solution.bound:
        return solution
    objective = solution.costs.objective
    bound = min(bound, objective)
    proven = max(objective - bound, 0.0) / objective if objective > 0 else 0.0
    return replace(solution, bound=bound, gap=proven, status=proven_status(proven, gap))


def _search_once(
    problem: HourlyProblem, gap: float, started: float, time_limit_seconds: float
) -> HourlySolution:
    """Search, and recheck all but the budgets, which the provider's bill decides."""
    deadline = started + time_limit_seconds
    kinds = hour_kinds(problem)
    reach = reach_of(problem, kinds)
    unserved = unserved_kinds(problem, kinds, reach)
    if unserved.any():
        impossible = tuple(np.flatnonzero(unserved[kinds.kind]).tolist())
        return _without_answer(started, None, impossible)
    useful = np.asarray(reach.upper.any(axis=1))
    is_large = int(useful.sum()) > MANY_OFFERS and is_wide(problem, reach, useful)
    needed = useful if is_large else needed_offers(problem, reach)
    if not is_wide(problem, reach, needed):
        return _search_all(problem, needed, gap, started, time_limit_seconds)
    few = narrowed(problem, kinds, needed, deadline=deadline)
    if few.bound is None:
        return _without_answer(started, None, ())
    found = _search_all(problem, few.needed, gap, started, time_limit_seconds)
    if found.decision is None:
        return _without_answer(started, few.bound, ())
    return _with_bound(found, few.bound, gap)


def _search_all(
    problem: HourlyProblem,
    needed: BoolArray,
    gap: float,
    started: float,
    time_limit_seconds: float,
) -> HourlySolution:
    """Search among some offers, over all kinds of hours or by levels where these are many."""
    deadline = started + time_limit_seconds
    kinds = hour_kinds(problem)
    reach = reach_of(problem, kinds)
    is_coupled = problem.hours_are_coupled or len(problem.gangs) > 0
    if len(kinds) > LONG_SERIES and not is_coupled:
        long = search_long_series(problem, kinds, needed, gap=gap, deadline=deadline)
        if long.bound is None:
            return _without_answer(started, None, long.infeasible_hours)
        return _settled(problem, long.decision, long.bound, gap=gap, started=started)
    reach = replace(reach, upper=np.where(needed[:, None], reach.upper, 0))
    hours = take_apart(problem, kinds, reach)
    found = search(hours, gap=gap, deadline=deadline)
    if found.bound is None:
        return _without_answer(started, None, infeasible_hours(hours, deadline=deadline))
    columns = hours.assembly.columns
    bound = max(found.bound * columns.scale + columns.constant, 0.0)
    decision = None
    if found.values is not None:
        decision = _repaired(hours, found.values, time_limit_seconds)
    return _settled(problem, decision, bound, gap=gap, started=started)


def _settled(
    problem: HourlyProblem,
    decision: HourlyDecision | None,
    bound: float,
    *,
    gap: float,
    started: float,
) -> HourlySolution:
    """The solution that a decision and a bound make, the decision rechecked.

    Raises:
        PlanCheckError: the whole counts cannot carry the demand within the limits.
    """
    if decision is None:
        return _without_answer(started, bound, ())
    settled = with_settled_spends(problem, decision)
    if _keeps_budgets(problem, settled) or not _keeps_budgets(problem, decision):
        decision = settled
    broken = hourly_violations(problem, decision)
    if broken:
        raise PlanCheckError(broken)
    solution = _solution(problem, decision, bound, gap=gap, started=started)
    logger.info(
        "%s with %d kinds of %d hours: bound %s, gap %s, %.2f s",
        solution.status,
        len(set(decision.kind.tolist())),
        problem.hour_count,
        solution.bound,
        solution.gap,
        solution.seconds,
    )
    return solution


def _keeps_budgets(problem: HourlyProblem, decision: HourlyDecision) -> bool:
    """Whether the provider's bill is within every budget."""
    coverage = covered_by(problem, decision.counts, decision.commitments)
    return not list(budget_violations(problem, decision, coverage))


def _without_answer(
    started: float, bound: float | None, infeasible: tuple[int, ...]
) -> HourlySolution:
    return HourlySolution(
        status=PlanStatus.INFEASIBLE if bound is None else PlanStatus.NO_ANSWER_IN_TIME,
        decision=None,
        coverage=None,
        costs=None,
        bound=bound,
        gap=None,
        seconds=perf_counter() - started,
        infeasible_hours=infeasible,
    )


def _repaired(hours: Decomposed, values: FloatArray, seconds: float) -> HourlyDecision:
    """Give the decision that the values stand for, its routing repaired where rounding hurt it."""
    problem, kinds, assembly = hours.problem, hours.kinds, hours.assembly
    decision = decision_at(problem, kinds, assembly, values)
    if hourly_violations(problem, decision):
        program = assembly.program
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[program.integer] = upper[program.integer] = np.round(values[program.integer])
        fixed = replace(program, lower=lower, upper=upper)
        run = minimise_linear(fixed, time_limit_seconds=seconds)
        if run.values is not None:
            decision = decision_at(problem, kinds, assembly, run.values)
    return decision


def _solution(
    problem: HourlyProblem, decision: HourlyDecision, bound: float, *, gap: float, started: float
) -> HourlySolution:
    coverage = covered_by(problem, decision.counts, decision.commitments)
    costs = costs_of(problem, decision.counts, decision.commitments, coverage)
    bound = min(bound, costs.objective)
    proven = (costs.objective - bound) / costs.objective if costs.objective > 0 else 0.0
    return HourlySolution(
        status=proven_status(proven, gap),
        decision=decision,
        coverage=coverage,
        costs=costs,
        bound=bound,
        gap=proven,
        seconds=perf_counter() - started,
    )
