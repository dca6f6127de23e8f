"""One solve: with every workload on instances of its own, or with services side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.plan.line import PlanLine
from costopt.planning.assemble import AssembledProblem
from costopt.planning.lines import job_lines, service_lines
from costopt.planning.shared_lines import shared_lines
from costopt.planning.shared_nodes import shared_nodes_of
from costopt.solve.run import solve_problem
from costopt.solve.shared_run import solve_shared
from costopt.solve.solution import Solution
from costopt.workload.request import PlanRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What one solve came to.

    Attributes:
        solution: cost, bound and status.
        assembled: the problem without sharing.
        lines: of each workload; none without an answer.
    """

    solution: Solution
    assembled: AssembledProblem
    lines: list[list[PlanLine]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long a solve may take, and what is of use.

    Attributes:
        seconds: wall-clock limit [s].
        below: highest cost of an answer that is of use [plan currency/h].
    """

    seconds: float
    below: float


Solve = Callable[[Sequence[NamedWorkload], AssembledProblem, PlanRequest, Catalog, Effort], Solved]
"""How a problem is solved."""


Solver = Callable[[Sequence[NamedWorkload], AssembledProblem, float, float], Solution]
"""Workloads, their problem, a gap [0..1] and a time limit [s] -> what is to be rented."""


def solved_by(solver: Solver) -> Solve:
    """Return a way to solve in which somebody else decides what is rented.

    Args:
        solver: what decides; every workload has instances of its own.
    """

    def solve(
        workloads: Sequence[NamedWorkload],
        assembled: AssembledProblem,
        request: PlanRequest,
        catalog: Catalog,
        effort: Effort,
    ) -> Solved:
        solution = solver(workloads, assembled, request.gap, effort.seconds)
        lines = _lines(workloads, assembled, solution, request.horizon_hours, catalog)
        return Solved(solution=solution, assembled=assembled, lines=lines)

    return solve


def _cheapest(
    workloads: Sequence[NamedWorkload], assembled: AssembledProblem, gap: float, seconds: float
) -> Solution:
    return solve_problem(assembled.problem, gap=gap, time_limit_seconds=seconds)


solved_alone: Final = solved_by(_cheapest)
"""Solve with instances that each run one workload in one layout."""


def solved_together(
    workloads: Sequence[NamedWorkload],
    assembled: AssembledProblem,
    request: PlanRequest,
    catalog: Catalog,
    effort: Effort,
) -> Solved:
    """Solve with instances on which services may stand side by side.

    Args:
        workloads: with their candidates.
        assembled: their problem.
        request: gap and horizon.
        catalog: where exchange rates and spot signals are.
        effort: wall-clock limit, and the highest cost of an answer.
    """
    problem, nodes = shared_nodes_of(workloads, assembled)
    found = solve_shared(
        problem,
        nodes,
        gap=request.gap,
        time_limit_seconds=effort.seconds,
        below=effort.below,
    )
    lines = shared_lines(workloads, assembled, found, request.horizon_hours, catalog)
    return Solved(solution=found.solution, assembled=assembled, lines=lines)


def _lines(
    workloads: Sequence[NamedWorkload],
    assembled: AssembledProblem,
    solution: Solution,
    horizon_hours: float,
    catalog: Catalog,
) -> list[list[PlanLine]]:
    """Write the lines of each workload; none without a solution."""
    if solution.cost is None:
        return []
    lines = []
    services = jobs = 0
    for item in workloads:
        if isinstance(item.candidates, ServiceCandidates):
            columns = assembled.services[services]
            lines.append(
                list(
                    service_lines(
                        item.name,
                        item.candidates,
                        columns,
                        solution,
                        services,
                        horizon_hours,
                        catalog,
                    )
                )
            )
            services += 1
        else:
            chosen, paid = solution.chosen[jobs], solution.paid[jobs]
            lines.append(list(job_lines(item.name, item.candidates, chosen, paid, catalog)))
            jobs += 1
    return lines
