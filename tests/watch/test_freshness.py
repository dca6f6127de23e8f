"""Since when prices were not renewed, as the manifest of a version tells."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from costopt.catalog.store.part import PartStatus
from costopt.catalog.store.version_manifest import ProviderEntry, VersionManifest
from costopt.watch.freshness import Freshness, renewed_days

OFFERS = pd.DataFrame(
    {
        **dict.fromkeys(("zone", "kind", "payment"), ""),
        "instance_type": "g6.xlarge",
        "purchase_option": "on_demand",
        "term_years": float("nan"),
        "provider": ["aws", "aws", "gcp", "azure", "aws"],
        "region": ["us-east-1", "us-west-2", "us-central1", "eastus", "us-east-1"],
        "flags": ["", "", "", "", "zone_average;not_refreshed"],
        "as_of": ["2026-11-22", "2026-11-19", "2026-10-01", "2026-11-22", "2026-11"],
    }
)


def day(number: int) -> datetime:
    return datetime(2026, 11, number, 3, 15, tzinfo=UTC)


@pytest.fixture
def manifest() -> VersionManifest:
    """Of 2026-11-22: aws is fresh but for one region, gcp is carried over, azure is missing."""
    entries = {
        "aws": ProviderEntry(
            status=PartStatus.FRESH,
            fetched_at=day(22),
            stale_since=None,
            stale_regions={"us-west-2": day(19)},
        ),
        "gcp": ProviderEntry(
            status=PartStatus.CARRIED, fetched_at=day(10), stale_since=day(11), stale_regions={}
        ),
        "azure": ProviderEntry(
            status=PartStatus.MISSING, fetched_at=None, stale_since=None, stale_regions={}
        ),
    }
    return VersionManifest(
        id="v",
        schema_version=1,
        created_at=day(22),
        started_from=None,
        files={},
        providers=entries,
    )


def test_a_manifest_tells_since_when_each_provider_and_region_was_not_renewed(
    manifest: VersionManifest,
) -> None:
    assert renewed_days(manifest) == {
        "aws": "2026-11-22", "aws/us-west-2": "2026-11-19", "gcp": "2026-11-11",
    }  # fmt: skip


def test_a_region_counts_before_its_provider_and_a_kept_offer_before_both(
    manifest: VersionManifest,
) -> None:
    """On the 23rd: one day, four, twelve, none told, and 22 since the first of November."""
    freshness = Freshness(today="2026-11-23", max_stale_days=3.0, renewed=renewed_days(manifest))
    assert freshness.stale_days(OFFERS).tolist() == [1, 4, 12, 0, 22]
