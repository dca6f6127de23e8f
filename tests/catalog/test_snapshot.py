"""Opening snapshots: what is read when, and what is refused with one sentence."""

import json
import pickle
import shutil
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import fsspec
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.manifest import MANIFEST_NAME
from costopt.catalog.schema import DATED_MATERIAL, OPTIONAL_TABLES, TABLES
from costopt.catalog.snapshot import bundled_snapshot, open_snapshot
from costopt.catalog.store.opening import Opened
from costopt.errors import CatalogFileError, EmptyCatalogError

WriteSnapshot = Callable[..., Path]


def refusal(place: Path | str, table: str = "offers") -> str:
    """Return the sentence with which a place, or a table of it, is refused."""
    with pytest.raises(CatalogFileError) as caught:
        Catalog.open(place).table(table)
    return str(caught.value)


def test_written_snapshot_opens_with_the_same_rows(
    write_snapshot: WriteSnapshot, small: Catalog
) -> None:
    opened = Catalog.open(write_snapshot())
    for name in set(TABLES) - DATED_MATERIAL:
        assert opened.table(name).equals(small.table(name)), name
    assert opened.as_of == small.as_of
    assert opened.fingerprint == small.fingerprint


def test_folder_may_be_given_as_text_or_path_and_is_the_place(
    write_snapshot: WriteSnapshot,
) -> None:
    folder = write_snapshot()
    assert Catalog.open(str(folder)).place == str(folder)
    assert Catalog.open(folder).place == str(folder)


def test_copy_of_the_bundled_snapshot_is_the_bundled_catalogue(
    tmp_path: Path, bundled: Catalog
) -> None:
    with as_file(files("costopt_catalogs")) as folder:
        shutil.copytree(folder, tmp_path / "copy")
    opened = Catalog.open(tmp_path / "copy")
    assert opened.fingerprint == bundled.fingerprint
    assert opened.table("spot_history").equals(bundled.table("spot_history"))


def test_snapshot_opens_from_any_file_system_that_fsspec_knows(
    write_snapshot: WriteSnapshot, small: Catalog
) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(str(write_snapshot()), "/catalogues/small", recursive=True)
    try:
        opened = Catalog.open("memory://catalogues/small")
    finally:
        memory.rm("/catalogues", recursive=True)
    assert opened.fingerprint == small.fingerprint


def test_a_catalogue_travels_to_another_process_with_what_it_reads_later(
    write_snapshot: WriteSnapshot,
) -> None:
    for catalog in (Catalog.bundled(), Catalog.open(write_snapshot())):
        again = pickle.loads(pickle.dumps(catalog))
        assert again.fingerprint == catalog.fingerprint
        for name in sorted(DATED_MATERIAL)[:1]:
            assert again.table(name).equals(catalog.table(name))


