"""Every hour of a plan over time recomputed, and one sentence for each thing that fails."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isnan

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.catalog.offer_keys import OfferNames
from costopt.evaluate.beside import broken_baselines, broken_beside_schedule
from costopt.evaluate.change import wrong_change
from costopt.evaluate.component_prices import COMMITTED_OPTION, step_of_resource
from costopt.evaluate.facts import offers_of
from costopt.evaluate.figures import FIGURE_TOLERANCE, recomputed_plan, relative_gap, wrong_figures
from costopt.evaluate.gang_hours import broken_gangs
from costopt.evaluate.hours_operated import HourOperated, prompts_of
from costopt.evaluate.limits import TOLERANCE, broken_line_limits
from costopt.evaluate.malformed import malformed
from costopt.evaluate.requirement_check import broken_hardware
from costopt.evaluate.schedule_limits import broken_whole_limits
from costopt.evaluate.schedule_money import runs_on
from costopt.evaluate.schedule_outcome import outcome_over_time
from costopt.evaluate.scheduled import Scheduled, scheduled
from costopt.evaluate.starts import broken_starts
from costopt.evaluate.tranche_prices import SPEND_OPTION
from costopt.evaluate.worked_hours import broken_work
from costopt.evaluate.workload_check import broken_operation
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule, Tranche
from costopt.workload.batch import BatchInference
from costopt.workload.demand_hours import hours_of, served_names
from costopt.workload.limits import TERM_OPTIONS, Limits
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSchedule:
    """What a plan over time comes to when it is recomputed.

    Attributes:
        lines: recomputed; as written where they cannot be.
        violations: one sentence for each figure or limit that does not hold.
    """

    lines: tuple[PlanLine, ...]
    violations: tuple[str, ...]


def check_schedule(plan: Plan, schedule: Schedule, catalog: Catalog) -> CheckedSchedule:
    """Recompute every hour of a plan over time without the solver.

    Args:
        plan: with lines and schedule.
        schedule: of the plan.
        catalog: at the prices that the plan's account pays.

    Raises:
        InvalidInputError: an offer or a commitment is not the catalogue's.
    """
    unusable = [*_malformed(plan, schedule, catalog), *_other_hours(plan, schedule, catalog)]
    if unusable:
        return CheckedSchedule(lines=plan.lines, violations=tuple(unusable))
    found = scheduled(plan.lines, schedule, plan.request, catalog)
    violations = [
        *_wrong_lines(plan, found),
        *_wrong_schedule(schedule, found.schedule),
        *_wrong_sums(plan, found, catalog),
        *_broken_lines(plan, found.lines, catalog),
        *_broken_quotas(plan.request, found, catalog),
        *_broken_commitments(plan.request, found),
        *broken_starts(found.lines, found.schedule, plan.request),
        *broken_whole_limits(plan.request, found),
        *_broken_hours(plan.request, found, catalog),
        *broken_baselines(plan, found.lines),
        *broken_beside_schedule(plan, found.schedule, found.lines, catalog),
    ]
    return CheckedSchedule(lines=found.lines, violations=tuple(violations))


def _malformed(plan: Plan, schedule: Schedule, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for what cannot even be recomputed."""
    if plan.request.demand_profile is None:
        yield "there is a schedule, though the request has no demand profile"
    for number, hour in enumerate(schedule.hours):
        if len(hour.counts) != len(plan.lines) or len(hour.routing) != len(plan.lines):
            yield f"hour {number} does not count every line of the plan"
            return
    counts = np.array([hour.counts for hour in schedule.hours])
    if (counts < 0).any() or not counts.any(axis=0).all():
        yield "a line never runs, or runs less than nothing"
    for tranche in schedule.tranches:
        if not 0 < tranche.quantity < inf:
            yield f"{_name(tranche)}: commits {tranche.quantity:g}, which is nothing to commit"
    for name, workload in plan.request.named_workloads:
        rows = [row for row, line in enumerate(plan.lines) if line.workload == name]
        own = [plan.lines[row] for row in rows]
        if own:
            yield from (f"{name}: {text}" for text in malformed(workload, own, catalog))
        prompts = int(prompts_of(workload, catalog).max()) + 1
        wrong = any(
            len(hour.routing[row]) != (prompts if hour.counts[row] else 0)
            for hour in schedule.hours
            for row in rows
        )
        if wrong:
            yield f"{name}: the routing of an hour does not have {prompts} prompt sizes"


