"""What others would rent over the hours: one type, the cheapest offer, the fleets of EC2."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.alone import alone_costs
from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import mean_factor
from costopt.evaluate.schedule_figures import Weights
from costopt.explain.hours_again import HoursAgain, HoursFound
from costopt.plan.answer import lines_in_words
from costopt.plan.beside import Baseline
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.plan.schedule_words import most_at_once
from costopt.plan.status import PlanStatus
from costopt.planning.ec2_fleet import STRATEGIES
from costopt.planning.ec2_fleet_hours import FleetOverHours, cheapest_fleet_over_hours
from costopt.planning.over_time_work import stands_beside
from costopt.planning.usual_baselines import beside_plan, by_the_hour, fleet_in_words
from costopt.workload.request import Job

Choice = Callable[[NamedWorkload], Sequence[NDArray[np.bool_]]]
"""A workload -> the sets of offers that are tried for it, the likeliest first."""

MOST_TRIED: Final = 3
"""Types, or offers, that are planned for each workload [1]."""

TIME_LIMIT_SECONDS: Final = 5.0
"""Time for all of them together [s]."""

SEARCH_SECONDS: Final = 1.0
"""Time for one search among them [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """The cheapest of what was tried for one workload.

    Attributes:
        cost: of its lines [plan currency].
        lines: as many as run at once.
    """

    cost: float
    lines: tuple[PlanLine, ...]


def usual_over_time(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog
) -> tuple[Baseline, ...]:
    """Return one type on demand, the cheapest offer by the hour, and what EC2 Fleet would rent.

    All follow the demand hour by hour, and commit nothing.

    Args:
        plan: over time, with lines.
        workloads: with their candidates.
        catalog: what the plan was made from.
    """
    schedule = plan.schedule
    if schedule is None:
        return ()
    again = HoursAgain.of(plan, catalog, in_all=TIME_LIMIT_SECONDS, each=SEARCH_SECONDS)
    return (
        _chosen(again, workloads, "single_type_on_demand", "one type on demand", _types),
        _chosen(
            again,
            workloads,
            "cheapest_single_offer",
            "cheapest instance by the hour that runs it",
            lambda item: _offers(item, plan.horizon_hours),
        ),
        *(_fleet(plan, schedule, workloads, strategy) for strategy in STRATEGIES),
    )


def _types(item: NamedWorkload) -> Sequence[NDArray[np.bool_]]:
    """Return the offers on demand of each of the types that are cheapest alone."""
    offers = item.candidates.offers
    on_demand = (offers["purchase_option"] == "on_demand").to_numpy(dtype=np.bool_)
    kinds: dict[tuple[str, str], NDArray[np.bool_]] = {}
    for alone in alone_costs(item.candidates, 1.0):
        row = offers.iloc[alone.offer]
        kind = (str(row["provider"]), str(row["instance_type"]))
        if on_demand[alone.offer] and kind not in kinds:
            same = (offers[["provider", "instance_type"]] == list(kind)).all(axis=1)
            kinds[kind] = same.to_numpy(dtype=np.bool_) & on_demand
        if len(kinds) == MOST_TRIED:
            break
    return list(kinds.values())


def _offers(item: NamedWorkload, horizon_hours: float) -> Sequence[NDArray[np.bool_]]:
    """Return each of the cheapest offers by the hour."""
    rows = by_the_hour(item, horizon_hours)[:MOST_TRIED]
    return [np.arange(len(item.candidates.offers)) == row for row in rows]


def _chosen(
    again: HoursAgain, workloads: Sequence[NamedWorkload], name: str, text: str, choice: Choice
) -> Baseline:
    """Give each workload one set of offers alone, the cheapest of those that are tried.

    Of single offers the first that carries the load counts: that it is not the cheapest way is
    what it is there to show. With quotas workloads may stand in each other's way, so that all are
    planned together.
    """
    plan, sets = again.plan, [choice(item) for item in workloads]
    is_first = name == "cheapest_single_offer"
    best: dict[str, _Tried] = {}
    for number in range(min((len(one) for one in sets), default=0)):
        masks = [of_item[number] for of_item in sets]
        for item_name, tried in _tried(again, workloads, masks):
            if item_name not in best or (not is_first and tried.cost < best[item_name].cost):
                best[item_name] = tried
        if is_first and len(best) == len(workloads):
            break
    if len(best) < len(workloads):
        late = again.is_out_of_time
        none = "none was found in time" if late else "none of the cheapest carries it"
        return Baseline(name=name, text=f"{text}: {none}", horizon_hours=plan.horizon_hours)
    lines = [line for item in workloads for line in best[item.name].lines]
    cost = sum(best[item.name].cost for item in workloads)
    words = f"{text}, at most {lines_in_words(lines)}"
    return beside_plan(plan, name, words, cost, is_proven=False)


def _tried(
    again: HoursAgain, workloads: Sequence[NamedWorkload], masks: Sequence[NDArray[np.bool_]]
) -> Iterator[tuple[str, _Tried]]:
    """Yield what each workload costs on what it is left with; nothing without a plan."""
    found = again.on_these(workloads, masks)
    if isinstance(found, PlanStatus):
        return
    for item in workloads:
        rows = [row for row, line in enumerate(found.lines) if line.workload == item.name]
        own = [found.lines[row] for row in rows]
        yield (
            item.name,
            _Tried(
                cost=sum(line.line_cost_total for line in own),
                lines=tuple(_most(found, rows)),
            ),
        )


def _most(found: HoursFound, rows: Sequence[int]) -> list[PlanLine]:
    """Return some lines of a plan with the most that run at once."""
    hours = tuple(
        hour.model_copy(update={"counts": tuple(hour.counts[row] for row in rows)})
        for hour in found.schedule.hours
    )
    part = found.schedule.model_copy(update={"hours": hours})
    return most_at_once([found.lines[row] for row in rows], part)


def _fleet(
    plan: Plan, schedule: Schedule, workloads: Sequence[NamedWorkload], strategy: str
) -> Baseline:
    """Sum up what EC2 Fleet would rent for each workload, hour by hour."""
    name, text = f"ec2_fleet_{strategy.replace('-', '_')}", f"EC2 Fleet, {strategy}"
    weight = Weights.of(schedule).hours
    fleets: list[FleetOverHours] = []
    for item in workloads:
        if stands_beside(item) or not isinstance(item.candidates, ServiceCandidates):
            of = "is due by a deadline" if isinstance(item.workload, Job) else "asks for nodes"
            words = f"{text}: none, {item.name} {of}, at no rate"
            return Baseline(name=name, text=words, horizon_hours=plan.horizon_hours)
        factor = np.array([hour.demand_factor[item.name] for hour in schedule.hours])
        fleet = cheapest_fleet_over_hours(item.candidates, strategy, factor, weight)
        if fleet is None:
            words = f"{text}: none, no region of AWS carries {item.name}"
            return Baseline(name=name, text=words, horizon_hours=plan.horizon_hours)
        fleets.append(fleet)
    words = "; ".join(fleet_in_words(fleet.region, fleet.most) for fleet in fleets)
    declined = mean_factor(1 - plan.request.price_decline, plan.horizon_hours)
    cost = sum(float(weight @ fleet.cost_per_hour) for fleet in fleets) * declined
    return beside_plan(plan, name, f"{text}, at most {words}", cost, is_proven=True)
