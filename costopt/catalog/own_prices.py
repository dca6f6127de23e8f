"""Own discounts and prices on top of list prices."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from costopt.catalog.finding import in_words
from costopt.catalog.narrow import NO_NAMES, Mask, matches
from costopt.catalog.offer_keys import NEVER_MEET, alternatives, key_columns
from costopt.errors import InvalidInputError

AGAINST_ON_DEMAND: Final = frozenset(
    {
        "above_on_demand",
        "equals_on_demand",
        "spot_above_on_demand",
        "spot_far_below_on_demand",
        "commitment_above_on_demand",
    }
)
"""Flags that compare a list price with the on-demand price beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrices:
    """What you pay instead of list prices.

    Attributes:
        discounts: key -> share taken off recurring and upfront charges [0..1).
        prices_per_hour: key -> hourly price in the offer's own currency [currency/h].
        reason: where your prices come from.
        as_of: date of your prices, ISO 8601.
    """

    discounts: Mapping[str, float]
    prices_per_hour: Mapping[str, float]
    reason: str
    as_of: str


def reprice(
    offers: pd.DataFrame, own: OwnPrices, known: Mapping[str, frozenset[str]]
) -> pd.DataFrame:
    """Return the offers with your discounts, then your prices, and the trail of each change.

    A discounted offer keeps the source, the date and the flags of its list price, but those that
    compare it with the on-demand price. A price of your own is a fact of its own: its source is
    the reason, its date the one given; it has no last day, and flags and note of the list price
    are not said of it.

    Args:
        offers: the offers table.
        own: your discounts and prices.
        known: column -> names that there are, with or without an offer here.

    Raises:
        UnknownNameError: a key matches no offer.
        InvalidInputError: a figure is out of range, a price meets an offer with a term, or a key
            names only what has no offer here.
    """
    changed = offers.copy()
    _discount(changed, own, known)
    _set_prices(changed, own, known)
    return changed


def _discount(changed: pd.DataFrame, own: OwnPrices, known: Mapping[str, frozenset[str]]) -> None:
    """Take off each row what the last key that names it says."""
    taken = np.zeros(len(changed))
    for key, discount in own.discounts.items():
        if not 0 <= discount < 1:
            raise InvalidInputError(
                "discounts", [f"{key} = {discount}: must be from 0 up to, not including, 1"]
            )
        taken[key_mask(changed, key, known)] = discount
    rows = taken > 0
    list_price = changed.loc[rows, "effective_per_hour"]
    columns = ["recurring_per_hour", "upfront", "effective_per_hour"]
    changed.loc[rows, columns] = changed.loc[rows, columns].mul(1 - taken[rows], axis=0)
    share = pd.Series(100 * taken[rows], index=list_price.index)
    off = in_words("{:.10g} % off ", share) + in_words("{:.10g}/h", list_price)
    _note(changed, rows, off + f" ({own.reason})")
    changed.loc[rows, "flags"] = without_flags(changed.loc[rows, "flags"], AGAINST_ON_DEMAND)


def _set_prices(
    changed: pd.DataFrame, own: OwnPrices, known: Mapping[str, frozenset[str]]
) -> None:
    """Give each row the price that the last key that names it says."""
    price_of = np.full(len(changed), np.nan)
    for key, price in own.prices_per_hour.items():
        if not (np.isfinite(price) and price > 0):
            raise InvalidInputError("prices_per_hour", [f"{key} = {price}: must be above 0"])
        rows = key_mask(changed, key, known)
        if changed.loc[rows, "term_hours"].notna().any():
            raise InvalidInputError(
                "prices_per_hour",
                [f"{key} names offers with a term; give a discount, or name the purchase option"],
            )
        price_of[rows] = price
    rows = ~np.isnan(price_of)
    old = changed[rows]
    before = in_words("set from {:.10g}/h", old["effective_per_hour"])
    origin = " (" + old["source"] + ", " + old["as_of"] + ")"
    after = in_words(" to {:.10g}/h", pd.Series(price_of[rows], index=old.index))
    _note(changed, rows, before + origin + after + f" ({own.reason})")
    changed.loc[rows, "recurring_per_hour"] = price_of[rows]
    changed.loc[rows, "effective_per_hour"] = price_of[rows]
    changed.loc[rows, "upfront"] = 0.0
    changed.loc[rows, ["valid_until", "flags", "note"]] = ""
    changed.loc[rows, ["source", "as_of"]] = [own.reason, own.as_of]


def key_mask(offers: pd.DataFrame, key: str, known: Mapping[str, frozenset[str]]) -> Mask:
    """Return which offers a key such as ``aws/us-*/p5.*/spot`` names.

    Args:
        offers: the offers table.
        key: up to four parts.
        known: column -> names that there are, with or without an offer here.

    Raises:
        UnknownNameError: a part of the key matches nothing.
        InvalidInputError: the key has too many parts, its parts never meet, or one names only
            what has no offer here.
    """
    mask = np.ones(len(offers), dtype=np.bool_)
    for column, pattern in key_columns(key).items():
        names = known.get(column, NO_NAMES)
        kind = column.replace("_", " ")
        mask &= matches(offers[column], kind, alternatives(pattern), known=names)
    if not mask.any():
        raise InvalidInputError("key", [NEVER_MEET.format(key)])
    return mask


def _note(changed: pd.DataFrame, rows: Mask, steps: "pd.Series[str]") -> None:
    """Add one step each to the trails of the changed rows."""
    trail = changed.loc[rows, "trail"]
    changed.loc[rows, "trail"] = trail.where(trail == "", trail + " -> ") + steps


def without_flags(flags: "pd.Series[str]", dropped: Collection[str]) -> "pd.Series[str]":
    """Return flags joined by ``;`` without some of them.

    >>> without_flags(pd.Series(["derived;above_on_demand", ""]), {"above_on_demand"}).tolist()
    ['derived', '']
    """
    kept = {
        text: ";".join(flag for flag in text.split(";") if flag not in dropped)
        for text in flags.unique()
    }
    return flags.map(kept).astype("str")