def _other_hours(plan: Plan, schedule: Schedule, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence where the hours are not those of the request's demand profile."""
    request = plan.request
    if request.demand_profile is None:
        return
    names = served_names(request)
    hours = hours_of(request, catalog)
    each = request.horizon_hours / hours.profile_hours
    told = [
        (hour.scenario, hour.hours, *(hour.demand_factor.get(name) for name in names))
        for hour in schedule.hours
    ]
    asked = [
        (hours.scenarios[int(scenario)], count * each, *factors)
        for scenario, count, factors in zip(
            hours.scenario, hours.hours.tolist(), hours.factor.T.tolist(), strict=True
        )
    ]
    same = (
        told == asked
        and schedule.kind_of_hour == tuple(map(tuple, hours.kind_of_hour.tolist()))
        and schedule.probability == tuple(hours.probability.tolist())
        and schedule.scenarios == hours.scenarios
        and schedule.excess_fraction == hours.excess_fraction
    )
    if not same:
        yield "the hours of the schedule are not those of the demand profile"


def _wrong_lines(plan: Plan, found: Scheduled) -> Iterator[str]:
    for written, recomputed in zip(plan.lines, found.lines, strict=True):
        for text in wrong_figures(written, recomputed):
            yield f"{written.place}: {text}"


def _wrong_schedule(written: Schedule, found: Schedule) -> Iterator[str]:
    """Yield a sentence for each figure of the schedule, an hour or a tranche that differs."""
    for number, (said, hour) in enumerate(zip(written.hours, found.hours, strict=True)):
        yield from (f"hour {number}: {text}" for text in wrong_figures(said, hour))
    for said_of, tranche in zip(written.tranches, found.tranches, strict=True):
        yield from (f"{_name(tranche)}: {text}" for text in wrong_figures(said_of, tranche))
    parts = {"hours": found.hours, "tranches": found.tranches}
    yield from wrong_figures(written.model_copy(update=parts), found)


def _wrong_sums(plan: Plan, found: Scheduled, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each sum, of a workload or of the plan, that differs."""
    written = {outcome.workload: outcome for outcome in plan.outcomes}
    names = [name for name, _ in plan.request.named_workloads]
    if [outcome.workload for outcome in plan.outcomes] != names:
        yield f"the plan sums up {len(plan.outcomes)} workloads, there are {len(names)}"
        return
    for name, workload in plan.request.named_workloads:
        recomputed = outcome_over_time(name, workload, found, plan.request, catalog)
        yield from (f"{name}: {text}" for text in wrong_figures(written[name], recomputed))
    yield from wrong_change(plan, found.lines, catalog)
    objective = (found.schedule.objective + plan.switching_cost) / plan.request.horizon_hours
    if plan.bound is None or plan.bound > objective * (1 + FIGURE_TOLERANCE):
        yield f"the bound of {plan.bound} is above the objective of {objective:,.6g} per hour"
    series_bound = found.schedule.series_bound or 0.0
    if not 0 <= series_bound <= found.schedule.objective * (1 + FIGURE_TOLERANCE):
        yield (
            f"the bound of {series_bound:,.6g} over the series is not between 0 and the objective"
        )
    sums = recomputed_plan(plan, found.lines, None).model_copy(
        update={"gap": relative_gap(objective, plan.bound), "schedule": plan.schedule}
    )
    if sums.offers != len(catalog):
        yield f"the catalogue has {len(catalog):,} offers, the plan says {sums.offers:,}"
    if plan.catalog.as_of != catalog.as_of:
        yield f"the catalogue is of {catalog.as_of}, the plan says {plan.catalog.as_of}"
    yield from wrong_figures(plan, sums)


def _broken_lines(plan: Plan, lines: Sequence[PlanLine], catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each limit on names and dates that a line breaks."""
    offers = offers_of(catalog, lines)
    own = dict(plan.request.named_workloads)
    for row, line in enumerate(lines):
        limits = own[line.workload].limits
        yield from broken_line_limits(line, offers.iloc[row], catalog, limits, plan.request.limits)


def _broken_quotas(request: PlanRequest, found: Scheduled, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each quota that some hour exceeds."""
    lines, offers = found.lines, offers_of(catalog, found.lines)
    names = OfferNames.of(offers)
    counts = np.array([hour.counts for hour in found.schedule.hours], dtype=np.float64)
    everyone = np.ones(len(lines))
    shared: list[tuple[Limits, np.ndarray[tuple[int], np.dtype[np.float64]]]] = [
        (request.limits, everyone)
    ]
    for name, workload in request.named_workloads:
        own = np.array([float(line.workload == name) for line in lines])
        shared.append((workload.limits, own))
    for limits, whose in shared:
        for counted in limits.counted:
            taken = counts @ (counted.weights(offers, names) * whose)
            most = float(taken.max())
            words = counted.unit.words
            if isnan(most):
                yield f"{counted.name}: the {words} of an instance type are not known"
            elif most > counted.allowed * (1 + TOLERANCE):
                hour = int(taken.argmax())
                yield (
                    f"{counted.name}: {most:,.10g} {words} in hour {hour}, "
                    f"{counted.allowed:,.10g} allowed"
                )


def _name(tranche: Tranche) -> str:
    named = (tranche.purchase_option, tranche.resource, tranche.instance_type)
    return " ".join(part for part in named if part)


def _broken_commitments(request: PlanRequest, found: Scheduled) -> Iterator[str]:
    """Yield a sentence where more is used than is committed, or what may not be bought is."""
    schedule = found.schedule
    for line in found.lines:
        if line.offer.purchase_option in TERM_OPTIONS and not any(
            runs_on(line, tranche) for tranche in schedule.tranches
        ):
            yield f"{line.place}: runs on a commitment that the schedule does not make"
    limits = [request.limits, *(workload.limits for workload in request.workloads)]
    for row, tranche in enumerate(schedule.tranches):
        name = _name(tranche)
        most = max(hour.used[row] for hour in schedule.hours)
        if most > tranche.quantity * (1 + TOLERANCE):
            yield f"{name}: {most:g} in use, {tranche.quantity:g} committed"
        if not _is_one_kind(tranche):
            yield f"{name}: commits the wrong kind of thing"
        step = step_of_resource(tranche.resource)
        if tranche.resource and tranche.quantity % step:
            yield f"{name}: {tranche.quantity:g} is not sold, only multiples of {step:g}"
        if tranche.purchase_option not in request.limits.options:
            yield f"{name}: is not among the purchase options"
        if any(one.term_years and tranche.term_years not in one.term_years for one in limits):
            yield f"{name}: its term is not within limits.term_years"


def _is_one_kind(tranche: Tranche) -> bool:
    """Say whether a commitment is of instances, money or an amount, as its option can be."""
    has_amount = bool(tranche.resource) and tranche.amount is not None
    given = [tranche.instances is not None, tranche.spend_per_hour is not None, has_amount]
    if sum(given) != 1 or bool(tranche.resource) != (tranche.amount is not None):
        return False
    if has_amount:
        return tranche.purchase_option == COMMITTED_OPTION
    return tranche.is_money == (tranche.purchase_option == SPEND_OPTION)


def _broken_hours(request: PlanRequest, found: Scheduled, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each hour whose demand, latency or spot share does not hold."""
    for name, job in found.jobs.items():
        yield from (f"{name}: {text}" for text in broken_work(job, found.schedule.scenarios))
    for name, workload in request.named_workloads:
        if isinstance(workload, Requirement):
            own = [line for line in found.lines if line.workload == name]
            yield from broken_hardware(catalog, workload, own)
        if name in found.jobs:
            if not isinstance(workload, InferenceService | BatchInference):
                broken = broken_gangs(name, workload, found.lines, found.schedule)
                yield from (f"{name}: {text}" for text in broken)
            continue
        hours: Sequence[HourOperated] = found.hours[name]
        served = {hour.hour for hour in hours}
        for number, hour in enumerate(found.schedule.hours):
            if hour.demand_factor[name] and number not in served:
                yield f"{name}: nothing runs it in hour {number}"
        for one in hours:
            for text in broken_operation(workload, one.operated, request, catalog):
                yield f"{name}, hour {one.hour}: {text}"
