"""Tables of at most a hundred columns, and the same rows for machines."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from textwrap import fill
from typing import Final

import pandas as pd

from costopt.errors import InvalidInputError
from costopt.plan.words import payment_in_short

NARROWEST: Final = 60
"""Columns that a table takes however narrow the terminal is."""

WIDEST: Final = 100
"""Columns of a wider terminal, of a file, and of a pipe."""

GAP: Final = "  "

PRICE_DECIMALS: Final = 4
"""Providers publish list prices to four decimals or fewer, spot prices of whole instances too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        heading: what stands above it.
        cells: a text for each row.
        is_name: names stand left and are cut where the table is too wide; figures never are.
    """

    heading: str
    cells: Sequence[str]
    is_name: bool = False


def width_of_output() -> int:
    """Return how many columns a table may take [1]."""
    return min(max(get_terminal_size((WIDEST, 0)).columns, NARROWEST), WIDEST)


def table_lines(columns: Sequence[Column], width: int) -> list[str]:
    """Return a heading and a line for each row.

    Args:
        columns: left to right; one of them holds names.
        width: columns of the terminal [1].
    """
    texts = [[column.heading, *column.cells] for column in columns]
    widths = [max(len(text) for text in column) for column in texts]
    excess = max(sum(widths) + len(GAP) * (len(columns) - 1) - width, 0)
    aligned = [
        [cut(text, size - excess).ljust(size - excess) for text in column]
        if columns[position].is_name
        else [text.rjust(size) for text in column]
        for position, (column, size) in enumerate(zip(texts, widths, strict=True))
    ]
    return [GAP.join(cells).rstrip() for cells in zip(*aligned, strict=True)]


def cut(text: str, width: int) -> str:
    """Cut a text that is longer than the width, with an ellipsis at its end."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def sentences(text: str, width: int) -> str:
    """Break sentences into lines; a name that is longer than a line stays whole."""
    return fill(text, width, break_on_hyphens=False, break_long_words=False)


def price_cell(amount: float, currency: str) -> str:
    """Write a price, or nothing where there is none.

    >>> price_cell(55.04, "USD"), price_cell(float("nan"), "")
    ('55.0400 USD', '-')
    """
    return "-" if pd.isna(amount) else f"{amount:,.{PRICE_DECIMALS}f} {currency}"


def payments_in_short(rows: pd.DataFrame) -> list[str]:
    """Write the way to pay of each row, such as 1y reserved (all)."""
    kinds = rows[["purchase_option", "kind", "term_years", "payment"]]
    return [
        payment_in_short(option, None if pd.isna(term) else term, payment)
        + (f" {kind}" if kind else "")
        for option, kind, term, payment in kinds.itertuples(index=False, name=None)
    ]


def refuse_two_forms(subject: str, *, csv: bool, as_json: bool) -> None:
    """Refuse to print one answer in two forms.

    Raises:
        InvalidInputError: both are asked for.
    """
    if csv and as_json:
        raise InvalidInputError(subject, ["--csv and --json exclude each other; give one"])


def rows_for_machines(rows: pd.DataFrame, *, as_json: bool) -> str:
    """Write every row and column as JSON or CSV; what is unknown is null or empty."""
    if not as_json:
        return rows.to_csv(index=False).rstrip("\n")
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return json.dumps(records, indent=2, ensure_ascii=False)
