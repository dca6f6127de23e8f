"""Regions and spot notices of providers that the last good catalogue does not know yet."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

import pandas as pd

from costopt.catalog.finding import found, row_keys
from costopt.catalog.schema import NOTICES, REGIONS
from costopt.fetch.fetched import Row
from costopt.provider import Provider
from costopt.refresh.frames import frame_of, join_frames

UNPLACED_COUNTRY: Final = "ZZ"
"""Country of a region whose place is not known, so that no rule of residency admits it.

Source: ISO 3166-1 alpha-2, user-assigned code elements; ZZ is never given to a country.
"""

UNPLACED_WORDS: Final = (
    "its country is not reviewed, so limits.countries never admits it; name it in limits.regions "
    "to plan there, or upgrade cloud-costopt, which brings reviewed places"
)

PUBLIC_PARTITION: Final = "public"


def with_new_regions(
    regions: pd.DataFrame,
    offers: pd.DataFrame,
    adapters: Mapping[str, Provider],
    day: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add the regions that offers name for the first time, with an unknown country.

    Args:
        regions: rows of the last good catalogue.
        offers: rows that were told.
        adapters: provider -> its adapter.
        day: of the run, ISO 8601.

    Returns:
        The regions, and a finding for each whose country is not known, new or not.
    """
    key = list(REGIONS.key)
    named = offers[key].drop_duplicates()
    known = pd.MultiIndex.from_frame(regions[key])
    new = named[~pd.MultiIndex.from_frame(named).isin(known)]
    rows: list[Row] = [
        {
            "provider": provider,
            "region": region,
            "continent": "unknown",
            "country": UNPLACED_COUNTRY,
            "partition": _partition(adapters[provider], region),
            "display_name": region,
            "source": f"named by {adapters[provider].title}, place not reviewed",
            "as_of": day,
        }
        for provider, region in zip(new["provider"], new["region"], strict=True)
    ]
    whole = join_frames(REGIONS, (regions, frame_of(REGIONS, rows, "regions")))
    unplaced = whole[whole["country"] == UNPLACED_COUNTRY]
    told = unplaced[pd.MultiIndex.from_frame(unplaced[key]).isin(pd.MultiIndex.from_frame(named))]
    findings = found(
        "region_unplaced", "warning", REGIONS, told, row_keys(REGIONS, whole), UNPLACED_WORDS
    )
    return whole, findings


def with_new_notices(notices: pd.DataFrame, adapters: Mapping[str, Provider]) -> pd.DataFrame:
    """Add the spot notice of providers that are new."""
    known = frozenset(notices["provider"])
    rows: list[Row] = [
        {
            "provider": name,
            "notice_seconds": adapter.notice_seconds,
            "source": adapter.notice_source,
            "as_of": adapter.notice_as_of,
        }
        for name, adapter in adapters.items()
        if name not in known
    ]
    return join_frames(NOTICES, (notices, frame_of(NOTICES, rows, "spot_notices")))


def _partition(adapter: Provider, region: str) -> str:
    matching = (
        name for pattern, name in adapter.partitions.items() if fnmatchcase(region, pattern)
    )
    return next(matching, PUBLIC_PARTITION)
