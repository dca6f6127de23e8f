"""From a workload to its candidates: limits first, then rates and prices by kind of work."""

from dataclasses import dataclass, replace

from costopt.candidate.batch import batch_candidates
from costopt.candidate.batch_by_hour import batch_by_hour_candidates
from costopt.candidate.buckets import Buckets
from costopt.candidate.eligible import EligibleOffers, eligible_offers
from costopt.candidate.gangs_by_hour import firm_only, gangs_by_hour_candidates
from costopt.candidate.job import JobCandidates
from costopt.candidate.profiled import check_profiles
from costopt.candidate.renting import risk_of, start_hours
from costopt.candidate.requirement import requirement_candidates
from costopt.candidate.samples import sample_candidates
from costopt.candidate.service import ServiceCandidates
from costopt.candidate.serving import serving_candidates
from costopt.candidate.settings import CandidateSettings
from costopt.candidate.training import training_candidates
from costopt.catalog.catalog import Catalog
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.spot_promises import SpotPromises

Candidates = ServiceCandidates | JobCandidates


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedWorkload:
    """A workload, what the plan calls it, and every way to run it."""

    name: str
    workload: AnyWorkload
    candidates: Candidates


def all_candidates(request: PlanRequest, catalog: Catalog) -> tuple[NamedWorkload, ...]:
    """Find every way to run each workload of a request.

    Args:
        request: workloads, limits and settings.
        catalog: offers and facts.

    Raises:
        CostoptError: a name is unknown, limits contradict each other, or a price cannot be
            converted.
    """
    check_profiles(request, catalog)
    return tuple(
        NamedWorkload(
            name=name, workload=workload, candidates=candidates_of(workload, request, catalog)
        )
        for name, workload in request.named_workloads
    )


def candidates_of(workload: AnyWorkload, request: PlanRequest, catalog: Catalog) -> Candidates:
    """Find every way to run one workload of a request, or the reason why not.

    Args:
        workload: one of the request's workloads.
        request: limits and settings that all workloads share.
        catalog: offers and facts.

    Raises:
        CostoptError: a name is unknown, limits contradict each other, or a price cannot be
            converted.
    """
    eligible = eligible_offers(catalog, (workload.limits, request.limits), request.currency)
    return candidates_among(workload, request, catalog, eligible)


def candidates_among(
    workload: AnyWorkload, request: PlanRequest, catalog: Catalog, eligible: EligibleOffers
) -> Candidates:
    """Find every way to run one workload on given offers, or the reason why not.

    Args:
        workload: one of the request's workloads, or a changed one.
        request: limits and settings that all workloads share.
        catalog: where models, traces and accelerators are described.
        eligible: offers, and which of them the limits allow.

    Raises:
        CostoptError: a name is unknown, or the workload asks for what cannot be planned.
    """
    settings = _settings(workload, request)
    found = _found(workload, catalog, eligible, settings)
    if settings.promises.availability and isinstance(found, ServiceCandidates):
        return replace(found, risk=risk_of(catalog, found.offers))
    return found


def batch_on_nodes(
    workload: BatchInference, request: PlanRequest, catalog: Catalog
) -> ServiceCandidates:
    """Find every way to work off a batch at an even pace, beside services on their nodes.

    Its demand is the pace that ends by the deadline, the start of the nodes taken off; only firm
    capacity takes part.

    Args:
        workload: one of the request's workloads.
        request: limits and settings that all workloads share.
        catalog: offers and facts.

    Raises:
        CostoptError: a name is unknown, or the workload asks for what cannot be planned.
    """
    eligible = eligible_offers(catalog, (workload.limits, request.limits), request.currency)
    settings = _settings(workload, request)
    found = batch_by_hour_candidates(workload, catalog, eligible, settings)
    seconds = (workload.deadline_hours - start_hours(catalog)) * SECONDS_PER_HOUR
    units = float(workload.requests or workload.samples or 0)
    return replace(found, buckets=Buckets.single(units / seconds))


def _settings(workload: AnyWorkload, request: PlanRequest) -> CandidateSettings:
    """Join what a request and one of its workloads say of how candidates are found."""
    return CandidateSettings(
        horizon_hours=request.horizon_hours,
        confidence=request.confidence,
        max_spot_fraction=min(workload.limits.max_spot_fraction, request.limits.max_spot_fraction),
        profiles=request.profiles,
        promises=SpotPromises.of(workload.limits, request.limits),
        by_hour=request.demand_profile is not None,
    )


def _found(
    workload: AnyWorkload, catalog: Catalog, eligible: EligibleOffers, settings: CandidateSettings
) -> Candidates:
    """Rate and price one kind of workload."""
    if isinstance(workload, InferenceService):
        find = serving_candidates if workload.traffic is not None else sample_candidates
        return find(workload, catalog, eligible, settings)
    if isinstance(workload, BatchInference):
        rate = batch_by_hour_candidates if settings.by_hour else batch_candidates
        return rate(workload, catalog, eligible, settings)
    if isinstance(workload, Requirement):
        if settings.by_hour and workload.demand_per_second is None:
            eligible = firm_only(eligible)
        return requirement_candidates(workload, catalog, eligible, settings)
    train = gangs_by_hour_candidates if settings.by_hour else training_candidates
    return train(workload, catalog, eligible, settings)
