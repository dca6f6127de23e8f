"""Phrases in the notes of compiled prices, and the flags of the catalogue that they become."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

NOTE_FLAGS: Final[Mapping[str, str]] = {
    "above_on_demand": r"FLAG above on-demand",
    "derived": r"^derived:",
    "equals_on_demand": r"FLAG equals on-demand",
    "from_reserved_feed": r"on-demand figure carried in the reserved feed",
    "listed_under_other_name": r"listed under the name",
    "local_ssd_not_included": r"local SSD not included",
    "lowest_listed": r"lowest of the listed figures",
    "lowest_zone": r"lowest of \d+ zones|lowest zone of the region",
    "not_spot": r"not Spot",
    "on_demand_cut_since": r"FLAG on-demand has been cut",
    "on_demand_unchanged_since": r"on-demand unchanged since",
    "stale_level": r"STALE",
    "undated_snapshot": r"snapshot undated",
    "upfront_derived": r"upfront derived",
    "zone_average": r"average over the zones",
    "zone_unstated": r"zone not stated",
}
"""Flag -> pattern of the phrase that means it; reviewed with the compiled notes."""

UNREAD_FLAG: Final = "note_unread"
"""Flag of a note that shouts FLAG and matches no phrase: read it and add the phrase."""

_SHOUTED: Final = r"FLAG "
_KNOWN_SHOUTS: Final = ("above_on_demand", "equals_on_demand", "on_demand_cut_since")


def flags_in_notes(notes: "pd.Series[str]") -> "pd.Series[str]":
    """Return the flags that each note means, joined by ``;``.

    >>> flags_in_notes(pd.Series(["STALE 2024-06: lowest of 2 zones", ""])).tolist()
    ['lowest_zone;stale_level', '']
    """
    meant = pd.DataFrame(
        {flag: notes.str.contains(pattern, regex=True) for flag, pattern in NOTE_FLAGS.items()}
    )
    understood = meant[list(_KNOWN_SHOUTS)].any(axis=1)
    meant[UNREAD_FLAG] = notes.str.contains(_SHOUTED, regex=False) & ~understood
    endings = pd.Series(meant.columns + ";", index=meant.columns)
    return meant.dot(endings).str.removesuffix(";").astype("str")
