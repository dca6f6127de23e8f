"""What a cloud told before and tells no more: a region's spot prices, a region, an account."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from costopt.account.account import Account
from costopt.catalog.schema import TABLES
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, fresh_parts
from costopt.catalog.store.store import CatalogStore
from costopt.refresh.report import RefreshOutcome
from costopt.refresh.run import RefreshResult

Run = Callable[..., RefreshResult]


def night_of(day: int) -> dict[str, datetime]:
    return {"now": datetime(2026, 11, day, 3, tzinfo=UTC)}


def ids(result: RefreshResult, check: str) -> list[str]:
    return [one["id"] for one in result.report["findings"] if one["check"] == check]


def spot_of(store: CatalogStore) -> pd.Series:
    offers = store.version().table("offers")
    (row,) = (held for _, held in offers[offers["purchase_option"] == "spot"].iterrows())
    return row


def tells_spot(store: CatalogStore) -> None:
    """Publish the store again as one whose last run was told the spot price."""
    version = store.version()
    tables = {name: version.table(name) for name in TABLES}
    offers = tables["offers"]
    told = offers.assign(flags=offers["flags"].where(offers["purchase_option"] != "spot", ""))
    at = datetime(2026, 11, 20, 4, tzinfo=UTC)
    parts = fresh_parts({**tables, "offers": told}, at)
    store.publish(
        NewVersion(
            created_at=at,
            started_from=version.manifest.id,
            parts=tuple(part for part in parts if part.provider in ("aws", "azure")),
            shared={name: tables[name] for name in SHARED_TABLES},
        )
    )


def test_region_that_stops_telling_spot_keeps_it_flagged_and_is_no_fresh_run(
    store: CatalogStore, refreshed: Run
) -> None:
    tells_spot(store)
    for day in (21, 22):
        result = refreshed(arguments=night_of(day))
        assert result.outcome is RefreshOutcome.STALE
        spot = spot_of(store)
        assert (spot["effective_per_hour"], spot["as_of"]) == (20, "2026-11-20")
        assert {"not_refreshed", "option_not_told"} <= set(spot["flags"].split(";"))
        assert ids(result, "option_not_told") == ["option_not_told:aws/us-east-1/*/spot"]


def test_silence_that_somebody_accepts_is_told_and_ends_well(
    store: CatalogStore, refreshed: Run
) -> None:
    tells_spot(store)
    refreshed()
    silence = "option_not_told:aws/us-east-1/*/spot"
    store.accept(silence, until="2026-11-22", at=datetime(2026, 11, 21, 9, tzinfo=UTC))
    outcomes = [refreshed(arguments=night_of(day)).outcome for day in (22, 23)]
    assert outcomes == [RefreshOutcome.FRESH, RefreshOutcome.STALE]


def test_region_that_its_cloud_lists_no_more_is_stale_every_night_until_accepted(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    assert refreshed(arguments=night_of(21)).outcome is RefreshOutcome.FRESH
    del clouds.azure_prices["westeurope"]
    gone = "region_not_listed:azure/westeurope"
    for day in (22, 23):
        result = refreshed(arguments=night_of(day))
        assert result.outcome is RefreshOutcome.STALE
        assert ids(result, "region_not_listed") == [gone]
    offers = store.version().table("offers")
    assert offers.loc[offers["region"] == "westeurope", "effective_per_hour"].tolist() == [120]
    since = store.version().manifest.providers["azure"].stale_regions["westeurope"]
    assert since == datetime(2026, 11, 22, 3, tzinfo=UTC)
    store.accept(gone, until="2026-12-31", at=datetime(2026, 11, 23, 9, tzinfo=UTC))
    assert refreshed(arguments=night_of(24)).outcome is RefreshOutcome.FRESH


def test_region_that_nobody_asks_for_may_be_missing_from_the_list(
    clouds: Any, refreshed: Run
) -> None:
    refreshed(arguments=night_of(21))
    del clouds.azure_prices["westeurope"]
    result = refreshed(arguments=night_of(22), regions=("us-*", "azure/eastus"))
    assert result.outcome is RefreshOutcome.FRESH
    assert ids(result, "region_not_listed") == []


def test_cloud_without_credentials_tells_prices_and_no_account_and_fails_nothing(
    store: CatalogStore, refreshed: Run
) -> None:
    """AWS and Azure give list prices to everybody, and what is one's own to nobody unknown."""
    result = refreshed(account=True)
    assert result.outcome is RefreshOutcome.FRESH
    assert ids(result, "account_not_told") == ["account_not_told:aws", "account_not_told:azure"]
    assert ids(result, "account_failed") == []
    assert result.report["account"]["origins"] == {}


def test_account_that_was_read_once_and_has_no_credentials_now_is_stale(
    store: CatalogStore, refreshed: Run
) -> None:
    version = store.version()
    tables = {name: version.table(name) for name in TABLES}
    at = datetime(2026, 11, 20, 4, tzinfo=UTC)
    document = (
        "fact,key,limit,name,unit,origin,as_of\n"
        "quota,aws/us-east-1/p5.*/on_demand,192,P instances,vcpus,aws/us-east-1,2026-11-20\n"
    )
    parts = fresh_parts(tables, at)
    store.publish(
        NewVersion(
            created_at=at,
            started_from=version.manifest.id,
            parts=tuple(part for part in parts if part.provider in ("aws", "azure")),
            shared={name: tables[name] for name in SHARED_TABLES},
            account=document.encode(),
        )
    )
    result = refreshed(account=True)
    assert result.outcome is RefreshOutcome.STALE
    assert ids(result, "account_failed") == ["account_failed:aws", "account_failed:aws/us-east-1"]
    assert ids(result, "account_not_told") == ["account_not_told:azure"]


def test_account_without_days_in_a_store_is_opened_as_of_no_day(store: CatalogStore) -> None:
    version = store.version()
    tables = {name: version.table(name) for name in TABLES}
    at = datetime(2026, 11, 20, 4, tzinfo=UTC)
    document = "fact,key,limit,name\nquota,aws/us-east-1/p5.*,2,P instances\n"
    store.publish(
        NewVersion(
            created_at=at,
            started_from=version.manifest.id,
            parts=tuple(
                part for part in fresh_parts(tables, at) if part.provider in ("aws", "azure")
            ),
            shared={name: tables[name] for name in SHARED_TABLES},
            account=document.encode(),
        )
    )
    account = Account.open(store.place)
    assert account.as_of is None
    assert [quota.limit for quota in account.quotas] == [2]
