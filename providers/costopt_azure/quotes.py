"""Quotes: what one item of the Retail Prices API offers, or why it offers nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

HOUR: Final = "1 Hour"
"""Unit of every price of a virtual machine, even of a reservation's total."""

CLOCK_SKEW: Final = timedelta(days=1)
"""By how much a price may lie in the future and still count as today's."""

_OTHER_PRODUCT: Final = re.compile(r"\bwin(dows)?\b|cloud\s*services|dedicated", re.IGNORECASE)
_LOW_PRIORITY: Final = re.compile(r"low\s*priority", re.IGNORECASE)
_SPOT: Final = re.compile(r"\bspot\b", re.IGNORECASE)
_TERM: Final = re.compile(r"(\d+) Years?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One price of one size.

    Attributes:
        instance_type: name of the size.
        purchase_option: on_demand, spot, reserved or savings_plan.
        amount: per hour [currency/h]; of a reservation for the whole term [currency].
        currency: as answered.
        term_years: of a commitment [years].
        since: day from which the price holds, ISO 8601; empty when not told.
        meter: identity of the item.
        is_primary: whether the meter is the one that is billed.
    """

    instance_type: str
    purchase_option: str
    amount: Decimal
    currency: str
    term_years: int | None
    since: str
    meter: str
    is_primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an item that should be a price is none.

    Attributes:
        check: short name of the finding.
        instance_type: name of the size.
        purchase_option: what it would have been.
        detail: in words.
    """

    check: str
    instance_type: str
    purchase_option: str
    detail: str


def purchase_option(item: Mapping[str, Any]) -> str:
    """Return what an item sells; empty for another product, such as Windows or low priority."""
    named = f"{item.get('skuName', '')} | {item.get('meterName', '')}"
    if _OTHER_PRODUCT.search(str(item.get("productName", ""))) or _LOW_PRIORITY.search(named):
        return ""
    if item.get("type") == "Reservation":
        return "reserved"
    if item.get("type") != "Consumption":
        return ""
    return "spot" if _SPOT.search(named) else "on_demand"


def quotes_of(
    item: Mapping[str, Any], *, instance_type: str, billed_in: str, now: datetime
) -> Iterator[Quote | Refusal]:
    """Yield what an item offers: its own price, and those of its savings plans.

    Args:
        item: as answered.
        instance_type: name of the size.
        billed_in: currency of the page, where the item names none.
        now: start of the run.
    """
    option = purchase_option(item)
    if not option or _is_history(item, now):
        return
    first = _checked(item, option, instance_type, billed_in, now)
    yield first
    if isinstance(first, Refusal):
        return
    for plan in item.get("savingsPlan") or []:
        years, amount = _years(plan.get("term")), _money(plan.get("retailPrice"))
        if years is None or amount is None:
            detail = f"term {plan.get('term')!r} at {plan.get('retailPrice')!r} an hour"
            yield _refusal("price_not_positive", instance_type, "savings_plan", detail)
            continue
        yield replace(first, purchase_option="savings_plan", amount=amount, term_years=years)


def _checked(
    item: Mapping[str, Any], option: str, instance_type: str, billed_in: str, now: datetime
) -> Quote | Refusal:
    """Return the item's own price, or the first thing that is wrong with it."""
    amount = _money(item.get("retailPrice"))
    years = _years(item.get("reservationTerm")) if option == "reserved" else None
    currency = str(item.get("currencyCode") or billed_in)
    since = _moment(item.get("effectiveStartDate"))
    meter = str(item.get("meterId") or item.get("skuId") or item.get("skuName") or "")
    wrong: tuple[tuple[bool, str, str], ...] = (
        (amount is None, "price_not_positive", f"{item.get('retailPrice')!r}, meter {meter}"),
        (item.get("unitOfMeasure") != HOUR, "unit_unknown", f"{item.get('unitOfMeasure')!r}"),
        (bool(_money(item.get("tierMinimumUnits"))), "price_tiered", f"meter {meter}"),
        (
            option == "reserved" and years is None,
            "term_unknown",
            f"{item.get('reservationTerm')!r}",
        ),
        (not currency, "currency_missing", f"meter {meter}"),
        (
            since is not None and since > now + CLOCK_SKEW,
            "not_yet_in_force",
            f"in force from {item.get('effectiveStartDate')}, after the run",
        ),
    )
    for is_wrong, check, detail in wrong:
        if is_wrong:
            return _refusal(check, instance_type, option, detail)
    return Quote(
        instance_type=instance_type,
        purchase_option=option,
        amount=amount or Decimal(0),
        currency=currency,
        term_years=years,
        since=since.date().isoformat() if since else "",
        meter=meter,
        is_primary=item.get("isPrimaryMeterRegion") is not False,
    )


def _refusal(check: str, instance_type: str, option: str, detail: str) -> Refusal:
    return Refusal(check=check, instance_type=instance_type, purchase_option=option, detail=detail)


def _is_history(item: Mapping[str, Any], now: datetime) -> bool:
    """Whether the price has ended; the one that followed is another item."""
    ended = _moment(item.get("effectiveEndDate"))
    return ended is not None and ended <= now


def _money(written: object) -> Decimal | None:
    """Return a price above zero; a recording holds it as text."""
    try:
        amount = Decimal(str(written))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None


def _years(written: object) -> int | None:
    """Return the years of a term such as ``3 Years``."""
    found = _TERM.fullmatch(str(written))
    return int(found[1]) if found else None


def _moment(written: object) -> datetime | None:
    """Return a timestamp, in UTC where it names no zone; None when there is none."""
    try:
        moment = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
