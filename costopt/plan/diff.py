"""diff: what lies between two plans: instances, prices, cost, and how limits are met."""

import textwrap
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

import numpy as np
import pandas as pd

from costopt.candidate.pricing import priced
from costopt.errors import InvalidInputError
from costopt.plan.change import KindCount, Moves, kinds_of_lines, listed
from costopt.plan.line import OfferKey, PlanRecord
from costopt.plan.plan import Plan
from costopt.plan.words import hours_in_words, milliseconds, money, percent, signed_percent

WIDTH = 100
"""Columns of the text."""

SAME: Final = 1e-9
"""Relative difference below which two figures are the same but for rounding."""

MET: Final = {
    "ttft_ms": ("time to first token", milliseconds),
    "tpot_ms": ("time per output token", milliseconds),
    "latency_ms": ("latency", milliseconds),
    "duration_hours": ("done in", hours_in_words),
    "spot_fraction": ("share on spot", percent),
    "served_after_worst_loss": ("served after the loss of one spot pool", percent),
    "expected_served_fraction": ("served on average", percent),
}
"""Field of a workload's outcome that a limit holds -> what it is called, and how it is written."""


class OfferDifference(PlanRecord):
    """One offer in two plans.

    Attributes:
        offer: which one.
        count_before: instances in the first plan [1].
        count_after: instances in the second [1].
        price_before: of one instance in the first plan; None where it is not in it [currency/h].
        price_after: the same in the second, or where that was made; None where not known
            [currency/h].
        cost_before: of its lines, over the horizon or until the jobs are done [currency].
        cost_after: the same in the second plan [currency].
    """

    offer: OfferKey
    count_before: int
    count_after: int
    price_before: float | None
    price_after: float | None
    cost_before: float
    cost_after: float


class MetDifference(PlanRecord):
    """A figure that a limit holds, of one workload in two plans.

    Attributes:
        workload: its name.
        figure: field of its outcome.
        before: in the first plan; None where it does not apply.
        after: in the second.
    """

    workload: str
    figure: str
    before: float | None
    after: float | None

    @property
    def words(self) -> str:
        """Such as chat: time to first token 410 ms -> 380 ms."""
        name, write = MET[self.figure]
        told = ["-" if value is None else write(value) for value in (self.before, self.after)]
        return f"{self.workload}: {name} {told[0]} -> {told[1]}"


class PlanDiff(PlanRecord):
    """What lies between two plans.

    Attributes:
        currency: of all amounts.
        horizon_hours: of both plans [h].
        catalogs: dates of the catalogues that they were made from, first and second.
        started: instances that only the second has.
        stopped: instances that only the first has.
        kept: instances that both have, whatever pays for them.
        offers: every offer of either, the costliest difference first.
        met: figures that limits hold and that differ.
        cost_before: of the first plan; None where it has no answer [currency].
        cost_after: of the second [currency].
        price_difference: what moved prices add to the first plan as it is; the rest of the
            difference is another choice. Of a second plan that was read from a file only the
            prices of what it rents are known [currency].
    """

    currency: str
    horizon_hours: float
    catalogs: tuple[str, str]
    started: tuple[KindCount, ...]
    stopped: tuple[KindCount, ...]
    kept: tuple[KindCount, ...]
    offers: tuple[OfferDifference, ...]
    met: tuple[MetDifference, ...]
    cost_before: float | None
    cost_after: float | None
    price_difference: float

    @property
    def cost_difference(self) -> float | None:
        """Second minus first; None where either has no answer [currency]."""
        if self.cost_before is None or self.cost_after is None:
            return None
        return self.cost_after - self.cost_before

    @property
    def choice_difference(self) -> float | None:
        """Part of the difference that another choice makes [currency]."""
        if self.cost_difference is None:
            return None
        return self.cost_difference - self.price_difference

    def to_frame(self) -> pd.DataFrame:
        """Return one row per offer of either plan."""
        names = [*OfferKey.model_fields, *list(OfferDifference.model_fields)[1:]]
        rows = [one.offer.model_dump() | one.model_dump(exclude={"offer"}) for one in self.offers]
        return pd.DataFrame(rows, columns=names).assign(currency=self.currency)

    def __str__(self) -> str:
        """Return readable text for a terminal."""
        return "\n".join(
            textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
            for text in _sentences(self)
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        first, *others = _sentences(self)
        items = "".join(f"<li>{escape(text)}</li>" for text in others)
        return f"<p><b>{escape(first)}</b></p><ul>{items}</ul>"


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
    moves = Moves.between(kinds_of_lines(old.lines), kinds_of_lines(new.lines))
    offers = _offers(old, new)
    return PlanDiff(
        currency=old.currency,
        horizon_hours=old.horizon_hours,
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
                count_before=sum(line.count for line in before),
                count_after=sum(line.count for line in after),
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


def _price_difference(old: Plan, offers: Sequence[OfferDifference]) -> float:
    """Sum what moved prices add to the first plan as it is [currency]."""
    after = {one.offer: one.price_after for one in offers}
    moved = 0.0
    for line in old.lines:
        price = after[line.offer]
        if price is not None:
            moved += line.count * line.hours * (price - line.price_per_hour)
    return moved


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


def _sentences(found: PlanDiff) -> Iterator[str]:
    """Say what the second plan costs against the first, why, and what moves."""
    yield _cost(found)
    for verb, counted in (
        ("Start", found.started), ("Stop", found.stopped), ("Keep", found.kept)
    ):  # fmt: skip
        if counted:
            yield f"{verb}: {listed(counted)}."
    if not found.started and not found.stopped:
        yield "Nothing is started or stopped."
    for one in found.offers:
        if one.price_before and one.price_after is not None:
            share = one.price_after / one.price_before - 1
            if abs(share) > SAME:
                yield (
                    f"Price of {one.offer.instance_type} in {one.offer.provider} "
                    f"{one.offer.region}, {one.offer.purchase_option.replace('_', ' ')}: "
                    f"{money(one.price_before, found.currency)} -> "
                    f"{money(one.price_after, found.currency)} an hour ({signed_percent(share)})."
                )
    yield from (f"{one.words}." for one in found.met)


def _cost(found: PlanDiff) -> str:
    """Say what both cost, and which part of the difference is prices and which choice."""
    told = [
        "no plan" if cost is None else money(cost, found.currency)
        for cost in (found.cost_before, found.cost_after)
    ]
    text = f"Cost {told[0]} -> {told[1]}"
    difference, choice = found.cost_difference, found.choice_difference
    if difference is None or choice is None or found.cost_before is None:
        return f"{text}."
    if found.cost_before:
        text += f" ({signed_percent(difference / found.cost_before)})"
    moved, chosen = (_signed(part, found.currency) for part in (found.price_difference, choice))
    dates = found.catalogs
    days = f", catalogues of {dates[0]} and {dates[1]}" if dates[0] != dates[1] else ""
    return f"{text}: {moved} from moved prices, {chosen} from another choice{days}."


def _signed(amount: float, currency: str) -> str:
    return f"+{money(amount, currency)}" if amount > 0 else money(amount, currency)
