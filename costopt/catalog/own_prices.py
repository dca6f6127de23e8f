"""Own discounts and prices on top of list prices, and the keys that name offers."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

import numpy as np
import pandas as pd

from costopt.catalog.finding import in_words
from costopt.catalog.narrow import Mask, matches
from costopt.errors import InvalidInputError

KEY_PARTS: Final = ("provider", "region", "instance_type", "purchase_option")
"""Parts of a key that names offers, from the left."""


def reprice(
    offers: pd.DataFrame,
    discounts: Mapping[str, float],
    prices_per_hour: Mapping[str, float],
    reason: str,
    as_of: str,
) -> pd.DataFrame:
    """Return the offers with your discounts, then your prices, and the trail of each change.

    A discounted offer keeps the source, the date and the flags of its list price. A price of
    your own is a fact of its own: its source is the reason, its date the one given; it has no
    last day, and flags and note of the list price are not said of it.

    Args:
        offers: the offers table.
        discounts: key -> share taken off recurring and upfront charges [0..1).
        prices_per_hour: key -> hourly price in the offer's own currency.
        reason: where your prices come from.
        as_of: date of your prices, ISO 8601.

    Raises:
        UnknownNameError: a key matches no offer.
        InvalidInputError: a figure is out of range, a price meets an offer with a term, or the
            reason is empty.
    """
    if not reason.strip():
        raise InvalidInputError("reason", ["say where your prices come from"])
    changed = offers.copy()
    _discount(changed, discounts, reason)
    _set_prices(changed, prices_per_hour, reason, as_of)
    return changed


def _discount(changed: pd.DataFrame, discounts: Mapping[str, float], reason: str) -> None:
    """Take off each row what the last key that names it says."""
    taken = np.zeros(len(changed))
    for key, discount in discounts.items():
        if not 0 <= discount < 1:
            raise InvalidInputError(
                "discounts", [f"{key} = {discount}: must be from 0 up to, not including, 1"]
            )
        taken[key_mask(changed, key)] = discount
    rows = taken > 0
    list_price = changed.loc[rows, "effective_per_hour"]
    columns = ["recurring_per_hour", "upfront", "effective_per_hour"]
    changed.loc[rows, columns] = changed.loc[rows, columns].mul(1 - taken[rows], axis=0)
    share = pd.Series(100 * taken[rows], index=list_price.index)
    off = in_words("{:.10g} % off ", share) + in_words("{:.10g}/h", list_price)
    _note(changed, rows, off + f" ({reason})")


def _set_prices(
    changed: pd.DataFrame, prices_per_hour: Mapping[str, float], reason: str, as_of: str
) -> None:
    """Give each row the price that the last key that names it says."""
    own = np.full(len(changed), np.nan)
    for key, price in prices_per_hour.items():
        if not (np.isfinite(price) and price > 0):
            raise InvalidInputError("prices_per_hour", [f"{key} = {price}: must be above 0"])
        rows = key_mask(changed, key)
        if changed.loc[rows, "term_hours"].notna().any():
            raise InvalidInputError(
                "prices_per_hour",
                [f"{key} names offers with a term; give a discount, or name the purchase option"],
            )
        own[rows] = price
    rows = ~np.isnan(own)
    old = changed[rows]
    before = in_words("set from {:.10g}/h", old["effective_per_hour"])
    origin = " (" + old["source"] + ", " + old["as_of"] + ")"
    after = in_words(" to {:.10g}/h", pd.Series(own[rows], index=old.index))
    _note(changed, rows, before + origin + after + f" ({reason})")
    changed.loc[rows, "recurring_per_hour"] = own[rows]
    changed.loc[rows, "effective_per_hour"] = own[rows]
    changed.loc[rows, "upfront"] = 0.0
    changed.loc[rows, ["valid_until", "flags", "note"]] = ""
    changed.loc[rows, ["source", "as_of"]] = [reason, as_of]


def key_mask(offers: pd.DataFrame, key: str) -> Mask:
    """Return which offers a key such as ``aws/us-*/p5.*/spot`` names.

    Raises:
        UnknownNameError: a part of the key matches nothing.
        InvalidInputError: the key has too many parts.
    """
    parts = key.split("/")
    if len(parts) > len(KEY_PARTS):
        raise InvalidInputError("key", [f"{key!r} has more parts than {'/'.join(KEY_PARTS)}"])
    mask = np.ones(len(offers), dtype=np.bool_)
    for column, pattern in zip(KEY_PARTS, parts, strict=False):
        mask &= matches(offers[column], column.replace("_", " "), (pattern,))
    if not mask.any():
        raise InvalidInputError("key", [f"{key!r} names no offer: its parts never meet"])
    return mask


def quota_rows(offers: pd.DataFrame, key: str) -> Mask:
    """Return which offers count against a quota; none is an answer too.

    Keys are ``instance_type``, ``provider/instance_type`` or ``provider/region/instance_type``,
    with wildcards.
    """
    mask = np.ones(len(offers), dtype=np.bool_)
    for column, pattern in _quota_parts(key).items():
        wanted = pattern.lower()
        names = {name for name in offers[column].unique() if fnmatchcase(name.lower(), wanted)}
        mask &= offers[column].isin(names).to_numpy(dtype=np.bool_)
    return mask


def known_quota_rows(offers: pd.DataFrame, key: str) -> Mask:
    """Return which offers of the whole catalogue a quota counts.

    Raises:
        UnknownNameError: a part of the key matches nothing.
        InvalidInputError: the key has too many parts, or its parts never meet.
    """
    parts = _quota_parts(key)
    return key_mask(offers, "/".join(parts.get(column, "*") for column in KEY_PARTS[:3]))


def _quota_parts(key: str) -> dict[str, str]:
    """Split a quota key into the columns that it names."""
    parts = key.split("/")
    columns = {1: KEY_PARTS[2:3], 2: (KEY_PARTS[0], KEY_PARTS[2]), 3: KEY_PARTS[:3]}
    if len(parts) not in columns:
        raise InvalidInputError(
            "quota", [f"{key!r} has more parts than provider/region/instance_type"]
        )
    return dict(zip(columns[len(parts)], parts, strict=True))


def _note(changed: pd.DataFrame, rows: Mask, steps: "pd.Series[str]") -> None:
    """Add one step each to the trails of the changed rows."""
    trail = changed.loc[rows, "trail"]
    changed.loc[rows, "trail"] = trail.where(trail == "", trail + " -> ") + steps
