"""Prices over time: compiled spot histories, versions of a store, both together."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import fsspec
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.history import HISTORY_COLUMNS, PriceQuestion
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, PartStatus, fresh_parts
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.catalog.store.version_history import CARRIED_FLAGS
from costopt.errors import CatalogFileError, InvalidInputError, MissingDependencyError
from costopt.refresh.flags import OWN_FLAGS

NewNight = Callable[..., NewVersion]
Night = Callable[[int], datetime]


@pytest.fixture
def three_nights(store: CatalogStore, new_night: NewNight) -> CatalogStore:
    """A store of three nights: 1, 2 and 3 times the prices."""
    last = None
    for number in (1, 2, 3):
        last = store.publish(new_night(number, last, factor=float(number))).id
    return store


def test_bundled_spot_histories_are_the_first_example(bundled: Catalog) -> None:
    table = bundled.table("spot_history")
    past = bundled.history(instance_type="p5.48xlarge", region="us-east-1")
    known = table[(table["instance_type"] == "p5.48xlarge") & (table["region"] == "us-east-1")]
    assert len(past) == len(known) > 1
    assert sorted(past["effective_per_hour"]) == sorted(known["spot_per_hour"])
    assert past["as_of"].is_monotonic_increasing
    assert tuple(past.columns) == HISTORY_COLUMNS
    assert set(past["purchase_option"]) == {"spot"}
    assert set(past["version"]) == {""}
    assert bundled.history(purchase_option="on_demand").empty


def test_history_of_a_store_has_every_version(three_nights: CatalogStore) -> None:
    past = Catalog.open(three_nights.place).history(
        provider="gcp", instance_type="a3-highgpu-8g", purchase_option="spot"
    )
    assert past["version"].tolist() == list(three_nights.versions())
    assert past["effective_per_hour"].tolist() == [32.0, 64.0, 96.0]
    assert past["currency"].tolist() == ["USD"] * 3
    assert past["basis"].tolist() == ["offer"] * 3
    assert past["status"].tolist() == ["fresh"] * 3


def test_history_without_conditions_has_every_offer_of_every_version(
    three_nights: CatalogStore,
) -> None:
    assert len(Catalog.open(three_nights.place).history()) == 3 * 13
    assert Catalog.open(three_nights.place).history(provider="nobody").empty


def test_several_names_are_asked_for_at_once(three_nights: CatalogStore) -> None:
    catalog = Catalog.open(three_nights.place)
    types = ["c7i.xlarge", "a3-highgpu-8g"]
    past = catalog.history(instance_type=types, region="us-east-1")
    assert set(past["instance_type"]) == {"c7i.xlarge"}
    assert set(catalog.history(instance_type=types)["instance_type"]) == set(types)
    with pytest.raises(InvalidInputError, match="region names nothing"):
        catalog.history(region=[])


def odd_night(new: NewVersion) -> NewVersion:
    """Azure as of the night before, one region of AWS too, and two offers of Google carried."""
    parts = {part.provider: part for part in new.parts}
    flags = parts["gcp"].tables["offers"]["flags"].copy()
    flags.iloc[:3] = ["derived;quarantined", "not_refreshed", "derived"]
    offers = parts["gcp"].tables["offers"].assign(flags=flags)
    before = new.created_at - timedelta(days=1)
    parts["azure"] = replace(parts["azure"], status=PartStatus.CARRIED, stale_since=before)
    parts["aws"] = replace(parts["aws"], stale_regions={"us-east-1": before})
    parts["gcp"] = replace(parts["gcp"], tables={**parts["gcp"].tables, "offers": offers})
    return replace(new, parts=tuple(parts.values()))


@pytest.mark.parametrize("place", ["folder", "memory"])
def test_price_is_fresh_only_if_provider_region_and_offer_are(
    place: str, tmp_path: Path, new_night: NewNight
) -> None:
    store = open_store(tmp_path / "odd" if place == "folder" else "memory://odd")
    try:
        store.publish(odd_night(new_night(2, None)))
        past = store.history(PriceQuestion())
    finally:
        fsspec.filesystem("memory").store.clear()
    told = {name: rows["status"].tolist() for name, rows in past.groupby("provider")}
    aws = past[past["provider"] == "aws"]
    assert told["azure"] == ["carried"] * len(told["azure"])
    assert told["alibaba"] == ["fresh"] * len(told["alibaba"])
    assert told["gcp"].count("carried") == 2
    assert told["aws"] == aws["region"].map({"us-east-1": "carried"}).fillna("fresh").tolist()
    assert set(told["aws"]) == {"fresh", "carried"}


def test_carried_offers_are_those_that_a_refresh_flags() -> None:
    assert CARRIED_FLAGS == OWN_FLAGS


def test_duckdb_and_pyarrow_give_the_same_history(
    three_nights: CatalogStore, new_night: NewNight
) -> None:
    memory = open_store("memory://same")
    try:
        last = None
        for number in (1, 2, 3):
            last = memory.publish(new_night(number, last, factor=float(number))).id
        for question in (
            PriceQuestion(),
            PriceQuestion(region="us-east-1", instance_type="p5.48xlarge"),
            PriceQuestion(provider="alibaba"),
            PriceQuestion(instance_type="nothing"),
        ):
            pd.testing.assert_frame_equal(three_nights.history(question), memory.history(question))
    finally:
        fsspec.filesystem("memory").store.clear()


def test_folder_whose_name_looks_like_a_pattern_has_its_own_history(
    tmp_path: Path, new_night: NewNight
) -> None:
    for name, factor in (("prices 1", 1.0), ("prices [1]", 2.0)):
        open_store(tmp_path / name).publish(new_night(1, None, factor=factor))
    past = open_store(tmp_path / "prices [1]").history(PriceQuestion(instance_type="c7i.xlarge"))
    assert past["effective_per_hour"].tolist() == [0.4]  # 0.2 x 2


def test_text_of_a_question_is_never_part_of_the_query(three_nights: CatalogStore) -> None:
    assert three_nights.history(PriceQuestion(region="x' OR 'a' = 'a")).empty


def test_filtered_catalogue_has_the_history_of_the_whole_one(three_nights: CatalogStore) -> None:
    narrowed = Catalog.open(three_nights.place).filter(providers=["azure"])
    assert narrowed.history(instance_type="g4dn.xlarge")["provider"].tolist() == ["aws"] * 9


def test_merged_catalogues_have_the_history_of_both(
    three_nights: CatalogStore, bundled: Catalog
) -> None:
    opened = Catalog.open(three_nights.place)
    for merged in (opened.merge(bundled), bundled.merge(opened), opened.merge(opened)):
        versions = merged.history(purchase_option="on_demand", instance_type="c7i.xlarge")
        assert versions["effective_per_hour"].tolist() == pytest.approx([0.2, 0.4, 0.6])
    both = opened.merge(bundled).history(instance_type="p5.48xlarge", purchase_option="spot")
    assert set(both["basis"]) >= {"offer", "zone"}


def test_store_of_the_bundled_catalogue_keeps_its_spot_histories(
    store: CatalogStore, bundled: Catalog, night: Night
) -> None:
    tables = {name: bundled.table(name) for name in (*SHARED_TABLES, "spot_history", "offers")}
    others = ("instance_types", "interruptions", "spot_notices", "regions")
    tables |= {name: bundled.table(name) for name in others}
    store.publish(
        NewVersion(
            created_at=night(1),
            started_from=None,
            parts=fresh_parts(tables, night(1)),
            shared={name: tables[name] for name in SHARED_TABLES},
        )
    )
    opened = Catalog.open(store.place)
    assert opened.fingerprint == bundled.fingerprint
    compiled = bundled.history(instance_type="p5.48xlarge")
    past = opened.history(instance_type="p5.48xlarge")
    pd.testing.assert_frame_equal(past[: len(compiled)], compiled)
    offers = bundled.offers
    assert len(past) - len(compiled) == (offers["instance_type"] == "p5.48xlarge").sum() > 0


def test_catalogue_in_memory_says_that_it_has_no_history(small: Catalog) -> None:
    with pytest.raises(CatalogFileError, match="holds no table spot_history"):
        small.history()


def test_local_history_without_duckdb_names_the_extra(
    three_nights: CatalogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingDependencyError, match=r"cloud-costopt\[history\]"):
        Catalog.open(three_nights.place).history()
