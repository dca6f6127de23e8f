"""What stands beside a plan, held against the plan as far as no search is needed."""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import mean_factor
from costopt.evaluate.figures import FIGURE_TOLERANCE, agree
from costopt.evaluate.unpriced_terms import unpriced_terms
from costopt.plan.beside import Baseline
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.schedule import DemandFall, Schedule
from costopt.workload.request import PlanRequest

FALL: Final = 0.3
"""Part of the demand that is taken away to see what the commitments then cost [0..1]."""

NO_COMMITMENT: Final = "no_commitment"
"""Name of the best plan over time that commits nothing."""


def broken_baselines(plan: Plan, lines: Sequence[PlanLine]) -> Iterator[str]:
    """Yield a sentence for each baseline that does not agree with the plan or with itself.

    What a baseline costs took a search; how far that is from the plan's own cost did not.

    Args:
        plan: as written.
        lines: recomputed.
    """
    names = [one.name for one in plan.baselines]
    if len(set(names)) < len(names):
        yield "two baselines have the same name"
    for one in plan.baselines:
        own = _cost_over(plan, lines, one.horizon_hours)
        difference = None if one.cost_total is None else one.cost_total - own
        fraction = difference / own if difference is not None and own else None
        if not 0 <= (one.cost_total or 0.0) < inf or not 0 <= one.cash_now < inf:
            yield f"baseline {one.name}: a cost is negative or no number"
        elif not _is_near(one.difference, difference, own):
            yield (
                f"baseline {one.name}: its difference to the plan is {_shown(difference)}, the "
                f"plan says {_shown(one.difference)}"
            )
        elif own and not _is_near(one.difference_fraction, fraction, 1.0):
            yield (
                f"baseline {one.name}: its difference is {_shown(fraction)} of the plan's cost, "
                f"the plan says {_shown(one.difference_fraction)}"
            )


def broken_beside_schedule(
    plan: Plan, schedule: Schedule, lines: Sequence[PlanLine], catalog: Catalog
) -> Iterator[str]:
    """Yield a sentence for each thing beside a plan over time that cannot be so.

    Terms without a price are worked out again. Of what took a search, sums and signs are, and that
    the best plan without commitments is not below what is proven of all plans.

    Args:
        plan: as written.
        schedule: recomputed, with what stands beside it as written.
        lines: recomputed.
        catalog: at the prices that are paid.
    """
    again = unpriced_terms(lines, schedule, plan.request, catalog)
    if not agree(schedule.unpriced_terms, again):
        yield "the terms without a price are not those of the types that run on demand"
    uncommitted = [one for one in plan.baselines if one.name == NO_COMMITMENT]
    if not schedule.tranches and (uncommitted or schedule.demand_fall):
        yield "nothing is committed, and yet the plan says what not committing would cost"
    if schedule.demand_fall is not None:
        yield from _broken_fall(schedule.demand_fall, schedule)
    for one in uncommitted:
        yield from _below_bound(plan, one)


def _broken_fall(fall: DemandFall, schedule: Schedule) -> Iterator[str]:
    """Yield a sentence for each figure of a fall of demand that contradicts another."""
    paid = sum(one.present_value for one in schedule.tranches)
    if fall.fraction != FALL:
        yield f"demand_fall is of {fall.fraction:g} of the demand, and {FALL:g} is looked at"
    loss = fall.cost_total - fall.without_commitments
    if not _is_near(fall.loss, loss, max(fall.cost_total, fall.without_commitments)):
        yield f"demand_fall: the loss is {_shown(loss)}, the plan says {_shown(fall.loss)}"
    if fall.cost_total < paid * (1 - FIGURE_TOLERANCE):
        yield (
            f"demand_fall: costs {_shown(fall.cost_total)}, and the commitments alone cost "
            f"{_shown(paid)}"
        )
    if not 0 <= fall.without_commitments < inf:
        yield "demand_fall: the cost without commitments is negative or no number"


def _below_bound(plan: Plan, one: Baseline) -> Iterator[str]:
    """Yield a sentence where a plan that is within all limits costs less than what is proven.

    Costs of lines are what is paid, the bound is a present value; without commitments all of it
    is paid by the hour at list prices. Beside other usage, scenarios weighed by their tail, a
    fleet that ran before, or a budget, which the other plan need not keep, the two are not of the
    same thing.

    Args:
        plan: as written.
        one: the best plan that commits nothing.
    """
    request = plan.request
    limits = (request.limits, *(workload.limits for workload in request.workloads))
    differs = request.limits.cvar is not None or request.current_fleet is not None
    differs |= any(each.budget is not None for each in limits)
    if one.cost_total is None or plan.bound is None or differs or request.eligible_usage:
        return
    present = one.cost_total * _present_over_paid(request)
    bound = plan.bound * request.horizon_hours
    if present < bound * (1 - FIGURE_TOLERANCE):
        yield (
            f"baseline {one.name}: costs {_shown(present)} as a present value, below the bound of "
            f"{_shown(bound)}"
        )


def _present_over_paid(request: PlanRequest) -> float:
    """Return the present value of 1 paid by the hour at declining list prices [1]."""
    left, hours = 1 - request.price_decline, request.horizon_hours
    return mean_factor(left / (1 + request.cost_of_capital), hours) / mean_factor(left, hours)


def _cost_over(plan: Plan, lines: Sequence[PlanLine], horizon_hours: float) -> float:
    """Return what the plan costs over a horizon, jobs until they end [plan currency]."""
    ends = {one.workload for one in plan.outcomes if one.duration_hours is not None}
    return sum(
        line.line_cost_total if line.workload in ends else line.line_cost_per_hour * horizon_hours
        for line in lines
    )


def _is_near(said: float | None, found: float | None, size: float) -> bool:
    """Return whether a difference is the same up to the rounding of what it is a difference of."""
    if said is None or found is None:
        return said is found
    return abs(said - found) <= FIGURE_TOLERANCE * max(abs(size), abs(found), 1e-3)


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:,.6g}"
