"""PlanDiff: what lies between two plans, as a record, a table and sentences."""

from collections.abc import Iterator
from html import escape
from typing import Final

import pandas as pd

from costopt.plan.answer import cost_in_words
from costopt.plan.change import KindCount, listed
from costopt.plan.line import OfferKey, PlanRecord
from costopt.plan.words import (
    hours_in_words,
    in_columns,
    milliseconds,
    money,
    percent,
    signed_percent,
)

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
        before, after = self._told
        return f"{self.workload}: {MET[self.figure][0]} {before} -> {after}"

    @property
    def is_seen(self) -> bool:
        """Whether the two differ in words, and not only in digits that nobody reads."""
        before, after = self._told
        return before != after

    @property
    def _told(self) -> tuple[str, str]:
        """The figure of both plans in words."""
        write = MET[self.figure][1]
        before, after = ("-" if one is None else write(one) for one in (self.before, self.after))
        return before, after


class PlanDiff(PlanRecord):
    """What lies between two plans.

    Attributes:
        currency: of all amounts.
        horizon_hours: of both plans [h].
        durations: until each workload of either plan is done; None for what runs on [h].
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
            prices of what it rents are known; None where the first commits over time
            [currency].
    """

    currency: str
    horizon_hours: float
    durations: tuple[float | None, ...]
    catalogs: tuple[str, str]
    started: tuple[KindCount, ...]
    stopped: tuple[KindCount, ...]
    kept: tuple[KindCount, ...]
    offers: tuple[OfferDifference, ...]
    met: tuple[MetDifference, ...]
    cost_before: float | None
    cost_after: float | None
    price_difference: float | None

    @property
    def cost_difference(self) -> float | None:
        """Second minus first; None where either has no answer [currency]."""
        if self.cost_before is None or self.cost_after is None:
            return None
        return self.cost_after - self.cost_before

    @property
    def choice_difference(self) -> float | None:
        """Part of the difference that another choice makes [currency]; None if not told."""
        if self.cost_difference is None or self.price_difference is None:
            return None
        return self.cost_difference - self.price_difference

    def to_frame(self) -> pd.DataFrame:
        """Return one row per offer of either plan."""
        names = [*OfferKey.model_fields, *list(OfferDifference.model_fields)[1:]]
        rows = [one.offer.model_dump() | one.model_dump(exclude={"offer"}) for one in self.offers]
        return pd.DataFrame(rows, columns=names).assign(currency=self.currency)

    def __str__(self) -> str:
        """Return readable text for a terminal."""
        return "\n".join(in_columns(text) for text in _sentences(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        first, *others = _sentences(self)
        items = "".join(f"<li>{escape(text)}</li>" for text in others)
        return f"<p><b>{escape(first)}</b></p><ul>{items}</ul>"


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
    yield from (f"{one.words}." for one in found.met if one.is_seen)


def _cost(found: PlanDiff) -> str:
    """Say what both cost, and which part of the difference is prices and which choice."""
    told = [
        "no plan"
        if cost is None
        else cost_in_words(cost, found.currency, found.horizon_hours, found.durations)
        for cost in (found.cost_before, found.cost_after)
    ]
    text = f"Cost {told[0]} -> {told[1]}"
    difference, choice = found.cost_difference, found.choice_difference
    if difference is None or found.cost_before is None:
        return f"{text}."
    if found.cost_before:
        text += f" ({signed_percent(difference / found.cost_before)})"
    if found.price_difference is None or choice is None:
        return f"{text}; the first commits over time, so moved prices are not told from choice."
    moved, chosen = (_signed(part, found.currency) for part in (found.price_difference, choice))
    dates = found.catalogs
    days = f", catalogues of {dates[0]} and {dates[1]}" if dates[0] != dates[1] else ""
    return f"{text}: {moved} from moved prices, {chosen} from another choice{days}."


def _signed(amount: float, currency: str) -> str:
    return f"+{money(amount, currency)}" if amount > 0 else money(amount, currency)
