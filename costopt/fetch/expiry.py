"""Expiry: until which day something that is paid for covers a plan."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

TICK: Final = timedelta(seconds=1)
"""What an end may lack of midnight: some providers name the last second that is covered."""

DAY: Final = timedelta(days=1)


def moment_of(told: object) -> datetime | None:
    """Return a moment that an answer tells, in UTC; None where it is none.

    A moment without a time zone is one in UTC, and a day alone is its first moment: when in it
    something ends is not told.

    >>> str(moment_of("2027-03-01T00:00:00.000-08:00"))
    '2027-03-01 08:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def last_whole_day(end: datetime) -> date:
    """Return the last day, in UTC, of which no hour is left uncovered.

    Args:
        end: moment with a time zone, from which on nothing is covered.

    >>> clocks = ("00:00:00", "08:13:00", "23:59:59")
    >>> [str(last_whole_day(moment_of(f"2027-03-01T{clock}Z"))) for clock in clocks]
    ['2027-02-28', '2027-02-28', '2027-03-01']
    """
    return (end.astimezone(UTC) - DAY + TICK).date()
