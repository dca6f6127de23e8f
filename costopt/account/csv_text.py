"""An account written as the rows of its CSV file."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from costopt.account.csv_file import COLUMNS, ONLY_ONCE, RECORDS


def account_rows(fields: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rows of an account, one fact in each; ``read_rows`` reads them back.

    Args:
        fields: of the account, its records as tables of names and values.
    """
    rows = []
    for fact, columns in ONLY_ONCE.items():
        cells = {name: _cell(fields[field]) for name, field in columns.items() if fields[field]}
        if cells:
            rows.append({"fact": fact, **cells})
    for fact, (field, _) in RECORDS.items():
        rows += [
            {"fact": fact, **{name: _cell(value) for name, value in one.items() if value != ""}}
            for one in fields[field]
        ]
    return [{name: cell for name, cell in row.items() if cell} for row in rows]


def csv_text(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as CSV, with the columns that one of them fills."""
    filled = {name for row in rows for name in row}
    text = StringIO()
    writer = csv.DictWriter(
        text, [name for name in COLUMNS if name in filled], restval="", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    """Write one value so that it reads back as the same."""
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
