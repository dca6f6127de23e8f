"""Plans that start from what runs already: change it, or leave it as it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from costopt.candidate.find import NamedWorkload
from costopt.candidate.reasons import REASONS
from costopt.catalog.catalog import Catalog
from costopt.evaluate.change import change_of
from costopt.plan.change import KindCount, PlanChange
from costopt.plan.line import PlanLine
from costopt.planning.fleet_changes import kinds_without_candidate
from costopt.planning.found import Found
from costopt.planning.search import search
from costopt.workload.fleet import InstanceKind, kinds_of_offers, running_kinds
from costopt.workload.request import PlanRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFromFleet:
    """The plan that costs least with the way to it, and what it is held against.

    Attributes:
        found: the plan's search.
        change: from what runs to the plan; None without a plan, or where nothing is said to run.
    """

    found: Found
    change: PlanChange | None


def search_from_fleet(
    workloads: Sequence[NamedWorkload], request: PlanRequest, catalog: Catalog
) -> FoundFromFleet:
    """Search for the cheapest plan and the way to it, and leave what runs alone where that is.

    What runs stays as it is where no plan is proven to cost less by more than the gap, so that
    nothing is moved for what the search left open.

    Args:
        workloads: with their candidates.
        request: with the fleet, if any.
        catalog: at the prices that are paid.
    """
    found = search(workloads, request, catalog)
    if request.current_fleet is None:
        return FoundFromFleet(found=found, change=None)
    running = running_kinds(request.current_fleet, catalog.offers)
    gone = kinds_without_candidate(workloads, running)
    staying = None
    if running and not gone:
        staying = search(workloads, request, catalog, staying=True)
        if _is_better(staying, found, request.gap):
            found = replace(staying, bound=found.bound)
    lines = [line for item in found.operated for line in item.lines]
    change = change_of(request, lines, catalog)
    if change is None or found.solution.cost is None:
        return FoundFromFleet(found=found, change=None)
    told: dict[str, object] = {
        "staying_cost": None if staying is None else _running_cost(staying),
        "notes": tuple(notes_of(gone, running, workloads, catalog)),
    }
    if change.is_none and change.kept:
        told |= _if_changes_were_free(workloads, request, catalog)
    return FoundFromFleet(found=found, change=change.model_copy(update=told))


def _is_better(staying: Found, found: Found, gap: float) -> bool:
    """Return whether nothing is proven to cost less than staying by more than the gap."""
    cost, other = staying.solution.cost, found.solution.cost
    if cost is None:
        return False
    bound = 0.0 if found.bound is None else found.bound
    return other is None or cost <= other or cost - bound <= gap * cost


def _running_cost(found: Found) -> float | None:
    """Cost of what a search runs, without any change [plan currency]; None without an answer."""
    if found.solution.cost is None:
        return None
    return sum(line.line_cost_total for item in found.operated for line in item.lines)


def _if_changes_were_free(
    workloads: Sequence[NamedWorkload], request: PlanRequest, catalog: Catalog
) -> dict[str, object]:
    """Return what the cheapest plan would cost to run and to get to; nothing without one."""
    free = search(workloads, request.from_nothing, catalog)
    lines: list[PlanLine] = [line for item in free.operated for line in item.lines]
    cost, way = _running_cost(free), change_of(request, lines, catalog)
    if cost is None or way is None:
        return {}
    return {"cheapest_cost": cost, "cheapest_switching_cost": way.switching_cost}


def notes_of(
    gone: Sequence[InstanceKind],
    running: Mapping[InstanceKind, float],
    workloads: Sequence[NamedWorkload],
    catalog: Catalog,
) -> Iterator[str]:
    """Yield why instances that run cannot go on: no price, or left out for a reason.

    Args:
        gone: kinds that are in no plan.
        running: how many of each kind run [1].
        workloads: with their candidates.
        catalog: at the prices that are paid.
    """
    for kind in gone:
        words = KindCount.of(kind, running[kind]).words
        offers = catalog.offers
        same_type = (offers["instance_type"] == kind.instance_type).to_numpy()
        rows = np.flatnonzero(same_type)[kinds_of_offers(offers[same_type]) == tuple(kind)]
        codes = {
            str(item.candidates.excluded.codes[row]) for item in workloads for row in rows.tolist()
        }
        if not len(rows):
            why = f"the catalogue of {catalog.as_of} has no price of it any more"
        else:
            why = f"it is left out, {' and '.join(sorted(REASONS[code] for code in codes))}"
        yield f"{words} cannot go on: {why}"
