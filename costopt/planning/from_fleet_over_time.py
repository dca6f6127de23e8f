"""Plans over time that start from what ran before: move to other kinds, or stay with these."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.plan.change import PlanChange
from costopt.planning.fleet_changes import kinds_without_candidate
from costopt.planning.from_fleet import notes_of
from costopt.planning.over_time import FoundOverTime, search_over_time
from costopt.planning.signed_tranches import SignedTranches
from costopt.workload.demand_hours import DemandHours
from costopt.workload.fleet import InstanceKind, running_kinds
from costopt.workload.request import PlanRequest

STAYING_SHARE: Final = 0.3
"""Part of the time limit for the best plan that runs nothing but what ran before [0..1]."""


def search_from_fleet_over_time(
    workloads: Sequence[NamedWorkload],
    hours: DemandHours,
    request: PlanRequest,
    catalog: Catalog,
    signed: SignedTranches | None = None,
) -> FoundOverTime:
    """Search for the cheapest plan and the way to it; stay with what ran where that is as good.

    No search over hours ends without a gap, and what it leaves open must move nothing. So the best
    plan that runs nothing else is searched too, and taken where none is proven to cost less by
    more than the gap, or where the free search finds none that does. Both count what changing
    costs: to start what did not run, and to run more or fewer hours of what did.

    Args:
        workloads: services with their candidates, then all others with theirs.
        hours: kinds of hours.
        request: with the fleet, if any.
        catalog: at the prices that are paid.
        signed: the only commitments there are; None = they are decided.
    """
    if request.current_fleet is None:
        return search_over_time(workloads, hours, request, catalog, signed)
    running = running_kinds(request.current_fleet, catalog.offers)
    gone = kinds_without_candidate(workloads, running)
    staying, free = None, request
    if len(gone) < len(running):
        limit = request.time_limit_seconds
        quick = request.model_copy(update={"time_limit_seconds": STAYING_SHARE * limit})
        staying = search_over_time(workloads, hours, quick, catalog, signed, is_staying=True)
        free = request.model_copy(update={"time_limit_seconds": (1 - STAYING_SHARE) * limit})
    found = search_over_time(workloads, hours, free, catalog, signed)
    if staying is not None and _is_as_good(staying, found, request.gap):
        found = replace(
            staying,
            assembly=found.assembly,
            bound=found.bound,
            series_bound=found.series_bound,
        )
    if found.change is None:
        return found
    stayed = [] if staying is None or gone else [_cost(staying)]
    if not gone and _stays(found.change, running):
        stayed.append(_cost(found))
    told = {
        "staying_cost": min((cost for cost in stayed if cost is not None), default=None),
        "notes": tuple(notes_of(gone, running, workloads, catalog)),
    }
    return replace(found, change=found.change.model_copy(update=told))


def _is_as_good(staying: FoundOverTime, found: FoundOverTime, gap: float) -> bool:
    """Return whether nothing is known to cost less than staying by more than the gap."""
    cost, other = staying.objective, found.objective
    if cost is None:
        return False
    bound = found.bound or 0.0
    return other is None or cost <= other or cost - bound <= gap * cost


def _stays(change: PlanChange, running: Collection[InstanceKind]) -> bool:
    """Return whether a plan runs nothing but kinds that ran before, if in other numbers."""
    started = (
        InstanceKind(one.provider, one.region, one.zone, one.instance_type, one.capacity)
        for one in change.started
    )
    return bool(running) and all(kind in running for kind in started)


def _cost(found: FoundOverTime) -> float | None:
    """Cost of what a search runs, and of the way to it [plan currency]; None without an answer."""
    if found.scheduled is None or found.change is None:
        return None
    running = sum(line.line_cost_total for line in found.scheduled.lines)
    return running + found.change.switching_cost
