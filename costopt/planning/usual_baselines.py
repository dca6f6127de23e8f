"""What others would rent: the cheapest offer of a catalogue, and the fleets of EC2."""

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.alone import alone_costs
from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.plan.answer import lines_in_words
from costopt.plan.beside import Baseline
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.words import money
from costopt.planning.compared import BASELINES_SECONDS, BaselineSearches
from costopt.planning.ec2_fleet import STRATEGIES, Fleet, cheapest_fleet

MOST_NAMED = 3
"""Pools of a fleet that are named."""

MOST_TRIED = 5
"""Offers that are planned alone, the cheapest by the hour first, until one carries the load."""


def usual_baselines(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog
) -> tuple[Baseline, ...]:
    """Return the cheapest single offer, what EC2 Fleet would rent, and what runs already.

    Args:
        plan: with lines.
        workloads: with their candidates.
        catalog: offers and facts.
    """
    ends_at = perf_counter() + min(BASELINES_SECONDS, plan.request.time_limit_seconds)
    searches = BaselineSearches(catalog=catalog, ends_at=ends_at)
    single = _single_offer(plan, workloads, searches)
    return (
        single,
        *(_fleet(plan, workloads, strategy) for strategy in STRATEGIES),
        *_staying(plan),
    )


def _staying(plan: Plan) -> Iterator[Baseline]:
    """Yield what the current fleet costs as it is; nothing where nothing runs."""
    change = plan.change
    if change is None or not (change.kept or change.stopped):
        return
    name, text = "current_fleet", "the current fleet as it is"
    if change.staying_cost is None:
        why = "; ".join(change.notes) or "it does not carry the work within the limits"
        yield Baseline(name=name, text=f"{text}: {why}", horizon_hours=plan.horizon_hours)
        return
    if change.switching_cost:
        text += f" (changing it costs {money(change.switching_cost, plan.currency)} once)"
    yield beside_plan(plan, name, text, change.staying_cost, is_proven=True)


def _single_offer(
    plan: Plan, workloads: Sequence[NamedWorkload], searches: BaselineSearches
) -> Baseline:
    """Give each workload the offer that is cheapest by the hour, as often as it takes.

    A catalogue asked for hardware that runs the model answers by price per hour; what one
    instance does in that hour does not count.
    """
    name, text = "cheapest_single_offer", "cheapest instance by the hour that runs it"
    cost, rented_lines = 0.0, list[PlanLine]()
    for item in workloads:
        for row in by_the_hour(item, plan.horizon_hours):
            mask = np.arange(len(item.candidates.offers)) != row
            found = searches.best([item], plan.request.from_nothing, _constant(mask))
            lines = [line for one in found for line in one.lines]
            if lines:
                break
        else:
            return Baseline(
                name=name,
                text=f"{text}: none of the cheapest carries it",
                horizon_hours=plan.horizon_hours,
            )
        cost += sum(line.line_cost_total for line in lines)
        rented_lines += lines
    words = lines_in_words(rented_lines)
    return beside_plan(plan, name, f"{text}, {words}", cost, searches.is_proven)


def by_the_hour(item: NamedWorkload, horizon_hours: float) -> list[int]:
    """Return the offers that may carry a workload alone, the cheapest by the hour first.

    Args:
        item: with its candidates.
        horizon_hours: over which services are charged [h].
    """
    able = [alone.offer for alone in alone_costs(item.candidates, horizon_hours)]
    offers = item.candidates.offers
    price = (offers["effective_per_hour"] * offers["exchange_rate"]).to_numpy(dtype=np.float64)
    spot = (offers["purchase_option"] == "spot").to_numpy(dtype=np.bool_)
    alone = offers["term_years"].isna().to_numpy(dtype=np.bool_)
    if isinstance(item.candidates, ServiceCandidates):
        alone = alone & (~spot | (item.candidates.max_spot_fraction >= 1))
    rows = np.intersect1d(np.flatnonzero(alone), np.array(able, dtype=np.int64))
    order: list[int] = rows[np.argsort(price[rows], kind="stable")].tolist()
    return order[:MOST_TRIED]


def _constant(mask: NDArray[np.bool_]) -> Callable[[pd.DataFrame], NDArray[np.bool_]]:
    """Forbid the same offers whatever is asked."""
    return lambda _: mask


def _fleet(plan: Plan, workloads: Sequence[NamedWorkload], strategy: str) -> Baseline:
    """Sum up what EC2 Fleet would rent for each workload."""
    name, text = f"ec2_fleet_{strategy.replace('-', '_')}", f"EC2 Fleet, {strategy}"
    fleets: list[Fleet] = []
    for item in workloads:
        if not isinstance(item.candidates, ServiceCandidates):
            words = f"{text}: none, a job is one gang of equal instances"
            return Baseline(name=name, text=words, horizon_hours=plan.horizon_hours)
        fleet = cheapest_fleet(item.candidates, strategy)
        if fleet is None:
            words = f"{text}: none, no region of AWS carries {item.name}"
            return Baseline(name=name, text=words, horizon_hours=plan.horizon_hours)
        fleets.append(fleet)
    words = "; ".join(fleet_in_words(fleet.region, fleet.counts) for fleet in fleets)
    cost = sum(fleet.cost_per_hour for fleet in fleets) * plan.horizon_hours
    return beside_plan(plan, name, f"{text}, {words}", cost, is_proven=True)


def fleet_in_words(region: str, counts: Sequence[tuple[str, int]]) -> str:
    """Name the largest pools of a fleet.

    Args:
        region: where it runs.
        counts: instance type and payment -> instances [1].
    """
    named = [f"{count} x {name}" for name, count in counts[:MOST_NAMED]]
    rest = len(counts) - MOST_NAMED
    more = [f"{rest} more"] if rest > 0 else []
    return f"{' + '.join([*named, *more])} in {region}"


def beside_plan(plan: Plan, name: str, text: str, cost: float, is_proven: bool) -> Baseline:
    """Hold a cost against that of the plan."""
    total = plan.cost_total or 0.0
    same = abs(cost - total) <= 1e-9 * max(cost, total)
    return Baseline(
        name=name,
        text=text,
        horizon_hours=plan.horizon_hours,
        cost_total=cost,
        difference=0.0 if same else cost - total,
        difference_fraction=(0.0 if same else (cost - total) / total) if total else None,
        is_proven=is_proven,
    )
