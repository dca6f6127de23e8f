"""Hourly series in a CSV file: one column each, rows in the order of time."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from costopt.errors import InvalidInputError

HOUR_COLUMN: Final = "hour"
"""Column with the time of each row; the only one that holds no numbers."""

ONE_HOUR: Final = timedelta(hours=1)
"""What lies between two rows."""


def read_hourly_file(path: Path) -> dict[str, list[float]]:
    """Return the numbers of each column but the time.

    Args:
        path: of the file.

    Raises:
        InvalidInputError: the file cannot be read, is no table, or its hours have gaps.
    """
    where = str(path)
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except OSError as error:
        raise InvalidInputError(where, [f"it cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise InvalidInputError(where, ["this is not a text file in UTF-8"]) from None
    rows = [row for row in rows if row]
    if len(rows) < 2:
        raise InvalidInputError(where, ["a header and at least one hour are needed"])
    header, body = [name.strip() for name in rows[0]], rows[1:]
    _refuse_odd_shape(where, header, body)
    columns = dict(zip(header, zip(*body, strict=True), strict=True))
    times = columns.pop(HOUR_COLUMN, None)
    if times is not None:
        _refuse_gaps(where, times)
    if not columns:
        raise InvalidInputError(
            where, ["there is no series; name a column rate, or after a workload of the request"]
        )
    return {name: _numbers(where, name, texts) for name, texts in columns.items()}


def _refuse_odd_shape(where: str, header: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    if len(set(header)) < len(header) or not all(header):
        raise InvalidInputError(where, ["the columns need names, each its own"])
    for number, row in enumerate(body, start=2):
        if len(row) != len(header):
            raise InvalidInputError(
                where, [f"line {number} has {len(row)} values, the header {len(header)}"]
            )


def _numbers(where: str, name: str, texts: Sequence[str]) -> list[float]:
    numbers = []
    for line, text in enumerate(texts, start=2):
        try:
            numbers.append(float(text))
        except ValueError:
            raise InvalidInputError(
                where, [f"line {line}: {name} is {text!r}, which is no number"]
            ) from None
    return numbers


def _refuse_gaps(where: str, times: Sequence[str]) -> None:
    """Refuse times that cannot be read, or that do not follow each other hour by hour."""
    earlier: datetime | None = None
    for line, text in enumerate(times, start=2):
        try:
            now = datetime.fromisoformat(text.strip())
            step = ONE_HOUR if earlier is None else now - earlier
        except (ValueError, TypeError):
            raise InvalidInputError(
                where,
                [f"line {line}: hour is {text!r}; write all like 2026-11-22T13:00:00Z"],
            ) from None
        if step != ONE_HOUR:
            raise InvalidInputError(
                where, [f"line {line}: {text.strip()} does not follow the hour before by one hour"]
            )
        earlier = now
