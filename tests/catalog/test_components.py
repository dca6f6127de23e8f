"""Prices of the resources that instances consist of, as a table of a catalogue."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from costopt.catalog.building.publish import table_bytes
from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import COMPONENTS, DATED_MATERIAL, TABLES
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, fresh_parts
from costopt.catalog.store.store import open_store
from costopt.errors import InvalidInputError, UnknownNameError

MakeTable = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def components(make_table: MakeTable) -> pd.DataFrame:
    """An accelerator on demand and committed for a year, and vCPUs on demand."""
    row = {"provider": "gcp", "region": "europe-west4", "instance_types": "a3-highgpu-*",
           "resource": "H100-80GB", "purchase_option": "on_demand", "price_per_unit_hour": "9",
           "currency": "USD"}  # fmt: skip
    committed = {"purchase_option": "committed_use", "term_years": "1", "price_per_unit_hour": "6"}
    rows = [row, {**row, **committed}, {**row, "resource": "vcpu", "price_per_unit_hour": "0.05"}]
    return make_table("components", rows)


def test_a_catalogue_without_components_has_no_rows_of_them(small: Catalog) -> None:
    assert small.components.empty
    assert list(small.components.columns) == list(COMPONENTS.column_names)


def test_components_change_the_fingerprint_and_nothing_else(
    small: Catalog, components: pd.DataFrame
) -> None:
    changed = small.with_components(components)
    assert changed.components.equals(components)
    assert changed.fingerprint != small.fingerprint
    assert changed.with_components(components.iloc[:0]).fingerprint == small.fingerprint
    assert changed.offers.equals(small.offers)


def test_components_are_read_from_a_folder_and_kept_when_narrowed(
    write_snapshot: Callable[..., Path], small: Catalog, components: pd.DataFrame
) -> None:
    opened = Catalog.open(write_snapshot(components=table_bytes(components)))
    assert opened.components.equals(components)
    assert opened.filter(providers=["aws"]).components.equals(components)
    both = small.merge(opened).components
    assert sorted(both["resource"]) == ["H100-80GB", "H100-80GB", "vcpu"]


def test_a_folder_of_before_there_were_components_opens(
    write_snapshot: Callable[..., Path], small: Catalog
) -> None:
    folder = write_snapshot()
    (folder / "components.csv").unlink()
    manifest = (folder / "manifest.json").read_text(encoding="utf-8")
    before, after = manifest.split('"components.csv"', 1)
    without = before + after.split("},", 1)[1].lstrip()
    (folder / "manifest.json").write_text(without, encoding="utf-8")
    opened = Catalog.open(folder)
    assert opened.components.empty
    assert opened.fingerprint == small.fingerprint


def test_components_are_kept_in_a_store(
    tmp_path: Path, small: Catalog, components: pd.DataFrame, make_table: MakeTable
) -> None:
    dated = {name: make_table(name, ()) for name in DATED_MATERIAL}
    held = {name: small.table(name) for name in set(TABLES) - DATED_MATERIAL} | dated
    held["components"] = components
    at = datetime(2026, 11, 21, 3, 15, tzinfo=UTC)
    store = open_store(tmp_path / "store")
    store.publish(
        NewVersion(
            created_at=at,
            started_from=None,
            parts=fresh_parts(held, at),
            shared={name: held[name] for name in SHARED_TABLES},
        )
    )
    assert Catalog.open(store.place).components.equals(components)


def test_odd_components_of_a_folder_are_refused_where_they_are_read(
    write_snapshot: Callable[..., Path], components: pd.DataFrame
) -> None:
    odd = table_bytes(components.assign(price_per_unit_hour=-1.0))
    opened = Catalog.open(write_snapshot(components=odd))
    with pytest.raises(InvalidInputError, match="price_per_unit_hour must be above 0"):
        opened.components  # noqa: B018


def test_components_in_other_columns_are_refused(small: Catalog, components: pd.DataFrame) -> None:
    with pytest.raises(InvalidInputError, match="the columns must be provider, region"):
        small.with_components(components.drop(columns="note"))
    with pytest.raises(UnknownNameError, match="Unknown resource 'H100'"):
        small.with_components(components.replace("H100-80GB", "H100"))
