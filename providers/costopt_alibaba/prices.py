"""Prices: rows of the offers table from what DescribePrice answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding, Row, left_out, offer_row
from costopt_alibaba.parsed import (
    PROVIDER,
    SERVICE,
    Parsed,
    money,
    offer_name,
    plain,
    records,
    site_words,
)
from costopt_alibaba.questions import REFUSED

INSTANCE: Final = "instancetype"
"""Resource of the part of a price that is the instance, in lower case: the API writes it in two
ways. Disk, image and bandwidth are parts of their own. Source: ECS API reference, DescribePrice,
``DetailInfo``.
"""

TRADE_TRAIL: Final = "trade price of the account"
"""Trail of a row at the account's own price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One way to pay that DescribePrice knows.

    Attributes:
        option: on_demand or subscription.
        unit: of the price: Hour, Month or Year.
        period: units paid together [1].
        term_years: of a subscription [years].
        words: for notes.
    """

    option: str
    unit: str
    period: int
    term_years: float | None
    words: str


ON_DEMAND: Final = Purchase(
    option="on_demand", unit="Hour", period=1, term_years=None, words="pay-as-you-go"
)

SUBSCRIPTIONS: Final[Mapping[str, Purchase]] = {
    words: Purchase(
        option="subscription", unit=unit, period=period, term_years=years, words="subscription"
    )
    for words, unit, period, years in (
        ("1 month", "Month", 1, 1 / 12),
        ("1 year", "Year", 1, 1.0),
        ("3 years", "Year", 3, 3.0),
    )
}
"""Term of the settings -> what is asked; the amount that comes back covers the whole term.

Source: ECS API reference, DescribePrice, ``PriceUnit`` and ``Period``.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What is priced, and where it can be bought.

    Attributes:
        region: the provider's own name.
        instance_type: the provider's own name.
        zones: that have it in stock.
        day: of the run, ISO 8601.
    """

    region: str
    instance_type: str
    zones: tuple[str, ...]
    day: str


def price_rows(page: Page, sold: Sold, purchase: Purchase) -> Parsed:
    """Return the offer at the list price and, where it differs, at the account's own."""
    term = f"{purchase.term_years:g}" if purchase.term_years else ""
    name = offer_name(sold.region, sold.instance_type, purchase.option, term=term)
    found = _amounts(page, name)
    if isinstance(found, FetchFinding):
        return Parsed(findings=(found,))
    listed = _row(sold, purchase, found.listed, found.currency)
    if found.traded is None or found.traded == found.listed:
        return Parsed(rows=(listed,))
    trail = f"{TRADE_TRAIL}: list {plain(found.listed)} -> {plain(found.traded)} {found.currency}"
    traded = _row(sold, purchase, found.traded, found.currency)
    rules = f"; {found.rules}" if found.rules else ""
    own = {**traded, "trail": trail, "note": f"{purchase.words}, what the account pays{rules}"}
    return Parsed(rows=(listed,), account_rows=(own,))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amounts:
    """Amounts of one answer, of the instance alone and for the whole period [currency]."""

    listed: Decimal
    traded: Decimal | None
    currency: str
    rules: str


def _amounts(page: Page, name: str) -> _Amounts | FetchFinding:
    """Return what an answer says about the instance, or why it says no price."""
    if REFUSED in page:
        return left_out("price_refused", name, f"answered {page[REFUSED]}")
    price = (page.get("PriceInfo") or {}).get("Price") or {}
    parts = [
        part
        for part in records(price, "DetailInfos", "DetailInfo")
        if str(part.get("Resource")).lower() == INSTANCE
    ]
    if not parts:
        return left_out("price_without_parts", name, "no part of the price is the instance's")
    amounts = {money(part.get("OriginalPrice")) for part in parts}
    if len(amounts) > 1:
        texts = " and ".join(str(part.get("OriginalPrice")) for part in parts)
        return left_out("price_ambiguous", name, f"the instance at {texts}")
    listed, currency = amounts.pop(), str(price.get("Currency") or "")
    if listed is None or listed <= 0:
        told = parts[0].get("OriginalPrice")
        return left_out("price_not_positive", name, f"the list price is {told!r}")
    if not currency:
        return left_out("currency_missing", name, f"{listed} of no currency")
    traded = money(parts[0].get("TradePrice"))
    return _Amounts(
        listed=listed,
        traded=traded if traded is not None and traded > 0 else None,
        currency=currency,
        rules=_rules(parts[0]),
    )


def _rules(part: Mapping[str, Any]) -> str:
    """Return the rules by which the account pays less, in the provider's words."""
    words = (str(rule.get("Description") or "") for rule in records(part, "SubRules", "Rule"))
    return "; ".join(text.strip() for text in words if text.strip())


def _row(sold: Sold, purchase: Purchase, amount: Decimal, currency: str) -> Row:
    whole_term = purchase.term_years is not None
    return offer_row(
        provider=PROVIDER,
        region=sold.region,
        instance_type=sold.instance_type,
        purchase_option=purchase.option,
        recurring_per_hour=Decimal(0) if whole_term else amount,
        upfront=amount if whole_term else Decimal(0),
        term_years=purchase.term_years,
        payment="all" if whole_term else "",
        currency=currency,
        source=f"{SERVICE} DescribePrice, {sold.instance_type}, {purchase.period} {purchase.unit}",
        as_of=sold.day,
        note=f"{purchase.words}{site_words(currency)} list price; "
        f"stock in {', '.join(sold.zones)}",
    )
