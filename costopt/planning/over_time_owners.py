"""Who runs on a commitment that the plan and other teams share: the plan first."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from costopt.planning.over_time_others import OF_OTHERS
from costopt.planning.over_time_problem import HourlyAssembly
from costopt.solve.hours.bill import covered_by
from costopt.solve.hours.problem import BY_THE_HOUR
from costopt.solve.hours.solution import HourlySolution

Integers = NDArray[np.int64]


def own_first(assembly: HourlyAssembly, solution: HourlySolution) -> HourlySolution:
    """Return a solution in which others run just on what the plan leaves free.

    Whoever runs on a commitment, all together pay the same, so that the program may give it to
    either. The discount is its owner's first.

    Args:
        assembly: that was solved.
        solution: of it.

    Source: AWS Cost Management guide, reserved instances and Savings Plans in consolidated
    billing (the account that bought them comes first).
    """
    problem, decision = assembly.problem, solution.decision
    others = np.flatnonzero(assembly.service == OF_OTHERS)
    if decision is None or not len(others):
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
        alike &= (taken == taken[committed]).all(axis=1) & np.isinf(problem.upper[committed])
        found += [(int(committed), one) for one in np.flatnonzero(alike).tolist()]
    return found
