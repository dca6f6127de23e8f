"""One search: solve, write lines, hold latency against the mix, and try again where it fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.mix_room import with_mix_room
from costopt.candidate.more_late import all_with_more_late
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.evaluate.operate import Operated, operated
from costopt.plan.line import PlanLine
from costopt.plan.status import PlanStatus, proven_status
from costopt.planning.assemble import (
    AssembledProblem,
    SharedLimits,
    assemble,
    forbidding_row,
)
from costopt.planning.fleet_changes import changes_of
from costopt.planning.late import late_lines, with_more_room
from costopt.planning.lines import job_lines, service_lines
from costopt.solve.run import solve_problem
from costopt.solve.solution import Solution
from costopt.workload.request import PlanRequest
from costopt.workload.serving import InferenceService

LEAST_SECONDS: Final = 0.1
"""Time that a solve gets however late it is [s]."""

MOST_ROUNDS: Final = 8
"""Searches after which the request counts as one that this method cannot plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to.

    Attributes:
        solution: of the last problem that was solved.
        assembled: that problem.
        operated: lines of each workload with their figures; empty without an answer.
        rounds: problems that were solved [1].
        is_late: True where no round met the limit on the first token.
        bound: no lines within the limits cost less [plan currency/h]; that of the first problem,
            which asks for the least.
    """

    solution: Solution
    assembled: AssembledProblem
    operated: tuple[Operated, ...]
    rounds: int
    is_late: bool
    bound: float | None

    @property
    def gap(self) -> float | None:
        """Distance of the cost to the bound, relative; None without an answer."""
        cost = self.solution.cost
        if cost is None or self.bound is None:
            return None
        return max(cost - self.bound, 0.0) / cost if cost > 0 else 0.0

    def status(self, gap: float) -> PlanStatus:
        """What the search came to, held against the gap that was asked for."""
        if self.gap is None:
            return self.solution.status
        return proven_status(self.gap, gap)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a search is held to beside the request.

    Attributes:
        decide: what is to be rented, of a problem.
        staying: True where what runs already must stay as it is.
        deadline: when it ends, on the performance counter [s].
    """

    decide: "Solver"
    staying: bool
    deadline: float


Forbidden = Callable[[pd.DataFrame], NDArray[np.bool_]]
"""Offers of a workload -> which of them a search may not use."""

Solver = Callable[[Sequence[NamedWorkload], AssembledProblem, float, float], Solution]
"""Workloads, their problem, a gap [0..1] and a time limit [s] -> what is to be rented."""


def search(
    workloads: Sequence[NamedWorkload],
    request: PlanRequest,
    catalog: Catalog,
    *,
    forbidden: Forbidden | None = None,
    staying: bool = False,
    solver: Solver | None = None,
) -> Found:
    """Find the cheapest lines whose mix really meets every limit.

    Where there are none, more of the longest prompts may be late, as far as the percentile allows.

    Args:
        workloads: with their candidates.
        request: limits and settings.
        catalog: what operating figures are computed from.
        forbidden: offers of a workload -> which of them this search may not use.
        staying: True where the request's fleet must stay as it is.
        solver: what decides in place of the cheapest plan without the forbidden offers.
    """
    asked = _Asked(
        decide=solver or _cheapest_without(forbidden),
        staying=staying,
        deadline=perf_counter() + request.time_limit_seconds,
    )
    first = found = _searched(workloads, request, catalog, asked)
    rated: Sequence[NamedWorkload] = workloads
    while found.solution.cost is None and perf_counter() < asked.deadline:
        changed = all_with_more_late(rated, catalog, request)
        if changed is None:
            break
        rated = changed
        found = _searched(rated, request, catalog, asked)
    return first if found.solution.cost is None else found


