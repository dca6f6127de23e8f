"""What a plan changes of what runs already, as people read it."""

from costopt.plan.answer import cost_figure
from costopt.plan.change import PlanChange, listed
from costopt.plan.plan import Plan
from costopt.plan.words import money

SAME_COST = 1e-6
"""Relative difference below which two costs count as equal here."""


def change_in_words(plan: Plan) -> list[str]:
    """Say what is started, stopped and kept, what that costs once, and what it is worth.

    Args:
        plan: with or without a fleet that ran before it.
    """
    change = plan.change
    if change is None:
        return []
    told = _nothing(plan, change) if change.is_none else _moves(plan, change)
    return [told, *change.notes]


def _nothing(plan: Plan, change: PlanChange) -> str:
    """Say that doing nothing is the answer, and what the best change would have brought."""
    text = f"nothing is started or stopped; {listed(change.kept) or 'nothing runs'}"
    cheapest, move = change.cheapest_cost, change.cheapest_switching_cost
    total = plan.cost_total or 0.0
    if cheapest is None or move is None:
        return text
    if total - cheapest <= SAME_COST * total:
        return f"{text}; no plan costs less to run"
    return (
        f"{text}; the plan that is cheapest to run would save "
        f"{money(total - cheapest, plan.currency)}{_span(plan)}, and getting there costs "
        f"{money(move, plan.currency)}"
    )


def _moves(plan: Plan, change: PlanChange) -> str:
    """Say what moves, what it costs once, and what it saves against staying."""
    parts = [
        f"{verb} {listed(counted)}"
        for verb, counted in (
            ("start", change.started),
            ("stop", change.stopped),
            ("keep", change.kept),
        )
        if counted
    ]
    once = money(change.switching_cost, plan.currency)
    text = f"{'; '.join(parts)}: {once} once, beside {cost_figure(plan, plan.cost_total or 0.0)}"
    if change.staying_cost is None:
        return f"{text}; what runs cannot stay as it is"
    if plan.schedule is not None:
        return f"{text}; {_staying(plan, change.staying_cost - change.switching_cost)}"
    saved = change.staying_cost - (plan.cost_total or 0.0)
    return f"{text}; staying as it is costs {money(saved, plan.currency)} more{_span(plan)}"


def _staying(plan: Plan, cost: float) -> str:
    """Say what a plan over time that runs nothing but the kinds that ran before would cost.

    Args:
        plan: over time.
        cost: of that plan, less what changing to this one costs [plan currency].
    """
    more = cost - (plan.cost_total or 0.0)
    if abs(more) <= SAME_COST * cost:
        return "nothing runs of a kind that did not run before"
    return (
        f"the best plan found with the kinds that ran costs {money(more, plan.currency)} "
        f"more{_span(plan)}, changes included"
    )


def _span(plan: Plan) -> str:
    """Say over which time a running cost is counted."""
    ends = [outcome.duration_hours for outcome in plan.outcomes]
    return "" if all(hours is not None for hours in ends) else f" over {plan.horizon_hours:,.4g} h"
