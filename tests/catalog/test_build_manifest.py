"""The manifest: what it says of each table, and what it refuses."""

import json

import pytest

from costopt.catalog.manifest import (
    InputEntry,
    Manifest,
    check_bytes,
    describe_table,
    read_manifest,
    write_manifest,
)
from costopt.catalog.schema import SCHEMA_VERSION
from costopt.errors import CatalogFileError

FILES = {"offers.csv": b"provider\naws\n", "regions.csv": b"region\nus-east-1\n"}


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        schema_version=SCHEMA_VERSION,
        as_of="2026-08-22",
        facts_compiled="2026-11",
        tables={name: describe_table(payload, rows=1) for name, payload in FILES.items()},
        inputs={
            "prices.csv": InputEntry(sha256="0" * 64, table="offers", rows=2, kept=1, left_out=1)
        },
    )


def test_manifest_survives_writing_and_reading(manifest: Manifest) -> None:
    assert read_manifest(write_manifest(manifest)) == manifest


def test_entry_describes_bytes_and_rows() -> None:
    entry = describe_table(b"abc", rows=1)
    # sha256 of "abc": FIPS 180-2, appendix B.1
    assert entry.sha256.startswith("ba7816bf8f01cfea414140de5dae2223")
    assert (entry.size_bytes, entry.rows) == (3, 1)


def test_whole_table_passes_and_an_empty_one_does_not(manifest: Manifest) -> None:
    check_bytes(manifest, "offers.csv", FILES["offers.csv"])
    with pytest.raises(CatalogFileError, match="13 of 13 bytes are missing"):
        check_bytes(manifest, "offers.csv", b"")


def test_truncated_table_says_how_much_is_missing(manifest: Manifest) -> None:
    with pytest.raises(CatalogFileError, match=r"offers\.csv: is cut short: 4 of 13 bytes"):
        check_bytes(manifest, "offers.csv", FILES["offers.csv"][:-4])


def test_edited_table_is_refused_with_the_next_step(manifest: Manifest) -> None:
    edited = FILES["offers.csv"].replace(b"aws", b"gcp")
    with pytest.raises(CatalogFileError, match=r"was edited.*python -m costopt\.catalog\.build"):
        check_bytes(manifest, "offers.csv", edited)


def test_table_that_is_not_listed_is_refused(manifest: Manifest) -> None:
    with pytest.raises(CatalogFileError, match=r"extra\.csv: is not listed in manifest\.json"):
        check_bytes(manifest, "extra.csv", b"")


def test_unknown_schema_version_asks_for_another_costopt(manifest: Manifest) -> None:
    written = json.loads(write_manifest(manifest)) | {"schema_version": SCHEMA_VERSION + 1}
    with pytest.raises(CatalogFileError, match=r"here/manifest\.json: has schema version 2"):
        read_manifest(json.dumps(written), "here")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema_version": 1}'])
def test_manifest_that_is_cut_short_is_refused(text: str) -> None:
    with pytest.raises(CatalogFileError, match=r"manifest\.json: cannot be read"):
        read_manifest(text)


def test_manifest_of_a_later_version_may_say_more(manifest: Manifest) -> None:
    written = json.loads(write_manifest(manifest))
    written["tables"]["offers.csv"]["compressed"] = False
    written["built_by"] = "someone"
    assert read_manifest(json.dumps(written)) == manifest