def _cheapest_without(forbidden: Forbidden | None) -> Solver:
    """Return what decides on the cheapest plan without some offers."""

    def decide(
        workloads: Sequence[NamedWorkload], assembled: AssembledProblem, gap: float, seconds: float
    ) -> Solution:
        problem = assembled.problem
        if forbidden is not None:
            row = forbidding_row(workloads, assembled, forbidden)
            problem = replace(problem, rows=(*problem.rows, row))
        return solve_problem(problem, gap=gap, time_limit_seconds=seconds)

    return decide


def _searched(
    workloads: Sequence[NamedWorkload],
    request: PlanRequest,
    catalog: Catalog,
    asked: _Asked,
) -> Found:
    """Search with the rates as they are.

    Where the first mix is late, two ways on are tried and the cheaper plan is kept: more room for
    the layouts that are late, again and again; and every layout held against the whole mix.
    """
    found = _first_in_time(workloads, request, catalog, asked)
    in_time = not found.is_late
    if in_time and (found.rounds == 1 or perf_counter() > asked.deadline):
        return found
    held = [
        replace(
            item,
            candidates=with_mix_room(item.workload, item.candidates, catalog, request),
        )
        if isinstance(item.workload, InferenceService)
        and isinstance(item.candidates, ServiceCandidates)
        else item
        for item in workloads
    ]
    other = _first_in_time(held, request, catalog, asked)
    best = min((found, other), key=_cost_in_time)
    answered = not best.is_late and best.solution.cost is not None
    return replace(best if answered else _unanswered(best), bound=found.bound)


def _unanswered(found: Found) -> Found:
    """Return a search without an answer: no mix was found that starts in time.

    That the tightened problem is infeasible proves nothing about the request.
    """
    solution = replace(
        found.solution, status=PlanStatus.NO_ANSWER_IN_TIME, cost=None, gap=None, shares=(),
        chosen=(),
    )  # fmt: skip
    return replace(found, solution=solution, operated=(), is_late=True)


def _cost_in_time(found: Found) -> tuple[bool, float]:
    """Sort key: plans in time first, then the cheaper; those without an answer last."""
    cost = found.solution.cost
    return found.is_late or cost is None, np.inf if cost is None else cost


def _first_in_time(
    workloads: Sequence[NamedWorkload],
    request: PlanRequest,
    catalog: Catalog,
    asked: _Asked,
) -> Found:
    """Solve, and solve again with more room where a mix is late, until none is."""
    tightened = list(workloads)
    rounds = 0
    bound: float | None = None
    while True:
        rounds += 1
        assembled = assemble(tightened, shared_limits(request))
        changes = changes_of(
            tightened, assembled.services, request, catalog, is_frozen=asked.staying
        )
        assembled = replace(assembled, problem=replace(assembled.problem, changes=changes))
        left = max(asked.deadline - perf_counter(), LEAST_SECONDS)
        solution = asked.decide(tightened, assembled, request.gap, left)
        bound = solution.bound if rounds == 1 else bound
        lines = _lines(tightened, assembled, solution, request.horizon_hours, catalog)
        found = tuple(
            operated(item.workload, written, catalog, request)
            for item, written in zip(tightened, lines, strict=False)
        )
        late = [
            index for index, item in enumerate(found) if any(late_lines(tightened[index], item))
        ]
        if not late or rounds == MOST_ROUNDS or perf_counter() > asked.deadline:
            return Found(
                solution=solution,
                assembled=assembled,
                operated=found,
                rounds=rounds,
                is_late=bool(late),
                bound=bound,
            )
        for index in late:
            tightened[index] = with_more_room(tightened[index], found[index])


def shared_limits(request: PlanRequest) -> SharedLimits:
    """Return the limits that join all workloads of a request."""
    limits = request.limits
    most_types = [limits.max_distinct_types]
    if len(request.workloads) == 1:
        most_types.append(request.workloads[0].limits.max_distinct_types)
    return SharedLimits(
        quotas=limits.counted,
        budget=limits.budget,
        max_distinct_types=min((count for count in most_types if count), default=None),
        horizon_hours=request.horizon_hours,
    )


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
