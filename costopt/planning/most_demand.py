"""most_demand: the dual question, the most throughput that a budget and quotas carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from costopt.account.account import Account
from costopt.candidate.find import all_candidates
from costopt.candidate.more_late import all_with_more_late
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.asked import (
    asked_profiles,
    asked_workloads,
    check_sources,
    left_of_account,
)
from costopt.planning.assemble import assemble
from costopt.planning.largest_demand import LargestDemand
from costopt.planning.optimize_request import answer_request
from costopt.planning.over_time import search_over_time
from costopt.planning.over_time_work import stands_beside
from costopt.planning.plan_over_time import refuse_over_time
from costopt.planning.scaled import scaled_request, scales
from costopt.planning.search import search, shared_limits
from costopt.planning.shared_nodes import sharing_helps_nobody
from costopt.planning.shared_time import SharedTime
from costopt.profile.profile import Profile
from costopt.solve.most_demand import MOST_FACTOR
from costopt.solve.most_demand import most_demand as most_of
from costopt.workload.batch import BatchInference
from costopt.workload.demand_hours import hours_of
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest

SUBJECT: Final = "most_demand"

WITHOUT_END: Final = "neither a budget nor a quota limits the demand; give limits.budget"
"""Why a question has no answer."""

STEP: Final = 1e-3
"""Relative distance at which the search between a multiple that fits and one that does not ends
[1]."""

MOST_ROUNDS: Final = 4
"""Programs that are solved until a larger demand no longer changes what an instance does [1]."""

ANY_PLAN: Final = 0.99
"""Gap of a search over time that asks no more than whether there is a plan [1]."""

INSIDE: Final = 1e-7
"""Relative step back from an exactly full fleet, within rounding [1]."""


def most_demand(
    workload: AnyWorkload | Sequence[AnyWorkload],
    catalog: Catalog,
    *,
    limits: Limits,
    currency: str = "USD",
    horizon_hours: float | None = None,
    gap: float = 1e-4,
    time_limit_seconds: float = 30.0,
    confidence: float = 0.5,
    account: Account | None = None,
    profiles: Profile | Sequence[Profile] = (),
    demand_profile: DemandProfile | None = None,
) -> LargestDemand:
    """Find the largest multiple of the demand that fits budget and quotas, and a plan for it.

    Rates of services and quantities of batches grow by one common factor; training and fine-tuning
    stay as they are. With services alone the factor is a column of the program, and its bound is
    proven by it; beside a batch, whose gangs change with its size, and where services that share
    instances carry more, or beside a demand profile, it is closed in on between a multiple with a
    plan and one without. The plan is searched for and checked like any other.

    Args:
        workload: one workload, or several that share quotas and budget.
        catalog: offers and facts.
        limits: with a budget or quotas; for these and the settings that follow see ``optimize``.
        currency: currency of the plan, ISO 4217.
        horizon_hours: how long services and requirements run; default 730, and 8,760 with a
            demand profile where options that commit for a term are named [h].
        gap: relative distance to the proven bound at which a search may stop [0..1].
        time_limit_seconds: time for all searches together, the last of which finds the plan; what
            stands beside the plan comes on top [s].
        confidence: probability with which the planned rates are reached [0.05..0.95].
        account: negotiated prices, quotas and capacity that is paid for already.
        profiles: runs that you measured yourself.
        demand_profile: how demand moves from hour to hour; all of it grows by the factor.

    Raises:
        InvalidInputError: an argument breaks a rule, no workload has a demand that could grow, or
            nothing limits it.
    """
    check_sources(SUBJECT, catalog, account)
    horizon: dict[str, Any] = {} if horizon_hours is None else {"horizon_hours": horizon_hours}
    request = PlanRequest(
        workloads=asked_workloads(SUBJECT, workload),
        limits=limits,
        currency=currency,
        gap=gap,
        time_limit_seconds=time_limit_seconds,
        confidence=confidence,
        profiles=asked_profiles(SUBJECT, profiles),
        demand_profile=demand_profile,
        **horizon,
    )
    refuse_over_time(request)
    if not any(scales(one) for one in request.workloads):
        raise InvalidInputError(
            SUBJECT,
            ["no workload has a rate, or a number of requests or samples, that could grow"],
        )
    return _Question(request, catalog, account).answered()


class _Question:
    """A request, and what its account leaves of it.

    Attributes:
        request: as asked.
        catalog: at list prices.
        account: None at list prices.
        source: at the prices that are paid.
        limited: the request with what the account leaves.
        time: of all searches.
    """

    def __init__(self, request: PlanRequest, catalog: Catalog, account: Account | None) -> None:
        self.request, self.catalog, self.account = request, catalog, account
        self.source, self.limited = left_of_account(request, catalog, account)
        self.time = SharedTime(request.time_limit_seconds)

    def answered(self) -> LargestDemand:
        """Find the largest multiple, by the program where it can be told, else step by step."""
        if not self._is_limited:
            raise InvalidInputError(SUBJECT, [WITHOUT_END])
        low, high = 0.0, None
        if self._is_of_one_program:
            factor, bound = self._by_program()
            if factor and self._carries_more(bound):
                low = bound * (1 + STEP)
            elif factor and (plan := self._plan(factor)).has_answer:
                closed = bound <= factor * (1 + STEP)
                return self._told(factor, bound, plan, is_closed=closed)
            elif factor:
                high = bound
        reach = self._between(low, high)
        factor = reach.low or 1.0
        plan = self._plan(factor)
        is_closed = reach.is_closed and plan.has_answer == bool(reach.low)
        return self._told(factor if plan.has_answer else 0.0, reach.proven, plan,
                          is_closed=is_closed)  # fmt: skip

    @property
    def _is_limited(self) -> bool:
        """Whether anything may end the demand."""
        every = (self.limited.limits, *(one.limits for one in self.limited.workloads))
        return any(limits.budget is not None or limits.counted for limits in every)

    @property
    def _is_of_one_program(self) -> bool:
        """Whether the factor can be a column: nothing but services, at one rate."""
        jobs = any(isinstance(one, BatchInference) for one in self.request.workloads)
        return not jobs and self.request.demand_profile is None

    def _told(self, factor: float, bound: float, plan: Plan, *, is_closed: bool) -> LargestDemand:
        status = PlanStatus.OPTIMAL_WITHIN_GAP if factor else PlanStatus.INFEASIBLE
        if not is_closed:
            late = PlanStatus.FEASIBLE_AT_LIMIT, PlanStatus.NO_ANSWER_IN_TIME
            status = late[0] if factor else late[1]
        return LargestDemand(factor=factor, bound_factor=bound, plan=plan, status=status)

    def _plan(self, factor: float) -> Plan:
        asked = self.time.for_last(scaled_request(self.request, factor))
        return answer_request(asked, self.catalog, self.account)

    def _has_plan(self, factor: float) -> bool | None:
        """Return whether a multiple has a plan; None where time ran out before that was clear."""
        asked = self.time.for_next(scaled_request(self.limited, factor))
        workloads = all_candidates(asked, self.source)
        if asked.demand_profile is not None:
            asked = asked.model_copy(update={"gap": ANY_PLAN})
            hours = hours_of(asked, self.source)
            ordered = sorted(workloads, key=stands_beside)
            over_time = search_over_time(ordered, hours, asked, self.source)
            has_plan = over_time.scheduled is not None
            status = over_time.status(asked.gap)
        else:
            found = search(workloads, asked, self.source)
            has_plan, status = found.operated != (), found.solution.status
        return has_plan or (None if status is PlanStatus.NO_ANSWER_IN_TIME else False)

    def _carries_more(self, bound: float) -> bool:
        """Whether more than the program's bound has a plan.

        The program knows no shared instances, and lets no more of the longest prompts be late.

        Args:
            bound: what the program proves to be the most [1].
        """
        asked = self.time.for_next(scaled_request(self.limited, bound * (1 + STEP)))
        workloads = all_candidates(asked, self.source)
        apart = sharing_helps_nobody(workloads)
        if apart and all_with_more_late(workloads, self.source, asked) is None:
            return False
        return search(workloads, asked, self.source).operated != ()

    def _by_program(self) -> tuple[float, float]:
        """Return the largest multiple and its bound; what an instance does may change with it."""
        factor = bound = 1.0
        for _ in range(MOST_ROUNDS):
            asked = self.time.for_next(scaled_request(self.limited, factor))
            problem = assemble(all_candidates(asked, self.source), shared_limits(asked)).problem
            found = most_of(problem, gap=asked.gap, time_limit_seconds=asked.time_limit_seconds)
            if found.factor is None:
                return 0.0, found.bound * factor
            bound = found.bound * factor
            grown = found.factor * factor * (1 - INSIDE)
            if abs(grown / factor - 1) <= max(asked.gap, STEP):
                return grown, bound
            factor = grown
        return factor, bound

    def _between(self, low: float, high: float | None) -> "_Reach":
        """Close in on the largest multiple that has a plan, until time runs out.

        A multiple whose search ran out of time is taken as one without a plan, and proves nothing.

        Args:
            low: largest known to have a plan; 0 where none is known [1].
            high: smallest that may be out of reach, tried first; None where none is known [1].
        """
        factor, proven = high or 2 * low or 1.0, inf
        while (high is None or high > low * (1 + STEP)) and not self.time.is_over:
            has_plan = self._has_plan(factor)
            if has_plan:
                low = factor
            else:
                high = factor
                proven = proven if has_plan is None else factor
            if factor > MOST_FACTOR:
                raise InvalidInputError(SUBJECT, [WITHOUT_END])
            if high is not None and not low and high < 1 / MOST_FACTOR:
                break
            factor = _next(low, high)
        closed_in = low * (1 + STEP) if low else 1 / MOST_FACTOR
        return _Reach(low=low, proven=proven, is_closed=proven <= closed_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reach:
    """How far a search between two multiples came.

    Attributes:
        low: largest that has a plan; 0 without any [1].
        proven: smallest that is proven to have none [1].
        is_closed: whether the two are next to each other.
    """

    low: float
    proven: float
    is_closed: bool


def _next(low: float, high: float | None) -> float:
    """Return the next multiple to try: beyond what fits, below what does not, or between."""
    if high is None:
        return 2 * low
    return (low * high) ** 0.5 if low else high / 2
