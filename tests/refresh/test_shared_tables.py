"""Reviewed tables of a store under an upgraded costopt: renewed, and nothing needed is lost."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.store.store import CatalogStore
from costopt.refresh.last_good import LastGood, read_last_good
from costopt.refresh.run import RefreshResult
from costopt.refresh.shared_tables import REVIEWED, SharedTables, with_newer_shared

OLD, NEW = "2019-10", "2027-01"


@pytest.fixture
def last_good(store: CatalogStore) -> LastGood:
    return read_last_good(store)


@pytest.fixture
def release(last_good: LastGood) -> dict[str, pd.DataFrame]:
    """The reviewed tables of the release that filled the store."""
    return {name: last_good.tables[name] for name in REVIEWED}


def with_rows(last_good: LastGood, **tables: pd.DataFrame) -> LastGood:
    return replace(last_good, tables={**last_good.tables, **tables})


def names(last_good: LastGood, table: str = "accelerators", column: str = "name") -> set[str]:
    return set(last_good.tables[table][column])


def dated(tables: Mapping[str, pd.DataFrame], day: str) -> dict[str, pd.DataFrame]:
    return {name: rows.assign(as_of=day) for name, rows in tables.items()}


def test_same_release_changes_nothing(last_good: LastGood, release: Any) -> None:
    assert with_newer_shared(last_good, release) == (last_good, SharedTables.KEPT)


def test_newer_release_brings_its_rows(last_good: LastGood, release: Any) -> None:
    first = release["accelerators"].head(1).assign(name="B900-576GB", power_w=3000.0)
    rows = pd.concat([release["accelerators"], first], ignore_index=True)
    newer = {**release, "accelerators": rows.assign(as_of=NEW)}
    renewed, how = with_newer_shared(last_good, newer)
    assert how is SharedTables.RENEWED
    assert names(renewed) - names(last_good) == {"B900-576GB"}
    pd.testing.assert_frame_equal(renewed.tables["models"], last_good.tables["models"])


def test_rows_that_a_release_of_the_same_date_adds_are_taken(
    last_good: LastGood, release: Any
) -> None:
    fewer = last_good.tables["models"].iloc[1:]
    renewed, how = with_newer_shared(with_rows(last_good, models=fewer), release)
    assert how is SharedTables.RENEWED
    assert names(renewed, "models") == set(release["models"]["name"])


def test_older_release_on_another_machine_undoes_nothing(
    last_good: LastGood, release: Any
) -> None:
    older = dated({name: rows.head(1) for name, rows in release.items()}, OLD)
    assert with_newer_shared(last_good, older)[1] is SharedTables.KEPT


def test_accelerator_of_a_type_in_the_store_is_never_lost(
    last_good: LastGood, release: Any
) -> None:
    """The newer release knows neither the H100 that the store's types have, nor the T4."""
    gone = {"H100-80GB", "T4"}
    rows = release["accelerators"]
    newer = {**release, "accelerators": rows[~rows["name"].isin(gone)].assign(as_of=NEW)}
    assert gone <= names(last_good)
    kept = names(with_newer_shared(last_good, newer)[0])
    assert "H100-80GB" in kept
    assert "T4" not in kept


def test_region_that_the_release_places_gets_its_country(
    last_good: LastGood, release: Any
) -> None:
    regions = last_good.tables["regions"]
    unplaced = regions["region"] == "eu-central-1"
    odd = regions.assign(country=regions["country"].where(~unplaced, "ZZ"))
    odd = odd.assign(as_of=odd["as_of"].where(~unplaced, "2027-05-01"))
    renewed, how = with_newer_shared(with_rows(last_good, regions=odd), release)
    assert how is SharedTables.RENEWED
    placed = renewed.tables["regions"].set_index(["provider", "region"])["country"]
    assert placed["aws", "eu-central-1"] == "DE"
    assert len(placed) == len(regions)


def test_region_that_the_release_lacks_stays(last_good: LastGood, release: Any) -> None:
    own = last_good.tables["regions"].head(1).assign(region="my-region", country="ZZ")
    regions = pd.concat([last_good.tables["regions"], own], ignore_index=True)
    renewed, _ = with_newer_shared(
        with_rows(last_good, regions=regions), {**release, **dated(release, NEW)}
    )
    assert "my-region" in names(renewed, "regions", "region")


def test_report_says_whether_shared_tables_were_renewed(
    refreshed: Callable[..., RefreshResult],
) -> None:
    assert refreshed(providers=("azure",)).report["shared_tables"] == "kept"
