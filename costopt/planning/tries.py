"""Tries: requests that differ in a limit or a number, planned one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Final

from costopt.candidate.eligible import EligibleOffers, eligible_offers
from costopt.candidate.find import NamedWorkload, candidates_among
from costopt.candidate.profiled import check_profiles
from costopt.catalog.catalog import Catalog
from costopt.planning.found import Found
from costopt.planning.search import search
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest

NO_LIMIT: Final = 10**9
"""Quota that no plan reaches: more instances than are ever planned, of any size [units]."""

LEAST_SECONDS: Final = 0.1
"""Time that a search gets however late it is [s]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tries:
    """Plans requests that are near one another; candidates are found once where they are equal.

    Budgets, quotas and the number of types decide nothing about rates and prices, so that
    requests which differ in them alone share their candidates.

    Attributes:
        catalog: offers and facts.
        ends_at: when no try should start any more, on the performance counter [s].
        seconds: time for one search [s].
        gap: relative distance to the bound at which a search may stop [0..1].
    """

    catalog: Catalog
    ends_at: float
    seconds: float
    gap: float
    _candidates: dict[str, tuple[NamedWorkload, ...]] = field(default_factory=dict)
    _eligible: dict[str, EligibleOffers] = field(default_factory=dict)

    @property
    def is_out_of_time(self) -> bool:
        """True when no more tries should start."""
        return perf_counter() >= self.ends_at

    def workloads(self, request: PlanRequest) -> tuple[NamedWorkload, ...]:
        """Return the workloads of a request with their candidates.

        Args:
            request: workloads, limits and settings.

        Raises:
            CostoptError: a name is unknown, or limits contradict each other.
        """
        key = _candidates_key(request)
        if key not in self._candidates:
            self._candidates[key] = self._all_candidates(_without_sums(request))
        return tuple(
            replace(item, workload=workload)
            for item, workload in zip(self._candidates[key], request.workloads, strict=True)
        )

    def share_candidates(self, one: PlanRequest, other: PlanRequest) -> bool:
        """Return whether two requests differ at most in what adds up over a plan.

        Args:
            one: a request.
            other: another one.
        """
        return _candidates_key(one) == _candidates_key(other)

    def _all_candidates(self, request: PlanRequest) -> tuple[NamedWorkload, ...]:
        """Find candidates, the offers that limits allow looked up once for equal limits."""
        check_profiles(request, self.catalog)
        found = []
        for name, workload in request.named_workloads:
            limits = (workload.limits, request.limits)
            key = "\n".join([request.currency, *(one.model_dump_json() for one in limits)])
            if key not in self._eligible:
                self._eligible[key] = eligible_offers(self.catalog, limits, request.currency)
            candidates = candidates_among(workload, request, self.catalog, self._eligible[key])
            found.append(NamedWorkload(name=name, workload=workload, candidates=candidates))
        return tuple(found)

    def found(self, request: PlanRequest) -> Found:
        """Plan a request.

        Args:
            request: workloads, limits and settings.

        Raises:
            CostoptError: a name is unknown, or limits contradict each other.
        """
        return self.searched(self.workloads(request), request)

    def searched(
        self,
        workloads: Sequence[NamedWorkload],
        request: PlanRequest,
        gap: float | None = None,
    ) -> Found:
        """Plan with candidates that are at hand.

        Args:
            workloads: with their candidates.
            request: limits and settings.
            gap: another one than for all tries [0..1].
        """
        seconds = max(min(self.seconds, self.ends_at - perf_counter()), LEAST_SECONDS)
        quicker = request.model_copy(
            update={"gap": max(request.gap, gap or self.gap), "time_limit_seconds": seconds}
        )
        return search(workloads, quicker, self.catalog)


def with_limits(request: PlanRequest, owner: int | None, limits: Limits) -> PlanRequest:
    """Return a request with other limits.

    Args:
        request: the question.
        owner: position of the workload whose limits they are; None for the request's own.
        limits: what takes the place of its limits.
    """
    if owner is None:
        return request.model_copy(update={"limits": limits})
    workload = request.workloads[owner].model_copy(update={"limits": limits})
    return with_workload(request, owner, workload)


def with_workload(request: PlanRequest, position: int, workload: AnyWorkload) -> PlanRequest:
    """Return a request with one workload changed.

    Args:
        request: the question.
        position: of the workload.
        workload: what takes its place.
    """
    workloads = list(request.workloads)
    workloads[position] = workload
    return request.model_copy(update={"workloads": tuple(workloads)})


def _candidates_key(request: PlanRequest) -> str:
    """Return what is equal for requests whose candidates are."""
    rated = _without_sums(request)
    return rated.model_dump_json(exclude={"gap", "time_limit_seconds"})


def _without_sums(request: PlanRequest) -> PlanRequest:
    """Return a request whose quotas, budgets and numbers of types stop nothing."""
    workloads = tuple(
        workload.model_copy(update={"limits": _opened(workload.limits)})
        for workload in request.workloads
    )
    return request.model_copy(update={"workloads": workloads, "limits": _opened(request.limits)})


def _opened(limits: Limits) -> Limits:
    """Open what adds up over a plan; what a commitment owns stays, and so does every key."""
    update: dict[str, Any] = {"budget": None, "max_distinct_types": None}
    for one in limits.counted:
        if not one.is_of_commitment:
            own = update.setdefault(one.unit.field, dict(getattr(limits, one.unit.field)))
            own[one.key] = NO_LIMIT
    return limits.model_copy(update=update)
