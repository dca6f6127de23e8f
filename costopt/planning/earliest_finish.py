"""earliest_finish: the dual question for jobs, the earliest end that a budget pays for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from costopt.account.account import Account
from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.plan.words import hours_in_words, in_columns
from costopt.planning.asked import (
    asked_profiles,
    asked_workloads,
    check_sources,
    left_of_account,
)
from costopt.planning.found import Found
from costopt.planning.optimize_request import answer_request
from costopt.planning.search import search
from costopt.planning.shared_time import SharedTime
from costopt.profile.profile import Profile
from costopt.units import HOURS_PER_MONTH
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, Job, PlanRequest

SUBJECT: Final = "earliest_finish"

STEP: Final = 5e-3
"""Relative distance at which the search between an end that can be met and one that cannot
stops [1]."""

SOONEST: Final = 2.0**-12
"""Part of the deadline below which nothing is tried: 30 s of an 8 h deadline is 2^-10 [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarliestFinish:
    """The earliest end of all jobs that the limits pay for.

    Attributes:
        hours: until the last job is done; None where even the deadlines cannot be met [h].
        none_within_hours: no plan ends within this; 0 where time ran out before any such was
            proven [h].
        plan: the cheapest plan that ends so early; without lines where there is none.
        status: what the search came to: within the gap where ``none_within_hours`` is at most
            0.5 % below ``hours``, at the limit where time ran out first.
    """

    hours: float | None
    none_within_hours: float
    plan: Plan
    status: PlanStatus

    def __str__(self) -> str:
        """Return readable text for a terminal."""
        if self.status is PlanStatus.NO_ANSWER_IN_TIME:
            return f"No plan was found in time; raise time_limit_seconds.\n{self.plan}"
        if self.hours is None:
            return f"The deadlines cannot be met.\n{self.plan}"
        sooner = max(1 - self.none_within_hours / self.hours, 0.0)
        text = f"All jobs can be done in {hours_in_words(self.hours)}"
        if self.none_within_hours:
            text += f"; nothing within the limits was found to end {100 * sooner:.2g} % sooner"
        if self.status is PlanStatus.FEASIBLE_AT_LIMIT:
            text += "; time ran out before that was closed in on, raise time_limit_seconds"
        text += "."
        return f"{in_columns(text, '')}\n{self.plan}"

    __repr__ = __str__


def earliest_finish(
    workload: AnyWorkload | Sequence[AnyWorkload],
    catalog: Catalog,
    *,
    limits: Limits,
    currency: str = "USD",
    horizon_hours: float = HOURS_PER_MONTH,
    gap: float = 1e-4,
    time_limit_seconds: float = 30.0,
    confidence: float = 0.5,
    account: Account | None = None,
    profiles: Profile | Sequence[Profile] = (),
) -> EarliestFinish:
    """Find the earliest end of all jobs within a budget, and the cheapest plan that meets it.

    Every deadline is brought forward together, and at each the alternatives of every job are
    enumerated anew: what is searched is the end, what is solved is whether it can be paid for. A
    deadline that is nearer than the common end stays.

    Args:
        workload: one job or several, beside services that share quotas and budget.
        catalog: offers and facts.
        limits: with a budget; for these and the settings that follow see ``optimize``.
        currency: currency of the plan, ISO 4217.
        horizon_hours: how long services and requirements run [h].
        gap: relative distance to the proven bound at which a search may stop [0..1].
        time_limit_seconds: time for all searches together, the last of which finds the plan; what
            stands beside the plan comes on top [s].
        confidence: probability with which the planned rates are reached [0.05..0.95].
        account: negotiated prices, quotas and capacity that is paid for already.
        profiles: runs that you measured yourself.

    Raises:
        InvalidInputError: an argument breaks a rule, there is no job, or no budget.
    """
    check_sources(SUBJECT, catalog, account)
    request = PlanRequest(
        workloads=asked_workloads(SUBJECT, workload),
        limits=limits,
        currency=currency,
        horizon_hours=horizon_hours,
        gap=gap,
        time_limit_seconds=time_limit_seconds,
        confidence=confidence,
        profiles=asked_profiles(SUBJECT, profiles),
    )
    if not any(isinstance(one, Job) for one in request.workloads):
        raise InvalidInputError(SUBJECT, ["no workload is a job that ends"])
    if limits.budget is None:
        raise InvalidInputError(
            SUBJECT, ["give limits.budget: what may be spent on being done early"]
        )
    source, limited = left_of_account(request, catalog, account)
    time = SharedTime(time_limit_seconds)
    reach = _closed_in(limited, source, time)
    asked = request if reach.met is None else _ending(request, reach.met)
    plan = answer_request(time.for_last(asked), catalog, account)
    hours = plan.duration_hours if reach.met is not None and plan.has_answer else None
    return EarliestFinish(
        hours=hours,
        none_within_hours=reach.missed,
        plan=plan,
        status=_status(hours, reach),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reach:
    """How far a search between two ends came.

    Attributes:
        met: earliest end that a plan was found for; None where the deadlines cannot be met [h].
        missed: latest end that is proven to have none; 0 without any [h].
        is_closed: whether the two are next to each other.
    """

    met: float | None
    missed: float
    is_closed: bool


def _status(hours: float | None, reach: _Reach) -> PlanStatus:
    """Return what a search came to."""
    if hours is None:
        is_proven = reach.met is None and reach.is_closed
        return PlanStatus.INFEASIBLE if is_proven else PlanStatus.NO_ANSWER_IN_TIME
    return PlanStatus.OPTIMAL_WITHIN_GAP if reach.is_closed else PlanStatus.FEASIBLE_AT_LIMIT


def _closed_in(request: PlanRequest, source: Catalog, time: SharedTime) -> _Reach:
    """Close in on the earliest end that can be met, until time runs out.

    An end whose search ran out of time is taken as one that cannot be met, and proves nothing.
    """
    latest = max(one.deadline_hours for one in request.workloads if isinstance(one, Job))
    first = _end(request, latest, source, time)
    if first.hours is None:
        missed = latest if first.is_proven else 0.0
        return _Reach(met=None, missed=missed, is_closed=first.is_proven)
    met, missed, proven = first.hours, latest * SOONEST, 0.0
    while met > missed * (1 + STEP) and not time.is_over:
        between = (met * missed) ** 0.5
        sooner = _end(request, between, source, time)
        if sooner.hours is None:
            missed = between
            proven = between if sooner.is_proven else proven
        else:
            met = sooner.hours
    return _Reach(met=met, missed=proven, is_closed=met <= proven * (1 + STEP))


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """When a plan ends that meets a common deadline.

    Attributes:
        hours: None where none was found [h].
        is_proven: whether none can.
    """

    hours: float | None
    is_proven: bool


def _end(request: PlanRequest, hours: float, source: Catalog, time: SharedTime) -> _End:
    """Search for a plan that meets a common deadline [h]."""
    asked = time.for_next(_ending(request, hours))
    found: Found = search(all_candidates(asked, source), asked, source)
    ends = [item.duration_hours for item in found.operated if item.duration_hours is not None]
    return _End(
        hours=min(max(ends), hours) if ends else None,
        is_proven=found.solution.status is PlanStatus.INFEASIBLE,
    )


def _ending(request: PlanRequest, hours: float) -> PlanRequest:
    """Bring every deadline forward to a common one."""
    workloads = tuple(
        one.model_copy(update={"deadline_hours": min(one.deadline_hours, hours)})
        if isinstance(one, Job)
        else one
        for one in request.workloads
    )
    return request.model_copy(update={"workloads": workloads})
