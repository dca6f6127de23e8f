"""The hours of a plan planned again, with something otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.catalog.catalog import Catalog
from costopt.evaluate.tranche_prices import SPEND_OPTION
from costopt.explain.field import Other
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.plan.schedule_words import most_at_once
from costopt.plan.status import PlanStatus
from costopt.planning.fewer_offers import left_with
from costopt.planning.over_time import FoundOverTime, search_over_time
from costopt.planning.over_time_work import stands_beside
from costopt.planning.signed_tranches import SignedTranches
from costopt.planning.tries import Tries
from costopt.workload.demand_hours import hours_of
from costopt.workload.request import PlanRequest

Offers = Callable[[pd.DataFrame], NDArray[np.bool_]]
"""Offers of a workload -> which of them are meant (offers,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursFound:
    """Another plan over time for the same question, or for one nearby.

    Attributes:
        lines: of it.
        schedule: of it.
        slack: part of its objective that the search left open [plan currency].
        switching_cost: of the way to it from what ran before [plan currency].
        status: what the search came to.
    """

    lines: tuple[PlanLine, ...]
    schedule: Schedule
    slack: float
    switching_cost: float
    status: PlanStatus

    @property
    def objective(self) -> float:
        """What was minimised: of what runs, and of the way to it [plan currency]."""
        return self.schedule.objective + self.switching_cost

    @property
    def spent(self) -> float:
        """Everything that is paid, mean of the scenarios [plan currency]."""
        return spent_on(self.schedule) + self.switching_cost

    @property
    def at_once(self) -> tuple[PlanLine, ...]:
        """One line for each offer, with the most that run at once."""
        return tuple(most_at_once(self.lines, self.schedule))

    @property
    def other(self) -> Other:
        """The same as a plan whose hours do not matter."""
        cost = sum(line.line_cost_total for line in self.lines) + self.switching_cost
        return Other(lines=self.at_once, cost_total=cost, status=self.status)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HoursAgain:
    """Plans all hours of a request again, while there is time.

    Attributes:
        plan: over time, with lines.
        catalog: what it was made from.
        tries: candidates that are found once, and the time that is left.
    """

    plan: Plan
    catalog: Catalog
    tries: Tries

    @classmethod
    def of(cls, plan: Plan, catalog: Catalog, *, in_all: float, each: float) -> "HoursAgain":
        """Start the clock.

        Args:
            plan: over time, with lines.
            catalog: what it was made from.
            in_all: time for all searches [s].
            each: time for one of them [s].
        """
        tries = Tries(
            catalog=catalog,
            ends_at=perf_counter() + in_all,
            seconds=min(each, plan.request.time_limit_seconds),
            gap=plan.request.gap,
        )
        return cls(plan=plan, catalog=catalog, tries=tries)

    @property
    def is_out_of_time(self) -> bool:
        """True when no more searches should start."""
        return self.tries.is_out_of_time

    @property
    def signed(self) -> SignedTranches | None:
        """The commitments of the plan; None without any."""
        tranches = () if self.plan.schedule is None else self.plan.schedule.tranches
        return SignedTranches(tranches=tranches) if tranches else None

    def asked(
        self, request: PlanRequest, signed: SignedTranches | None = None
    ) -> HoursFound | PlanStatus:
        """Plan a request with other limits or numbers.

        Args:
            request: with a demand profile.
            signed: the only commitments; None = they are decided again.
        """
        if self.is_out_of_time:
            return PlanStatus.NO_ANSWER_IN_TIME
        return self.searched(self.tries.workloads(request), request, self.catalog, signed)

    def at_prices(
        self, catalog: Catalog, signed: SignedTranches | None = None
    ) -> HoursFound | PlanStatus:
        """Plan the same request at other prices.

        Args:
            catalog: with these prices.
            signed: the only commitments; None = they are decided again.
        """
        if self.is_out_of_time:
            return PlanStatus.NO_ANSWER_IN_TIME
        request = self.plan.request
        return self.searched(all_candidates(request, catalog), request, catalog, signed)

    def without(
        self,
        forbidden: Offers,
        workloads: Sequence[NamedWorkload],
        signed: SignedTranches | None = None,
    ) -> HoursFound | PlanStatus:
        """Plan the same request without some offers.

        Args:
            forbidden: which are left out.
            workloads: with their candidates.
            signed: the only commitments; None = they are decided again.
        """
        if self.is_out_of_time:
            return PlanStatus.NO_ANSWER_IN_TIME
        left = [left_with(item, ~forbidden(item.candidates.offers)) for item in workloads]
        if any(item.candidates.offers.empty for item in left):
            return PlanStatus.INFEASIBLE
        return self.searched(left, _of_these(left, self.plan.request), self.catalog, signed)

    def on_these(
        self, workloads: Sequence[NamedWorkload], masks: Sequence[NDArray[np.bool_]]
    ) -> HoursFound | PlanStatus:
        """Plan the same request on some offers alone, in each workload its own.

        Args:
            workloads: with their candidates.
            masks: offers that are left to each (offers,).
        """
        if self.is_out_of_time:
            return PlanStatus.NO_ANSWER_IN_TIME
        left = [left_with(item, mask) for item, mask in zip(workloads, masks, strict=True)]
        return self.searched(left, _of_these(left, self.plan.request), self.catalog, None)

    def searched(
        self,
        workloads: Sequence[NamedWorkload],
        request: PlanRequest,
        catalog: Catalog,
        signed: SignedTranches | None,
    ) -> HoursFound | PlanStatus:
        """Plan with candidates that are at hand.

        Args:
            workloads: with their candidates.
            request: limits and settings.
            catalog: at the prices that are paid.
            signed: the only commitments; None = they are decided again.

        Returns:
            What the search came to, where that is no plan.
        """
        seconds = max(min(self.tries.seconds, self.tries.ends_at - perf_counter()), 0.1)
        quicker = request.model_copy(update={"time_limit_seconds": seconds})
        ordered = sorted(workloads, key=stands_beside)
        hours = hours_of(quicker, catalog)
        found = search_over_time(ordered, hours, quicker, catalog, signed)
        return _found(found, request, signed)


def spent_on(schedule: Schedule) -> float:
    """Return everything that is paid in a plan over time, mean of the scenarios [plan currency].

    Args:
        schedule: with its figures.
    """
    return float(np.dot(schedule.probability, schedule.cost_by_scenario))


def _of_these(workloads: Sequence[NamedWorkload], request: PlanRequest) -> PlanRequest:
    """Return a request without other usage where nothing is left that both could draw on."""
    options = {
        option for item in workloads for option in item.candidates.offers["purchase_option"]
    }
    if options >= {SPEND_OPTION, "on_demand"}:
        return request
    return request.model_copy(update={"eligible_usage": ()})


def _found(
    found: FoundOverTime, request: PlanRequest, signed: SignedTranches | None
) -> HoursFound | PlanStatus:
    """Sum up what a search came to."""
    if found.scheduled is None:
        return found.status(request.gap)
    objective = found.objective or 0.0
    whole = signed is None or signed.are_all_on(found.assembly)
    open_to = 0.0 if found.bound is None or not whole else found.bound
    status = found.status(request.gap) if whole else PlanStatus.FEASIBLE_AT_LIMIT
    return HoursFound(
        lines=found.scheduled.lines,
        schedule=found.scheduled.schedule,
        slack=max(objective - open_to, 0.0),
        switching_cost=0.0 if found.change is None else found.change.switching_cost,
        status=status,
    )
