"""One search over time: solve, write lines and schedule, hold latency against each hour's mix."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Final

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.evaluate.change import change_of
from costopt.evaluate.hours_operated import HourOperated
from costopt.evaluate.scheduled import Scheduled, scheduled
from costopt.plan.change import PlanChange
from costopt.plan.status import PlanStatus, proven_status
from costopt.planning.late import TIGHTENING, late_lines, layout_index
from costopt.planning.over_time_budgets import with_budgets
from costopt.planning.over_time_gangs import without_gangs
from costopt.planning.over_time_lines import lines_over_time, tranches_of, with_schedule
from costopt.planning.over_time_owners import own_first
from costopt.planning.over_time_problem import HourlyAssembly, assemble_over_time
from costopt.planning.over_time_starts import with_free_starts_of_groups
from costopt.planning.over_time_work import stands_beside, without_surplus
from costopt.solve.hours.linear_bound import linear_bound
from costopt.solve.hours.run import solve_hours
from costopt.solve.hours.solution import HourlySolution
from costopt.workload.demand_hours import DemandHours
from costopt.workload.request import PlanRequest

if TYPE_CHECKING:
    from costopt.planning.signed_tranches import SignedTranches

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
        change: from what ran before to this; None without an answer, or where nothing is said to
            have run.
    """

    assembly: HourlyAssembly
    solution: HourlySolution
    scheduled: Scheduled | None
    hours: DemandHours
    series_bound: float | None
    bound: float | None
    is_late: bool
    change: PlanChange | None = None

    @property
    def objective(self) -> float | None:
        """What was minimised: of what runs, and of the way to it; None without [currency]."""
        if self.scheduled is None:
            return None
        way = 0.0 if self.change is None else self.change.switching_cost
        return self.scheduled.schedule.objective + way

    @property
    def gap(self) -> float | None:
        """Distance of the objective to the bound, relative; None without an answer."""
        objective = self.objective
        if objective is None or self.bound is None:
            return None
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
    signed: "SignedTranches | None" = None,
    *,
    is_staying: bool = False,
) -> FoundOverTime:
    """Find the cheapest commitments and hourly fleets whose mix meets every limit in every hour.

    Where the mix of some hour is late, the layouts that it is late on are planned with more room,
    and all hours once more.

    Args:
        workloads: with their candidates.
        hours: kinds of hours.
        request: limits and settings.
        catalog: at the prices that are paid.
        signed: the only commitments there are, paid for whatever runs; None = they are decided.
        is_staying: whether only what ran before may run.
    """
    deadline = perf_counter() + request.time_limit_seconds
    ordered = sorted(workloads, key=stands_beside)
    roomier = ordered if signed is None else signed.among(ordered)
    bound: float | None = None
    series_bound: float | None = None
    for number in range(MOST_ROUNDS):
        assembly, solution = _solved(
            roomier, hours, request, catalog, signed, deadline, is_staying=is_staying
        )
        if number == 0:
            least = _bound(assembly, solution, request)
            series_bound = _series_bound(assembly, solution, least, hours, request)
            bound = least
            if signed is not None:
                bound, series_bound = signed.beside(least), signed.beside(series_bound)
        written = _written(roomier, assembly, solution, hours, request, catalog, signed)
        late = None if written is None else _with_more_room(roomier, written)
        found = FoundOverTime(
            assembly=assembly,
            solution=solution,
            scheduled=None if late else written,
            hours=hours,
            series_bound=series_bound,
            bound=bound,
            is_late=late is not None,
            change=None if late or written is None else change_of(request, written.lines, catalog),
        )
        if late is None:
            break
        roomier = late
    return found


def _solved(
    workloads: Sequence[NamedWorkload],
    hours: DemandHours,
    request: PlanRequest,
    catalog: Catalog,
    signed: "SignedTranches | None",
    deadline: float,
    *,
    is_staying: bool,
) -> tuple[HourlyAssembly, HourlySolution]:
    """Write and solve the problem; with all configurations of gangs where some do not suffice."""
    all_gangs = False
    while True:
        assembly = assemble_over_time(
            workloads, hours, request, catalog, is_staying=is_staying, all_gangs=all_gangs
        )
        if signed is not None:
            assembly = signed.on(assembly)
        tranches = None if signed is None else signed.tranches
        assembly = with_budgets(assembly, workloads, request, catalog, tranches)
        left = max(deadline - perf_counter(), LEAST_SECONDS)
        solution = solve_hours(assembly.problem, gap=request.gap, time_limit_seconds=left)
        if not (assembly.is_lossy and solution.status is PlanStatus.INFEASIBLE):
            return assembly, solution
        all_gangs = True


def _bound(
    assembly: HourlyAssembly, solution: HourlySolution, request: PlanRequest
) -> float | None:
    """Return what no plan costs less than, also by what the problem leaves out or counts twice.

    Where gangs were left out, all the rest alone: it is bounded without changes, since what it
    would stop may be what a gang keeps. Where instances are rented in groups, with free starts of
    these: a plan counts those of a pool as a whole, which are fewer where one group takes the
    place of another.
    """
    bound = solution.bound
    if bound is None:
        return None
    seconds = min(SERIES_SECONDS, request.time_limit_seconds)
    if assembly.is_lossy:
        rest = without_gangs(replace(assembly.problem, changes=None))
        bound = min(bound, linear_bound(rest, deadline=perf_counter() + seconds) or 0.0)
    free = with_free_starts_of_groups(assembly.problem)
    if free is not None:
        found = solve_hours(free, gap=request.gap, time_limit_seconds=seconds)
        bound = min(bound, found.bound or 0.0)
    return bound


def _series_bound(
    assembly: HourlyAssembly,
    solution: HourlySolution,
    bound: float | None,
    hours: DemandHours,
    request: PlanRequest,
) -> float | None:
    """Return a bound over the profile's own hours: that of the kinds, where these are the same.

    It is one of what runs, where the bound of the kinds is one of the way from what ran before,
    too; there none is told of hours that are the profile's own.
    """
    if hours.excess_fraction < SAME_DEMAND or solution.decision is None:
        return bound if assembly.problem.changes is None else None
    mean = replace(assembly.problem, demand_factor=hours.mean_factor, changes=None)
    mean = without_gangs(mean) if assembly.is_lossy else mean
    seconds = min(SERIES_SECONDS, request.time_limit_seconds)
    return linear_bound(mean, deadline=perf_counter() + seconds) or None


def _written(
    workloads: Sequence[NamedWorkload],
    assembly: HourlyAssembly,
    solution: HourlySolution,
    hours: DemandHours,
    request: PlanRequest,
    catalog: Catalog,
    signed: "SignedTranches | None",
) -> Scheduled | None:
    """Write a solution down with its figures; None where there is none."""
    solution = own_first(assembly, without_surplus(assembly.problem, solution))
    if solution.decision is None:
        return None
    lines, of_hours = lines_over_time(
        workloads, assembly, solution.decision, hours, request.horizon_hours, catalog
    )
    tranches = tranches_of(assembly, solution) if signed is None else signed.tranches
    schedule = with_schedule(hours, of_hours, tranches)
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
