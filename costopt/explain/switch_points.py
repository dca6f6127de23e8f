"""Prices and demand at which the plan changes, each found by planning again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.account.owned import OWNED
from costopt.candidate.alone import alone_costs
from costopt.candidate.find import NamedWorkload
from costopt.candidate.job import JobCandidates
from costopt.catalog.catalog import Catalog
from costopt.explain.field import Field, OfferMatch, lines_of, main_line, types_in_words
from costopt.plan.line import OfferKey, PlanLine
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.plan.words import money, payment_in_words, percent, signed_percent

MOST_STEPS: Final = 6
"""Prices that are tried for one switch point; each step plans once."""

LEAST_GAP: Final = 1e-4
"""Relative difference below which two costs count as equal here, or the plan's own gap."""

NOTHING: Final = 1e-9
"""Relative difference that is rounding."""

FULL: Final = 2e-3
"""Room for more demand below which instances count as full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPoint:
    """Something that would change the answer.

    Attributes:
        kind: own_price, too_close, rival_price or demand.
        text: in words.
        value: the figure at which the plan changes: a price [plan currency/h], or for demand a
            factor on it [1].
        change_fraction: the same against today.
        key: offers whose price it is, as ``Catalog.with_prices`` names them; empty for demand.
    """

    kind: str
    text: str
    value: float
    change_fraction: float
    key: str = ""


def switch_points(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog
) -> tuple[SwitchPoint, ...]:
    """Find two or three things that would change the plan.

    Args:
        plan: with lines.
        workloads: with their candidates.
        catalog: what the plan was made from.
    """
    if not plan.lines or not plan.cost_total:
        return ()
    field = Field(plan=plan, workloads=workloads, catalog=catalog)
    line = main_line(plan)
    if line is None:
        return tuple(_demand(plan))
    return (_own_price(field, line), *_rival_price(field), *_demand(plan))


def _own_price(field: Field, line: PlanLine) -> SwitchPoint:
    """Plan without the costliest instance type: how much dearer, and from what price of it on.

    When every offer of the type costs ``(C' - C) / u`` more, with ``u`` instances rented, the plan
    at cost ``C`` is no cheaper than the best one without the type at cost ``C'``.
    """
    plan = field.plan
    name, provider = line.offer.instance_type, line.offer.provider
    key = f"{provider}/*/{name}"
    match = OfferMatch(values=(("provider", provider), ("instance_type", name)))
    other = field.without(match)
    if other.solution.cost is None:
        text = f"nothing but {name} was found to carry this within the limits"
        return SwitchPoint(
            kind="own_price", text=text, value=np.inf, change_fraction=np.inf, key=key
        )
    apart = max(other.solution.cost / field.cost - 1, 0.0)
    change = apart * field.cost / match.hours_rented(plan.lines, plan.horizon_hours)
    instead = types_in_words(lines_of(other))
    highest = (plan.cost_total_high or 0.0) + plan.switching_cost
    crossed = other.solution.cost <= highest / plan.horizon_hours
    too_close = crossed or apart <= NOTHING
    dearer = (
        f"{money(change, plan.currency)}/h ({signed_percent(change / line.price_per_hour)}) more"
    )
    if apart <= NOTHING:
        text = f"too close to call between {name} and {instead}: they cost the same"
    elif too_close:
        text = (
            f"too close to call between {name} and {instead}: {percent(apart)} apart, less than "
            f"the rates are uncertain; at the latest when {name} costs {dearer}, it is beaten"
        )
    else:
        text = f"changes at the latest when {name} costs {dearer}: then {instead} is cheaper"
    return SwitchPoint(
        kind="too_close" if too_close else "own_price",
        text=text,
        value=line.price_per_hour + change,
        change_fraction=change / line.price_per_hour,
        key=key,
    )


def _rival_price(field: Field) -> Iterator[SwitchPoint]:
    """Find the price below which the best offer of another accelerator enters the plan.

    The cost of the best plan is concave in that price ``p``. A plan that rents ``u`` of the offer
    beside other costs ``c`` beats today's cost ``C`` below ``(C - c) / u``; planning again there
    either confirms it or gives a higher price. Nothing is said of a price that is not confirmed.
    """
    plan = field.plan
    rival = _rival(field)
    if rival is None:
        return
    offer, price = rival
    match = OfferMatch(values=tuple(offer.model_dump(exclude={"zone"}).items()))
    threshold = _entering_price(field, match, price)
    if threshold is None:
        return
    payment = payment_in_words(offer.purchase_option, offer.term_years, offer.payment)
    yield SwitchPoint(
        kind="rival_price",
        text=(
            f"stays best against other accelerators unless {offer.instance_type} {payment} in "
            f"{offer.region} falls below {money(threshold, plan.currency)}/h "
            f"({signed_percent(threshold / price - 1)} from {money(price, plan.currency)})"
        ),
        value=threshold,
        change_fraction=threshold / price - 1,
        key="/".join((offer.provider, offer.region, offer.instance_type, offer.purchase_option)),
    )


def _entering_price(field: Field, match: OfferMatch, price: float) -> float | None:
    """Return the price below which the matching offers enter the plan; None if unconfirmed."""
    same = 1 - 2 * max(field.plan.request.gap, LEAST_GAP)
    threshold = 0.0
    for _ in range(MOST_STEPS):
        found = field.at_price(match, threshold - price)
        if found.solution.status is not PlanStatus.OPTIMAL_WITHIN_GAP:
            return None
        cost = found.solution.cost or 0.0
        if cost >= field.cost * same:
            return threshold if threshold > 0 else None
        rented = match.hours_rented(lines_of(found), field.plan.horizon_hours)
        if rented <= 0:
            return None
        threshold += (field.cost - cost) / rented
        if threshold >= price:
            return None
    return None


def _rival(field: Field) -> tuple[OfferKey, float] | None:
    """Return the offer of an accelerator outside the plan that is cheapest alone, and its price.

    Its price is of one instance [plan currency/h]. A job charges a term whole, so that no hourly
    price of it would say when it enters.
    """
    used = {line.layout.accelerator for line in field.plan.lines}
    best: tuple[float, OfferKey, float] | None = None
    for item in field.workloads:
        offers = item.candidates.offers
        fit = ~offers["accelerator"].isin(used).to_numpy(dtype=np.bool_)
        fit &= (offers["purchase_option"] != OWNED).to_numpy(dtype=np.bool_)
        if isinstance(item.candidates, JobCandidates):
            fit &= offers["term_years"].isna().to_numpy(dtype=np.bool_)
            price = (offers["effective_per_hour"] * offers["exchange_rate"]).to_numpy()
        else:
            price = item.candidates.prices.per_hour
        for alone in alone_costs(item.candidates, field.plan.horizon_hours):
            if fit[alone.offer]:
                if best is None or alone.cost_total < best[0]:
                    key = OfferKey.of(offers.iloc[alone.offer])
                    best = (alone.cost_total, key, float(price[alone.offer]))
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
    if least < FULL:
        text = "every instance is needed: more demand than planned means more instances"
    else:
        text = f"demand may grow by {percent(least)} before the instances, as routed, are full"
    yield SwitchPoint(kind="demand", text=text, value=1 + least, change_fraction=least)
