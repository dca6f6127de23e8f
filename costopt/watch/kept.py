"""Since when the offers that a refresh kept were not told, from the versions before."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import pandas as pd

from costopt.catalog.finding import row_keys
from costopt.catalog.schema import OFFERS
from costopt.catalog.store.lineage import followed_versions
from costopt.catalog.store.store import CatalogStore
from costopt.catalog.store.version import Version
from costopt.watch.freshness import is_kept

MOST_VERSIONS: Final = 30
"""Versions that are looked at, the newest ones: a month of nightly refreshes [1]."""


def kept_days(store: CatalogStore, latest: Version, max_stale_days: float) -> dict[str, str]:
    """Return the key of an offer -> newest day on which it was told, of those kept since.

    The date of a price itself says when the provider set it, often long before a refresh was last
    told it. An offer that was not told within the days that count is left out.

    Args:
        store: whose versions are looked at.
        latest: version that readers see.
        max_stale_days: days that a price may be carried over [days].

    Raises:
        CatalogFileError: an earlier version cannot be read.
    """
    manifest = latest.manifest
    first = manifest.created_at.date() - timedelta(days=min(max_stale_days + 1, MOST_VERSIONS))
    offers = latest.table(OFFERS.name)
    missing = set(row_keys(OFFERS, offers[is_kept(offers)]))
    days: dict[str, str] = {}
    for version in _newest_first(store, manifest.id, first) if missing else ():
        for key, day in _told(version):
            if key in missing:
                days[key] = day
        missing -= days.keys()
        if not missing:
            break
    return days


def _newest_first(store: CatalogStore, latest: str, first: date) -> Sequence[Version]:
    """Return the versions that led to the latest one, since a day."""
    *earlier, _ = followed_versions(store.files, latest, MOST_VERSIONS)
    young = [version for version in earlier if version.manifest.created_at.date() >= first]
    return young[::-1]


def _told(version: Version) -> Iterator[tuple[str, str]]:
    """Yield every offer that was told for a version, by its key, with the day."""
    offers = version.table(OFFERS.name)
    places = pd.MultiIndex.from_frame(offers[["provider", "region"]])
    keys = row_keys(OFFERS, offers)
    for provider, entry in version.manifest.providers.items():
        if entry.stale_since is not None or entry.fetched_at is None:
            continue
        stale = [(provider, region) for region in entry.stale_regions]
        own = (offers["provider"] == provider) & ~places.isin(stale) & ~is_kept(offers)
        day = entry.fetched_at.date().isoformat()
        yield from ((key, day) for key in keys[own])
