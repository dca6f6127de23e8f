"""What stands behind a verdict, in words."""

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from costopt.account.account import Account
from costopt.catalog.catalog import Catalog
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.words import counted, money, payment_in_words, signed_percent
from costopt.watch.freshness import Freshness
from costopt.watch.verdict import Cause, CauseKind

LEAST_MOVE: Final = 1e-6
"""Relative move of a price below which it is rounding."""


def offer_words(line: PlanLine) -> str:
    """Write an offer, such as g6.xlarge on demand in us-east-1."""
    offer = line.offer
    payment = payment_in_words(offer.purchase_option, offer.term_years, offer.payment)
    where = f"{offer.region} {offer.zone}".strip()
    if line.is_owned:
        return f"{offer.instance_type} {payment} ({offer.kind}) in {where}"
    return f"{offer.instance_type} {payment} in {where}"


def without_lines(plan: Plan) -> Iterator[Cause]:
    """Yield that a saved plan rents nothing because it had no answer."""
    if not plan.has_answer:
        why = "; ".join(plan.unanswered_because)
        status = plan.status.value.replace("_", " ")
        text = f"the saved plan has no answer ({status})" + (f": {why}" if why else "")
        yield Cause(kind=CauseKind.NO_PLAN, text=text, is_breaking=True)


def gone(
    lines: Sequence[PlanLine], offers: pd.DataFrame, catalog: Catalog, account: Account | None
) -> Iterator[Cause]:
    """Yield every line whose offer is no longer there, and why, where that is known.

    Args:
        lines: of the plan.
        offers: the offer of each, from ``offers_there``.
        catalog: of today, at list prices.
        account: to judge the plan with.
    """
    notes = () if account is None else account.notes(catalog)
    for line, is_gone in zip(lines, offers["is_gone"], strict=True):
        if is_gone and line.is_owned:
            told = [note for note in notes if note.startswith(f"{line.offer.kind} (")]
            unknown = f"the account does not hold the commitment {line.offer.kind} any more"
            yield Cause(
                kind=CauseKind.COMMITMENT_EXPIRED,
                text="; ".join(told) or unknown,
                is_breaking=True,
            )
        elif is_gone:
            text = f"the catalogue of {catalog.as_of} has no price of {offer_words(line)} any more"
            yield Cause(kind=CauseKind.OFFER_GONE, text=text, is_breaking=True)


def ended(lines: Sequence[PlanLine], signed_on: str) -> Iterator[Cause]:
    """Yield every line whose term has ended.

    Args:
        lines: with a term that does not last until today.
        signed_on: day of the plan's prices, ISO 8601.
    """
    for line in lines:
        yield Cause(
            kind=CauseKind.COMMITMENT_EXPIRED,
            text=(
                f"the term of {counted(line.count, 'instance')} of {offer_words(line)}, signed on "
                f"{signed_on}, has ended: what ran on it is charged again"
            ),
            is_breaking=True,
        )


def stale(
    lines: Sequence[PlanLine], offers: pd.DataFrame, freshness: Freshness
) -> Iterator[Cause]:
    """Yield every line whose price was carried over, breaking where that went on for too long.

    Args:
        lines: that are charged at a price of today.
        offers: the offer of each, all of them there.
        freshness: of the catalogue.
    """
    since, days = freshness.since(offers), freshness.stale_days(offers)
    for line, day, age in zip(lines, since, days, strict=True):
        if age > 0:
            yield Cause(
                kind=CauseKind.PRICE_STALE,
                text=(
                    f"the price of {offer_words(line)} was not renewed since {day}: "
                    f"{counted(round(age), 'day')}, {freshness.max_stale_days:g} allowed"
                ),
                is_breaking=bool(age > freshness.max_stale_days),
            )


def moved_prices(
    before: Sequence[PlanLine], today: Sequence[PlanLine], currency: str
) -> list[Cause]:
    """Return every price that differs from the plan's, the costliest difference first.

    Args:
        before: lines as saved.
        today: the same lines at today's prices.
        currency: of the plan.
    """
    moves = [
        (abs(new.line_cost_total - old.line_cost_total), _moved(old, new, currency))
        for old, new in zip(before, today, strict=True)
        if abs(new.price_per_hour - old.price_per_hour) > LEAST_MOVE * old.price_per_hour
    ]
    return [cause for _, cause in sorted(moves, key=lambda move: -move[0])]


def _moved(old: PlanLine, new: PlanLine, currency: str) -> Cause:
    was, now = old.price_per_hour, new.price_per_hour
    share = now / was - 1 if was else None
    told = "" if share is None else f" ({signed_percent(share)})"
    return Cause(
        kind=CauseKind.PRICE_MOVED,
        text=(
            f"{offer_words(new)} went from {money(was, currency)} to {money(now, currency)} "
            f"an hour{told}"
        ),
        moved_fraction=share,
    )


def taking_over(
    running: Sequence[PlanLine], new: Sequence[PlanLine], currency: str
) -> Iterator[Cause]:
    """Yield every offer of a new plan that does not run yet, or runs on fewer instances.

    Args:
        running: lines of the saved plan.
        new: lines of the new one.
        currency: of the plan.
    """
    for line in new:
        there = sum(one.count for one in running if one.offer == line.offer)
        if there < line.count:
            instead = f" instead of {there:,}" if there else ""
            yield Cause(
                kind=CauseKind.CHEAPER_OFFER,
                text=(
                    f"{counted(line.count, 'instance')} of {offer_words(line)} at "
                    f"{money(line.price_per_hour, currency)}/h{instead} would cost less"
                ),
            )


def under_terms(signed: Sequence[PlanLine]) -> Iterator[Cause]:
    """Yield that terms count as signed, where there are some."""
    for line in signed:
        yield Cause(
            kind=CauseKind.SIGNED_TERM,
            text=(
                f"{counted(line.count, 'instance')} of {offer_words(line)} "
                f"{'counts' if line.count == 1 else 'count'} as signed on "
                "the day of the plan's prices: leaving them saves nothing before the term ends"
            ),
        )
