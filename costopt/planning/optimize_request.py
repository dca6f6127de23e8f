"""optimize: from workloads and limits to a checked plan."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costopt.account.account import Account
from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import PlanCheckError
from costopt.evaluate.check import evaluate_plan, request_hash
from costopt.evaluate.outcome import cost_range, outcome_of
from costopt.evaluate.own import account_notes
from costopt.plan.beside import CatalogStamp
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.asked import (
    asked_profiles,
    asked_usage,
    asked_workloads,
    check_sources,
    limited_by,
)
from costopt.planning.baselines import baselines_of
from costopt.planning.current_fleet import Fleet, read_fleet, read_switching_cost
from costopt.planning.found import Found
from costopt.planning.from_fleet import search_from_fleet
from costopt.planning.own_quotas import (
    increases,
    quotas_exclude,
    refused_by_quotas,
    take_part,
    with_increases,
)
from costopt.planning.plan_over_time import plan_over_time, refuse_over_time
from costopt.planning.refusal import why_infeasible
from costopt.planning.taking_part import exclusions_of, rated_offers
from costopt.profile.profile import Profile
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.eligible_usage import EligibleUsage
from costopt.workload.fleet import SwitchingCost
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest


def optimize(
    workload: AnyWorkload | Sequence[AnyWorkload],
    catalog: Catalog,
    *,
    limits: Limits | None = None,
    currency: str = "USD",
    horizon_hours: float | None = None,
    gap: float = 1e-4,
    time_limit_seconds: float = 10.0,
    confidence: float = 0.5,
    account: Account | None = None,
    profiles: Profile | Sequence[Profile] = (),
    current_fleet: Fleet | None = None,
    switching_cost: float | Mapping[str, float] | SwitchingCost = 0.0,
    demand_profile: DemandProfile | None = None,
    eligible_usage: Sequence[EligibleUsage] = (),
    cost_of_capital: float = 0.0,
    price_decline: float = 0.0,
) -> Plan:
    """Find the cheapest instances that run the workloads within all limits.

    The plan has been recomputed without the solver before it is returned. An infeasible request
    gives a plan without lines whose status and ``explain()`` say why.

    Args:
        workload: one workload, or several that share quotas and budget.
        catalog: offers and facts.
        limits: what the plan must stay within, on top of each workload's own limits.
        currency: currency of the plan, ISO 4217.
        horizon_hours: how long services and requirements run; default 730, and 8,760 with a
            demand profile where options that commit for a term are named [h].
        gap: relative distance to the proven bound at which the search may stop [0..1].
        time_limit_seconds: time for the search of the plan; what stands beside it takes at most
            as long again, and at most 3 s [s].
        confidence: probability with which the planned rates are reached [0.05..0.95].
        account: negotiated prices in place of list prices, quotas, and capacity that is paid
            for already. Commitments expire by its day or the catalogue's, whichever is later:
            say what day it is with ``account.as_seen("2026-11-22")``. The plan carries what of
            it concerns the candidates.
        profiles: runs that you measured yourself. Where one applies it overrides the model: at its
            own accelerator, layout, lengths and load the plan counts with what was measured;
            near by, and on accelerators of the same architecture, the model is scaled. Each line
            says in ``rate_origin`` what its rate rests on.
        current_fleet: what runs already: a plan, or a table or rows of (provider, region, zone,
            instance_type, purchase_option, count). What leaving it costs counts beside what runs,
            and where nothing is worth it the plan is what runs. ``plan.change`` says which. With a
            demand profile an instance counts by the part of the hours in which it runs; rows then
            say what runs around the clock, in the mean, and a plan over time what it runs.
        switching_cost: of each instance that is started or stopped; ``{"start": .., "stop": ..}``
            tells the two apart [currency].
        demand_profile: how demand moves from hour to hour. The plan then says in ``schedule`` what
            runs in each hour and what to commit, decided together. Jobs beside services come
            again with every round of the profile and fill what these leave idle; those that
            train run in whole gangs, and may pause.
        eligible_usage: what the company runs beside it that the same savings plans cover.
        cost_of_capital: yearly rate by which payments are discounted by their dates [1/year].
        price_decline: part by which list prices on demand and on spot fall in a year [0..1).

    Raises:
        InvalidInputError: an argument breaks a rule, or limits contradict each other.
        UnknownNameError: a model, trace, region or other name is not in the catalogue.
        EmptyCatalogError: the catalogue has no offers.
        MissingExchangeRateError: a price that takes part cannot be converted.
        PlanCheckError: the plan failed its own check, which is a defect of costopt.
    """
    check_sources("optimize", catalog, account)
    request = PlanRequest(
        workloads=asked_workloads("optimize", workload),
        limits=limits or Limits(),
        currency=currency,
        gap=gap,
        time_limit_seconds=time_limit_seconds,
        confidence=confidence,
        profiles=asked_profiles("optimize", profiles),
        current_fleet=None
        if current_fleet is None
        else read_fleet(current_fleet, catalog, is_over_time=demand_profile is not None),
        switching_cost=read_switching_cost(switching_cost),
        demand_profile=demand_profile,
        eligible_usage=asked_usage("optimize", eligible_usage),
        cost_of_capital=cost_of_capital,
        price_decline=price_decline,
        **({} if horizon_hours is None else {"horizon_hours": horizon_hours}),
    )
    return answer_request(request, catalog, account)


def answer_request(request: PlanRequest, catalog: Catalog, account: Account | None = None) -> Plan:
    """Answer a whole request; ``optimize`` says what is returned and raised."""
    started = perf_counter()
    refuse_over_time(request)
    own = _Own(account, catalog)
    limited = own.limiting(request)
    workloads = all_candidates(limited, own.source)
    plan = _searched_plan(workloads, limited, own.source)
    plan = own.told(plan, request, workloads)
    plan = plan.model_copy(update={"seconds": perf_counter() - started})
    evaluation = evaluate_plan(plan, catalog)
    if evaluation.violations:
        raise PlanCheckError(evaluation.violations)
    return plan.with_source(own.source, workloads, catalog)


class _Own:
    """The account that a plan is made for, beside the catalogue of list prices.

    Attributes:
        account: without its identifier, unless it is to be shown; None at list prices.
        catalog: at list prices.
        source: at the account's prices, with what it owns.
    """

    def __init__(self, account: Account | None, catalog: Catalog) -> None:
        self.account = account.for_plan() if account is not None else None
        self.catalog = catalog
        self.source = catalog if self.account is None else self.account.priced(catalog)

    def limiting(self, request: PlanRequest) -> PlanRequest:
        """Return a request with what the account's quotas and commitments leave."""
        if self.account is None:
            return request
        return limited_by(request, self.account, self.catalog)

    def told(self, plan: Plan, request: PlanRequest, workloads: Sequence[NamedWorkload]) -> Plan:
        """Return a plan with what of the account it was made with, and what that says.

        Args:
            plan: as found.
            request: without the limits of the account.
            workloads: with their candidates.
        """
        update: dict[str, Any] = {
            "catalog": CatalogStamp(
                place=self.catalog.place,
                as_of=self.catalog.as_of,
                fingerprint=self.catalog.fingerprint,
            )
        }
        if self.account is not None:
            usable = self._usable(request, workloads)
            concerning = self.account.concerning(self.source.offers[usable])
            in_force = concerning.quotas_in_force(self.catalog)
            quotas = increases(in_force, self.source.joined_offers[usable])
            kept = concerning if plan.has_answer else self.account
            limited = limited_by(request, kept, self.catalog)
            carried = kept.priced(self.catalog)
            update |= {
                "request": limited,
                "request_hash": request_hash(limited, kept),
                "offers": len(carried),
                "account": kept,
                "account_notes": account_notes(kept, plan.lines, self.catalog, carried),
                "exclusions": with_increases(plan.exclusions, quotas),
                "unanswered_because": refused_by_quotas(plan.unanswered_because, quotas),
            }
        return plan.model_copy(update=update)

    def _usable(
        self, request: PlanRequest, workloads: Sequence[NamedWorkload]
    ) -> NDArray[np.bool_]:
        """Return which offers take part, or would but for a quota of the account (offers,)."""
        usable = take_part(workloads)
        if quotas_exclude(workloads):
            usable |= take_part(all_candidates(request, self.source))
        return usable


