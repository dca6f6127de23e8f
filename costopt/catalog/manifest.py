"""The manifest of a snapshot: what each table must be, byte by byte, and what it came from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Final

from costopt.catalog.schema import SCHEMA_VERSION
from costopt.errors import CatalogFileError

MANIFEST_NAME: Final = "manifest.json"

_BUILD_AGAIN: Final = (
    "Reinstall cloud-costopt, fetch the snapshot again, or build it with "
    "python -m costopt.catalog.build."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """One table of the snapshot.

    Attributes:
        sha256: digest of the file.
        rows: rows of the table [1].
        size_bytes: length of the file [bytes].
    """

    sha256: str
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputEntry:
    """One table of facts that the snapshot was built from: its rows are kept or left out.

    Attributes:
        sha256: digest of the file.
        table: table of the snapshot that holds its rows.
        rows: rows of the file [1].
        kept: rows that are in the table [1].
        left_out: rows that the findings table lists with a reason [1].
    """

    sha256: str
    table: str
    rows: int
    kept: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a snapshot holds.

    Attributes:
        schema_version: version of the written-out columns.
        as_of: newest date among the offers, an ISO day; empty without offers.
        facts_compiled: date that rows without a date of their own carry, ISO 8601.
        tables: name of a file -> its entry.
        inputs: name of a file of facts -> its entry.
    """

    schema_version: int
    as_of: str
    facts_compiled: str
    tables: Mapping[str, TableEntry]
    inputs: Mapping[str, InputEntry]


def describe_table(payload: bytes, rows: int) -> TableEntry:
    """Entry of a table with these bytes."""
    return TableEntry(sha256=sha256(payload).hexdigest(), rows=rows, size_bytes=len(payload))


def write_manifest(manifest: Manifest) -> str:
    """Text of a manifest: JSON with sorted keys, so that a change is a readable diff."""
    return json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n"


def read_manifest(text: str | bytes, place: str = "snapshot") -> Manifest:
    """Parse a manifest.

    Args:
        text: content of ``manifest.json``, as text or in UTF-8.
        place: where the snapshot lies, for messages.

    Raises:
        CatalogFileError: it is cut short or edited, or its schema is another version.
    """
    refuse = partial(CatalogFileError, f"{place}/{MANIFEST_NAME}")
    try:
        written: dict[str, Any] = json.loads(text)
        version = written["schema_version"]
        if version != SCHEMA_VERSION:
            raise refuse(
                f"has schema version {version}, and this costopt reads {SCHEMA_VERSION}",
                "Upgrade cloud-costopt, or build the snapshot again with this version.",
            )
        return Manifest(
            schema_version=version,
            as_of=written["as_of"],
            facts_compiled=written["facts_compiled"],
            tables={name: _table_entry(entry) for name, entry in written["tables"].items()},
            inputs={name: _input_entry(entry) for name, entry in written["inputs"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refuse(f"cannot be read ({error})", _BUILD_AGAIN) from error


def _table_entry(written: Mapping[str, Any]) -> TableEntry:
    """Read the entry of a table; keys of a later version are passed over."""
    return TableEntry(
        sha256=str(written["sha256"]),
        rows=int(written["rows"]),
        size_bytes=int(written["size_bytes"]),
    )


def _input_entry(written: Mapping[str, Any]) -> InputEntry:
    """Read the entry of a file of facts; keys of a later version are passed over."""
    return InputEntry(
        sha256=str(written["sha256"]),
        table=str(written["table"]),
        rows=int(written["rows"]),
        kept=int(written["kept"]),
        left_out=int(written["left_out"]),
    )


def check_bytes(manifest: Manifest, name: str, payload: bytes, place: str = "snapshot") -> None:
    """Refuse a file that is not byte for byte the one the manifest describes.

    Args:
        manifest: manifest of the snapshot.
        name: name of the file.
        payload: its bytes.
        place: where the snapshot lies, for messages.

    Raises:
        CatalogFileError: the manifest has no such file, or the file is cut short or edited.
    """
    refuse = partial(CatalogFileError, f"{place}/{name}")
    entry = manifest.tables.get(name)
    if entry is None:
        raise refuse(f"is not listed in {MANIFEST_NAME}", _BUILD_AGAIN)
    if len(payload) < entry.size_bytes:
        missing = entry.size_bytes - len(payload)
        raise refuse(
            f"is cut short: {missing} of {entry.size_bytes} bytes are missing", _BUILD_AGAIN
        )
    if sha256(payload).hexdigest() != entry.sha256:
        raise refuse(f"was edited: its sha256 is not the one in {MANIFEST_NAME}", _BUILD_AGAIN)
