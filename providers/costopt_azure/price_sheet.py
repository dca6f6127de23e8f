"""Price sheet: what an Enterprise Agreement pays for a meter in place of the list price."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from sys import intern
from threading import Lock
from typing import Any, Final, Literal, TypeAlias

from costopt.errors import CatalogFileError, FetchError
from costopt.fetch.call import Call, Page
from costopt.fetch.fetched import FetchFinding, Row, offer_row
from costopt.fetch.wire import Wire
from costopt_azure.benefits import finding, number
from costopt_azure.management import Management, Resource
from costopt_azure.prices import Asked
from costopt_azure.quotes import Quote

API_VERSION: Final = "2024-08-01"
PERMISSION: Final = (
    "Microsoft.Consumption/pricesheets/read (role Cost Management Reader on the subscription, "
    "with 'account owners can view charges' on in the enrolment)"
)
MACHINES: Final = "Virtual Machines"
"""Category of the meters that are kept; one without a category is kept too."""

_HOURS: Final = re.compile(r"(\d+) Hours?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a price sheet, as written.

    Attributes:
        price: of the unit [currency].
        unit: of measure, such as ``100 Hours``.
        currency: ISO 4217.
        included: units that cost nothing.
    """

    price: str
    unit: str
    currency: str
    included: str


Lines: TypeAlias = Mapping[str, tuple[Line, ...]]
"""Meter, in lower case -> its lines."""


@dataclass(slots=True, kw_only=True)
class PriceSheet:
    """The price sheet of the subscription, read once for all regions; safe in threads.

    Attributes:
        management: asks.
    """

    management: Management
    _lock: Lock = field(init=False, default_factory=Lock)
    _lines: Lines | None = field(init=False, default=None)
    _failed: FetchError | CatalogFileError | None = field(init=False, default=None)

    def lines(self, wire: Wire) -> Lines:
        """Return the lines of virtual machines.

        Raises:
            FetchError: the provider gave no usable answer, to this question or the first one.
            CatalogFileError: a recording has no answer.
        """
        with self._lock:
            if self._failed is not None:
                raise self._failed
            if self._lines is None:
                try:
                    self._lines = read_lines(_ask(self.management, wire))
                except (FetchError, CatalogFileError) as error:
                    self._failed = error
                    raise
            return self._lines


def read_lines(pages: Iterable[Page]) -> Lines:
    """Return the lines of every meter; few words recur in many of them and are kept once."""
    found: dict[str, tuple[Line, ...]] = {}
    for page in pages:
        for listed in page["value"]:
            line = Line(
                price=str(listed["price"]),
                unit=intern(str(listed["unit"])),
                currency=intern(str(listed["currency"])),
                included=intern(str(listed["included"])),
            )
            meter = str(listed["meter"] or "").lower()
            before = found.get(meter, ())
            if line not in before:
                found[meter] = (*before, line)
    return found


