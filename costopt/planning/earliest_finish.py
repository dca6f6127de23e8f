"""earliest_finish: the dual question for jobs, the earliest end that a budget pays for."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from costopt.account.account import Account
from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.plan.present import WIDTH
from costopt.plan.words import hours_in_words
from costopt.planning.asked import (
    asked_profiles,
    asked_workloads,
    check_sources,
    left_of_account,
)
from costopt.planning.found import Found
from costopt.planning.optimize_request import answer_request
from costopt.planning.search import search
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
        none_within_hours: no plan was found that ends within this; it is at most 0.5 % below
            ``hours`` unless a search ran out of time [h].
        plan: the cheapest plan that ends so early; without lines where there is none.
    """

    hours: float | None
    none_within_hours: float
    plan: Plan

    def __str__(self) -> str:
        """Return readable text for a terminal."""
        if self.hours is None:
            return f"The deadlines cannot be met.\n{self.plan}"
        sooner = max(1 - self.none_within_hours / self.hours, 0.0)
        text = (
            f"All jobs can be done in {hours_in_words(self.hours)}; nothing within the limits "
            f"was found to end {100 * sooner:.2g} % sooner."
        )
        return f"{textwrap.fill(text, WIDTH)}\n{self.plan}"

    __repr__ = __str__


def earliest_finish(
    workload: AnyWorkload | Sequence[AnyWorkload],
    catalog: Catalog,
    *,
    limits: Limits,
    currency: str = "USD",
    horizon_hours: float = HOURS_PER_MONTH,
    gap: float = 1e-4,
    time_limit_seconds: float = 10.0,
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
        time_limit_seconds: time for each search [s].
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
    hours, none_within = _closed_in(limited, source)
    if hours is None:
        plan = answer_request(request, catalog, account)
        return EarliestFinish(hours=None, none_within_hours=none_within, plan=plan)
    plan = answer_request(_ending(request, hours), catalog, account)
    return EarliestFinish(hours=plan.duration_hours, none_within_hours=none_within, plan=plan)


def _closed_in(request: PlanRequest, source: Catalog) -> tuple[float | None, float]:
    """Return an end that can be met, and one that no plan was found for [h]."""
    latest = max(one.deadline_hours for one in request.workloads if isinstance(one, Job))
    soonest = latest * SOONEST
    met = _end(request, latest, source)
    if met is None:
        return None, latest
    missed = soonest
    while met > missed * (1 + STEP):
        between = (met * missed) ** 0.5
        sooner = _end(request, between, source)
        if sooner is None:
            missed = between
        else:
            met = sooner
    return met, missed


def _end(request: PlanRequest, hours: float, source: Catalog) -> float | None:
    """Return when a plan ends that meets a common deadline; None without one [h]."""
    asked = _ending(request, hours)
    found: Found = search(all_candidates(asked, source), asked, source)
    ends = [item.duration_hours for item in found.operated if item.duration_hours is not None]
    return min(max(ends), hours) if ends else None


def _ending(request: PlanRequest, hours: float) -> PlanRequest:
    """Bring every deadline forward to a common one."""
    workloads = tuple(
        one.model_copy(update={"deadline_hours": min(one.deadline_hours, hours)})
        if isinstance(one, Job)
        else one
        for one in request.workloads
    )
    return request.model_copy(update={"workloads": workloads})
