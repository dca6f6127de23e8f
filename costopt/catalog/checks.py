"""The checks of one snapshot: gates that leave rows out, and remarks that flag what stays."""

from collections.abc import Callable
from typing import Final, TypeAlias

import pandas as pd

from costopt.catalog.checking import age, change, coverage, hardware, price, reference
from costopt.catalog.checking.settings import CheckSettings, Tables
from costopt.catalog.columns import Table
from costopt.catalog.finding import join_findings, without_left_out
from costopt.catalog.schema import OFFERS, TABLES
from costopt.errors import CatalogFileError

Check: TypeAlias = Callable[[Tables, CheckSettings], pd.DataFrame]

Comparison: TypeAlias = Callable[[Tables, Tables, CheckSettings], pd.DataFrame]
"""A check of the tables (second) against those of the last good snapshot (first)."""

GATES: Final[tuple[Check, ...]] = (
    reference.value_missing,
    reference.date_malformed,
    reference.duplicate_key,
    reference.rate_not_positive,
    hardware.accelerator_unknown,
    hardware.accelerator_count_wrong,
    hardware.accelerator_memory_unknown,
    price.purchase_unknown,
    price.term_inconsistent,
    price.currency_malformed,
    price.price_not_positive,
    price.payment_inconsistent,
    reference.name_unknown,
)
"""Checks that leave rows out, in order: a row drops out once, for the first reason."""

REMARKS: Final[tuple[Check, ...]] = (
    age.capacity_block_expired,
    age.exchange_rate_too_old,
    age.offer_too_old,
    coverage.required_family_missing,
    coverage.spot_saves_nothing,
    coverage.trace_incomplete,
    coverage.type_without_price,
    hardware.rates_unpublished,
    hardware.slice_contradicts_fabric,
    hardware.source_doubtful,
    hardware.usable_above_nominal,
    price.commitment_above_on_demand,
    price.currency_mixed,
    price.currency_without_rate,
    price.effective_differs,
    price.no_on_demand,
    price.plan_unstated,
    price.spot_ratio_odd,
)
"""Checks of the rows that stay."""

CHANGES: Final[tuple[Comparison, ...]] = (
    change.family_rows_changed,
    change.on_demand_currency_changed,
    change.on_demand_moved,
    change.region_rows_changed,
    change.region_vanished,
)
"""Checks of the rows that stay against the last good snapshot."""

_KINDS: Final[dict[str, Callable[..., bool]]] = {
    "text": pd.api.types.is_string_dtype,
    "float": pd.api.types.is_float_dtype,
    "int": pd.api.types.is_integer_dtype,
    "bool": pd.api.types.is_bool_dtype,
}


def require_schema(table: Table, rows: pd.DataFrame) -> None:
    """Refuse rows that do not have the columns and types of the schema.

    Raises:
        CatalogFileError: a column is missing, added, out of order, or of another type.
    """
    expected = list(table.column_names)
    if list(rows.columns) != expected:
        odd = sorted(set(rows.columns) ^ set(expected)) or ["their order"]
        raise CatalogFileError(
            table.name,
            f"columns differ from the schema: {', '.join(odd)}",
            "Write the columns of costopt.catalog.schema.",
        )
    wrong = [
        f"{column.name} ({rows[column.name].dtype})"
        for column in table.columns
        if not _KINDS[column.type](rows[column.name])
    ]
    if wrong:
        raise CatalogFileError(
            table.name,
            f"columns have another type than the schema: {', '.join(wrong)}",
            "Read tables with costopt.catalog.snapshot.parse_table.",
        )


def leave_out(
    tables: Tables, settings: CheckSettings
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Run the gates, each on what the gates before it left.

    Args:
        tables: every table of the schema but the findings.
        settings: thresholds.

    Returns:
        The tables without the rows that cannot stay, and one finding for each of those.

    Raises:
        CatalogFileError: a table does not have the columns and types of the schema.
    """
    for name, rows in tables.items():
        require_schema(TABLES[name], rows)
    kept = dict(tables)
    parts = []
    for gate in GATES:
        findings = gate(kept, settings).drop_duplicates(["table", "row"])
        parts.append(findings)
        for name in findings["table"].unique():
            kept[name] = without_left_out(TABLES[name], kept[name], findings)
    return kept, join_findings(parts)


def remark(tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Run the checks of the rows that stay; one finding for each row and reason."""
    return join_findings(check(tables, settings) for check in REMARKS)


def leave_out_jumps(
    previous: Tables, tables: Tables, settings: CheckSettings
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Leave out prices too far from the last good ones, and remark on what else changed.

    Args:
        previous: tables of the last good snapshot: offers and instance_types.
        tables: what the gates left.
        settings: thresholds.

    Returns:
        The tables without the prices that jumped, and a finding for each of those and for each
        other change.
    """
    jumps = change.on_demand_jumped(previous, tables, settings)
    kept = {**tables, "offers": without_left_out(OFFERS, tables["offers"], jumps)}
    changes = [check(previous, kept, settings) for check in CHANGES]
    return kept, join_findings((jumps, *changes))