def _searched_plan(
    workloads: Sequence[NamedWorkload], request: PlanRequest, catalog: Catalog
) -> Plan:
    """Search at one rate, or over the hours of a demand profile."""
    if request.demand_profile is not None:
        return plan_over_time(workloads, request, catalog)
    best = search_from_fleet(workloads, request, catalog)
    plan = _write_plan(workloads, best.found, request, catalog)
    return plan.model_copy(update={"change": best.change})


def _write_plan(
    workloads: Sequence[NamedWorkload],
    found: Found,
    request: PlanRequest,
    catalog: Catalog,
) -> Plan:
    """Write the plan down with everything that it rests on."""
    solution = found.solution
    answered = solution.cost is not None
    lines = tuple(line for item in found.operated for line in item.lines)
    outcomes = [
        outcome_of(item.name, item.workload, operated, request, catalog)
        for item, operated in zip(workloads, found.operated, strict=False)
    ]
    total = sum(line.line_cost_total for line in lines)
    low, high = cost_range(lines)
    durations = [o.duration_hours for o in outcomes if o.duration_hours is not None]
    return Plan(
        status=found.status(request.gap),
        lines=lines,
        outcomes=tuple(outcomes),
        currency=request.currency,
        horizon_hours=request.horizon_hours,
        cost_per_hour=sum(line.line_cost_per_hour for line in lines) if answered else None,
        cost_total=total if answered else None,
        cost_total_low=low if answered else None,
        cost_total_high=high if answered else None,
        duration_hours=max(durations) if durations else None,
        cash_now=sum(line.cash_now for line in lines) if answered else None,
        locked_in=sum(line.locked_in for line in lines) if answered else None,
        bound=found.bound,
        gap=found.gap,
        seconds=solution.seconds,
        rated_offers=rated_offers(workloads),
        offers=len(catalog),
        baselines=baselines_of(workloads, found, request.from_nothing, catalog) if lines else (),
        exclusions=exclusions_of(workloads, catalog),
        unanswered_because=_refusal(workloads, found, request, catalog),
        request=request,
        request_hash=request_hash(request),
        catalog=CatalogStamp(
            place=catalog.place, as_of=catalog.as_of, fingerprint=catalog.fingerprint
        ),
    )


def _refusal(
    workloads: Sequence[NamedWorkload], found: Found, request: PlanRequest, catalog: Catalog
) -> tuple[str, ...]:
    """Say why there is no plan; nothing when there is one, or when time ran out."""
    if found.is_late:
        return (
            "no mix of request sizes was found whose tokens come in time; loosen max_ttft_ms, "
            "max_tpot_ms or the percentile",
        )
    if found.solution.status is not PlanStatus.INFEASIBLE:
        return ()
    return why_infeasible(workloads, found.solution, request, catalog.offers)
