"""Parsed: rows and findings of one kind of answer; the shorthands that read and write them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from costopt.fetch.fetched import FetchFinding, Row

PROVIDER: Final = "alibaba"
SERVICE: Final = "Alibaba Cloud ECS"

SITES: Final[Mapping[str, str]] = {"CNY": "China-site", "USD": "international-site"}
"""Currency -> site of the account. Source: ECS API reference, DescribePrice, ``Currency``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What was read from one kind of answer.

    Attributes:
        rows: of one catalogue table.
        account_rows: of the offers table, at the price of the account that asked.
        findings: what could not be read, or is odd.
    """

    rows: tuple[Row, ...] = ()
    account_rows: tuple[Row, ...] = ()
    findings: tuple[FetchFinding, ...] = ()


def offer_name(
    region: str, instance_type: str, purchase_option: str, zone: str = "", term: str = ""
) -> str:
    """Return the key of an offer, joined by slashes as the catalogue's findings do."""
    payment = "all" if term else ""
    return "/".join((PROVIDER, region, zone, instance_type, purchase_option, "", term, payment))


def records(page: Mapping[str, Any], *path: str) -> Iterator[Mapping[str, Any]]:
    """Yield the records of a list inside blocks; none where a block is missing."""
    held: Any = page
    for name in path:
        held = (held or {}).get(name)
    for record in held or ():
        if record:
            yield record


def number(value: Any) -> float | None:
    """Return a number as the wire tells it; None where it tells none."""
    amount = money(value)
    return None if amount is None else float(amount)


def money(value: Any) -> Decimal | None:
    """Return an amount; None where the wire holds something else.

    The SDK reads numbers as binary floats, whose shortest text is the one that was sent.
    """
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def plain(amount: Decimal) -> str:
    """Return an amount as decimal text without an exponent or needless zeros."""
    return f"{amount.normalize():f}"


def day_of(now: datetime) -> str:
    """Return the run's day, ISO 8601."""
    return now.astimezone(UTC).date().isoformat()


def site_words(currency: str) -> str:
    """Return the words of a note about the site of an account."""
    site = SITES.get(currency)
    return f", {site}" if site else ""
