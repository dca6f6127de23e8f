"""What would help a request with a demand profile that has no plan: its busiest hour, alone."""

from time import perf_counter
from typing import Final

from costopt.catalog.catalog import Catalog
from costopt.explain.infeasible import helpful_changes
from costopt.explain.known_plans import KnownPlans
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.tries import Tries
from costopt.workload.at_rate import at_rate
from costopt.workload.demand_hours import hours_of
from costopt.workload.request import Job, PlanRequest

SEARCH_SECONDS: Final = 2.0
"""Time to find out whether the busiest hour has a plan [s]."""


def changes_for_busiest_hour(plan: Plan, catalog: Catalog) -> tuple[str, ...]:
    """Say what lets the busiest hour have a plan, each change proven for that hour.

    Hours need what they need whatever others do, so that what does not help the busiest hour
    helps no plan. A budget is of all hours, and where nothing but that leaves no plan there is
    nothing to say of one hour; nor where several services have no hour that is the busiest of all.

    Args:
        plan: over time, without an answer.
        catalog: what it was asked of.
    """
    request = plan.request
    named = request.named_workloads
    single = len(named) == 1 and not isinstance(named[0][1], Job)
    if plan.status is not PlanStatus.INFEASIBLE or not single:
        return ()
    factor = float(hours_of(request, catalog).factor.max())
    busiest = at_rate(named[0][1], factor)
    own = busiest.limits.without("budget")
    alone = request.model_copy(
        update={
            "workloads": (busiest.model_copy(update={"limits": own}),),
            "limits": request.limits.without("budget").model_copy(update={"cvar": None}),
            "demand_profile": None,
            "eligible_usage": (),
            "cost_of_capital": 0.0,
            "price_decline": 0.0,
        }
    )
    if _has_plan(alone, catalog):
        return ()
    at = f"in the busiest hour, at {factor:.3g} times the mean rate"
    return tuple(f"{at}: {change}" for change in helpful_changes(alone, catalog))


def _has_plan(request: PlanRequest, catalog: Catalog) -> bool:
    """Return whether a plan at one rate is found."""
    seconds = min(SEARCH_SECONDS, request.time_limit_seconds)
    ends_at = perf_counter() + seconds
    tries = Tries(catalog=catalog, ends_at=ends_at, seconds=seconds, gap=request.gap)
    return KnownPlans(tries).found(request, None) is not None
