"""From a request with a demand profile to a plan with a schedule."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import floor

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import MOST_INSTANCES, ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import request_hash
from costopt.evaluate.outcome import cost_range
from costopt.evaluate.schedule_outcome import outcome_over_time
from costopt.evaluate.tranche_prices import SPEND_OPTION
from costopt.plan.beside import CatalogStamp
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.assemble import assemble
from costopt.planning.from_fleet_over_time import search_from_fleet_over_time
from costopt.planning.over_time import FoundOverTime
from costopt.planning.over_time_beside import beside
from costopt.planning.over_time_owners import refuse_unheard
from costopt.planning.over_time_problem import assemble_over_time, without_budget
from costopt.planning.over_time_refusal import REASON_SECONDS, whole_limits_in_the_way
from costopt.planning.over_time_work import stands_beside
from costopt.planning.refusal import why_infeasible
from costopt.planning.search import shared_limits
from costopt.planning.signed_tranches import SignedTranches
from costopt.planning.taking_part import exclusions_of, rated_offers
from costopt.solve.run import solve_problem
from costopt.workload.demand_hours import DemandHours, follows_profile, hours_of
from costopt.workload.limits import TERM_OPTIONS, Limits
from costopt.workload.request import Job, PlanRequest


def plan_over_time(
    workloads: Sequence[NamedWorkload],
    request: PlanRequest,
    catalog: Catalog,
    signed: SignedTranches | None = None,
) -> Plan:
    """Decide what runs in each hour and what is committed, and write it down.

    Args:
        workloads: with their candidates.
        request: with a demand profile.
        catalog: at the prices that are paid.
        signed: the only commitments there are; None = they are decided.

    Raises:
        InvalidInputError: there is no profile, it does not fit the request, or other usage says
            nothing.
    """
    hours = hours_of(request, catalog)
    _refuse_too_many(workloads, hours)
    if request.eligible_usage:
        ordered = sorted(workloads, key=stands_beside)
        refuse_unheard(assemble_over_time(ordered, hours, request, catalog), request)
    found = search_from_fleet_over_time(workloads, hours, request, catalog, signed)
    return _write_plan(workloads, found, request, catalog, is_signed=signed is not None)


def _refuse_too_many(workloads: Sequence[NamedWorkload], hours: DemandHours) -> None:
    """Refuse an hour that needs more instances than can be counted exactly.

    Raises:
        InvalidInputError: the demand of some hour is too high.
    """
    served = [item for item in workloads if follows_profile(item.workload)]
    for item, factors in zip(served, hours.factor, strict=False):
        if not isinstance(item.candidates, ServiceCandidates):
            continue
        least = item.candidates.least_instances * float(factors.max())
        if least > MOST_INSTANCES:
            raise InvalidInputError(
                item.name,
                [
                    f"its busiest hour needs at least {least:,.0f} instances; more than "
                    f"{MOST_INSTANCES:,.0f} are not planned; check the unit of demand_profile"
                ],
            )


def refuse_over_time(request: PlanRequest) -> None:
    """Refuse a request with a demand profile that asks for what cannot be planned over time.

    Args:
        request: with or without a profile.

    Raises:
        InvalidInputError: one sentence for each thing.
    """
    refused = list(_not_over_time(request)) if request.demand_profile is not None else []
    if refused:
        raise InvalidInputError("demand_profile", refused)


def _not_over_time(request: PlanRequest) -> Iterator[str]:
    """Yield a sentence for each thing that cannot be planned with a demand profile."""
    for name, workload in request.named_workloads:
        if isinstance(workload, Job):
            yield from _unfit_job(name, workload, request)
    if not any(follows_profile(workload) for workload in request.workloads):
        yield (
            "no service is given, and jobs and nodes without a demand follow no demand profile; "
            "leave it out"
        )
    yield from _unfit_usage(request)
    yield from _limits_not_over_time("limits", request.limits)
    yield from _shared_budgets(request)
    yield from _unfit_together(request)
    for name, workload in request.named_workloads:
        yield from _limits_not_over_time(f"limits of {name}", workload.limits)
        if workload.limits.cvar is not None:
            yield f"cvar in the limits of {name} weighs whole plans; move it to the request's"


def _unfit_usage(request: PlanRequest) -> Iterator[str]:
    """Yield a sentence for each reason why other eligible usage says nothing here."""
    if not request.eligible_usage:
        return
    if any(usage.place is None for usage in request.eligible_usage) and (
        SPEND_OPTION not in request.limits.options
    ):
        yield "eligible_usage draws on savings plans; add savings_plan to purchase_options"
    if request.demand_profile is not None and request.demand_profile.kinds is not None:
        yield "kinds puts hours together, and eligible_usage is told for each; leave kinds out"


def _unfit_job(name: str, workload: Job, request: PlanRequest) -> Iterator[str]:
    """Yield a sentence for each reason why a job cannot be planned hour by hour."""
    if workload.deadline_hours < 1:
        yield (
            f"deadline_hours of {name} is below 1, and beside a demand profile whole hours are "
            "planned; give at least 1"
        )
    profile = request.demand_profile
    if profile is not None and (profile.min_up_hours or 1) > floor(workload.deadline_hours):
        yield (
            f"{name} is due after {workload.deadline_hours:g} h, and what is started for it runs "
            f"at least {profile.min_up_hours} h by min_up_hours; allow it as long"
        )
    if profile is not None and profile.kinds is not None:
        yield (
            f"kinds puts hours together, and {name} is due after so many of them; leave kinds out"
        )


def _unfit_together(request: PlanRequest) -> Iterator[str]:
    """Yield a sentence for each two things that are planned over time, but not together."""
    limits = [request.limits, *(one.limits for one in request.workloads)]
    if any(one.max_distinct_types for one in limits) and any(
        usage.place is not None for usage in request.eligible_usage
    ):
        yield (
            "max_distinct_types cannot be told apart from what eligible_usage runs in instances; "
            "leave one of the two out"
        )
    if any(one.availability for one in limits) and request.current_fleet is not None:
        yield (
            "availability is planned in groups of instances, which current_fleet does not count; "
            "leave one of the two out"
        )


def _shared_budgets(request: PlanRequest) -> Iterator[str]:
    """Yield a sentence for each budget whose part of shared commitments nobody can tell."""
    if len(request.workloads) == 1 or TERM_OPTIONS.isdisjoint(request.limits.options):
        return
    for name, workload in request.named_workloads:
        if workload.limits.budget is not None:
            yield (
                f"budget in the limits of {name} counts it alone, and workloads share what is "
                "committed; move it to the request's limits"
            )


def _limits_not_over_time(where: str, limits: Limits) -> Iterator[str]:
    """Yield a sentence for each limit that cannot be held with a demand profile."""
    if "capacity_block" in limits.options:
        yield f"capacity_block in the {where} is paid for days, not for hours; leave it out"
    if SPEND_OPTION in limits.options and "on_demand" not in limits.options:
        yield (
            f"savings_plan in the {where} pays for what runs on demand; add on_demand to "
            "purchase_options"
        )


def _write_plan(
    workloads: Sequence[NamedWorkload],
    found: FoundOverTime,
    request: PlanRequest,
    catalog: Catalog,
    *,
    is_signed: bool,
) -> Plan:
    """Write the plan down with everything that it rests on.

    Beside commitments that are signed no plan without them can be had.
    """
    written = found.scheduled
    around = beside(found, request, catalog)
    lines = () if written is None else written.lines
    low, high = cost_range(lines)
    answered = written is not None
    return Plan(
        status=found.status(request.gap),
        lines=lines,
        outcomes=tuple(
            outcome_over_time(item.name, item.workload, written, request, catalog)
            for item in workloads
        )
        if written is not None
        else (),
        currency=request.currency,
        horizon_hours=request.horizon_hours,
        cost_per_hour=sum(line.line_cost_per_hour for line in lines) if answered else None,
        cost_total=sum(line.line_cost_total for line in lines) if answered else None,
        cost_total_low=low if answered else None,
        cost_total_high=high if answered else None,
        duration_hours=None,
        cash_now=sum(line.cash_now for line in lines) if answered else None,
        locked_in=sum(line.locked_in for line in lines) if answered else None,
        change=found.change,
        bound=None if found.bound is None else found.bound / request.horizon_hours,
        gap=found.gap,
        seconds=found.solution.seconds,
        rated_offers=rated_offers(workloads),
        offers=len(catalog),
        baselines=() if is_signed else around.baselines,
        exclusions=exclusions_of(workloads, catalog),
        unanswered_because=_refusal(workloads, found, request, catalog),
        request=request,
        request_hash=request_hash(request),
        catalog=CatalogStamp(
            place=catalog.place, as_of=catalog.as_of, fingerprint=catalog.fingerprint
        ),
        schedule=None
        if written is None
        else written.schedule.model_copy(
            update={
                "series_bound": found.series_bound,
                "demand_fall": around.demand_fall,
                "unpriced_terms": around.unpriced_terms,
            }
        ),
    )


def _refusal(
    workloads: Sequence[NamedWorkload],
    found: FoundOverTime,
    request: PlanRequest,
    catalog: Catalog,
) -> tuple[str, ...]:
    """Say why there is no plan; nothing when there is one, or when time ran out."""
    if found.is_late:
        return (
            "no mix of request sizes was found whose tokens come in time in every hour; loosen "
            "max_ttft_ms, max_tpot_ms or the percentile",
        )
    if found.solution.status is not PlanStatus.INFEASIBLE:
        return ()
    if not found.solution.infeasible_hours and (
        whole := whole_limits_in_the_way(found.assembly.problem, request)
    ):
        return whole
    others = [item for item in workloads if stands_beside(item)]
    if others and not found.solution.infeasible_hours:
        return _not_beside(others)
    workloads = [item for item in workloads if not stands_beside(item)]
    factors = found.hours.factor
    hour = next(iter(found.solution.infeasible_hours), int(factors.sum(axis=0).argmax()))
    told = ", ".join(
        f"{factor:.3g} times the mean rate of {item.name}"
        for item, factor in zip(workloads, factors[:, hour].tolist(), strict=True)
    )
    served = [without_budget(item) for item in workloads]
    problem = assemble(served, shared_limits(request)).problem
    blocks = tuple(
        replace(block, demand=block.demand * factor)
        for block, factor in zip(problem.blocks, factors[:, hour].tolist(), strict=True)
    )
    one_hour = replace(problem, blocks=blocks, budget_per_hour=None)
    alone = solve_problem(one_hour, time_limit_seconds=REASON_SECONDS)
    reasons = why_infeasible(workloads, alone, request, catalog.offers)
    return (f"the hours at {told} cannot be served", *reasons)


def _not_beside(others: Sequence[NamedWorkload]) -> tuple[str, ...]:
    """Say which jobs and nodes nothing runs, or that there is no room for them together."""
    idle = [item.name for item in others if item.candidates.offers.empty]
    if idle:
        return (f"nothing that the limits allow runs {', '.join(idle)} on firm capacity",)
    jobs = [item.name for item in others if isinstance(item.workload, Job)]
    nodes = [item.name for item in others if item.name not in jobs]
    missing = [f"{', '.join(jobs)}: not done by the deadline"] if jobs else []
    missing += [f"{', '.join(nodes)}: not there in every hour"] if nodes else []
    ease = "allow more hours or a higher quota" if jobs else "allow a higher quota"
    return (f"{'; '.join(missing)} within the limits, beside what the services need; {ease}",)
