"""Schedule: what runs in each kind of hour, and what is committed for all of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from costopt.plan.line import PlanRecord

if TYPE_CHECKING:
    import pandas as pd


class ScheduledHour(PlanRecord):
    """One kind of hour: hours that are planned alike.

    Attributes:
        scenario: in which it comes.
        hours: how often in the horizon, if the scenario comes true [h].
        demand_factor: name of a workload -> factor on its mean rate [1].
        counts: instances that run, of each line of the plan [1].
        routing: of each line, the share of each prompt size of its workload; empty where it does
            not run [0..1].
        used: of each tranche, instances or money per hour in use [1] or [plan currency/h].
        paid_per_hour: for what no commitment covers, starts of the hour included, mean over the
            horizon [plan currency/h].
        starts: instances that start for this hour, of each line; empty where neither starting nor
            stopping takes time [1].
    """

    scenario: str
    hours: float
    demand_factor: Mapping[str, float]
    counts: tuple[int, ...]
    routing: tuple[tuple[float, ...], ...]
    used: tuple[float, ...] = ()
    paid_per_hour: float = 0.0
    starts: tuple[int, ...] = ()


class Tranche(PlanRecord):
    """One commitment that is bought: instances, or money per hour.

    Attributes:
        provider: cloud.
        region: where it holds; empty for all of them.
        zone: in which alone it holds; empty for all of the region.
        instance_type: that it covers; empty for what covers several.
        family: that it covers; empty for all of them.
        purchase_option: such as reserved.
        kind: of the provider's, such as compute.
        term_years: length of one term [years].
        payment: no, partial or all upfront; empty where the price does not say.
        instances: committed; None for money [1].
        spend_per_hour: committed; None for instances [plan currency/h].
        cost_total: whole terms over the horizon [plan currency].
        present_value: the same, each payment discounted by its date [plan currency].
        cash_now: due at the start [plan currency].
        monthly: due in each month of the term [plan currency].
        locked_in_hours: hours of the last term after the horizon [h].
        locked_in: part of ``cost_total`` that pays for them [plan currency].
        utilisation: part in use, mean over the horizon [0..1].
        waste: part of ``cost_total`` that pays for what is not used [plan currency].
        on_demand_value: what it covers would cost on demand, mean of scenarios; None where the
            catalogue has no such price [plan currency].
        break_even_utilisation: below which on demand is cheaper; None likewise [0..1].
        payback_months: until what is saved has paid for the upfront charge; None where it never
            does or is not known [months].
        npv: present value of what it saves less what it costs; None likewise [plan currency].
    """

    provider: str
    region: str
    zone: str
    instance_type: str
    family: str
    purchase_option: str
    kind: str
    term_years: float
    payment: str
    instances: int | None
    spend_per_hour: float | None
    cost_total: float = 0.0
    present_value: float = 0.0
    cash_now: float = 0.0
    monthly: float = 0.0
    locked_in_hours: float = 0.0
    locked_in: float = 0.0
    utilisation: float = 0.0
    waste: float = 0.0
    on_demand_value: float | None = None
    break_even_utilisation: float | None = None
    payback_months: float | None = None
    npv: float | None = None

    @property
    def quantity(self) -> float:
        """What is committed: instances, or money per hour [1] or [plan currency/h]."""
        committed = self.spend_per_hour if self.instances is None else self.instances
        return float(committed or 0.0)


class DemandFall(PlanRecord):
    """What the commitments cost if all demand falls short, everything else planned anew.

    Other eligible usage stays, and what it pays is in both costs.

    Attributes:
        fraction: by which the demand falls [0..1].
        cost_total: with these commitments, present value [plan currency].
        without_commitments: the least without any, present value [plan currency].
        loss: of having committed; negative where committing still saves [plan currency].
    """

    fraction: float
    cost_total: float
    without_commitments: float
    loss: float


class UnpricedTerm(PlanRecord):
    """An instance type that runs on demand, and has no price with a term of a year.

    Attributes:
        provider: cloud.
        region: where it runs.
        instance_type: of the line.
        wins_below_per_hour: effective price of one instance with a term of a year, under which
            the first of them would be cheaper than on demand [plan currency/h].
    """

    provider: str
    region: str
    instance_type: str
    wins_below_per_hour: float


class Schedule(PlanRecord):
    """A plan over time. Lines of the plan hold what is rented, this when it runs.

    Amounts are means over the scenarios, at prices that decline as the request says.

    Attributes:
        hours: kinds of hours.
        kind_of_hour: position in ``hours`` of each hour of the profile, scenario by scenario.
        scenarios: names.
        probability: of each scenario [0..1].
        excess_fraction: demand planned above the profile's own, because a kind of hour is planned
            at its highest [1].
        series_bound: no plan for each hour on its own has a lower ``objective``; None where
            that could not be worked out in time [plan currency].
        tranches: what is committed.
        cost_by_scenario: commitments and what is paid by the hour, by other eligible usage of the
            company too [plan currency].
        objective: what was minimised: the present value of ``cost_by_scenario``, its mean or, with
            ``cvar``, mostly the mean of its dearest part [plan currency].
        on_demand_cost: of that usage and all that is neither spot nor owned, at on-demand prices;
            None where the catalogue lacks one [plan currency].
        coverage: part of that which commitments cover; None likewise [0..1].
        utilisation: part of the commitments in use, by their cost; None without any [0..1].
        starts_cost: charged for starts before what plans of money take off, part of what lines
            cost [plan currency].
        waste: paid for commitments that are not used [plan currency].
        effective_savings_rate: saved of ``on_demand_cost``, waste included; None likewise.
        npv: of all commitments; None likewise [plan currency].
        demand_fall: what happens if demand falls; None without commitments.
        unpriced_terms: instance types that might be worth a commitment, if it had a price.
    """

    hours: tuple[ScheduledHour, ...]
    kind_of_hour: tuple[tuple[int, ...], ...]
    scenarios: tuple[str, ...]
    probability: tuple[float, ...]
    excess_fraction: float
    series_bound: float | None = None
    tranches: tuple[Tranche, ...]
    cost_by_scenario: tuple[float, ...] = ()
    objective: float = 0.0
    starts_cost: float = 0.0
    on_demand_cost: float | None = None
    coverage: float | None = None
    utilisation: float | None = None
    waste: float = 0.0
    effective_savings_rate: float | None = None
    npv: float | None = None
    demand_fall: DemandFall | None = None
    unpriced_terms: tuple[UnpricedTerm, ...] = ()

    @property
    def series_gap(self) -> float | None:
        """Distance of the objective to ``series_bound``, relative; None without [1].

        It holds both what putting hours together costs and what the search left open.
        """
        if self.series_bound is None or self.objective <= 0:
            return None
        return max(self.objective - self.series_bound, 0.0) / self.objective

    def to_frame(self) -> "pd.DataFrame":
        """Return one row for each hour of the profile: demand, what runs, what is paid."""
        from costopt.plan.schedule_frame import schedule_frame

        return schedule_frame(self)
