"""Flags of offers: what the checks of a run say of rows, and why a last good row stays."""

from collections.abc import Collection
from typing import Final

import pandas as pd

from costopt.catalog.building.words import meanings
from costopt.catalog.finding import flags_by_row, row_keys
from costopt.catalog.schema import OFFERS

QUARANTINED: Final = "quarantined"
"""Flag of a last good offer that stands in for a new price that is not trusted."""

NOT_REFRESHED: Final = "not_refreshed"
"""Flag of a last good offer in a fresh region that this run had no word about."""

OPTION_NOT_TOLD: Final = "option_not_told"
"""Flag of a last good offer whose region told its purchase option before, and now tells none."""

OWN_FLAGS: Final = frozenset({QUARANTINED, NOT_REFRESHED, OPTION_NOT_TOLD})


def has_flag(offers: pd.DataFrame, flag: str) -> "pd.Series[bool]":
    """Return which offers have a flag."""
    holding = {text for text in offers["flags"].unique() if flag in text.split(";")}
    return offers["flags"].isin(holding)


def without_checks(offers: pd.DataFrame, checks: Collection[str]) -> pd.DataFrame:
    """Remove the flags that earlier checks set; what a source itself says stays."""
    texts = {
        text: ";".join(code for code in text.split(";") if code not in checks)
        for text in offers["flags"].unique()
    }
    return offers.assign(flags=offers["flags"].map(texts).astype("str"))


def with_flags(offers: pd.DataFrame, *flags: str) -> pd.DataFrame:
    """Say why last good offers stay, in place of why they stayed before."""
    texts = {
        text: ";".join(
            [*(code for code in text.split(";") if code and code not in OWN_FLAGS), *flags]
        )
        for text in offers["flags"].unique()
    }
    return offers.assign(flags=offers["flags"].map(texts).astype("str"))


def flagged(offers: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Add the names of the checks that remarked on an offer to its flags."""
    words = meanings(row_keys(OFFERS, offers), flags_by_row(OFFERS, findings))
    return offers.assign(flags=(offers["flags"] + ";" + words).str.strip(";"))