def test_truncated_file_says_how_much_is_missing(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot()
    whole = (folder / "offers.csv").read_bytes()
    (folder / "offers.csv").write_bytes(whole[:-10])
    assert f"{folder}/offers.csv: is cut short: 10 of {len(whole)} bytes" in refusal(folder)


@pytest.mark.parametrize(
    "edit",
    [
        lambda payload: payload.replace(b",96.0,", b",69.0,"),
        lambda payload: payload + b"\n",
        lambda payload: payload.replace(b"\n", b"\r\n"),
    ],
    ids=["one price", "one line more", "line ends"],
)
def test_edited_file_is_refused(
    write_snapshot: WriteSnapshot, edit: Callable[[bytes], bytes]
) -> None:
    folder = write_snapshot()
    path = folder / "offers.csv"
    before = path.read_bytes()
    path.write_bytes(edit(before))
    assert path.read_bytes() != before
    assert f"{path}: was edited: its sha256 is not the one in manifest.json" in refusal(folder)


def test_missing_file_is_named(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot()
    (folder / "regions.csv").unlink()
    assert refusal(folder).startswith(f"{folder}/regions.csv: is not there. Check the path")


def test_missing_manifest_is_named(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot()
    (folder / MANIFEST_NAME).unlink()
    assert refusal(folder).startswith(f"{folder}/manifest.json: is not there.")


def test_place_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").startswith(f"{tmp_path}/nowhere/manifest.json: is not")


def test_file_in_the_place_of_a_folder_is_refused(write_snapshot: WriteSnapshot) -> None:
    path = write_snapshot() / "offers.csv"
    assert refusal(path).startswith(f"{path}/manifest.json: cannot be read (NotADirectoryError)")


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"schema_version": 1}'])
def test_manifest_that_cannot_be_read_is_refused(
    write_snapshot: WriteSnapshot, payload: bytes
) -> None:
    folder = write_snapshot()
    (folder / MANIFEST_NAME).write_bytes(payload)
    assert f"{folder}/manifest.json: cannot be read" in refusal(folder)


def test_manifest_that_does_not_list_a_table_is_refused(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot()
    written = json.loads((folder / MANIFEST_NAME).read_text())
    del written["tables"]["offers.csv"]
    (folder / MANIFEST_NAME).write_text(json.dumps(written))
    assert f"{folder}/offers.csv: is not listed in manifest.json" in refusal(folder)


@pytest.mark.parametrize("version", [0, 2, "1"])
def test_other_schema_version_is_refused(
    write_snapshot: WriteSnapshot, version: int | str
) -> None:
    folder = write_snapshot()
    written = json.loads((folder / MANIFEST_NAME).read_text())
    (folder / MANIFEST_NAME).write_text(json.dumps(written | {"schema_version": version}))
    assert f"has schema version {version}, and this costopt reads 1" in refusal(folder)


def test_column_of_a_later_version_is_passed_over(
    write_snapshot: WriteSnapshot, small: Catalog
) -> None:
    lines = (write_snapshot() / "offers.csv").read_text().splitlines()
    wider = [
        f"{line},{'carbon_kg' if number == 0 else number}" for number, line in enumerate(lines)
    ]
    folder = write_snapshot("later", offers="\n".join([*wider, ""]).encode())
    assert "carbon_kg" in (folder / "offers.csv").read_text()
    opened = Catalog.open(folder)
    assert opened.offers.equals(small.offers)
    assert opened.fingerprint == small.fingerprint


def test_columns_in_another_order_are_read_by_name(
    write_snapshot: WriteSnapshot, small: Catalog
) -> None:
    rows = small.table("exchange_rates")[["as_of", "source", "rate", "quote", "base"]]
    folder = write_snapshot(exchange_rates=rows.to_csv(index=False).encode())
    assert Catalog.open(folder).table("exchange_rates").equals(small.table("exchange_rates"))


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"", "does not fit the schema"),
        (b"base,quote,rate,source\nUSD,CNY,8,bank\n", "does not fit the schema"),
        (b"base,quote,rate,source,as_of\nUSD,CNY,8\n", "does not fit the schema"),
        (b"base,quote,rate,source,as_of\nUSD,CNY,eight,bank,2026\n", "does not fit the schema"),
        (b"base,quote,rate,source,as_of\nUSD,\xff,8,bank,2026\n", "does not fit the schema"),
        (b"base,quote,rate,source,as_of\nUSD,CNY,,bank,2026\n", "has rows without rate"),
        (b"base,quote,rate,source,as_of\nUSD,CNY,nan,bank,2026\n", "has rows without rate"),
        (b"base,quote,rate,source,as_of\nUSD,CNY,8,,2026\n", "has rows without source"),
    ],
    ids=["empty", "column missing", "short row", "word for a number", "not UTF-8", "gap", "nan",
         "no source"],
)  # fmt: skip
def test_table_that_does_not_fit_the_schema_is_refused(
    write_snapshot: WriteSnapshot, payload: bytes, problem: str
) -> None:
    folder = write_snapshot(exchange_rates=payload)
    message = refusal(folder)
    assert message.startswith(f"{folder}/exchange_rates.csv: {problem}")
    assert "Build the catalogue again" in message


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nosuch://bucket/catalogue", "Protocol not known: nosuch"),
        ("gs://bucket/catalogue", "Please install gcsfs"),
        ("memory://nowhere", "memory://nowhere/manifest.json: is not there"),
    ],
)
def test_url_that_cannot_be_opened_is_refused(
    url: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    assert problem in refusal(url)


def test_error_of_a_file_system_becomes_one_sentence(write_snapshot: WriteSnapshot) -> None:
    class BucketError(Exception):
        """What a cloud's library may raise: no OSError."""

    def read(name: str) -> bytes:
        raise BucketError(name)

    with pytest.raises(CatalogFileError, match=r"x/manifest\.json: cannot be read \(BucketError"):
        open_snapshot(read, "x")


def test_snapshot_without_offers_opens_and_says_so_when_asked(
    write_snapshot: WriteSnapshot,
) -> None:
    header = (write_snapshot() / "offers.csv").read_bytes().splitlines(keepends=True)[0]
    empty = Catalog.open(write_snapshot("empty", offers=header))
    assert len(empty) == 0
    assert repr(empty).endswith("no offers)")
    assert empty.offers["effective_per_hour"].dtype == float
    with pytest.raises(EmptyCatalogError, match="no offers at all"):
        _ = empty.as_of


def test_dated_material_is_read_only_when_asked_for(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot()
    read: list[str] = []

    def noting(name: str) -> bytes:
        read.append(name)
        return (folder / name).read_bytes()

    snapshot = open_snapshot(noting, "noted")
    catalog = Catalog._from_opened(Opened(place="noted", table=snapshot.table))
    assert {f"{name}.csv" for name in DATED_MATERIAL}.isdisjoint(read)
    assert len(read) == 1 + len(TABLES) - len(DATED_MATERIAL)
    catalog.filter(providers="aws").table("spot_history")
    assert read[-1] == "spot_history.csv"
    assert "arrival_profiles.csv" not in read


def test_dated_material_is_checked_when_it_is_read(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot()
    catalog = Catalog.open(folder)
    with (folder / "spot_history.csv").open("ab") as file:
        file.write(b"more\n")
    with pytest.raises(CatalogFileError, match=r"spot_history\.csv: was edited"):
        catalog.table("spot_history")


def test_bundled_snapshot_holds_every_table_of_the_schema() -> None:
    snapshot = bundled_snapshot()
    named = {table.file_name for name, table in TABLES.items() if name not in OPTIONAL_TABLES}
    assert set(snapshot.manifest.tables) == named
    for name in DATED_MATERIAL:
        assert len(snapshot.table(name)) == snapshot.manifest.tables[f"{name}.csv"].rows
