"""One search over time: solve, write lines and schedule, hold latency against each hour's mix."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.evaluate.hours_operated import HourOperated
from costopt.evaluate.scheduled import Scheduled, scheduled
from costopt.plan.status import PlanStatus, proven_status
from costopt.planning.late import TIGHTENING, late_lines, layout_index
from costopt.planning.over_time_budgets import with_budgets
from costopt.planning.over_time_lines import lines_over_time, tranches_of, with_schedule
from costopt.planning.over_time_problem import HourlyAssembly, assemble_over_time
from costopt.planning.over_time_work import without_surplus
from costopt.solve.hours.linear_bound import linear_bound
from costopt.solve.hours.run import solve_hours
from costopt.solve.hours.solution import HourlySolution
from costopt.workload.demand_hours import DemandHours
from costopt.workload.request import PlanRequest

LEAST_SECONDS: Final = 0.5
"""Time that a solve gets however late it is [s]."""

SAME_DEMAND: Final = 1e-9
"""Demand that is planned above the profile's own below which it is rounding [1]."""

SERIES_SECONDS: Final = 2.0
"""Time to bound the profile's own hours where they are put together, at most [s]."""

MOST_ROUNDS: Final = 6
"""Searches after which no mix is looked for any more that is in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOverTime:
    """What a search over time came to.

    Attributes:
        assembly: the last problem that was solved.
        solution: of that problem.
        scheduled: lines and schedule with their figures; None without an answer.
        hours: kinds of hours that were planned.
        series_bound: no plan for each hour of the profile on its own has a lower objective; None
            where time ran out [plan currency].
        bound: no plan within the limits has a lower objective; that of the first problem
            [plan currency].
        is_late: True where no round met the limits on tokens.
    """

    assembly: HourlyAssembly
    solution: HourlySolution
    scheduled: Scheduled | None
    hours: DemandHours
    series_bound: float | None
    bound: float | None
    is_late: bool

    @property
    def gap(self) -> float | None:
        """Distance of the objective to the bound, relative; None without an answer."""
        if self.scheduled is None or self.bound is None:
            return None
        objective = self.scheduled.schedule.objective
        return max(objective - self.bound, 0.0) / objective if objective > 0 else 0.0

    def status(self, gap: float) -> PlanStatus:
        """What the search came to, held against the gap that was asked for."""
        if self.gap is not None:
            return proven_status(self.gap, gap)
        return PlanStatus.NO_ANSWER_IN_TIME if self.is_late else self.solution.status


def search_over_time(
    workloads: Sequence[NamedWorkload],
    hours: DemandHours,
    request: PlanRequest,
    catalog: Catalog,
) -> FoundOverTime:
    """Find the cheapest commitments and hourly fleets whose mix meets every limit in every hour.

    Where the mix of some hour is late, the layouts that it is late on are planned with more room,
    and all hours once more.

    Args:
        workloads: services with their candidates, then jobs with theirs.
        hours: kinds of hours.
        request: limits and settings.
        catalog: at the prices that are paid.
    """
    deadline = perf_counter() + request.time_limit_seconds
    roomier = list(workloads)
    bound: float | None = None
    series_bound: float | None = None
    for number in range(MOST_ROUNDS):
        assembly = assemble_over_time(roomier, hours, request, catalog)
        assembly = with_budgets(assembly, roomier, request, catalog)
        left = max(deadline - perf_counter(), LEAST_SECONDS)
        solution = solve_hours(assembly.problem, gap=request.gap, time_limit_seconds=left)
        if number == 0:
            bound = solution.bound
            series_bound = _series_bound(assembly, solution, hours, request)
        written = _written(roomier, assembly, solution, hours, request, catalog)
        late = None if written is None else _with_more_room(roomier, written)
        found = FoundOverTime(
            assembly=assembly,
            solution=solution,
            scheduled=None if late else written,
            hours=hours,
            series_bound=series_bound,
            bound=bound,
            is_late=late is not None,
        )
        if late is None:
            break
        roomier = late
    return found


def _series_bound(
    assembly: HourlyAssembly, solution: HourlySolution, hours: DemandHours, request: PlanRequest
) -> float | None:
    """Return a bound over the profile's own hours: that of the kinds, where these are the same."""
    if hours.excess_fraction < SAME_DEMAND or solution.decision is None:
        return solution.bound
    mean = replace(assembly.problem, demand_factor=hours.mean_factor)
    seconds = min(SERIES_SECONDS, request.time_limit_seconds)
    return linear_bound(mean, deadline=perf_counter() + seconds) or None


def _written(
    workloads: Sequence[NamedWorkload],
    assembly: HourlyAssembly,
    solution: HourlySolution,
    hours: DemandHours,
    request: PlanRequest,
    catalog: Catalog,
) -> Scheduled | None:
    """Write a solution down with its figures; None where there is none."""
    solution = without_surplus(assembly.problem, solution)
    if solution.decision is None:
        return None
    lines, of_hours = lines_over_time(
        workloads, assembly, solution.decision, hours, request.horizon_hours, catalog
    )
    schedule = with_schedule(hours, of_hours, tranches_of(assembly, solution))
    return scheduled(lines, schedule, request, catalog)


def _with_more_room(
    workloads: Sequence[NamedWorkload], found: Scheduled
) -> list[NamedWorkload] | None:
    """Plan layouts whose mix is late in some hour with more room; None where none is."""
    changed = [_roomier(item, found.hours[item.name]) for item in workloads]
    if all(new is old for new, old in zip(changed, workloads, strict=True)):
        return None
    return changed


def _roomier(item: NamedWorkload, hours: Sequence[HourOperated]) -> NamedWorkload:
    """Plan the layouts that are late with less than the least load at which one of them is."""
    candidates = item.candidates
    if not isinstance(candidates, ServiceCandidates):
        return item
    planned = candidates.layout_rates.max_utilisation.copy()
    least: dict[int, float] = {}
    for hour in hours:
        lines = hour.operated.lines
        for line, late in zip(lines, late_lines(item, hour.operated), strict=True):
            if late:
                index = layout_index(candidates, line)
                load = min(line.utilisation or 1.0, float(planned[index]))
                least[index] = min(load, least.get(index, 1.0))
    if not least:
        return item
    for index, load in least.items():
        planned[index] = load * TIGHTENING
    rates = replace(candidates.layout_rates, max_utilisation=planned)
    return replace(item, candidates=replace(candidates, layout_rates=rates))
