"""Reasons behind a plan over time: its hours, its commitments, and other plans."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from costopt.candidate.find import all_candidates
from costopt.explain.alternatives import Alternative, alternatives
from costopt.explain.commitment_worth import CommitmentWorth, commitment_worths
from costopt.explain.field import OfferMatch, Other, any_of
from costopt.explain.later import Later
from costopt.explain.limit_worth import LimitWorth
from costopt.explain.price_noise import PriceNoise
from costopt.explain.switch_points import SwitchPoint
from costopt.plan.beside import Baseline
from costopt.plan.status import PlanStatus
from costopt.planning.over_time import search_over_time
from costopt.workload.demand_hours import hours_of

SEARCH_SECONDS: Final = 2.0
"""Time for planning all hours again without some offers [s]."""


class LaterOverTime(Later):
    """Reasons behind a plan over time; those that are only known at one rate are left out."""

    @cached_property
    def commitments(self) -> tuple[CommitmentWorth, ...]:
        """What one more or less of each commitment costs, all hours planned again."""
        return commitment_worths(self.plan, self.workloads, self.catalog)

    @cached_property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The cheapest plans over time without what the plan rests on."""
        return alternatives(self.plan, self._other)

    @cached_property
    def baselines(self) -> tuple[Baseline, ...]:
        """The plan without commitments, where it has any."""
        return self.plan.baselines

    @cached_property
    def worths(self) -> tuple[LimitWorth, ...]:
        """Nothing: limits are not let out over time."""
        return ()

    @cached_property
    def price_noise(self) -> PriceNoise:
        """Nothing: other prices are not planned with over time."""
        return PriceNoise()

    @cached_property
    def demand_switches(self) -> tuple[SwitchPoint, ...]:
        """Nothing: every demand of the profile is planned for already."""
        return ()

    def _other(self, matches: Sequence[OfferMatch]) -> Other:
        """Plan all hours again without some offers."""
        request, offers = self.plan.request, self.catalog.offers
        left = ~any_of(matches, offers)
        if request.demand_profile is None or not left.any():
            return Other(lines=(), cost_total=0.0, status=PlanStatus.INFEASIBLE)
        narrowed = self.catalog.with_offers(offers[left])
        hours = hours_of(request, narrowed)
        seconds = min(request.time_limit_seconds, SEARCH_SECONDS)
        quicker = request.model_copy(update={"time_limit_seconds": seconds})
        found = search_over_time(all_candidates(quicker, narrowed), hours, quicker, narrowed)
        lines = () if found.scheduled is None else found.scheduled.lines
        return Other(
            lines=lines,
            cost_total=sum(line.line_cost_total for line in lines),
            status=found.status(request.gap),
        )
