"""One table as parquet bytes and back, in the written-out columns of the schema."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from costopt.catalog.columns import Table
from costopt.catalog.finding import row_keys
from costopt.catalog.snapshot import ARROW_TYPES, refuse_gaps, to_pandas
from costopt.errors import CatalogFileError, InvalidInputError

ROLL_BACK: Final = "Roll back to another version, or publish again."


def encode_table(table: Table, rows: pd.DataFrame, what: str) -> bytes:
    """Write rows as parquet, sorted by the key of the table; the same rows, the same bytes.

    Args:
        table: the table in the schema.
        rows: rows with exactly the columns of the table.
        what: what the rows are, for messages.

    Raises:
        InvalidInputError: columns or values do not fit, or two rows have one key.
        CatalogFileError: a row lacks a required fact.
    """
    if set(rows.columns) != set(table.column_names):
        odd = ", ".join(sorted(set(rows.columns) ^ set(table.column_names)))
        raise InvalidInputError(what, [f"not exactly the columns of {table.name}: {odd}"])
    refuse_gaps(table, rows, what)
    twice = rows[rows.duplicated(list(table.key))]
    if not twice.empty:
        raise InvalidInputError(what, [f"two rows are {row_keys(table, twice).iloc[0]}"])
    ordered = rows.sort_values(list(table.key), kind="stable", na_position="first")
    sink = BytesIO()
    pa_parquet.write_table(_to_arrow(table, ordered, what), sink, compression="zstd")
    return sink.getvalue()


def decode_tables(table: Table, payloads: Sequence[tuple[str, bytes]]) -> pd.DataFrame:
    """Read the parts of one table, in the order given; columns of a later version are left out.

    Args:
        table: the table in the schema.
        payloads: where each part lies, for messages, and its bytes.

    Raises:
        CatalogFileError: a part is not parquet, lacks a column, or leaves a required one empty.
    """
    parts = [_read_arrow(table, place, payload) for place, payload in payloads]
    whole = pa.concat_tables([arrow_schema(table).empty_table(), *parts])
    return to_pandas(whole, table)


def arrow_schema(table: Table) -> pa.Schema:
    """Columns of a table as an arrow schema."""
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in table.columns])


def _read_arrow(table: Table, place: str, payload: bytes) -> pa.Table:
    try:
        read = pa_parquet.ParquetFile(BytesIO(payload)).read(columns=list(table.column_names))
        arrow = read.select(list(table.column_names)).cast(arrow_schema(table))
    except (pa.ArrowException, KeyError, OSError) as error:
        raise CatalogFileError(
            place, f"does not fit the schema ({type(error).__name__}: {error})", ROLL_BACK
        ) from error
    refuse_gaps(table, to_pandas(arrow, table), place)
    return arrow


def _to_arrow(table: Table, rows: pd.DataFrame, what: str) -> pa.Table:
    arrays = []
    for column in table.columns:
        try:
            array = pa.array(rows[column.name], type=ARROW_TYPES[column.type], from_pandas=True)
        except (pa.ArrowException, ValueError, TypeError) as error:
            raise InvalidInputError(what, [f"column {column.name}: {error}"]) from error
        if column.type == "text" and array.null_count:
            raise InvalidInputError(what, [f"column {column.name}: text is empty, never null"])
        arrays.append(array)
    return pa.table(arrays, schema=arrow_schema(table))
