"""most_demand: the dual question, the most throughput that a budget and quotas carry."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from costopt.account.account import Account
from costopt.candidate.find import all_candidates
from costopt.candidate.more_late import all_with_more_late
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.plan.present import WIDTH
from costopt.planning.asked import (
    asked_profiles,
    asked_workloads,
    check_sources,
    left_of_account,
)
from costopt.planning.assemble import assemble
from costopt.planning.optimize_request import answer_request
from costopt.planning.scaled import scaled_request, scales
from costopt.planning.search import search, shared_limits
from costopt.planning.shared_nodes import sharing_helps_nobody
from costopt.profile.profile import Profile
from costopt.solve.most_demand import MOST_FACTOR
from costopt.solve.most_demand import most_demand as most_of
from costopt.units import HOURS_PER_MONTH
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest

SUBJECT: Final = "most_demand"

STEP: Final = 1e-3
"""Relative distance at which the search between a multiple that fits and one that does not ends
[1]."""

MOST_ROUNDS: Final = 4
"""Programs that are solved until a larger demand no longer changes what an instance does [1]."""

INSIDE: Final = 1e-7
"""Relative step back from an exactly full fleet, within rounding [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestDemand:
    """What a budget carries at most.

    Attributes:
        factor: multiple of the demand of every service, and of the requests or samples of every
            batch; 0 without a plan [1].
        bound_factor: multiple that is proven to be out of reach, or the most that can be where
            the search closed in on it from both sides [1].
        plan: the cheapest plan for that demand; without lines where nothing can be served.
    """

    factor: float
    bound_factor: float
    plan: Plan

    def __str__(self) -> str:
        """Return readable text for a terminal."""
        if not self.factor:
            return f"No part of the demand can be served.\n{self.plan}"
        told, most = f"{self.factor:.4g}", f"{self.bound_factor:.4g}"
        beyond = "more" if told == most else f"more than {most} times"
        text = f"The limits carry {told} times the demand; {beyond} is out of reach."
        return f"{textwrap.fill(text, WIDTH)}\n{self.plan}"

    __repr__ = __str__


def most_demand(
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
) -> LargestDemand:
    """Find the largest multiple of the demand that fits budget and quotas, and a plan for it.

    Rates of services and quantities of batches grow by one common factor; training and fine-tuning
    stay as they are. With services alone the factor is a column of the program, and its bound is
    proven by it; beside a batch, whose gangs change with its size, and where services that share
    instances carry more, it is closed in on between a multiple with a plan and one without. The
    plan is searched for and checked like any other.

    Args:
        workload: one workload, or several that share quotas and budget.
        catalog: offers and facts.
        limits: with a budget or quotas; for these and the settings that follow see ``optimize``.
        currency: currency of the plan, ISO 4217.
        horizon_hours: how long services and requirements run [h].
        gap: relative distance to the proven bound at which a search may stop [0..1].
        time_limit_seconds: time for each search [s].
        confidence: probability with which the planned rates are reached [0.05..0.95].
        account: negotiated prices, quotas and capacity that is paid for already.
        profiles: runs that you measured yourself.

    Raises:
        InvalidInputError: an argument breaks a rule, no workload has a demand that could grow, or
            nothing limits it.
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
    """

    def __init__(self, request: PlanRequest, catalog: Catalog, account: Account | None) -> None:
        self.request, self.catalog, self.account = request, catalog, account
        self.source, self.limited = left_of_account(request, catalog, account)

    def answered(self) -> LargestDemand:
        """Find the largest multiple, by the program where it can be told, else step by step."""
        low, high = 0.0, None
        if not any(isinstance(one, BatchInference) for one in self.request.workloads):
            factor, bound = self._by_program()
            if factor and self._carries_more(bound):
                low = bound * (1 + STEP)
            elif factor and (plan := self._plan(factor)).has_answer:
                return LargestDemand(factor=factor, bound_factor=bound, plan=plan)
            elif factor:
                high = bound
        low, high = self._between(self._has_plan, low, high)
        if not low:
            return LargestDemand(factor=0.0, bound_factor=high, plan=self._plan(1.0))
        return LargestDemand(factor=low, bound_factor=high, plan=self._plan(low))

    def _plan(self, factor: float) -> Plan:
        return answer_request(scaled_request(self.request, factor), self.catalog, self.account)

    def _has_plan(self, factor: float) -> bool:
        asked = scaled_request(self.limited, factor)
        return search(all_candidates(asked, self.source), asked, self.source).operated != ()

    def _carries_more(self, bound: float) -> bool:
        """Whether more than the program's bound has a plan.

        The program knows no shared instances, and lets no more of the longest prompts be late.

        Args:
            bound: what the program proves to be the most [1].
        """
        asked = scaled_request(self.limited, bound * (1 + STEP))
        workloads = all_candidates(asked, self.source)
        apart = sharing_helps_nobody(workloads)
        if apart and all_with_more_late(workloads, self.source, asked) is None:
            return False
        return search(workloads, asked, self.source).operated != ()

    def _by_program(self) -> tuple[float, float]:
        """Return the largest multiple and its bound; what an instance does may change with it."""
        factor = bound = 1.0
        for _ in range(MOST_ROUNDS):
            asked = scaled_request(self.limited, factor)
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

    def _between(
        self, has_plan: Callable[[float], bool], low: float, high: float | None
    ) -> tuple[float, float]:
        """Close in on the largest multiple that has a plan: one that has, and one that has not.

        Args:
            has_plan: whether a multiple has one.
            low: largest known to have one; 0 where none is known [1].
            high: smallest that may be out of reach, tried first; None where none is known [1].
        """
        factor = high or 2 * low or 1.0
        while high is None or high > low * (1 + STEP):
            if has_plan(factor):
                low = factor
            else:
                high = factor
            if factor > MOST_FACTOR:
                raise InvalidInputError(
                    SUBJECT,
                    ["neither a budget nor a quota limits the demand; give limits.budget"],
                )
            if high is not None and not low and high < 1 / MOST_FACTOR:
                return 0.0, high
            factor = _next(low, high)
        return low, high


def _next(low: float, high: float | None) -> float:
    """Return the next multiple to try: beyond what fits, below what does not, or between."""
    if high is None:
        return 2 * low
    return (low * high) ** 0.5 if low else high / 2
