"""diff: what lies between two plans: instances, prices, cost, and how limits are met."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from costopt.candidate.pricing import priced
from costopt.errors import InvalidInputError
from costopt.plan.change import Moves, kinds_of_lines, kinds_over_time
from costopt.plan.diff_record import MET, SAME, MetDifference, OfferDifference, PlanDiff
from costopt.plan.line import OfferKey
from costopt.plan.plan import Plan
from costopt.plan.shared_node import rented
from costopt.workload.fleet import InstanceKind


def diff(old: Plan, new: Plan) -> PlanDiff:
    """Say what lies between two plans, of the same catalogue or of different ones.

    Args:
        old: first plan.
        new: second plan.

    Raises:
        InvalidInputError: one is no plan, or the two count in other currencies or over other
            horizons.
    """
    if not (isinstance(old, Plan) and isinstance(new, Plan)):
        raise InvalidInputError("diff", ["give two Plans: diff(old, new)"])
    if old.currency != new.currency:
        raise InvalidInputError(
            "diff",
            [
                f"one plan is in {old.currency} and the other in {new.currency}; plan both with "
                "the same currency="
            ],
        )
    if old.horizon_hours != new.horizon_hours:
        raise InvalidInputError(
            "diff",
            [
                f"one plan is over {old.horizon_hours:g} h and the other over "
                f"{new.horizon_hours:g} h; plan both with the same horizon_hours="
            ],
        )
    moves = Moves.between(_kinds(old), _kinds(new))
    offers = _offers(old, new)
    return PlanDiff(
        currency=old.currency,
        horizon_hours=old.horizon_hours,
        durations=tuple(one.duration_hours for one in (*old.outcomes, *new.outcomes)),
        catalogs=(old.catalog.as_of, new.catalog.as_of),
        started=moves.started,
        stopped=moves.stopped,
        kept=moves.kept,
        offers=offers,
        met=tuple(_met(old, new)),
        cost_before=old.cost_total,
        cost_after=new.cost_total,
        price_difference=_price_difference(old, offers),
    )


def _kinds(plan: Plan) -> Mapping[InstanceKind, float]:
    """Count the instances of a plan by kind: all of them, or over time the mean of its hours."""
    if plan.schedule is None:
        return kinds_of_lines(plan.lines)
    return kinds_over_time(plan.lines, plan.horizon_hours)


def _offers(old: Plan, new: Plan) -> tuple[OfferDifference, ...]:
    """Sum both plans up by offer, the costliest difference first."""
    keys = dict.fromkeys(line.offer for line in (*old.lines, *new.lines))
    today = _prices_today(old, new)
    found = []
    for key in keys:
        before, after = ([one for one in p.lines if one.offer == key] for p in (old, new))
        found.append(
            OfferDifference(
                offer=key,
                count_before=sum(rented(before)),
                count_after=sum(rented(after)),
                price_before=before[0].price_per_hour if before else None,
                price_after=after[0].price_per_hour if after else today.get(key),
                cost_before=sum(line.line_cost_total for line in before),
                cost_after=sum(line.line_cost_total for line in after),
            )
        )
    return tuple(sorted(found, key=lambda one: -abs(one.cost_after - one.cost_before)))


def _prices_today(old: Plan, new: Plan) -> dict[OfferKey, float]:
    """Price what only the first plan has where the second was made; nothing if read from a file.

    In the plan's currency, over the hours of the first plan [currency/h].
    """
    there = {line.offer for line in new.lines}
    left = {line.offer: line for line in old.lines if line.offer not in there}
    if new.made_from is None or not left:
        return {}
    catalog = new.own_prices(new.made_from)
    names = list(OfferKey.model_fields)
    keys = pd.DataFrame([key.model_dump() for key in left], columns=names)
    typed = keys.astype({name: catalog.offers[name].dtype for name in names})
    found = typed.merge(catalog.offers, on=names)
    hours = [left[OfferKey.of(row)].hours for _, row in found.iterrows()]
    rates = [catalog.exchange_rate(str(one), new.currency).rate for one in found["currency"]]
    prices = priced(found.assign(exchange_rate=rates), np.array(hours, dtype=np.float64))
    offers = [OfferKey.of(row) for _, row in found.iterrows()]
    return dict(zip(offers, prices.per_hour.tolist(), strict=True))


def _price_difference(old: Plan, offers: Sequence[OfferDifference]) -> float | None:
    """Sum what moved prices add to the first plan as it is [currency].

    None where it commits over time: its lines then pay by their part in use of a commitment.
    """
    if old.schedule is not None and old.schedule.tranches:
        return None
    after = {one.offer: one.price_after for one in offers}
    moved = 0.0
    for line, count in zip(old.lines, rented(old.lines), strict=True):
        price = after[line.offer]
        if price is not None:
            moved += count * line.hours * (price - line.price_per_hour)
    return moved if abs(moved) > SAME * (old.cost_total or 0.0) else 0.0


def _met(old: Plan, new: Plan) -> Iterator[MetDifference]:
    """Yield the figures that differ, of the workloads that both plans have."""
    before = {outcome.workload: outcome for outcome in old.outcomes}
    for outcome in new.outcomes:
        if outcome.workload not in before:
            continue
        for figure in MET:
            was, now = getattr(before[outcome.workload], figure), getattr(outcome, figure)
            if was != now:
                yield MetDifference(
                    workload=outcome.workload, figure=figure, before=was, after=now
                )
