"""From a combined catalogue to the version that is published."""

from datetime import datetime

from costopt.catalog.store.part import (
    PROVIDER_TABLES,
    SHARED_TABLES,
    NewVersion,
    PartStatus,
    ProviderPart,
)
from costopt.catalog.store.version_manifest import ProviderEntry
from costopt.refresh.account_rows import Fact, document_of
from costopt.refresh.combine import Combined
from costopt.refresh.harvest import Harvest
from costopt.refresh.last_good import LastGood

UNKNOWN = ProviderEntry(
    status=PartStatus.MISSING, fetched_at=None, stale_since=None, stale_regions={}
)


def new_version(
    last_good: LastGood,
    harvest: Harvest,
    combined: Combined,
    *,
    account: tuple[Fact, ...] | None,
    asked_at: datetime,
    created_at: datetime,
) -> NewVersion:
    """Return the version to publish: a part for every provider, fresh, carried or missing.

    Args:
        last_good: the catalogue before.
        harvest: what was told.
        combined: the catalogue after.
        account: facts of the account; None without one.
        asked_at: when the providers were asked (UTC).
        created_at: when the version is made (UTC).
    """
    names = sorted({*last_good.entries, *harvest.providers})
    return NewVersion(
        created_at=created_at,
        started_from=last_good.started_from,
        parts=tuple(
            _part(name, last_good.entries.get(name, UNKNOWN), combined, asked_at) for name in names
        ),
        shared={name: combined.tables[name] for name in SHARED_TABLES},
        account=None if account is None else document_of(account),
    )


def _part(
    provider: str, entry: ProviderEntry, combined: Combined, asked_at: datetime
) -> ProviderPart:
    """Return one part; what was stale before and is not fresh now keeps its date."""
    tables = {
        name: combined.tables[name][combined.tables[name]["provider"] == provider]
        for name in PROVIDER_TABLES
    }
    fresh = {region for name, region in combined.fresh if name == provider}
    if fresh:
        held = set(tables["offers"]["region"].unique()) | set(entry.stale_regions)
        since = entry.stale_since or asked_at
        return ProviderPart(
            provider=provider,
            status=PartStatus.FRESH,
            fetched_at=asked_at,
            stale_regions={
                region: entry.stale_regions.get(region, since) for region in sorted(held - fresh)
            },
            tables=tables,
        )
    missing = tables["offers"].empty or entry.fetched_at is None
    return ProviderPart(
        provider=provider,
        status=PartStatus.MISSING if missing else PartStatus.CARRIED,
        fetched_at=None if missing else entry.fetched_at,
        stale_since=entry.stale_since or asked_at,
        stale_regions=entry.stale_regions,
        tables={} if missing else tables,
    )
