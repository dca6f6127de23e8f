"""Findings: what a check found in a row, as rows of the findings table."""

from collections.abc import Iterable
from typing import Any, Final, Literal

import pandas as pd

from costopt.catalog.columns import Column, Table
from costopt.catalog.schema import FINDINGS

Severity = Literal["info", "warning", "left_out"]
"""How much a finding weighs; rows with a ``left_out`` finding do not enter the catalogue."""

KEY_SEPARATOR: Final = "/"


def row_keys(table: Table, rows: pd.DataFrame) -> "pd.Series[str]":
    """Name every row by its key, parts joined by ``/``; a repeated key gets ``#2``, ``#3``, ...

    >>> from costopt.catalog.schema import NOTICES
    >>> row_keys(NOTICES, pd.DataFrame({"provider": ["aws", "gcp", "aws"]})).tolist()
    ['aws', 'gcp', 'aws#2']
    """
    columns = {column.name: column for column in table.columns}
    joined: pd.Series[str] = pd.Series("", index=rows.index, dtype="str")
    for position, name in enumerate(table.key):
        part = _as_text(columns[name], rows[name])
        joined = joined + KEY_SEPARATOR + part if position else part
    copy = joined.groupby(joined).cumcount() + 1
    return joined.where(copy == 1, joined + "#" + copy.astype("str"))


def found(
    check: str,
    severity: Severity,
    table: Table,
    rows: pd.DataFrame,
    keys: "pd.Series[str]",
    detail: "pd.Series[str] | str",
) -> pd.DataFrame:
    """Return one finding for each row.

    Args:
        check: name of the check, which is also the flag of the row.
        severity: how much it weighs.
        table: table of the rows.
        rows: the rows in question, with ``source`` and ``as_of``.
        keys: keys of at least these rows, from ``row_keys`` of the whole table.
        detail: what was found, in words; one text for all, or one for each row.
    """
    return pd.DataFrame(
        {
            "check": check,
            "severity": severity,
            "table": table.name,
            "row": keys.reindex(rows.index),
            "detail": detail if isinstance(detail, str) else detail.reindex(rows.index),
            "source": rows["source"],
            "as_of": rows["as_of"],
        }
    ).astype("str")


def in_words(pattern: str, values: "pd.Series[float]") -> "pd.Series[str]":
    """Write each number into a pattern, also when there are none."""
    return values.astype(object).map(pattern.format).astype("str")


def no_findings() -> pd.DataFrame:
    """Return a findings table without rows."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in FINDINGS.column_names})


def join_findings(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return all findings in one table, sorted by the key of the findings table."""
    every = pd.concat([no_findings(), *parts], ignore_index=True)
    return every.sort_values(list(FINDINGS.key), ignore_index=True)


def without_left_out(table: Table, rows: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that no ``left_out`` finding names."""
    gone = findings[(findings["severity"] == "left_out") & (findings["table"] == table.name)]
    return rows[~row_keys(table, rows).isin(gone["row"])]


def flags_by_row(table: Table, findings: pd.DataFrame) -> dict[str, str]:
    """Return key of a row -> names of the checks that found something in it, joined by ``;``."""
    of_table = findings[findings["table"] == table.name]
    return {str(row): ";".join(checks) for row, checks in of_table.groupby("row")["check"]}


def _as_text(column: Column, values: "pd.Series[Any]") -> "pd.Series[str]":
    """Write key values as text; numbers without trailing zeros, unknown ones as nothing."""
    if column.type == "text":
        return values
    known = values.notna()
    return in_words("{:g}", values.where(known, 0)).where(known, "")
