"""What a reader must know before the answer: old prices, spot that may go, what is not proven."""

from collections.abc import Iterator

from costopt.catalog.age_limits import WARNING_AGE_DAYS
from costopt.plan.measured_latency import late_measurements
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.plan.words import percent

NOTHING_PROVEN = "nothing is proven of the cost, and a far cheaper plan"
"""What is said of a plan without a bound."""

SAME_SHARE = 5e-3
"""Difference of two shares that their rounding to percent may hide."""


def warnings(plan: Plan, days_since_catalog: int = 0) -> list[str]:
    """Return what a reader must know before the answer.

    Args:
        plan: the plan.
        days_since_catalog: days from the catalogue's newest price to today, where today is
            known [days].
    """
    found = []
    ages = [line.price_age_days + days_since_catalog for line in plan.lines]
    if ages and max(ages) > WARNING_AGE_DAYS:
        when = "are" if days_since_catalog else f"on {plan.catalog.as_of} were"
        found.append(f"prices here {when} up to {max(ages):.0f} days old; refresh before you buy")
    found += _spot_warning(plan)
    found += late_measurements(plan.lines, plan.request)
    if plan.status is PlanStatus.FEASIBLE_AT_LIMIT and plan.gap is not None:
        cheaper = (
            f"a plan up to {100 * plan.gap:.2g} % cheaper" if plan.gap < 1 else NOTHING_PROVEN
        )
        found.append(
            f"{cheaper} may exist: the search ended before the best was proven, at its time "
            "limit or at the edge of a latency limit"
        )
    return found


def _spot_warning(plan: Plan) -> Iterator[str]:
    """Say what the loss of one spot pool leaves of the workload that it hits hardest."""
    hit = [
        outcome
        for outcome in plan.outcomes
        if outcome.kind in ("inference_service", "requirement") and outcome.spot_fraction > 0
    ]
    if not hit:
        return
    worst = min(hit, key=lambda outcome: outcome.served_after_worst_loss)
    of_which = f" of {worst.workload}" if len(plan.outcomes) > 1 else ""
    where = ""
    carried = sum(
        line.share
        for line in plan.lines
        if line.workload == worst.workload and line.pool == worst.worst_pool
    )
    if carried and worst.served_after_worst_loss < 1 - carried - SAME_SHARE:
        hour = "" if plan.schedule is None else "hour and "
        where = f" in the {hour}request size that it hits hardest"
    yield (
        f"losing {worst.worst_pool} leaves {percent(worst.served_after_worst_loss)}{of_which} "
        f"served{where}, {percent(worst.expected_served_fraction)} is expected on average; a "
        "lower max_spot_fraction raises both"
    )
