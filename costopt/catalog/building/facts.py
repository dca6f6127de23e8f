"""Reading the compiled facts: every table whole, as text, with the columns that are needed."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

import pandas as pd

from costopt.catalog.building.facts_files import FACTS_FILES, FactsFile
from costopt.errors import CatalogFileError

NUMBER_PATTERN: Final = r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"
"""A decimal number as text; nothing else is read as one."""

LINES_BEFORE_FIRST_ROW: Final = 2
"""The header, and counting from one: what turns a row's position into its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts as read.

    Attributes:
        tables: name of a file -> its rows; all columns text, empty when unknown.
        digests: name of a file -> sha256 of its bytes.
    """

    tables: Mapping[str, pd.DataFrame]
    digests: Mapping[str, str]


def read_facts(folder: Path) -> Facts:
    """Read every table of facts in a folder.

    Raises:
        CatalogFileError: a file or a column is missing, or a number is not one.
    """
    payloads = {name: _read_bytes(folder / name) for name in FACTS_FILES}
    return Facts(
        tables={
            name: read_table(folder / name, payload, FACTS_FILES[name])
            for name, payload in payloads.items()
        },
        digests={name: sha256(payload).hexdigest() for name, payload in payloads.items()},
    )


def read_table(place: Path, payload: bytes, expected: FactsFile) -> pd.DataFrame:
    """Parse one table of facts as text, and check that its numbers are numbers.

    Raises:
        CatalogFileError: a column is missing, a line is too long, or a number is not one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            rows = pd.read_csv(
                BytesIO(payload),
                dtype="str",
                keep_default_na=False,
                index_col=False,
                encoding="utf-8",
            )
    except (ValueError, pd.errors.ParserWarning) as error:
        raise CatalogFileError(
            str(place), f"is not a CSV table in UTF-8 ({error})", "Restore the file."
        ) from error
    _require_columns(place, rows, (*expected.texts, *expected.numbers))
    _require_numbers(place, rows, expected.numbers)
    return rows[[*expected.texts, *expected.numbers]]


def _require_columns(place: Path, rows: pd.DataFrame, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in rows.columns]
    if missing:
        raise CatalogFileError(
            str(place),
            f"has no column {', '.join(missing)}",
            "Give the folder of compiled facts that this version of costopt knows.",
        )


def _require_numbers(place: Path, rows: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        malformed = rows[~(rows[name].str.fullmatch(NUMBER_PATTERN) | (rows[name] == ""))]
        if len(malformed):
            figure = malformed[name].iloc[0]
            raise CatalogFileError(
                str(place),
                f"{_line(malformed)}, column {name}: {figure!r} is not a number",
                "Correct the figure, or leave it empty when it is unknown.",
            )


def _line(rows: pd.DataFrame) -> str:
    """Name the line of the first row, in a file whose rows take one line each."""
    return f"line {int(rows.index[0]) + LINES_BEFORE_FIRST_ROW}"


def _read_bytes(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError as error:
        raise CatalogFileError(
            str(place),
            f"cannot be read ({error.strerror})",
            "Give the folder that holds every table of facts.",
        ) from error
