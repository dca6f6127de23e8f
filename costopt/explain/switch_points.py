"""Prices and demand at which the plan changes, each found by planning again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.candidate.alone import alone_costs
from costopt.candidate.find import NamedWorkload
from costopt.explain.field import Field, OfferMatch, usage
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.words import PAYMENTS, money, percent, signed_percent

MOST_STEPS: Final = 4
"""Prices that are tried for one switch point; each step solves once."""

SAME: Final = 2e-3
"""Relative difference below which two costs count as equal here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPoint:
    """Something that would change the answer.

    Attributes:
        kind: own_price, rival_price, too_close or demand.
        text: in words.
        value: the figure at which the plan changes.
        change_fraction: the same against today.
    """

    kind: str
    text: str
    value: float
    change_fraction: float


def switch_points(plan: Plan, workloads: Sequence[NamedWorkload]) -> tuple[SwitchPoint, ...]:
    """Find two or three things that would change the plan.

    Args:
        plan: with lines.
        workloads: with their candidates.
    """
    if not plan.lines or not plan.cost_total:
        return ()
    field = Field.of(plan, workloads)
    return (*_without_main_type(field), *_rival_price(field), *_demand(plan))


def _main_line(plan: Plan) -> PlanLine:
    return max(plan.lines, key=lambda line: line.line_cost_total)


def _without_main_type(field: Field) -> Iterator[SwitchPoint]:
    """Plan without the costliest instance type: how much dearer, and from what price of it on."""
    plan, line = field.plan, _main_line(field.plan)
    name, provider = line.offer.instance_type, line.offer.provider
    match = OfferMatch(values=(("provider", provider), ("instance_type", name)))
    other = field.solved(field.without(match))
    if other.cost is None:
        text = f"nothing but {name} can carry this within the limits"
        yield SwitchPoint(kind="own_price", text=text, value=np.inf, change_fraction=np.inf)
        return
    rise = max(other.cost - field.cost, 0.0)
    instead = field.names(other)
    if other.cost <= (plan.cost_total_high or 0.0) / plan.horizon_hours:
        yield SwitchPoint(
            kind="too_close",
            text=(
                f"too close to call between {name} and {instead}: "
                f"{percent(rise / field.cost)} apart, less than the rates are uncertain"
            ),
            value=other.cost,
            change_fraction=rise / field.cost,
        )
    rented = sum(
        one.count * one.hours / plan.horizon_hours
        for one in plan.lines
        if (one.offer.provider, one.offer.instance_type) == (provider, name)
    )
    change = rise / rented
    yield SwitchPoint(
        kind="own_price",
        text=(
            f"{name} goes when its price rises by {money(change, plan.currency)}/h "
            f"({signed_percent(change / line.price_per_hour)}), if not before; then {instead}"
        ),
        value=line.price_per_hour + change,
        change_fraction=change / line.price_per_hour,
    )


def _rival_price(field: Field) -> Iterator[SwitchPoint]:
    """Find the price below which the best offer of another accelerator enters the plan.

    The cost of the best plan is concave in that price ``p``. A plan that rents ``u`` of the offer
    beside other costs ``c`` beats today's cost ``C`` below ``(C - c) / u``; planning again there
    either confirms it or gives a higher price.
    """
    plan = field.plan
    rival = _rival(field)
    if rival is None:
        return
    match, price, name = rival
    priced = field.columns(match, price, name)
    threshold = 0.0
    for _ in range(MOST_STEPS):
        found = field.solved(field.at_price(priced, threshold))
        if found.cost is None or found.cost >= field.cost * (1 - SAME):
            break
        rented = usage(priced, found)
        if rented <= 0:
            break
        threshold += (field.cost - found.cost) / rented
    if 0 < threshold < price:
        yield SwitchPoint(
            kind="rival_price",
            text=(
                f"stays best unless {name} falls below {money(threshold, plan.currency)}/h "
                f"({signed_percent(threshold / price - 1)} from {money(price, plan.currency)})"
            ),
            value=threshold,
            change_fraction=threshold / price - 1,
        )


def _rival(field: Field) -> tuple[OfferMatch, float, str] | None:
    """Return the offer of an accelerator outside the plan that is cheapest alone."""
    used = {line.layout.accelerator for line in field.plan.lines}
    best: tuple[float, OfferMatch, float, str] | None = None
    for item in field.workloads:
        accelerators = item.candidates.offers["accelerator"].to_numpy(dtype=object)
        for alone in alone_costs(item.candidates, field.plan.horizon_hours):
            if accelerators[alone.offer] in used:
                continue
            offer = item.candidates.offers.iloc[alone.offer]
            columns = ("provider", "region", "instance_type", "purchase_option", "payment")
            match = OfferMatch(values=tuple((column, str(offer[column])) for column in columns))
            payment = PAYMENTS.get(offer["purchase_option"], offer["purchase_option"])
            name = f"{offer['instance_type']} {payment} in {offer['region']}"
            if best is None or alone.cost_total < best[0]:
                best = (alone.cost_total, match, alone.price_per_hour, name)
            break
    return None if best is None else best[1:]


def _demand(plan: Plan) -> Iterator[SwitchPoint]:
    """Say how much demand may grow before the instances, as routed, are full."""
    room = [
        line.max_utilisation / line.utilisation - 1
        for line in plan.lines
        if line.utilisation and line.rate_origin
    ]
    if not room:
        return
    least = max(0.0, min(room))
    if least < SAME:
        text = "every instance is needed: more demand than planned means more instances"
    else:
        text = f"demand may grow by {percent(least)} before the instances, as routed, are full"
    yield SwitchPoint(kind="demand", text=text, value=1 + least, change_fraction=least)
