"""Writing a snapshot: sorted CSV tables, whole files only, the manifest last."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from costopt.catalog.columns import Table
from costopt.catalog.manifest import MANIFEST_NAME
from costopt.errors import CatalogFileError


def in_schema(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of the schema, in its order, sorted by its key, index kept.

    A column that the facts do not know is empty; numbers in a key sort as numbers.
    """
    ordered = rows.reindex(columns=list(table.column_names), fill_value="")
    numeric = {column.name for column in table.columns if column.type in ("float", "int")}
    keys = ordered[list(table.key)].assign(
        **{name: pd.to_numeric(ordered[name]) for name in table.key if name in numeric}
    )
    order = keys.sort_values(list(table.key), kind="stable", na_position="first").index
    return ordered.loc[order]


def table_bytes(rows: pd.DataFrame) -> bytes:
    """Return rows as CSV in UTF-8, one line a row, quoted only where needed."""
    return rows.to_csv(index=False, lineterminator="\n").encode("utf-8")


def publish(files: Mapping[str, bytes], manifest: str, folder: Path) -> None:
    """Put the files of a snapshot in place, each whole, and the manifest last.

    Every file is written beside the others first and then moved over its predecessor, so no
    reader sees half a file; until the manifest is moved, checksums refuse a mixture of old and
    new.

    Raises:
        CatalogFileError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=folder) as scratch:
            for name, payload in (*files.items(), (MANIFEST_NAME, manifest.encode("utf-8"))):
                _write_through(Path(scratch) / name, payload)
            for name in (*files, MANIFEST_NAME):
                (Path(scratch) / name).replace(folder / name)
    except OSError as error:
        raise CatalogFileError(
            str(folder),
            f"cannot be written ({error.strerror})",
            "Give a folder that may be written and has room.",
        ) from error


def _write_through(place: Path, payload: bytes) -> None:
    with place.open("wb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())
