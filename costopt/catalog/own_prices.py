"""Own discounts and prices on top of list prices, and the union of two catalogues' rows."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

import numpy as np
import pandas as pd

from costopt.catalog.columns import Table
from costopt.catalog.dates import first_days
from costopt.catalog.narrow import Mask, matches
from costopt.errors import CatalogFileError, InvalidInputError

KEY_PARTS: Final = ("provider", "region", "instance_type", "purchase_option")
"""Parts of a key that names offers, from the left."""


def reprice(
    offers: pd.DataFrame,
    discounts: Mapping[str, float],
    prices_per_hour: Mapping[str, float],
    reason: str,
) -> pd.DataFrame:
    """Return the offers with your discounts, then your prices, and the trail of each change.

    Raises:
        UnknownNameError: a key matches no offer.
        InvalidInputError: a figure is out of range, or a price meets an offer with a term.
    """
    changed = offers.copy()
    for key, discount in discounts.items():
        if not 0 <= discount < 1:
            raise InvalidInputError(
                "discounts", [f"{key} = {discount}: must be from 0 up to, not including, 1"]
            )
        rows = key_mask(changed, key)
        columns = ["recurring_per_hour", "upfront", "effective_per_hour"]
        changed.loc[rows, columns] *= 1 - discount
        _note(changed, rows, f"{100 * discount:g} % off ({reason})")
    for key, price in prices_per_hour.items():
        if not (np.isfinite(price) and price > 0):
            raise InvalidInputError("prices_per_hour", [f"{key} = {price}: must be above 0"])
        rows = key_mask(changed, key)
        if changed.loc[rows, "term_hours"].notna().any():
            raise InvalidInputError(
                "prices_per_hour",
                [f"{key} names offers with a term; give a discount, or name the purchase option"],
            )
        changed.loc[rows, ["recurring_per_hour", "effective_per_hour"]] = price
        _note(changed, rows, f"set to {price:g}/h ({reason})")
    return changed


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


def _note(offers: pd.DataFrame, rows: Mask, step: str) -> None:
    """Add one step to the trail of the changed rows."""
    trail = offers.loc[rows, "trail"]
    offers.loc[rows, "trail"] = trail.where(trail == "", trail + " -> ") + step


def merge_offers(table: Table, first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Join the rows of two tables; of two rows with one key, the newer stays.

    Raises:
        CatalogFileError: two rows have the same key and date and different figures.
    """
    key = list(table.key)
    both = pd.concat([first, second], ignore_index=True).drop_duplicates(ignore_index=True)
    both = both.assign(_day=first_days(both["as_of"]))
    newest = both[both["_day"] == both.groupby(key, dropna=False)["_day"].transform("max")]
    clash = newest[newest.duplicated(key, keep=False)]
    if len(clash):
        row = "/".join(str(part) for part in clash.iloc[0][key])
        raise CatalogFileError(
            table.name,
            f"both catalogues hold {row} of the same date with other figures",
            "Filter one of them before merging.",
        )
    return newest.drop(columns="_day").sort_values(key, ignore_index=True)
