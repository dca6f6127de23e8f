"""Rows that adapters told, as typed tables of the schema."""

from collections.abc import Iterable, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from costopt.catalog.columns import Table
from costopt.catalog.schema import FINDINGS
from costopt.catalog.snapshot import to_pandas
from costopt.catalog.store.parquet import arrow_schema
from costopt.errors import InvalidInputError
from costopt.fetch.fetched import FetchFinding, Row


def frame_of(table: Table, rows: Sequence[Row], what: str) -> pd.DataFrame:
    """Return rows in the columns and types of a table; what they do not tell is unknown.

    Args:
        table: the table in the schema; other columns of the rows are left out.
        rows: column name -> value.
        what: where the rows come from, for messages.

    Raises:
        InvalidInputError: a value has another type than its column.
    """
    schema = arrow_schema(table)
    try:
        arrow = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInputError(what, [f"a row does not fit {table.name} ({error})"]) from None
    filled = [
        pc.fill_null(arrow[column.name], "") if column.type == "text" else arrow[column.name]
        for column in table.columns
    ]
    return to_pandas(pa.table(filled, schema=schema), table)


def join_frames(table: Table, frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return frames of one table below each other, with its types also when there are none."""
    return pd.concat([frame_of(table, (), table.name), *frames], ignore_index=True)


def findings_frame(told: Iterable[FetchFinding], provider: str, day: str) -> pd.DataFrame:
    """Return what an adapter found as rows of the findings table.

    Args:
        told: the findings.
        provider: who told them.
        day: of the run, ISO 8601.
    """
    rows: list[Row] = [
        {
            "check": finding.check,
            "severity": finding.severity,
            "table": finding.table,
            "row": finding.row,
            "detail": finding.detail,
            "source": f"refresh of {provider}",
            "as_of": day,
        }
        for finding in told
    ]
    return frame_of(FINDINGS, rows, f"findings of {provider}").astype("str")
