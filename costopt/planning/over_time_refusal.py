"""Why no plan over time keeps a limit on it as a whole, found by leaving the limit out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from costopt.plan.words import hours_in_words
from costopt.solve.hours.bill import paid_of
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.run import solve_hours
from costopt.workload.request import PlanRequest

REASON_SECONDS: Final = 2.0
"""Time to find out why there is no plan, for each limit or hour that is looked at [s]."""

REASON_GAP: Final = 1e-2
"""Gap at which the search for a plan without a limit stops [1]."""


def whole_limits_in_the_way(problem: HourlyProblem, request: PlanRequest) -> tuple[str, ...]:
    """Say which limits on the whole plan leave none, and what the best plan found without needs.

    Args:
        problem: proven to have no plan.
        request: the question.
    """
    return (*_budgets(problem, request), *_types(problem))


def _budgets(problem: HourlyProblem, request: PlanRequest) -> Iterator[str]:
    if not problem.budgets:
        return
    freed = solve_hours(
        replace(problem, budgets=()), gap=REASON_GAP, time_limit_seconds=REASON_SECONDS
    )
    if freed.decision is None or freed.coverage is None:
        return
    over = hours_in_words(request.horizon_hours)
    over += " in every scenario" if problem.scenarios is not None else ""
    for budget in problem.budgets:
        paid = float(paid_of(problem, budget, freed.decision, freed.coverage).max())
        if paid > budget.upper:
            yield (
                f"no plan keeps the {budget.name} of {budget.upper:,.2f} {request.currency} over "
                f"{over}; one was found for {paid:,.2f} {request.currency}: raise it"
            )


def _types(problem: HourlyProblem) -> Iterator[str]:
    types = problem.types
    if types is None:
        return
    freed = solve_hours(
        replace(problem, types=None), gap=REASON_GAP, time_limit_seconds=REASON_SECONDS
    )
    if freed.decision is not None:
        used = len(types.in_use(freed.decision.counts))
        yield (
            f"no plan serves all hours with max_distinct_types {types.most}; one was found with "
            f"{used}: raise it"
        )
