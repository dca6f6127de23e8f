"""What a plan starts and stops of what runs already, recomputed from its lines."""

from collections.abc import Iterator, Mapping, Sequence

from costopt.catalog.catalog import Catalog
from costopt.evaluate.figures import wrong_figures
from costopt.plan.change import (
    Moves,
    PlanChange,
    kinds_of_lines,
    kinds_over_time,
    total_count,
)
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.workload.fleet import InstanceKind, running_kinds
from costopt.workload.request import PlanRequest


def change_of(
    request: PlanRequest, lines: Sequence[PlanLine], catalog: Catalog
) -> PlanChange | None:
    """Work out what lines change of what runs already; None where nothing is said to run.

    Over time an instance counts by the part of the hours in which it runs, before and after.

    Args:
        request: with the fleet and the price of a start and a stop.
        lines: of a plan.
        catalog: whose offers tell zones apart or do not.
    """
    if request.current_fleet is None:
        return None
    before = running_kinds(request.current_fleet, catalog.offers)
    after: Mapping[InstanceKind, float] = (
        kinds_of_lines(lines)
        if request.demand_profile is None
        else kinds_over_time(lines, request.horizon_hours)
    )
    moves = Moves.between(before, after)
    return PlanChange(
        started=moves.started,
        stopped=moves.stopped,
        kept=moves.kept,
        switching_cost=request.switching_cost.total(
            total_count(moves.started), total_count(moves.stopped)
        ),
    )


def wrong_change(plan: Plan, lines: Sequence[PlanLine], catalog: Catalog) -> Iterator[str]:
    """Yield a sentence where a plan does not say what it starts, stops and keeps, or at what cost.

    What staying would cost, and the cheapest plan without a fleet, are taken as written.

    Args:
        plan: as written.
        lines: recomputed.
        catalog: at the prices that are paid.
    """
    found = change_of(plan.request, lines, catalog)
    if found is None or plan.change is None:
        if found is not plan.change:
            yield "the plan and its request disagree on whether something runs already"
        return
    searched = ("staying_cost", "cheapest_cost", "cheapest_switching_cost", "notes")
    taken = {name: getattr(plan.change, name) for name in searched}
    yield from wrong_figures(plan.change, found.model_copy(update=taken))
