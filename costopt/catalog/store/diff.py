"""What changed between the offers of two versions: rows added, removed, moved in price."""

from typing import Final

import pandas as pd

from costopt.catalog.schema import OFFERS

DIFF_COLUMNS: Final = (
    "change",
    *OFFERS.key,
    "old_currency",
    "new_currency",
    "old_per_hour",
    "new_per_hour",
    "moved_fraction",
)
"""Columns of a diff; prices are effective ones, per hour, in their own currency."""

_KEY: Final = list(OFFERS.key)


def diff_offers(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Compare two offers tables, row by row of the same key.

    ``moved_fraction = new_per_hour / old_per_hour - 1``; null for rows that were added or
    removed, and where the currency changed. Rows with the same price are left out.

    Args:
        old: offers before.
        new: offers after.

    Returns:
        One row for each change, ``added``, ``removed`` or ``moved``, sorted by the key.
    """
    joined = _priced(old, "old").merge(
        _priced(new, "new"), on=_KEY, how="outer", indicator="side", validate="one_to_one"
    )
    side = joined["side"].astype("str")
    same_currency = joined["old_currency"] == joined["new_currency"]
    same = same_currency & (joined["old_per_hour"] == joined["new_per_hour"])
    fraction = joined["new_per_hour"] / joined["old_per_hour"] - 1
    change = side.map({"left_only": "removed", "right_only": "added", "both": "moved"})
    told = joined.assign(change=change, moved_fraction=fraction.where(same_currency))
    told = told.fillna({"old_currency": "", "new_currency": ""})[~same]
    return told.sort_values(_KEY, ignore_index=True, na_position="first")[list(DIFF_COLUMNS)]


def _priced(offers: pd.DataFrame, when: str) -> pd.DataFrame:
    names = {"currency": f"{when}_currency", "effective_per_hour": f"{when}_per_hour"}
    return offers[[*_KEY, *names]].rename(columns=names)
