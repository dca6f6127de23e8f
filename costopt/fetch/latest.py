"""Latest: of prices with a time, those of the latest moment; answers come in any order."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

Price = TypeVar("Price")

UNREADABLE: Final = datetime.min.replace(tzinfo=UTC)
"""Moment of a price whose time cannot be read: any other one is later."""


@dataclass(slots=True)
class Latest(Generic[Price]):
    """The prices of the latest moment so far; more than one where they share it.

    Attributes:
        moment: when they came into force; None before the first.
        prices: in the order in which they came.
    """

    moment: datetime | None = field(init=False, default=None)
    prices: list[Price] = field(init=False, default_factory=list)

    def add(self, price: Price, time: Any) -> None:
        """Keep a price unless there is a later one.

        Args:
            price: whatever a provider tells of it.
            time: when it came into force, ISO 8601; in UTC where it names no zone.
        """
        moment = _moment(time)
        if self.moment is None or moment > self.moment:
            self.prices.clear()
            self.moment = moment
        if moment == self.moment:
            self.prices.append(price)

    def is_after(self, limit: datetime) -> bool:
        """Return whether the prices are dated after a moment."""
        return self.moment is not None and self.moment > limit


def _moment(time: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(time))
    except ValueError:
        return UNREADABLE
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
