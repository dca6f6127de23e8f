"""Parsed: rows and findings of one kind of answer; the shorthands that write findings."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from costopt.catalog.schema import OFFERS
from costopt.fetch.fetched import FetchFinding, Row, left_out

PROVIDER: Final = "aws"

SAME_PRICE: Final = ("recurring_per_hour", "upfront", "currency", "term_hours", "valid_until")
"""Columns in which two offers of the same key may not differ."""

OFFER_KEY: Final = tuple(name for name in OFFERS.key if name != "provider")
"""Columns that tell offers of this provider apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What was read from one kind of answer.

    Attributes:
        rows: of one catalogue table.
        findings: what could not be read, or is odd.
    """

    rows: tuple[Row, ...] = ()
    findings: tuple[FetchFinding, ...] = ()


def row_name(row: Row) -> str:
    """Return the key of an offer, joined by slashes as the catalogue's findings do."""
    parts = [row[column] for column in OFFER_KEY]
    return "/".join([PROVIDER, *(_key_text(part) for part in parts)])


def offer_name(region: str, instance_type: str, purchase_option: str, zone: str = "") -> str:
    """Return the key of an offer without a term."""
    return f"{PROVIDER}/{region}/{zone}/{instance_type}/{purchase_option}///"


def money(value: Any) -> Decimal | None:
    """Return an amount above or equal to zero; None where the wire holds something else."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


def day_in_force(text: Any, now: datetime) -> tuple[str, bool]:
    """Return the day of a timestamp and whether it lies after the run's own day.

    A price without a readable date, or with one to come, is dated by the run.
    """
    today = now.astimezone(UTC).date()
    try:
        day = date.fromisoformat(str(text)[:10])
    except ValueError:
        return today.isoformat(), False
    return min(day, today).isoformat(), day > today


def one_row_each(rows: Iterable[Row]) -> Parsed:
    """Return one row for each key: equal ones once, none where prices contradict each other."""
    first: dict[tuple[Any, ...], Row] = {}
    torn: dict[tuple[Any, ...], set[Any]] = {}
    for row in rows:
        key = tuple(row[column] for column in OFFER_KEY)
        kept = first.setdefault(key, row)
        if any(row[column] != kept[column] for column in SAME_PRICE):
            torn.setdefault(key, {kept["effective_per_hour"]}).add(row["effective_per_hour"])
    findings = tuple(
        left_out(
            "price_ambiguous",
            row_name(first[key]),
            f"the same offer at {', '.join(str(price) for price in sorted(prices))} an hour",
        )
        for key, prices in torn.items()
    )
    return Parsed(
        rows=tuple(row for key, row in first.items() if key not in torn), findings=findings
    )


def _key_text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
