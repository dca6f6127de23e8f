"""Columns and tables of a schema, and the four types that a column can have."""

from dataclasses import dataclass
from typing import Final, Literal

ColumnType = Literal["text", "float", "int", "bool"]
"""Type of a column; text is never null (empty instead), numbers are null when unknown."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name (with its unit in it), its type and what it means."""

    name: str
    type: ColumnType
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in order, the columns that make a row unique, its file name."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def file_name(self) -> str:
        """Name of the CSV file in a snapshot."""
        return f"{self.name}.csv"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)


def text(name: str, meaning: str, *, required: bool = False) -> Column:
    """Return a text column; empty text means that the fact does not apply or is unknown."""
    return Column(name, "text", meaning, required)


def number(name: str, meaning: str, *, required: bool = False) -> Column:
    """Return a float column; null means unknown, never zero."""
    return Column(name, "float", meaning, required)


def whole(name: str, meaning: str, *, required: bool = False) -> Column:
    """Return an integer column; null means unknown or not applicable."""
    return Column(name, "int", meaning, required)


def flag(name: str, meaning: str) -> Column:
    """Return a true-or-false column; null means unknown."""
    return Column(name, "bool", meaning)


PROVENANCE: Final = (
    text("source", "where the row comes from, precise enough to look it up", required=True),
    text("as_of", "date of the fact, ISO 8601; YYYY-MM counts as its first day", required=True),
)
"""Columns that every table has."""
