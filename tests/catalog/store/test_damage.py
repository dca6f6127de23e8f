"""A store with a damaged file refuses in one sentence, and a rollback never leads to one."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.part import NewVersion
from costopt.catalog.store.pointer import point_to
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.errors import CatalogFileError, UnknownNameError

NewNight = Callable[..., NewVersion]
Night = Callable[[int], datetime]


@pytest.fixture
def folder(store: CatalogStore, new_night: NewNight) -> Path:
    """Folder of the one version of the store."""
    made = store.publish(new_night(1, None))
    return Path(store.place, "versions", made.id)


def refusal(store: CatalogStore) -> str:
    """Return the sentence with which the store is refused."""
    with pytest.raises(CatalogFileError) as caught:
        Catalog.open(store.place)
    return str(caught.value)


def rewritten(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change the manifest of a version, and let latest vouch for it."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    payload = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(payload)
    (folder.parents[1] / "latest").write_bytes(point_to(folder.name, payload))


def test_truncated_parquet_says_how_much_is_missing(store: CatalogStore, folder: Path) -> None:
    file = folder / "offers.aws.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])
    assert f"{file}: is cut short: 10 of {len(whole)} bytes are missing" in refusal(store)


def test_edited_parquet_is_refused(store: CatalogStore, folder: Path) -> None:
    file = folder / "offers.aws.parquet"
    payload = bytearray(file.read_bytes())
    payload[100] ^= 1
    file.write_bytes(payload)
    assert f"{file}: was edited: its sha256 is not the one in manifest.json" in refusal(store)


def test_missing_parquet_is_refused(store: CatalogStore, folder: Path) -> None:
    (folder / "offers.gcp.parquet").unlink()
    assert f"{folder}/offers.gcp.parquet: is not there" in refusal(store)


def test_edited_manifest_is_refused(store: CatalogStore, folder: Path) -> None:
    with (folder / "manifest.json").open("ab") as file:
        file.write(b"\n")
    assert "manifest.json: was edited: its sha256 is not the one in latest" in refusal(store)


def test_manifest_of_another_version_is_refused(store: CatalogStore, folder: Path) -> None:
    rewritten(folder, lambda manifest: manifest.update(started_from="20261120T031500Z-00000000"))
    assert "what it says does not fit the id of the version" in refusal(store)


def test_manifest_of_a_later_schema_names_the_way_out(store: CatalogStore, folder: Path) -> None:
    rewritten(folder, lambda manifest: manifest.update(schema_version=99))
    assert "has schema version 99, and this costopt reads 1. Upgrade" in refusal(store)


def test_manifest_without_a_key_is_refused(store: CatalogStore, folder: Path) -> None:
    rewritten(folder, lambda manifest: manifest.pop("providers"))
    assert "manifest.json: cannot be read ('providers')" in refusal(store)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "latest: cannot be read (JSONDecodeError)"),
        (b"[]", "latest: cannot be read (TypeError)"),
        (b'{"id": "20261121T031500Z-0123abcd"}', "latest: cannot be read (KeyError)"),
        (b'{"id": "../../other", "manifest_sha256": ""}', "names '../../other', which is no id"),
    ],
)
def test_damaged_pointer_is_refused(
    store: CatalogStore, folder: Path, content: bytes, told: str
) -> None:
    (folder.parents[1] / "latest").write_bytes(content)
    assert told in refusal(store)


def test_dated_material_of_a_store_is_read_only_when_asked_for(
    store: CatalogStore, folder: Path
) -> None:
    catalog = Catalog.open(store.place)
    (folder / "spot_history.aws.parquet").unlink()
    assert len(catalog) == 13
    with pytest.raises(CatalogFileError, match=r"spot_history\.aws\.parquet: is not there"):
        catalog.table("spot_history")


def test_unknown_version_suggests_the_nearest(store: CatalogStore, folder: Path) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean {folder.name}"):
        Catalog.open(store.place, version=folder.name[:-1])


def test_rollback_to_a_damaged_version_changes_nothing(
    store: CatalogStore, folder: Path, new_night: NewNight, night: Night
) -> None:
    second = store.publish(new_night(2, folder.name)).id
    (folder / "traces.parquet").unlink()
    with pytest.raises(CatalogFileError, match=r"traces\.parquet: is not there"):
        store.rollback(folder.name, at=night(3))
    assert store.latest_id() == second
    assert store.audit()["event"].tolist() == ["publish", "publish"]


def test_rollback_brings_back_a_store_whose_latest_is_lost(
    store: CatalogStore, folder: Path, night: Night
) -> None:
    (folder.parents[1] / "latest").unlink()
    store.rollback(folder.name, at=night(2))
    assert Catalog.open(store.place).place.endswith(folder.name)


def test_history_refuses_a_file_of_another_length(store: CatalogStore, folder: Path) -> None:
    catalog = Catalog.open(store.place)
    file = folder / "offers.aws.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])
    with pytest.raises(
        CatalogFileError, match=f"has {len(whole) - 10} bytes where the manifest says {len(whole)}"
    ):
        catalog.history()


def test_history_refuses_a_file_that_is_not_parquet(store: CatalogStore, folder: Path) -> None:
    catalog = Catalog.open(store.place)
    file = folder / "offers.aws.parquet"
    file.write_bytes(bytes(len(file.read_bytes())))
    with pytest.raises(CatalogFileError, match="cannot be read by DuckDB"):
        catalog.history()


def test_url_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(CatalogFileError, match="holds a password") as caught:
        open_store("s3://key:hush@bucket/prices")
    assert "hush" not in str(caught.value)


def test_unknown_protocol_is_one_sentence() -> None:
    with pytest.raises(CatalogFileError, match="nosuch://prices: cannot be opened"):
        open_store("nosuch://prices")


def test_file_without_permission_is_one_sentence(
    store: CatalogStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(CatalogFileError, match=r"latest: cannot be read \(Permission denied\)"):
        store.latest_id()
    assert folder.exists()
