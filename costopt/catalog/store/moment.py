"""Moments in UTC as the store writes them: ISO 8601 in records, compact in names."""

import re
from datetime import UTC, datetime
from typing import Final

from costopt.errors import InvalidInputError

_STAMP_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_STAMP: Final = re.compile(r"\d{8}T\d{6}Z")


def as_utc(moment: datetime, name: str) -> datetime:
    """Return a moment in UTC, to the second.

    Raises:
        InvalidInputError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise InvalidInputError(name, [f"{moment.isoformat()} has no time zone; give one in UTC"])
    return moment.astimezone(UTC).replace(microsecond=0)


def iso_text(moment: datetime) -> str:
    """Write a moment in UTC as ISO 8601.

    >>> iso_text(datetime(2026, 11, 21, 3, 15, tzinfo=UTC))
    '2026-11-21T03:15:00Z'
    """
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_iso(text: str) -> datetime:
    """Read a moment that ``iso_text`` wrote.

    Raises:
        ValueError: it is written in another way.
    """
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """Write a moment in UTC so that names beginning with it sort by time.

    >>> stamp(datetime(2026, 11, 21, 3, 15, tzinfo=UTC))
    '20261121T031500Z'
    """
    return moment.strftime(_STAMP_FORMAT)


def stamped_at(name: str) -> datetime | None:
    """Return the moment that a name begins with; None for a name of another kind.

    >>> stamped_at("20261121T031500Z-0a1b2c3d").isoformat()
    '2026-11-21T03:15:00+00:00'
    """
    found = _STAMP.match(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found.group(), _STAMP_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
