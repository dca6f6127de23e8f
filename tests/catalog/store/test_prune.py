"""What pruning removes and what it keeps."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import fsspec
import pytest

from costopt.catalog.store.object_files import ObjectFiles
from costopt.catalog.store.part import NewVersion
from costopt.catalog.store.store import CatalogStore
from costopt.errors import InvalidInputError

NewNight = Callable[..., NewVersion]
Night = Callable[[int], datetime]


@pytest.fixture
def nights(store: CatalogStore, new_night: NewNight) -> tuple[str, ...]:
    """Ids of the versions of five nights."""
    last = None
    for number in range(1, 6):
        last = store.publish(new_night(number, last)).id
    return store.versions()


def test_versions_younger_than_keep_days_stay(
    store: CatalogStore, nights: tuple[str, ...], night: Night
) -> None:
    # At the sixth night the five versions are 5, 4, 3, 2 and 1 days old.
    assert store.prune(at=night(6), keep_days=3).versions == nights[:2]
    assert store.versions() == nights[2:]


def test_version_stays_if_either_rule_keeps_it(
    store: CatalogStore, nights: tuple[str, ...], night: Night
) -> None:
    assert store.prune(at=night(6), keep=4, keep_days=2).versions == nights[:1]
    assert store.prune(at=night(6), keep=1, keep_days=2.5).versions == nights[1:3]


def test_latest_version_stays_however_old_it_is(
    store: CatalogStore, nights: tuple[str, ...], night: Night
) -> None:
    store.rollback(nights[0], at=night(6))
    assert store.prune(at=night(900), keep=1).versions == nights[1:4]
    assert store.versions() == (nights[0], nights[4])
    assert store.latest_id() == nights[0]


def test_what_was_removed_is_in_the_audit_log(
    store: CatalogStore, nights: tuple[str, ...], night: Night
) -> None:
    store.prune(at=night(6), keep=3)
    assert store.audit()["details"].iloc[-1] == {
        "versions": f"{nights[0]} {nights[1]}",
        "leftovers": "",
    }


def test_leftovers_are_removed_only_when_they_are_old(
    store: CatalogStore, nights: tuple[str, ...], night: Night
) -> None:
    old = Path(store.place, "incoming", "20261120T000000Z-0123abcd.0123")
    old.mkdir()
    (old / "models.parquet").touch()
    young = old.with_name("20261126T000000Z-0123abcd.4567")
    young.touch()
    foreign = old.with_name("notes.txt")
    foreign.touch()
    assert store.prune(at=night(6), keep=5).leftovers == (old.name,)
    assert store.files.leftovers() == (young.name, foreign.name)
    removed = store.prune(at=night(6), keep=5, leftover_hours=1)
    assert removed.leftovers == (young.name,)


def test_version_without_a_manifest_is_a_leftover_of_an_object_store(night: Night) -> None:
    memory = fsspec.filesystem("memory")
    folder = "/halves/versions/20261121T031500Z-0123abcd"
    memory.pipe_file(f"{folder}/models.parquet", b"half")
    store = CatalogStore(ObjectFiles(memory, "/halves", "memory://halves"))
    try:
        assert store.versions() == ()
        assert store.prune(at=night(1) + timedelta(hours=24), keep=1).leftovers == ()
        gone = store.prune(at=night(1) + timedelta(hours=25), keep=1).leftovers
        assert gone == ("20261121T031500Z-0123abcd",)
        assert not memory.exists(folder)
    finally:
        memory.rm("/halves", recursive=True)


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({}, "give keep, keep_days or both"),
        ({"keep": 0}, "keep = 0: must be at least 1"),
        ({"keep_days": 0}, "keep_days = 0: must be above 0"),
        ({"keep_days": float("nan")}, "keep_days = nan: must be above 0"),
        ({"keep": 1, "leftover_hours": -1}, "leftover_hours = -1: must be above 0"),
    ],
)
def test_rules_that_say_nothing_are_refused(
    store: CatalogStore, nights: tuple[str, ...], night: Night, rules: dict[str, float], told: str
) -> None:
    with pytest.raises(InvalidInputError, match=told):
        store.prune(at=night(6), **rules)  # type: ignore[arg-type]
    assert store.versions() == nights
