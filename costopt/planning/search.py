"""One search: solve, write lines, hold latency against the mix, and try again where it fails."""

from collections.abc import Callable, Iterator, Sequence
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
from costopt.evaluate.operate import operated
from costopt.plan.status import PlanStatus
from costopt.planning.assemble import (
    AssembledProblem,
    SharedLimits,
    assemble,
    forbidding_row,
)
from costopt.planning.fleet_changes import changes_of
from costopt.planning.found import Found, cheaper_of, cost_in_time, unanswered
from costopt.planning.jobs_on_nodes import beside_services, stands_beside
from costopt.planning.late import late_lines, with_more_room
from costopt.planning.round_settings import RoundSettings
from costopt.planning.shared_nodes import (
    promises_availability,
    sharing_helps_nobody,
    sliced_workloads,
)
from costopt.planning.solving import (
    Solver,
    solved_alone,
    solved_by,
)
from costopt.workload.request import PlanRequest
from costopt.workload.serving import InferenceService

MOST_ROUNDS: Final = 8
"""Searches after which the request counts as one that this method cannot plan."""


Forbidden = Callable[[pd.DataFrame], NDArray[np.bool_]]
"""Offers of a workload -> which of them a search may not use."""


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
        solver: what decides in place of the cheapest plan; workloads then share nothing.
    """
    seconds = request.time_limit_seconds
    search = RoundSettings(
        request=request,
        catalog=catalog,
        forbidden=forbidden,
        staying=staying,
        solve=solved_alone if solver is None else solved_by(solver),
    )
    if solver:
        return _late_enough(workloads, replace(search, deadline=perf_counter() + seconds))
    stages = list(_wider_searches(workloads, search))
    part = seconds / 2 if stages else seconds
    best = _late_enough(workloads, replace(search, deadline=perf_counter() + part))
    for wider in stages:
        settings = search.beyond(best.solution.cost, part / len(stages))
        found = _late_enough(wider.workloads, settings)
        if stands_beside(wider.workloads, found):
            best = cheaper_of(best, found, settings.beaten_by, is_contained=wider.is_containing)
        else:
            best = replace(best, bound=min(best.bound or 0.0, found.bound or 0.0))
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wider:
    """A search on shared nodes.

    Attributes:
        workloads: with the candidates that take part.
        is_containing: whether it allows all that the searches before it do.
    """

    workloads: Sequence[NamedWorkload]
    is_containing: bool


def _wider_searches(workloads: Sequence[NamedWorkload], search: RoundSettings) -> Iterator[_Wider]:
    """Yield the searches on shared nodes: whole accelerators, slices, batches beside services."""
    containing = not promises_availability(search.request)
    if not sharing_helps_nobody(workloads):
        yield _Wider(workloads=workloads, is_containing=containing)
        sliced = sliced_workloads(workloads, search.catalog, search.request)
        if sliced is not None:
            yield _Wider(workloads=sliced, is_containing=containing)
    beside = beside_services(workloads, search.request, search.catalog)
    if beside is not None:
        yield _Wider(workloads=beside, is_containing=False)


def _late_enough(workloads: Sequence[NamedWorkload], search: RoundSettings) -> Found:
    """Search, where need be with more of the longest prompts late."""
    first = found = _searched(workloads, search)
    rated: Sequence[NamedWorkload] = workloads
    while found.solution.cost is None and np.isinf(search.beaten_by):
        changed = all_with_more_late(rated, search.catalog, search.request)
        if changed is None:
            break
        if search.is_over:
            return _out_of_time(first)
        rated = changed
        found = _searched(rated, search)
    if found.solution.cost is not None:
        return found
    is_proven = found.solution.status is PlanStatus.INFEASIBLE
    return first if is_proven else _out_of_time(first)


def _out_of_time(found: Found) -> Found:
    """Return a search without an answer whose proof covers only some of what may be planned."""
    status = PlanStatus.NO_ANSWER_IN_TIME
    return replace(found, solution=replace(found.solution, status=status))


def _searched(workloads: Sequence[NamedWorkload], search: RoundSettings) -> Found:
    """Search with the rates as they are.

    Where the first mix is late, two ways on are tried and the cheaper plan is kept: more room for
    the layouts that are late, again and again; and every layout held against the whole mix.
    """
    found = _first_in_time(workloads, search)
    in_time = not found.is_late
    if in_time and (found.rounds == 1 or search.is_over):
        proven = found.rounds == 1 or found.solution.cost is not None
        return found if proven else unanswered(found)
    held = [
        replace(
            item,
            candidates=with_mix_room(
                item.workload, item.candidates, search.catalog, search.request
            ),
        )
        if isinstance(item.workload, InferenceService)
        and isinstance(item.candidates, ServiceCandidates)
        else item
        for item in workloads
    ]
    other = _first_in_time(held, search)
    best = min((found, other), key=cost_in_time)
    answered = not best.is_late and best.solution.cost is not None
    return replace(best if answered else unanswered(best), bound=found.bound)


def _first_in_time(workloads: Sequence[NamedWorkload], search: RoundSettings) -> Found:
    """Solve, and solve again with more room where a mix is late, until none is."""
    tightened = list(workloads)
    rounds = 0
    bound: float | None = None
    while True:
        rounds += 1
        assembled = assemble(tightened, shared_limits(search.request))
        assembled = _limited(tightened, assembled, search)
        solved = search.solve(tightened, assembled, search.request, search.catalog, search.effort)
        bound = solved.solution.bound if rounds == 1 else bound
        found = tuple(
            operated(item.workload, written, search.catalog, search.request)
            for item, written in zip(tightened, solved.lines, strict=False)
        )
        late = [
            index for index, item in enumerate(found) if any(late_lines(tightened[index], item))
        ]
        if not late or rounds == MOST_ROUNDS or search.is_over:
            return Found(
                solution=solved.solution,
                assembled=assembled,
                operated=found,
                rounds=rounds,
                is_late=bool(late),
                bound=bound,
            )
        for index in late:
            tightened[index] = with_more_room(tightened[index], found[index])


def _limited(
    workloads: Sequence[NamedWorkload], assembled: AssembledProblem, search: RoundSettings
) -> AssembledProblem:
    """Add what runs already, and the row that keeps forbidden offers out."""
    changes = changes_of(
        workloads, assembled.services, search.request, search.catalog, is_frozen=search.staying
    )
    problem = replace(assembled.problem, changes=changes)
    if search.forbidden is not None:
        row = forbidding_row(workloads, assembled, search.forbidden)
        problem = replace(problem, rows=(*problem.rows, row))
    return replace(assembled, problem=problem)


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
