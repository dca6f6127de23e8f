"""``costopt catalog versions``: three nights of two clouds, of which the second is half stale."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import TABLES
from costopt.catalog.store.listing import LIST_COLUMNS
from costopt.catalog.store.part import (
    SHARED_TABLES,
    NewVersion,
    PartStatus,
    ProviderPart,
    fresh_parts,
)
from costopt.catalog.store.store import CatalogStore, open_store

Command = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]

FIRST_NIGHT = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)


def stale(part: ProviderPart) -> ProviderPart:
    """Return Azure as of the first night, and one region of AWS too."""
    if part.provider == "azure":
        return replace(part, status=PartStatus.CARRIED, stale_since=FIRST_NIGHT)
    return replace(part, stale_regions={"us-east-1": FIRST_NIGHT})


@pytest.fixture
def store(bundled: Catalog, tmp_path: Path) -> CatalogStore:
    """A store of three nights."""
    narrow = bundled.filter(
        instance_types=["g4dn.xlarge", "Standard_NC4as_T4_v3"], purchase_options=["on_demand"]
    )
    clouds = ("aws", "azure")
    every = {name: narrow.table(name) for name in TABLES}
    tables = {
        name: rows[rows["provider"].isin(clouds)] if "provider" in rows else rows
        for name, rows in every.items()
    }
    made, last = open_store(tmp_path / "store"), None
    for number in range(3):
        at = FIRST_NIGHT + timedelta(days=number)
        parts = fresh_parts(tables, at)
        new = NewVersion(
            created_at=at,
            started_from=last,
            parts=tuple(map(stale, parts)) if number == 1 else parts,
            shared={name: tables[name] for name in SHARED_TABLES},
        )
        last = made.publish(new).id
    return made


def test_versions_are_shown_newest_first_with_what_is_stale(
    command: Command, store: CatalogStore
) -> None:
    first, second, third = store.versions()
    code, out, err = command("catalog", "versions", "--store", store.place)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["version", "created", "(UTC)", "rows", "MB"]
    assert [line.split()[0] for line in lines[1:6:2]] == [third, second, first]
    assert lines[1].split()[1:3] == ["2026-11-22", "03:15"]
    assert lines[2] == "    latest: aws, azure fresh"
    assert lines[4] == "    earlier: aws fresh but for 1 region; azure stale since 2026-11-20"
    assert lines[6] == "    earlier: aws, azure fresh"
    assert " ".join(lines[7:]) == f"3 of 3 versions in {store.place}."
    assert max(map(len, lines)) <= 100


def test_versions_that_were_rolled_back_are_named_as_such(
    command: Command, store: CatalogStore
) -> None:
    first, _, third = store.versions()
    store.rollback(first, at=FIRST_NIGHT + timedelta(days=3))
    _, out, _ = command("catalog", "versions", "--store", store.place, "--limit", "1")
    lines = out.splitlines()
    assert lines[1].split()[0] == third
    assert lines[2] == "    rolled back: aws, azure fresh"
    told = " ".join(" ".join(lines[3:]).split())
    assert told == (
        f"1 of 3 versions in {store.place}. 2 are no part of its history: rolled back, or never "
        "seen by readers."
    )


def test_versions_for_machines_have_a_row_for_each_provider(
    command: Command, store: CatalogStore
) -> None:
    asked = ("catalog", "versions", "--store", store.place, "--limit", "1")
    _, text, _ = command(*asked, "--csv")
    _, told, _ = command(*asked, "--json")
    rows, records = list(csv.DictReader(StringIO(text))), json.loads(told)
    # three versions of two providers, whatever the limit
    assert len(rows) == len(records) == 3 * 2
    assert tuple(rows[0]) == tuple(records[0]) == LIST_COLUMNS
    second = {row["provider"]: row for row in records[2:4]}
    assert second["aws"]["stale_regions"] == "us-east-1=2026-11-20T03:15:00Z"
    assert second["azure"]["stale_since"] == "2026-11-20T03:15:00Z"
    assert second["azure"]["status"] == "carried"
    assert [row["standing"] for row in records[::2]] == ["latest", "earlier", "earlier"]
    assert records[0]["version_rows"] > records[0]["rows"] > 0
    assert records[0]["version_bytes"] > records[0]["bytes"] > 0


def test_damaged_version_is_shown_with_its_problem(command: Command, store: CatalogStore) -> None:
    first = store.versions()[0]
    (Path(store.place) / "versions" / first / "manifest.json").write_text("{", "utf-8")
    code, out, _ = command("catalog", "versions", "--store", store.place)
    assert code == 0
    assert f"{first} - - -" in " ".join(out.split())
    assert "cannot be read" in out
    _, told, _ = command("catalog", "versions", "--store", store.place, "--json")
    assert json.loads(told)[-1]["version_rows"] is None


def test_versions_of_a_place_without_a_store_are_refused(refusal: Refusal, tmp_path: Path) -> None:
    words = refusal("catalog", "versions", "--store", str(tmp_path / "nowhere"))
    assert "holds no published version" in words
