"""What would help a request with a demand profile that has no plan: its busiest hour, alone."""

from costopt.catalog.catalog import Catalog
from costopt.explain.infeasible import helpful_changes
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.workload.at_rate import at_rate
from costopt.workload.demand_hours import hours_of
from costopt.workload.request import Job


def changes_for_busiest_hour(plan: Plan, catalog: Catalog) -> tuple[str, ...]:
    """Say what lets the busiest hour have a plan, each change proven for that hour.

    Hours need what they need whatever others do, so that what does not help the busiest hour
    helps no plan. With several services no hour is the busiest of all, and nothing is said.

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
    alone = request.model_copy(
        update={
            "workloads": (at_rate(named[0][1], factor),),
            "limits": request.limits.model_copy(update={"cvar": None}),
            "demand_profile": None,
            "eligible_usage": (),
            "cost_of_capital": 0.0,
            "price_decline": 0.0,
        }
    )
    at = f"in the busiest hour, at {factor:.3g} times the mean rate"
    return tuple(f"{at}: {change}" for change in helpful_changes(alone, catalog))
