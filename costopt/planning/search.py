"""One search: solve, write lines, hold latency against the mix, and try again where it fails."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.candidate.find import NamedWorkload
from costopt.candidate.job import JobCandidates
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.evaluate.limits import TOLERANCE
from costopt.plan.line import PlanLine
from costopt.planning.assemble import AssembledProblem, SharedLimits, assemble
from costopt.planning.lines import job_lines, service_lines
from costopt.planning.operate import Operated, operated
from costopt.solve.problem import LimitRow
from costopt.solve.run import solve_problem
from costopt.solve.solution import Solution
from costopt.workload.request import PlanRequest
from costopt.workload.serving import InferenceService

TIGHTENING: Final = 0.9
"""Factor on the planned utilisation of a service whose mix misses its limit on the first token.

Rates of single request sizes combine linearly for tokens and memory, not for waiting; when the
chosen mix waits too long it is planned again with more room.
"""

MOST_ROUNDS: Final = 12
"""Searches after which the request counts as one that this method cannot plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to.

    Attributes:
        solution: of the last problem that was solved.
        assembled: that problem.
        operated: lines of each workload with their figures; empty without an answer.
        rounds: problems that were solved [1].
    """

    solution: Solution
    assembled: AssembledProblem
    operated: tuple[Operated, ...]
    rounds: int


def search(
    workloads: Sequence[NamedWorkload],
    request: PlanRequest,
    catalog: Catalog,
    *,
    forbidden: LimitRow | None = None,
) -> Found:
    """Find the cheapest lines whose mix really meets every limit.

    Args:
        workloads: with their candidates.
        request: limits and settings.
        catalog: what operating figures are computed from.
        forbidden: one more row, for a search in which something may not be used.
    """
    tightened = list(workloads)
    rounds = 0
    while True:
        rounds += 1
        assembled = assemble([item.candidates for item in tightened], shared_limits(request))
        problem = assembled.problem
        if forbidden is not None:
            problem = replace(problem, rows=(*problem.rows, forbidden))
        solution = solve_problem(
            problem, gap=request.gap, time_limit_seconds=request.time_limit_seconds
        )
        if solution.cost is None:
            return Found(solution=solution, assembled=assembled, operated=(), rounds=rounds)
        found = tuple(
            operated(item.workload, lines, catalog, request)
            for item, lines in zip(
                tightened,
                _lines(tightened, assembled, solution, request.horizon_hours, catalog),
                strict=True,
            )
        )
        late = [index for index, item in enumerate(found) if _is_late(tightened[index], item)]
        if not late or rounds == MOST_ROUNDS:
            return Found(solution=solution, assembled=assembled, operated=found, rounds=rounds)
        for index in late:
            tightened[index] = _with_more_room(tightened[index])


def shared_limits(request: PlanRequest) -> SharedLimits:
    """Return the limits that join all workloads of a request."""
    limits = request.limits
    return SharedLimits(
        quota=tuple((limits.quota or {}).items()),
        budget=limits.budget,
        max_distinct_types=limits.max_distinct_types,
        horizon_hours=request.horizon_hours,
    )


def _lines(
    workloads: Sequence[NamedWorkload],
    assembled: AssembledProblem,
    solution: Solution,
    horizon_hours: float,
    catalog: Catalog,
) -> list[list[PlanLine]]:
    """Write the lines of each workload."""
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
            chosen = solution.chosen[jobs]
            lines.append(list(job_lines(item.name, item.candidates, chosen, catalog)))
            jobs += 1
    return lines


def _is_late(item: NamedWorkload, found: Operated) -> bool:
    """Return whether more requests of a service wait too long than its percentile allows."""
    workload = item.workload
    if not isinstance(workload, InferenceService) or workload.max_ttft_ms is None:
        return False
    return found.late_fraction > 1 - workload.percentile / 100 + TOLERANCE / 2


def _with_more_room(item: NamedWorkload) -> NamedWorkload:
    """Plan a service with a lower utilisation."""
    candidates = item.candidates
    if not isinstance(candidates, ServiceCandidates):
        return item
    lower = candidates.max_utilisation * TIGHTENING
    return replace(item, candidates=replace(candidates, max_utilisation=lower))


def only_provider(
    workloads: Sequence[NamedWorkload], problem: AssembledProblem, provider: str
) -> LimitRow:
    """Write a row that keeps everything on one cloud."""
    services = [
        item.candidates for item in workloads if isinstance(item.candidates, ServiceCandidates)
    ]
    jobs = [item.candidates for item in workloads if isinstance(item.candidates, JobCandidates)]
    offers = [
        np.asarray(service.offers["provider"] != provider, dtype=np.float64)[columns.offer]
        for service, columns in zip(services, problem.services, strict=True)
    ]
    gangs = [
        np.asarray(job.offers["provider"] != provider, dtype=np.float64)[job.gangs.offer]
        for job in jobs
    ]
    return LimitRow(
        name=f"only {provider}",
        offer_coefficients=np.concatenate([*offers, np.zeros(0)]),
        choice_coefficients=tuple(gangs),
        upper=0.0,
    )
