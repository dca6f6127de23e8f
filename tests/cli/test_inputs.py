"""Files that a person names: read whole, or refused in one sentence."""

from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.cli.inputs import open_account, open_catalog, read_text
from costopt.errors import CatalogFileError, InvalidInputError


def test_text_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "request.toml"
    file.write_text('name = "Zürich"\n', encoding="utf-8")
    assert read_text(file) == 'name = "Zürich"\n'


def test_mark_that_some_editors_put_before_the_text_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "request.toml"
    file.write_bytes(b"\xef\xbb\xbfgap = 0\n")
    assert read_text(file) == "gap = 0\n"


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.toml"
    with pytest.raises(InvalidInputError) as caught:
        read_text(file)
    assert str(caught.value) == f"{file}: there is no such file"


def test_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="this is a folder; name a file in it"):
        read_text(tmp_path)


def test_file_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"cannot be read \(Not a directory\)"):
        read_text(tmp_path / "a" / "b")


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "request.toml"
    file.write_bytes(b"\xff\xfe\x00gap")
    with pytest.raises(InvalidInputError, match="not a text file in UTF-8"):
        read_text(file)


def test_file_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(InvalidInputError, match="you may not read this file"):
        read_text(tmp_path / "request.toml")


def test_catalogue_without_a_place_is_the_bundled_one(bundled: Catalog) -> None:
    assert open_catalog(None).fingerprint == bundled.fingerprint


def test_catalogue_at_a_place_is_opened_there(tmp_path: Path) -> None:
    with pytest.raises(CatalogFileError, match=r"manifest\.json: is not there"):
        open_catalog(str(tmp_path))


def test_account_in_a_folder_without_a_store_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CatalogFileError, match=r"no published version\. Publish one with costopt"):
        open_account((str(tmp_path),), "2026-11-22")


def test_account_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"own\.csv: it cannot be read"):
        open_account((str(tmp_path / "own.csv"),), "2026-11-22")


def test_no_account_is_none() -> None:
    assert open_account((), "2026-11-22") is None
