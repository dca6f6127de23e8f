"""Which versions are history: those that led to the latest one, and no others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from costopt.catalog.store.history import PriceQuestion
from costopt.catalog.store.listing import LIST_COLUMNS
from costopt.catalog.store.part import NewVersion
from costopt.catalog.store.pointer import LATEST_NAME
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.errors import CatalogFileError

NewNight = Callable[..., NewVersion]
Night = Callable[[int], datetime]

ONE_TYPE = PriceQuestion(instance_type="c7i.xlarge")


@pytest.fixture
def nights(store: CatalogStore, new_night: NewNight) -> tuple[str, ...]:
    """Ids of the versions of five nights, each with its number times the prices of the first."""
    last = None
    for number in range(1, 6):
        last = store.publish(new_night(number, last, factor=float(number))).id
    return store.versions()


def seen(store: CatalogStore) -> list[str]:
    """Versions in the history, each once."""
    return list(dict.fromkeys(store.history(ONE_TYPE)["version"]))


def standings(store: CatalogStore) -> list[str]:
    """How each version stands, oldest first."""
    return store.version_table().drop_duplicates("version")["standing"].tolist()[::-1]


def test_every_version_that_led_to_the_latest_is_history(
    store: CatalogStore, nights: tuple[str, ...]
) -> None:
    assert seen(store) == list(nights)
    assert standings(store) == ["earlier"] * 4 + ["latest"]


def test_versions_that_a_rollback_left_are_not_history(
    store: CatalogStore, nights: tuple[str, ...], night: Night
) -> None:
    store.rollback(nights[2], at=night(6))
    assert seen(store) == list(nights[:3])
    assert standings(store) == ["earlier", "earlier", "latest", "rolled_back", "rolled_back"]


def test_publish_after_a_rollback_goes_on_from_where_it_led(
    store: CatalogStore, nights: tuple[str, ...], night: Night, new_night: NewNight
) -> None:
    store.rollback(nights[2], at=night(6))
    sixth = store.publish(new_night(7, nights[2])).id
    assert seen(store) == [*nights[:3], sixth]
    assert standings(store) == ["earlier"] * 3 + ["rolled_back"] * 2 + ["latest"]


def test_rolling_forward_brings_the_versions_back(
    store: CatalogStore, nights: tuple[str, ...], night: Night
) -> None:
    store.rollback(nights[2], at=night(6))
    store.rollback(nights[4], at=night(7))
    assert seen(store) == list(nights)
    assert "rolled_back" not in standings(store)


def test_version_that_never_became_the_latest_is_not_history(
    store: CatalogStore, nights: tuple[str, ...], new_night: NewNight, tmp_path: Path
) -> None:
    # A publish that is killed between its version and ``latest`` leaves the one without the other.
    latest = tmp_path / "store" / LATEST_NAME
    before = latest.read_bytes()
    store.publish(new_night(6, nights[-1]))
    latest.write_bytes(before)
    assert seen(store) == list(nights)
    assert standings(store)[-2:] == ["latest", "never_seen"]


@pytest.fixture
def gap(store: CatalogStore, nights: tuple[str, ...], night: Night) -> tuple[str, str]:
    """Remove the second, third and fourth night; the fifth is the latest, and the first stays."""
    store.rollback(nights[0], at=night(6))
    store.prune(at=night(6), keep=1)
    store.rollback(nights[4], at=night(7))
    return nights[0], nights[4]


def test_pruned_versions_in_between_do_not_end_the_history(
    store: CatalogStore, gap: tuple[str, str]
) -> None:
    assert store.versions() == gap
    assert seen(store) == list(gap)
    assert standings(store) == ["earlier", "latest"]


def test_history_ends_at_a_gap_that_the_audit_log_does_not_bridge(
    store: CatalogStore, gap: tuple[str, str], tmp_path: Path
) -> None:
    for event in (tmp_path / "store" / "audit").iterdir():
        event.unlink()
    assert seen(store) == [gap[1]]
    assert standings(store) == ["unknown", "latest"]


def test_pruned_history_begins_with_the_oldest_version_that_is_there(
    store: CatalogStore, nights: tuple[str, ...], night: Night
) -> None:
    store.prune(at=night(6), keep=2)
    assert seen(store) == list(nights[3:])


def test_only_the_newest_versions_are_read_when_so_many_are_asked_for(
    store: CatalogStore, nights: tuple[str, ...], night: Night
) -> None:
    store.rollback(nights[3], at=night(6))
    question = PriceQuestion(instance_type="c7i.xlarge", newest_versions=2)
    assert store.history(question)["version"].unique().tolist() == list(nights[2:4])


def test_versions_are_listed_by_provider_newest_first(
    store: CatalogStore, nights: tuple[str, ...], tmp_path: Path
) -> None:
    table = store.version_table()
    assert tuple(table.columns) == LIST_COLUMNS
    assert table["version"].unique().tolist() == list(nights[::-1])
    newest = table[table["version"] == nights[-1]].set_index("provider")
    assert newest.index.tolist() == ["alibaba", "aws", "azure", "gcp"]
    assert set(newest["status"]) == {"fresh"}
    assert set(newest["started_from"]) == {nights[-2]}
    assert set(newest["created_at"]) == {"2026-11-25T03:15:00Z"}
    files = list((tmp_path / "store" / "versions" / nights[-1]).glob("*.parquet"))
    assert set(newest["version_bytes"]) == {sum(path.stat().st_size for path in files)}
    own = [path.stat().st_size for path in files if path.name.endswith(".gcp.parquet")]
    assert newest.loc["gcp", "bytes"] == sum(own)


def test_damaged_version_is_listed_with_its_problem_and_breaks_the_history(
    store: CatalogStore, nights: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "store" / "versions" / nights[1] / "manifest.json").write_text("{", "utf-8")
    assert standings(store) == ["earlier"] * 4 + ["latest"]
    row = store.version_table().set_index("version").loc[nights[1]]
    assert "cannot be read" in row["problem"]
    assert row[["version_rows", "bytes"]].isna().all()
    with pytest.raises(CatalogFileError, match=nights[1]):
        store.history(ONE_TYPE)


def test_version_without_providers_is_listed_too(store: CatalogStore, new_night: NewNight) -> None:
    store.publish(replace(new_night(1, None), parts=()))
    (row,) = store.version_table().to_dict("records")
    assert (row["standing"], row["provider"]) == ("latest", "")
    assert row["problem"] == "no provider took part"
    assert row["version_rows"] > 0


def test_rollback_is_no_history_in_any_place(
    any_url: str, new_night: NewNight, night: Night
) -> None:
    store = open_store(any_url)
    first = store.publish(new_night(1, None)).id
    store.publish(new_night(2, first))
    store.rollback(first, at=night(3))
    third = store.publish(new_night(4, first)).id
    assert seen(store) == [first, third]
    assert standings(store) == ["earlier", "rolled_back", "latest"]


def test_empty_store_has_no_versions_and_no_history(tmp_path: Path) -> None:
    empty = open_store(tmp_path / "nowhere")
    assert empty.version_table().empty
    assert empty.history(ONE_TYPE).empty
