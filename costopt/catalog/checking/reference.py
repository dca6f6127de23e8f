"""Gates of any table: rows are unique, filled, dated, positive, and name only what is there."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from costopt.catalog.checking.settings import CheckSettings, Tables
from costopt.catalog.columns import Table
from costopt.catalog.finding import found, join_findings, row_keys
from costopt.catalog.model_schema import MODEL_ALIASES
from costopt.catalog.schema import (
    ACCELERATOR_ALIASES,
    EXCHANGE_RATES,
    INTERRUPTIONS,
    OFFERS,
    SPOT_HISTORY,
    TABLES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Columns of a table that must name a row of another table."""

    check: str
    table: Table
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


_OF_INSTANCE_TYPES: Final = (OFFERS, INTERRUPTIONS, SPOT_HISTORY)

REFERENCES: Final = (
    Reference(
        check="unknown_accelerator",
        table=ACCELERATOR_ALIASES,
        columns=("accelerator",),
        target="accelerators",
        target_columns=("name",),
    ),
    Reference(
        check="unknown_model",
        table=MODEL_ALIASES,
        columns=("model",),
        target="models",
        target_columns=("name",),
    ),
    *(
        Reference(
            check="unknown_instance_type",
            table=table,
            columns=("provider", "instance_type"),
            target="instance_types",
            target_columns=("provider", "instance_type"),
        )
        for table in _OF_INSTANCE_TYPES
    ),
    *(
        Reference(
            check="unknown_region",
            table=table,
            columns=("provider", "region"),
            target="regions",
            target_columns=("provider", "region"),
        )
        for table in _OF_INSTANCE_TYPES
    ),
)
"""What a row may name only if it is there."""


def duplicate_key(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Rows that share a key: which of them is right cannot be told, so none stays."""
    parts = []
    for name, rows in tables.items():
        table = TABLES[name]
        twice = rows[rows.duplicated(list(table.key), keep=False)]
        detail = "several rows have this key, and which one is right cannot be told"
        keys = row_keys(table, rows)
        parts.append(found("duplicate_key", "left_out", table, twice, keys, detail))
    return join_findings(parts)


def value_missing(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Rows without a value that the schema requires."""
    parts = []
    for name, rows in tables.items():
        table = TABLES[name]
        required = [column.name for column in table.columns if column.required]
        empty = rows[required].isna() | (rows[required] == "")
        gaps = rows[empty.any(axis=1)]
        if gaps.empty:
            continue
        endings = pd.Series(empty.columns + ", ", index=empty.columns)
        names = empty.loc[gaps.index].dot(endings).str.removesuffix(", ").astype("str")
        detail = "no value for " + names
        keys = row_keys(table, rows)
        parts.append(found("value_missing", "left_out", table, gaps, keys, detail))
    return join_findings(parts)


def date_malformed(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Rows whose date cannot be read, so that their age is unknown."""
    parts = []
    for name, rows in tables.items():
        table = TABLES[name]
        bad = rows[~readable_dates(rows["as_of"])]
        detail = "as_of is " + bad["as_of"] + ", not YYYY, YYYY-MM or YYYY-MM-DD"
        keys = row_keys(table, rows)
        parts.append(found("date_malformed", "left_out", table, bad, keys, detail))
    return join_findings(parts)


def readable_dates(dates: "pd.Series[str]") -> "pd.Series[bool]":
    """Return which texts are an ISO date to the year, the month or the day."""
    shaped = dates.str.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?")
    day = dates.where(dates.str.len() != 4, dates + "-01")
    day = day.where(day.str.len() != 7, day + "-01")
    return shaped & pd.to_datetime(day, format="%Y-%m-%d", errors="coerce").notna()


def name_unknown(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Rows that name an accelerator, model, instance type or region that is not there."""
    parts = []
    for reference in REFERENCES:
        rows = tables[reference.table.name]
        target = tables[reference.target]
        known = pd.MultiIndex.from_frame(target[list(reference.target_columns)])
        named = pd.MultiIndex.from_frame(rows[list(reference.columns)])
        strangers = rows[~named.isin(known)]
        detail = strangers[reference.columns[-1]] + f" is not in the {reference.target} table"
        keys = row_keys(reference.table, rows)
        table = reference.table
        parts.append(found(reference.check, "left_out", table, strangers, keys, detail))
    return join_findings(parts)


def rate_not_positive(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Exchange rates and past spot prices that are zero, negative or not finite."""
    parts = []
    for table, column in ((EXCHANGE_RATES, "rate"), (SPOT_HISTORY, "spot_per_hour")):
        rows = tables[table.name]
        bad = rows[~((rows[column] > 0) & (rows[column] < float("inf")))]
        detail = f"{column} must be above 0 and finite"
        keys = row_keys(table, rows)
        parts.append(found("rate_not_positive", "left_out", table, bad, keys, detail))
    return join_findings(parts)
