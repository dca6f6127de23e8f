"""Reasons behind a plan over time: its hours, its commitments, and other plans."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.explain.alternatives import Alternative, alternatives
from costopt.explain.binding import Binding
from costopt.explain.commitment_worth import CommitmentWorth, commitment_worths
from costopt.explain.demand_switch_over_time import switches_over_time
from costopt.explain.field import OfferMatch, Other, any_of
from costopt.explain.hours_again import HoursAgain
from costopt.explain.later import Later
from costopt.explain.limit_worth import LimitWorth
from costopt.explain.limit_worth_over_time import limit_worths_over_time
from costopt.explain.price_noise import PriceNoise
from costopt.explain.price_noise_over_time import noise_over_time
from costopt.explain.switch_points import SwitchPoint
from costopt.explain.usual_over_time import usual_over_time
from costopt.plan.beside import Baseline
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus

SEARCH_SECONDS: Final = 2.0
"""Time for planning all hours again without some offers [s]."""


class LaterOverTime(Later):
    """Reasons behind a plan over time that take longer to find out, each found out once."""

    def __init__(
        self,
        plan: Plan,
        catalog: Catalog,
        workloads: tuple[NamedWorkload, ...],
        limits: tuple[Binding, ...],
    ) -> None:
        super().__init__(plan, catalog, workloads)
        self._limits = limits

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
        """The plan without commitments, and what others would rent over the hours."""
        return (
            *self.plan.baselines,
            *usual_over_time(self.plan, self.workloads, self.catalog),
        )

    @cached_property
    def worths(self) -> tuple[LimitWorth, ...]:
        """What one more unit of each limit saves, all hours planned again."""
        keys = frozenset(one.key for one in self._limits)
        return limit_worths_over_time(self.plan, self.workloads, self.catalog, keys)

    @cached_property
    def price_noise(self) -> PriceNoise:
        """The plan at the 75th percentile of its spot prices, all hours planned again."""
        return noise_over_time(self.plan, self.workloads, self.catalog)

    @cached_property
    def demand_switches(self) -> tuple[SwitchPoint, ...]:
        """What other demands and rates would be committed for."""
        return switches_over_time(self.plan, self.workloads, self.catalog)

    def _other(self, matches: Sequence[OfferMatch]) -> Other:
        """Plan all hours again without some offers."""
        again = HoursAgain.of(self.plan, self.catalog, in_all=SEARCH_SECONDS, each=SEARCH_SECONDS)
        found = again.without(lambda offers: any_of(matches, offers), self.workloads)
        if isinstance(found, PlanStatus):
            return Other(lines=(), cost_total=0.0, status=found)
        return found.other
