"""Wrong files, catalogues and options: one line on standard error, exit code 2, nothing else."""

import json
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]


def test_a_missing_request_file_is_named(refusal: Refusal, tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert f"{missing}: there is no such file" in refusal("plan", str(missing))


def test_a_folder_is_no_request_file(refusal: Refusal, tmp_path: Path) -> None:
    assert "this is a folder" in refusal("plan", str(tmp_path))


def test_a_binary_file_is_no_request_file(refusal: Refusal, tmp_path: Path) -> None:
    request = tmp_path / "request.bin"
    request.write_bytes(bytes(range(256)))
    assert "not a text file in UTF-8" in refusal("plan", str(request))


def test_a_request_file_with_a_byte_order_mark_is_read(command: Command, tmp_path: Path) -> None:
    request = tmp_path / "windows.toml"
    request.write_text("\ufeff[workload]\nkind = 'requirement'", encoding="utf-8")
    assert command("plan", str(request))[0] == 0


def test_a_plan_needs_one_request(refusal: Refusal, tmp_path: Path) -> None:
    for arguments in ((), (str(tmp_path / "a.toml"), "--example", "eu")):
        assert "give a request file, or --example with one of" in refusal("plan", *arguments)


def test_an_unknown_example_suggests_the_nearest(refusal: Refusal) -> None:
    assert "Did you mean chat-70b" in refusal("plan", "--example", "chat-7b")


def test_an_unknown_option_is_refused(command: Command) -> None:
    code, out, err = command("plan", "--exmple", "eu")
    assert (code, out) == (2, "")
    assert "--exmple" in err
    assert "Traceback" not in err


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A copy of the bundled catalogue that may be damaged."""
    folder = tmp_path / "catalogue"
    shutil.copytree(str(files("costopt_catalogs")), folder)
    return folder


def test_a_copy_of_the_catalogue_gives_the_same_lines(command: Command, snapshot: Path) -> None:
    arguments = ("plan", "--example", "need-8xa100", "--json")
    code, bundled, _ = command(*arguments)
    _, copied, _ = command(*arguments, "--catalog", str(snapshot))
    assert code == 0
    assert json.loads(copied)["catalog"]["place"] == str(snapshot)
    assert json.loads(copied)["lines"] == json.loads(bundled)["lines"] != []


def test_a_catalogue_that_was_cut_short_is_refused(refusal: Refusal, snapshot: Path) -> None:
    table = snapshot / "offers.csv"
    table.write_bytes(table.read_bytes()[:-100])
    said = refusal("plan", "--example", "eu", "--catalog", str(snapshot))
    assert "offers.csv: is cut short: 100 of" in said


def test_a_catalogue_that_was_edited_is_refused(refusal: Refusal, snapshot: Path) -> None:
    table = snapshot / "offers.csv"
    original = table.read_bytes()
    table.write_bytes(original.replace(b"spot", b"Spot", 1))
    said = refusal("plan", "--example", "eu", "--catalog", str(snapshot))
    assert "offers.csv: was edited" in said


def test_a_catalogue_without_one_of_its_tables_is_refused(
    refusal: Refusal, snapshot: Path
) -> None:
    (snapshot / "regions.csv").unlink()
    said = refusal("plan", "--example", "eu", "--catalog", str(snapshot))
    assert "regions.csv: is not there" in said


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema_version": 99}', "null"])
def test_a_damaged_manifest_is_refused(damage: str, refusal: Refusal, snapshot: Path) -> None:
    (snapshot / "manifest.json").write_text(damage, encoding="utf-8")
    said = refusal("plan", "--example", "eu", "--catalog", str(snapshot))
    assert "manifest.json" in said


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere", "nowhere/manifest.json: is not there"),
        ("", "manifest.json: is not there"),
        ("zzz://nowhere", "zzz://nowhere: cannot be opened"),
    ],
)
def test_a_place_without_a_catalogue_is_refused(
    place: str, words: str, refusal: Refusal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert words in refusal("plan", "--example", "eu", "--catalog", place)
    assert not list(tmp_path.iterdir())
