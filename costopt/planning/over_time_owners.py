"""Other teams beside a plan over time: which of them share its commitments, and who is first."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from costopt.errors import InvalidInputError
from costopt.planning.over_time_others import OF_OTHERS
from costopt.planning.over_time_problem import HourlyAssembly
from costopt.solve.hours.bill import covered_by
from costopt.solve.hours.problem import BY_THE_HOUR, HourlyProblem
from costopt.solve.hours.solution import HourlySolution
from costopt.workload.request import PlanRequest

Integers = NDArray[np.int64]


def own_first(assembly: HourlyAssembly, solution: HourlySolution) -> HourlySolution:
    """Return a solution in which others run just on what the plan leaves free.

    Whoever runs on a commitment, all together pay the same, so that the program may give it to
    either. The discount is its owner's first. Where it counts how long an instance runs, or
    whether it ran before, none moves from one offer to another.

    Args:
        assembly: that was solved.
        solution: of it.

    Source: AWS Cost Management guide, reserved instances and Savings Plans in consolidated
    billing (the account that bought them comes first).
    """
    problem, decision = assembly.problem, solution.decision
    others = np.flatnonzero(assembly.service == OF_OTHERS)
    if decision is None or not len(others) or not _may_move(problem):
        return solution
    counts = decision.counts.copy()
    for shared in others[problem.quantity[others] != BY_THE_HOUR].tolist():
        beside = others[problem.server[others] == problem.server[shared]]
        on_demand = int(beside[problem.quantity[beside] == BY_THE_HOUR][0])
        for committed, hourly in _pairs(assembly, shared, on_demand):
            moved = np.minimum(counts[shared], counts[hourly])
            counts[[shared, hourly]] -= moved
            counts[[on_demand, committed]] += moved
    return replace(
        solution,
        decision=replace(decision, counts=counts),
        coverage=covered_by(problem, counts, decision.commitments),
    )


def _may_move(problem: HourlyProblem) -> bool:
    """Return whether an instance may move from offer to offer between two hours."""
    return problem.sequence is None and problem.changes is None


def _pairs(assembly: HourlyAssembly, shared: int, on_demand: int) -> list[tuple[int, int]]:
    """Return columns of the plan that run alike, on a commitment and on demand.

    Those whose exchange others would pay more for, or that limits count differently, are left
    out.

    Args:
        assembly: that was solved.
        shared: column of others on the commitment.
        on_demand: column of the same usage on demand.
    """
    problem = assembly.problem
    own = assembly.service != OF_OTHERS
    taken = problem.row_coefficients
    same_place = assembly.place == assembly.place[shared]
    hourly = own & same_place & (problem.quantity == BY_THE_HOUR)
    hourly &= problem.price_per_hour >= problem.price_per_hour[on_demand]
    found = []
    for committed in np.flatnonzero(own & (problem.quantity == problem.quantity[shared])):
        alike = hourly & (assembly.service == assembly.service[committed])
        alike &= assembly.layout == assembly.layout[committed]
        alike &= np.asarray(taken == taken[committed]).all(axis=1)
        alike &= np.isinf(problem.upper[committed])
        found += [(int(committed), one) for one in np.flatnonzero(alike).tolist()]
    return found


def refuse_unheard(assembly: HourlyAssembly, request: PlanRequest) -> None:
    """Refuse other usage that no commitment covers which the plan may buy: it would say nothing.

    Args:
        assembly: of the request.
        request: the question.

    Raises:
        InvalidInputError: there is such usage.
    """
    problem = assembly.problem
    in_money = np.asarray(np.isfinite(problem.spends.other_rate).any(axis=0))
    covered = (problem.quantity != BY_THE_HOUR) | (problem.resources.needs > 0).any(axis=1)
    covered |= np.isfinite(problem.spends.rate).any(axis=0)
    of_others = assembly.service == OF_OTHERS
    heard = np.isin(np.unique(problem.server[of_others]), problem.server[of_others & covered])
    counted = iter(heard.tolist())
    wrong = []
    for row, usage in enumerate(request.eligible_usage):
        if usage.place is None and not in_money[row]:
            wrong.append(
                f"{usage.name}: no savings plan for all of {usage.provider} covers an offer that "
                "takes part; leave it out"
            )
        elif usage.place is not None and not next(counted):
            wrong.append(
                f"{usage.name}: no commitment that the plan may buy covers {usage.instance_type} "
                f"in {usage.region}; leave it out"
            )
    if wrong:
        raise InvalidInputError("eligible_usage", wrong)
