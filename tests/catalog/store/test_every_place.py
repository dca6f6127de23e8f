"""What every place gives: a folder, fsspec's memory, and S3 by pyarrow against moto's server."""

from collections.abc import Callable
from datetime import datetime

import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import DATED_MATERIAL, TABLES
from costopt.catalog.store.part import NewVersion
from costopt.catalog.store.store import open_store
from costopt.errors import CatalogFileError, PublishConflictError

NewNight = Callable[..., NewVersion]
Night = Callable[[int], datetime]


def test_empty_store_has_no_version(any_url: str) -> None:
    store = open_store(any_url)
    assert store.latest_id() is None
    assert store.versions() == ()
    with pytest.raises(CatalogFileError, match="holds no published version"):
        store.version()


def test_published_version_opens_with_the_same_rows(
    any_url: str, new_night: NewNight, small: Catalog
) -> None:
    made = open_store(any_url).publish(new_night(1, None))
    opened = Catalog.open(any_url)
    for name in set(TABLES) - DATED_MATERIAL:
        key = list(TABLES[name].key)
        expected = small.table(name).sort_values(key, ignore_index=True, na_position="first")
        assert opened.table(name).equals(expected), name
    assert opened.table("spot_history").empty
    assert opened.place.endswith(f"store version {made.id}")


def test_latest_follows_publishes_and_rollbacks_and_old_versions_stay(
    any_url: str, new_night: NewNight, night: Night
) -> None:
    store = open_store(any_url)
    first = store.publish(new_night(1, None)).id
    second = store.publish(new_night(2, first, factor=2.0)).id
    assert store.versions() == (first, second)
    assert Catalog.open(any_url).offers["recurring_per_hour"].max() == 2 * 120
    assert Catalog.open(any_url, version=first).offers["recurring_per_hour"].max() == 120
    store.rollback(first, at=night(3))
    assert store.latest_id() == first
    assert Catalog.open(any_url).offers["recurring_per_hour"].max() == 120


def test_second_publish_from_the_same_start_is_refused(any_url: str, new_night: NewNight) -> None:
    store = open_store(any_url)
    first = store.publish(new_night(1, None)).id
    second = store.publish(new_night(2, first)).id
    with pytest.raises(PublishConflictError, match=f"began from version {first}.*{second} now"):
        store.publish(new_night(3, first, factor=2.0))
    assert store.latest_id() == second
    assert store.versions() == (first, second)


def test_prune_removes_old_versions_and_keeps_the_rest_readable(
    any_url: str, new_night: NewNight, night: Night
) -> None:
    store = open_store(any_url)
    last = None
    for number in (1, 2, 3):
        last = store.publish(new_night(number, last, factor=number)).id
    first, second, third = store.versions()
    assert store.prune(at=night(4), keep=2).versions == (first,)
    assert store.versions() == (second, third)
    assert store.files.leftovers() == ()
    store.version(second).verify()
    store.version(third).verify()


def test_history_and_diff_are_the_same_everywhere(any_url: str, new_night: NewNight) -> None:
    store = open_store(any_url)
    first = store.publish(new_night(1, None)).id
    store.publish(new_night(2, first, factor=1.25))
    past = Catalog.open(any_url).history(instance_type="p5.48xlarge", region="eu-central-1")
    assert past["created_at"].tolist() == ["2026-11-21T03:15:00Z", "2026-11-22T03:15:00Z"]
    assert past["effective_per_hour"].tolist() == [120.0, 150.0]  # 120 x 1.25
    moved = store.diff(first)
    assert len(moved) == len(store.version(first).table("offers"))
    assert set(moved["change"]) == {"moved"}
    assert moved["moved_fraction"].tolist() == pytest.approx([0.25] * len(moved))


def test_events_are_recorded_in_order(any_url: str, new_night: NewNight, night: Night) -> None:
    store = open_store(any_url)
    first = store.publish(new_night(1, None), by="nightly", reason="cron").id
    store.accept("price_moved aws/p5", until="2026-12-01", at=night(2), by="ana")
    second = store.publish(new_night(3, first)).id
    store.rollback(first, at=night(4), by="ana", reason="wrong")
    store.prune(at=night(5), keep=1, by="cron")
    log = store.audit()
    assert log["event"].tolist() == ["publish", "accept", "publish", "rollback", "prune"]
    assert log["version"].tolist() == [first, "", second, first, ""]
    assert log["from_version"].tolist() == ["", "", first, second, ""]
    assert log["by"].tolist() == ["nightly", "ana", "", "ana", "cron"]
    assert log["reason"].tolist() == ["cron", "", "", "wrong", ""]
    assert log["details"][1] == {"finding": "price_moved aws/p5", "until": "2026-12-01"}


def test_file_that_is_gone_is_one_sentence(any_url: str, new_night: NewNight) -> None:
    store = open_store(any_url)
    made = store.publish(new_night(1, None)).id
    store.files.remove_version(made, new_night(1, None).created_at)
    with pytest.raises(CatalogFileError, match=rf"store/versions/{made}/manifest\.json: is not"):
        Catalog.open(any_url)
