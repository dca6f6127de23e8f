"""Reasons that take longer to find out than the others, each found out once."""

from functools import cached_property
from time import perf_counter
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.explain.alternatives import Alternative, alternatives
from costopt.explain.commitment_worth import CommitmentWorth
from costopt.explain.demand_switch import demand_switches
from costopt.explain.field import Field
from costopt.explain.limit_worth import LimitWorth, limit_worths
from costopt.explain.measurements import NextMeasurements
from costopt.explain.memory import MemoryReasons, memory_reasons
from costopt.explain.next_measurements import next_measurements, why_unranked
from costopt.explain.price_noise import PriceNoise, price_noise
from costopt.explain.switch_points import SwitchPoint
from costopt.plan.beside import Baseline
from costopt.plan.plan import Plan
from costopt.planning.tries import Tries
from costopt.planning.usual_baselines import usual_baselines

DEMAND_SECONDS: Final = 2.0
"""Time for planning at other demands [s]."""

DEMAND_GAP: Final = 1e-3
"""Gap at which planning at another demand may stop [0..1]."""


class Later:
    """Reasons that take longer to find out than the others, each found out once.

    Attributes:
        plan: the plan.
        catalog: what it was made from.
        workloads: its candidates.
    """

    def __init__(self, plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...]) -> None:
        self.plan, self.catalog, self.workloads = plan, catalog, workloads

    @cached_property
    def worths(self) -> tuple[LimitWorth, ...]:
        """What one more unit of each limit saves."""
        return limit_worths(self.plan, self.workloads, self.catalog)

    @cached_property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The cheapest plans without what the plan rests on."""
        field = Field(plan=self.plan, workloads=self.workloads, catalog=self.catalog)
        return alternatives(self.plan, field.other)

    @property
    def commitments(self) -> tuple[CommitmentWorth, ...]:
        """What one more or less of each commitment costs; none at one rate."""
        return ()

    @cached_property
    def baselines(self) -> tuple[Baseline, ...]:
        """Other ways to meet the request: those of the plan, and what others would rent."""
        return (
            *self.plan.baselines,
            *usual_baselines(self.plan, self.workloads, self.catalog),
        )

    @cached_property
    def price_noise(self) -> PriceNoise:
        """The plan at the 75th percentile of its spot prices."""
        return price_noise(self.plan, self.workloads, self.catalog)

    @cached_property
    def demand_switches(self) -> tuple[SwitchPoint, ...]:
        """The demand at which other instance types become cheapest."""
        tries = Tries(
            catalog=self.catalog,
            ends_at=perf_counter() + DEMAND_SECONDS,
            seconds=DEMAND_SECONDS,
            gap=DEMAND_GAP,
        )
        return demand_switches(self.plan, self.workloads, tries)

    @cached_property
    def memory(self) -> MemoryReasons:
        """What memory is used for, and what would make refused instance types fit."""
        return memory_reasons(self.plan, self.workloads, self.catalog)

    @cached_property
    def measurements(self) -> NextMeasurements:
        """The runs that are worth making; none where they cannot be ranked."""
        if why_unranked(self.plan):
            return NextMeasurements()
        return next_measurements(self.plan, self.catalog, self.workloads)
