"""Reading a snapshot: a folder or URL of CSV tables with a manifest that vouches for them."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from costopt.catalog.columns import Table
from costopt.catalog.manifest import MANIFEST_NAME, Manifest, check_bytes, read_manifest
from costopt.catalog.schema import OPTIONAL_TABLES, TABLES
from costopt.catalog.store.place import file_system_of
from costopt.catalog.web import file_url, is_web_place, read_web_file
from costopt.errors import CatalogFileError

BUNDLED_PACKAGE: Final = "costopt_catalogs"

ARROW_TYPES: Final = {
    "text": pa.string(),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
}
_NULLABLE_TYPES: Final = {"int": pd.Int64Dtype(), "bool": pd.BooleanDtype()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One place that holds a manifest and its tables, checked byte by byte when read.

    Attributes:
        place: where it lies, for messages.
        manifest: the manifest.
        read: name of a file -> its bytes.
    """

    place: str
    manifest: Manifest
    read: Callable[[str], bytes]

    def table(self, name: str) -> pd.DataFrame:
        """Read one table, checked against the manifest and the schema.

        Columns that this version does not know are passed over.

        Raises:
            CatalogFileError: the file is missing, cut short, edited, lacks a column, or leaves a
                required one empty.
        """
        table = TABLES[name]
        if name in OPTIONAL_TABLES and table.file_name not in self.manifest.tables:
            return no_rows(table)
        payload = self.read(table.file_name)
        check_bytes(self.manifest, table.file_name, payload, self.place)
        rows = parse_table(table, payload, self.place)
        refuse_gaps(table, rows, f"{self.place}/{table.file_name}")
        return rows


def bundled_snapshot() -> Snapshot:
    """Open the snapshot that is installed with costopt."""
    folder = files(BUNDLED_PACKAGE)
    return open_snapshot(partial(_read_below, folder), "bundled catalogue")


def snapshot_at(url: str | Path) -> Snapshot:
    """Open a snapshot in a folder, over HTTP, or at any other URL that fsspec can read.

    Raises:
        CatalogFileError: the protocol of the URL is not known or not installed, there is no
            manifest, or it cannot be read.
    """
    place = str(url)
    if is_web_place(place):
        return open_snapshot(partial(_read_from_web, place), place)
    system, root = file_system_of(place)
    return open_snapshot(partial(_read_from, system, root), place)


def _read_below(folder: Traversable, name: str) -> bytes:
    return folder.joinpath(name).read_bytes()


def _read_from_web(place: str, name: str) -> bytes:
    return read_web_file(file_url(place, name))


def _read_from(system: Any, root: str, name: str) -> bytes:
    return bytes(system.cat_file(f"{root}/{name}"))


def open_snapshot(read: Callable[[str], bytes], place: str) -> Snapshot:
    """Read the manifest of a snapshot.

    Args:
        read: name of a file -> its bytes; raises when it is not there.
        place: where it lies, for messages.

    Raises:
        CatalogFileError: the manifest is missing or cannot be read.
    """
    read_or_explain = _ReadOrExplain(read=read, place=place)
    manifest = read_manifest(read_or_explain(MANIFEST_NAME), place)
    return Snapshot(place=place, manifest=manifest, read=read_or_explain)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadOrExplain:
    """Reading with an error in words; no closure, so that catalogues travel between processes.

    Attributes:
        read: name of a file -> its bytes; raises when it is not there.
        place: where it lies, for messages.
    """

    read: Callable[[str], bytes]
    place: str

    def __call__(self, name: str) -> bytes:
        """Read one file.

        Raises:
            CatalogFileError: it is missing or cannot be read.
        """
        try:
            return self.read(name)
        except CatalogFileError:
            raise
        except Exception as error:  # each file system of fsspec raises errors of its own
            lacking = isinstance(error, FileNotFoundError)
            raise CatalogFileError(
                f"{self.place}/{name}",
                "is not there" if lacking else f"cannot be read ({type(error).__name__})",
                "Check the path, or build the catalogue again.",
            ) from error


def parse_table(table: Table, payload: bytes, place: str) -> pd.DataFrame:
    """Parse one CSV table with the written-out types of its schema.

    Raises:
        CatalogFileError: the columns or the values do not fit the schema.
    """
    types = {column.name: ARROW_TYPES[column.type] for column in table.columns}
    options = pa_csv.ConvertOptions(
        column_types=types,
        include_columns=list(table.column_names),
        strings_can_be_null=False,
        null_values=[""],
        true_values=["true"],
        false_values=["false"],
    )
    try:
        arrow = pa_csv.read_csv(io.BytesIO(payload), convert_options=options)
    except (pa.ArrowInvalid, KeyError) as error:
        raise CatalogFileError(
            f"{place}/{table.file_name}",
            f"does not fit the schema: {error}",
            "Build the catalogue again with this version of costopt.",
        ) from error
    return to_pandas(arrow, table)


def refuse_gaps(table: Table, rows: pd.DataFrame, place: str) -> None:
    """Refuse a table that leaves a required fact empty.

    Raises:
        CatalogFileError: a row lacks a fact that every row must have.
    """
    for column in table.columns:
        values = rows[column.name]
        if column.required and ((values == "") if column.type == "text" else values.isna()).any():
            raise CatalogFileError(
                place,
                f"has rows without {column.name}, which every row must have",
                "Build the catalogue again; its checks leave such rows out.",
            )


def no_rows(table: Table) -> pd.DataFrame:
    """Return a table without rows, in the types of its schema."""
    fields = [(column.name, ARROW_TYPES[column.type]) for column in table.columns]
    return to_pandas(pa.schema(fields).empty_table(), table)


def to_pandas(arrow: pa.Table, table: Table) -> pd.DataFrame:
    """Hand over to pandas: text and floats as they are, whole numbers and truths nullable."""
    nullable = {
        ARROW_TYPES[column.type]: _NULLABLE_TYPES[column.type]
        for column in table.columns
        if column.type in _NULLABLE_TYPES
    }
    frame: pd.DataFrame = arrow.to_pandas(types_mapper=nullable.get)
    return frame
