"""The cheapest other plans: without the main line's instance type, cloud or way to pay."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from costopt.explain.field import OfferMatch, Other, main_line
from costopt.plan.answer import cost_figure, lines_in_words
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.plan.words import PAYMENTS, signed_percent

MOST_ALTERNATIVES: Final = 3
"""Other plans that are named."""

SAME_COST: Final = 1e-9
"""Relative difference of two costs that is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The cheapest plan without something that the plan rests on.

    Attributes:
        without: column of what is left out: instance_type, provider or purchase_option.
        name: what is left out.
        lines: of the other plan; empty where there is none.
        cost_total: over the horizon, or until the jobs are done, with what it takes to get there
            from what runs; None without one [plan currency].
        difference: cost_total minus the plan's; None without one [plan currency].
        is_proven: False where the search ran out of time.
        text: in words.
    """

    without: str
    name: str
    lines: tuple[PlanLine, ...]
    cost_total: float | None
    difference: float | None
    is_proven: bool
    text: str


Planner = Callable[[Sequence[OfferMatch]], Other]
"""Offers that are left out -> the cheapest plan without any of them."""


def alternatives(plan: Plan, plan_without: Planner) -> tuple[Alternative, ...]:
    """Plan again without what the plan's costliest line is, the cheapest first; at most three.

    Each is the cheapest plan within the same limits that does not use that instance type, that
    cloud or that way to pay at all. Where two come to the same plan, the costliest type of it is
    forbidden, too.

    Args:
        plan: with lines that cost something.
        plan_without: plans again without some offers.
    """
    line = main_line(plan)
    if line is None:
        return ()
    tried: list[Alternative] = []
    seen: set[tuple[tuple[str, int], ...]] = set()
    for without, values in _left_out(line):
        one = _without(plan, plan_without, without, values)
        key = _key(one.lines)
        if one.lines and key in seen:
            other = max(one.lines, key=lambda rented: rented.line_cost_total)
            more = (
                ("provider", other.offer.provider),
                ("instance_type", other.offer.instance_type),
            )
            one = _without(plan, plan_without, without, values, more)
            key = _key(one.lines)
        if not one.lines or key not in seen:
            tried.append(one)
            seen.add(key)
    tried.sort(key=lambda one: (one.cost_total is None, one.cost_total or 0.0))
    return tuple(tried[:MOST_ALTERNATIVES])


def _left_out(line: PlanLine) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Yield what is left out, one after the other, by column."""
    offer = line.offer
    yield (
        "instance_type",
        (("provider", offer.provider), ("instance_type", offer.instance_type)),
    )
    yield "provider", (("provider", offer.provider),)
    yield "purchase_option", (("purchase_option", offer.purchase_option),)


def _without(
    plan: Plan,
    plan_without: Planner,
    without: str,
    values: tuple[tuple[str, str], ...],
    more: tuple[tuple[str, str], ...] = (),
) -> Alternative:
    """Plan without the offers that have these values, and without those that have more."""
    matches = [OfferMatch(values=values), *([OfferMatch(values=more)] if more else [])]
    other = plan_without(matches)
    name = dict(values)[without]
    shown = PAYMENTS.get(name, name) if without == "purchase_option" else name
    shown = " and ".join([shown, *([dict(more)["instance_type"]] if more else [])])
    if not other.lines:
        impossible = other.status is PlanStatus.INFEASIBLE
        none = "no plan within the limits" if impossible else "none was found in time"
        return Alternative(
            without=without,
            name=name,
            lines=(),
            cost_total=None,
            difference=None,
            is_proven=impossible,
            text=f"without {shown}: {none}",
        )
    cost, own = other.cost_total, (plan.cost_total or 0.0) + plan.switching_cost
    difference = 0.0 if abs(cost - own) <= SAME_COST * own else cost - own
    share = f" ({signed_percent(difference / own)})" if own else ""
    proven = other.status is PlanStatus.OPTIMAL_WITHIN_GAP
    unproven = "" if proven else " or less"
    change = "" if plan.change is None else ", changes included"
    return Alternative(
        without=without,
        name=name,
        lines=other.lines,
        cost_total=cost,
        difference=difference,
        is_proven=proven,
        text=(
            f"without {shown}: {lines_in_words(other.lines)}, "
            f"{cost_figure(plan, cost)}{unproven}{share}{change}"
        ),
    )


def _key(lines: tuple[PlanLine, ...]) -> tuple[tuple[str, int], ...]:
    """Return what tells two plans apart: offers and counts."""
    return tuple(sorted((str(line.offer), line.count) for line in lines))
