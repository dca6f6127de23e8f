"""From list prices to what an account pays, step by step, with the trail of each offer."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from costopt.account.keys import key_rows, plain_key
from costopt.account.negotiated import with_negotiated
from costopt.account.records import NegotiatedPrice, PriceStep
from costopt.catalog.finding import in_words
from costopt.catalog.narrow import Mask
from costopt.catalog.offer_keys import OfferNames
from costopt.catalog.own_prices import AGAINST_ON_DEMAND, without_flags
from costopt.errors import InvalidInputError

CHARGES: Final = ["recurring_per_hour", "upfront", "effective_per_hour"]
"""Columns that a discount scales alike."""


def steps_that_count(
    steps: Sequence[PriceStep], spend: float, today: str
) -> tuple[PriceStep, ...]:
    """Return the steps in force, in order: not expired, and of tiers the highest one reached.

    Args:
        steps: of the account, in order.
        spend: of the account in a month [its currency].
        today: ISO day from which expiry counts.
    """
    alive = [step for step in steps if step.expires is None or step.expires >= today]
    reached: dict[str, float] = {}
    for step in alive:
        if step.from_spend is not None and step.from_spend <= spend:
            key = plain_key(step.key)
            reached[key] = max(step.from_spend, reached.get(key, 0.0))
    return tuple(
        step
        for step in alive
        if step.from_spend is None or step.from_spend == reached.get(plain_key(step.key))
    )


def own_prices(
    offers: pd.DataFrame,
    prices: Sequence[NegotiatedPrice],
    steps: Sequence[PriceStep],
    known: Mapping[str, frozenset[str]],
) -> pd.DataFrame:
    """Return the offers at what the account pays; each trail reads list -> steps -> paid.

    Args:
        offers: the offers table at list prices.
        prices: negotiated, in place of the list price before any step.
        steps: that are in force, in order.
        known: column -> names that there are, with or without an offer here.

    Raises:
        UnknownNameError: a part of a key matches no name at all.
        InvalidInputError: a fee or a price meets offers in another currency.
    """
    listed = offers["effective_per_hour"]
    changed, agreed = with_negotiated(offers, prices)
    names = OfferNames.of(offers)
    words = pd.Series("", index=changed.index, dtype="str")
    for step in steps:
        rows = key_rows(names, step.key, known, step.origin)
        text = _take(changed, rows, step, listed)
        words[rows] = words[rows] + f" -> {text} ({step.name})"
    _write_trails(changed, listed, agreed, words)
    return changed


def _write_trails(
    changed: pd.DataFrame,
    listed: "pd.Series[float]",
    agreed: "pd.Series[str]",
    words: "pd.Series[str]",
) -> None:
    """Write down how each list price became what is paid.

    Args:
        changed: offers at what is paid; their trails and flags are set.
        listed: what they cost in the list.
        agreed: negotiated price and its name; empty where there is none.
        words: the steps taken; empty where there is none.
    """
    stepped = words != ""
    touched = (stepped | (agreed != "")).to_numpy(dtype=np.bool_)
    agreed, words, stepped = agreed[touched], words[touched], stepped[touched]
    unit = " " + changed.loc[touched, "currency"] + "/h"
    before = in_words("list {:.10g}", listed[touched]) + unit
    after = " -> paid " + in_words("{:.10g}", changed.loc[touched, "effective_per_hour"]) + unit
    first = (" -> " + agreed).where(agreed != "", "")
    whole = (before + first + words + after).where(stepped, before + " -> paid " + agreed)
    trail = changed.loc[touched, "trail"]
    changed.loc[touched, "trail"] = trail.where(trail == "", trail + " -> ") + whole
    changed.loc[touched, "flags"] = without_flags(changed.loc[touched, "flags"], AGAINST_ON_DEMAND)


def _take(changed: pd.DataFrame, rows: Mask, step: PriceStep, listed: "pd.Series[float]") -> str:
    """Take one step on some rows, and say it in words."""
    if step.step == "fixed_fee":
        others = changed.loc[rows & (changed["currency"] != step.currency).to_numpy()]
        if len(others):
            one = others.iloc[0]
            raise InvalidInputError(
                "account",
                [
                    f"the fee {step.name!r} is in {step.currency} and {step.key} names "
                    f"{one['instance_type']} in {one['region']}, priced in {one['currency']}; "
                    "narrow its key"
                ],
            )
        changed.loc[rows, ["recurring_per_hour", "effective_per_hour"]] += step.amount
        return f"+{step.amount:.10g} {step.currency}/h"
    if step.step == "floor":
        paid = changed.loc[rows, "effective_per_hour"]
        least = listed[rows] * step.amount / 100
        changed.loc[rows, CHARGES] = changed.loc[rows, CHARGES].mul(
            (least / paid).clip(lower=1), axis=0
        )
        return f"at least {step.amount:.10g} % of list"
    changed.loc[rows, CHARGES] *= 1 - step.amount / 100
    reached = "" if step.from_spend is None else f" from {step.from_spend:,.10g} a month on"
    return f"{step.amount:.10g} % off{reached}"
