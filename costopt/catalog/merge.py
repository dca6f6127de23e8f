"""The union of two catalogues' rows: of two rows with one key, the newer stays."""

from typing import Final

import pandas as pd

from costopt.catalog.columns import Table
from costopt.catalog.dates import first_days
from costopt.catalog.finding import row_keys
from costopt.catalog.schema import FINDINGS, OFFERS
from costopt.errors import CatalogFileError

_ONE_FIGURE: Final = "Give the right one of the two rows a newer date, or remove the other."


def merge_rows(table: Table, first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Join the rows of two tables, sorted by key; of two rows with one key, the newer stays.

    Findings are remarks on two snapshots and not facts: all of them stay.

    Raises:
        CatalogFileError: two rows have the same key and date and different contents.
    """
    key = list(table.key)
    both = pd.concat([first, second], ignore_index=True).drop_duplicates(ignore_index=True)
    if table is not FINDINGS:
        day = first_days(both["as_of"])
        parts = [both[name] for name in key]
        both = both[day == day.groupby(parts, dropna=False).transform("max")]
        _refuse_clash(table, both[both.duplicated(key, keep=False)])
    return both.sort_values(key, ignore_index=True, kind="stable", na_position="first")


def _refuse_clash(table: Table, clash: pd.DataFrame) -> None:
    if clash.empty:
        return
    row = row_keys(table, clash).iloc[0]
    raise CatalogFileError(
        table.name,
        f"both catalogues hold {row} of {clash['as_of'].iloc[0]}, with different contents",
        "Filter one of the two before merging." if table is OFFERS else _ONE_FIGURE,
    )
