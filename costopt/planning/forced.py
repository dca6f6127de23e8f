"""A search that must rent at least one instance of some offers."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.planning.assemble import AssembledProblem
from costopt.planning.search import Forbidden
from costopt.planning.solving import Solver
from costopt.solve.problem import LimitRow, Problem
from costopt.solve.run import solve_problem
from costopt.solve.solution import Solution

ONE_OF: Final = "at least one"
"""Name of the row that hands out the instance which must be rented."""


def with_one_of(required: Forbidden) -> Solver:
    """Return what decides on the cheapest plan with at least one instance of some offers.

    The cheapest ``c`` of the offers is paid for beforehand, and one instance of any of them may
    be had for what it costs beyond ``c``: ``min c + sum_o (c_o - c) m_o + ...`` with
    ``sum_o m_o <= 1``. Where none is taken, one stands idle, which is still the cheapest way to
    rent it.

    Args:
        required: offers of a workload -> those of which at least one instance is rented.
    """

    def decide(
        workloads: Sequence[NamedWorkload], assembled: AssembledProblem, gap: float, seconds: float
    ) -> Solution:
        problem = assembled.problem
        chosen = _program_offers(workloads, assembled, required)
        offers = np.flatnonzero(chosen)
        least = float(problem.price_per_hour[offers].min())
        solution = solve_problem(
            _with_one_paid(problem, offers, least), gap=gap, time_limit_seconds=seconds
        )
        return _joined(solution, problem, offers, least)

    return decide


def has_offers(
    workloads: Sequence[NamedWorkload], assembled: AssembledProblem, required: Forbidden
) -> bool:
    """Return whether a service of the problem could rent one of the offers.

    Args:
        workloads: with their candidates.
        assembled: their problem.
        required: offers of a workload -> which of them are meant.
    """
    return bool(_program_offers(workloads, assembled, required).any())


def _program_offers(
    workloads: Sequence[NamedWorkload], assembled: AssembledProblem, required: Forbidden
) -> NDArray[np.bool_]:
    """Return which offers of the program are meant (offers,)."""
    services = [item for item in workloads if isinstance(item.candidates, ServiceCandidates)]
    parts = [
        required(item.candidates.offers)[columns.offer]
        for item, columns in zip(services, assembled.services, strict=True)
    ]
    return np.concatenate([*parts, np.zeros(0, dtype=np.bool_)])


def _with_one_paid(problem: Problem, offers: NDArray[np.int64], least: float) -> Problem:
    """Offer one instance of some offers once more, at what it costs beyond the cheapest."""
    count = problem.offer_count
    longer: dict[str, Any] = {
        field.name: np.concatenate([value, value[offers]])
        for field in fields(problem)
        if isinstance(value := getattr(problem, field.name), np.ndarray) and len(value) == count
    }
    longer["price_per_hour"] = np.concatenate(
        [problem.price_per_hour, problem.price_per_hour[offers] - least]
    )
    longer["upper"] = np.concatenate([problem.upper, np.ones(len(offers))])
    rows = [
        replace(
            row,
            offer_coefficients=np.concatenate(
                [row.offer_coefficients, row.offer_coefficients[offers]]
            ),
        )
        for row in problem.rows
    ]
    once = LimitRow(
        name=ONE_OF,
        offer_coefficients=np.concatenate([np.zeros(count), np.ones(len(offers))]),
        choice_coefficients=tuple(np.zeros(len(one.cost)) for one in problem.choices),
        payer_coefficients=tuple(np.zeros(len(one.payers)) for one in problem.choices),
        upper=1.0,
    )
    budget = problem.budget_per_hour
    left = None if budget is None else max(budget - least, 0.0)
    if problem.changes is not None:
        longer["changes"] = replace(
            problem.changes,
            kind=np.concatenate([problem.changes.kind, problem.changes.kind[offers]]),
            instances=np.concatenate([problem.changes.rented, problem.changes.rented[offers]]),
        )
    return replace(problem, **longer, rows=(*rows, once), budget_per_hour=left)


def _joined(
    solution: Solution, problem: Problem, offers: NDArray[np.int64], least: float
) -> Solution:
    """Count the instance that had to be rented among its offer's own."""
    if solution.cost is None:
        return solution
    count = problem.offer_count
    counts = solution.counts[:count].copy()
    extra = solution.counts[count:]
    counts[offers] += extra
    if not extra.any():
        counts[offers[np.argmin(problem.price_per_hour[offers])]] += 1
    bound = None if solution.bound is None else solution.bound + least
    return replace(solution, counts=counts, cost=solution.cost + least, bound=bound)