def paid_rows(
    quotes: Iterable[Quote], lines: Lines, asked: Asked
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return offers at what the account pays where the list price is another.

    Only pay-as-you-go prices are taken: a reservation is listed under the meter of what it
    covers, and a spot price changes within the month that a sheet holds for.

    Args:
        quotes: list prices of the region.
        lines: of the price sheet.
        asked: what prices are read for.
    """
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    unlisted = []
    for quote in quotes:
        if quote.purchase_option != "on_demand":
            continue
        found = lines.get(quote.meter.lower(), ())
        paid = _paid(found, quote, asked.region)
        if not found:
            unlisted.append(quote.instance_type)
        elif isinstance(paid, FetchFinding):
            findings.append(paid)
        elif (paid.amount, paid.currency) != (quote.amount, quote.currency):
            rows.append(_row(quote, paid, asked))
    if unlisted:
        detail = f"it has no line for {', '.join(sorted(unlisted))}; their list price stays"
        findings.append(_finding("price_sheet_silent", "warning", asked.region, "*", detail))
    return tuple(rows), tuple(findings)


def price_sheet_unread(region: str, why: str) -> FetchFinding:
    """Return the finding of a region whose own prices are not known."""
    detail = f"{why} The list prices stay; price_sheet = false asks for none"
    return _finding("price_sheet_unread", "warning", region, "*", detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paid:
    """What one hour costs the account [currency/h]."""

    amount: Decimal
    currency: str


def _ask(management: Management, wire: Wire) -> Iterator[Page]:
    asked = {"api-version": API_VERSION, "$expand": "properties/meterDetails"}
    call = Call(provider="azure", service="consumption", operation="price_sheet", parameters=asked)
    resource = Resource(
        path="subscriptions/{subscription}/providers/Microsoft.Consumption/pricesheets/default",
        parameters=asked,
        permission=PERMISSION,
        trim=_trimmed,
    )
    return wire.pages(call, management.resource(call, resource))


def _trimmed(answer: Any) -> tuple[Page, str]:
    """Keep meters and prices of virtual machines; nothing that names the subscription."""
    told = answer["properties"]
    page = {
        "value": [
            {
                "meter": line.get("meterId"),
                "price": line.get("unitPrice"),
                "unit": line.get("unitOfMeasure"),
                "currency": line.get("currencyCode") or "",
                "included": line.get("includedQuantity") or 0,
            }
            for line in told["pricesheets"]
            if ((line.get("meterDetails") or {}).get("meterCategory") or MACHINES) == MACHINES
        ]
    }
    return page, str(told.get("nextLink") or "")


def _paid(lines: tuple[Line, ...], quote: Quote, region: str) -> _Paid | FetchFinding:
    """Return what a meter costs for an hour, or why its lines do not tell."""
    paid: set[tuple[Decimal, str]] = set()
    for line in lines:
        hours = _HOURS.fullmatch(line.unit)
        price = number(line.price)
        wrong: tuple[tuple[bool, str, str], ...] = (
            (hours is None, "unit_unknown", f"its unit is {line.unit!r}"),
            (not price, "price_not_positive", f"its price is {line.price}"),
            (not line.currency, "currency_missing", "it names no currency"),
            (bool(number(line.included)), "price_tiered", f"{line.included} units are free"),
        )
        for is_wrong, check, detail in wrong:
            if is_wrong:
                return _finding(check, "left_out", region, quote.instance_type, detail)
        paid.add(((price or Decimal(0)) / Decimal(hours[1] if hours else 1), line.currency))
    if len(paid) > 1:
        listed = ", ".join(f"{_plain(amount)} {currency}" for amount, currency in sorted(paid))
        detail = f"it lists {listed} an hour; which one holds is not told"
        return _finding("duplicate_differs", "left_out", region, quote.instance_type, detail)
    amount, currency = next(iter(paid), (Decimal(0), ""))
    return _Paid(amount=amount, currency=currency)


def _row(quote: Quote, paid: _Paid, asked: Asked) -> Row:
    row = offer_row(
        provider="azure",
        region=asked.region,
        instance_type=quote.instance_type,
        purchase_option=quote.purchase_option,
        recurring_per_hour=paid.amount,
        currency=paid.currency,
        source=f"Azure price sheet of the subscription, meter {quote.meter}",
        as_of=asked.now.astimezone(UTC).date().isoformat(),
        note="what the account pays",
    )
    listed = f"{_plain(quote.amount)} {quote.currency}"
    return {
        **row,
        "trail": f"Azure price sheet: list {listed} -> {_plain(paid.amount)} {paid.currency}",
    }


def _plain(amount: Decimal) -> str:
    """Write an amount without an exponent and without trailing zeros."""
    return f"{amount.normalize():f}"


def _finding(
    check: str, severity: Literal["warning", "left_out"], region: str, what: str, detail: str
) -> FetchFinding:
    return finding(check, severity, f"azure/{region}/{what}/on_demand", detail)
