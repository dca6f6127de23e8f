"""Prices: from pages of the Retail Prices API to rows of the offers table."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal

from costopt.fetch.call import Page
from costopt.fetch.fetched import HOURS_PER_YEAR, FetchFinding, Row, offer_row
from costopt_azure.quotes import Quote, Refusal, quotes_of
from costopt_azure.series import priced_as

OFFICIAL_CURRENCY: Final = "USD"
"""Prices in another currency are for reference. Source: learn.microsoft.com, Retail Prices."""

Key = tuple[str, str, int]
"""Size, purchase option, years of the term (0 without one)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What prices are read for.

    Attributes:
        region: the provider's own name.
        types: names of the sizes.
        without_spot: those of them that are not sold as spot.
        currency: ISO 4217.
        now: start of the run.
    """

    region: str
    types: frozenset[str]
    without_spot: frozenset[str]
    currency: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a region's price lists say.

    Attributes:
        quotes: the one price that stays of each size and way to pay, sorted.
        offers: rows of the offers table that they make.
        findings: what could not be read, or is odd.
    """

    quotes: tuple[Quote, ...]
    offers: tuple[Row, ...]
    findings: tuple[FetchFinding, ...]


@dataclass(slots=True)
class _Reading:
    """Findings while the pages are read, each once and in order."""

    asked: Asked
    findings: dict[FetchFinding, None] = field(default_factory=dict)

    def report(
        self, check: str, severity: Literal["warning", "left_out"], row: str, detail: str
    ) -> None:
        place = f"azure/{self.asked.region}//{row}"
        found = FetchFinding(
            check=check, severity=severity, table="offers", row=place, detail=detail
        )
        self.findings[found] = None


def read_prices(pages: Iterable[Page], asked: Asked) -> Prices:
    """Return the offers of a region, sorted, and what could not be read.

    A price is dated by the day of the run: the provider confirms it as the one in force. The day
    from which it holds is in the note.

    Args:
        pages: of both price types, as answered.
        asked: what they are read for.
    """
    reading = _Reading(asked)
    found: dict[Key, list[Quote]] = defaultdict(list)
    for quote in _quotes(pages, asked):
        if isinstance(quote, Refusal):
            row = f"{quote.instance_type}/{quote.purchase_option}/*"
            reading.report(quote.check, "left_out", row, quote.detail)
        else:
            found[_key(quote)].append(quote)
    settled = {key: _settled(found[key], reading) for key in sorted(found)}
    quotes = tuple(_with_spot_checked(settled, reading))
    return Prices(
        quotes=quotes,
        offers=tuple(row for quote in quotes for row in _rows(quote, asked)),
        findings=tuple(reading.findings),
    )


def _quotes(pages: Iterable[Page], asked: Asked) -> Iterator[Quote | Refusal]:
    """Yield the quotes of the sizes that are asked for."""
    by_lower = {name.lower(): name for name in asked.types}
    for page in pages:
        for item in page["Items"]:
            name = by_lower.get(priced_as(item).lower())
            place = str(item.get("armRegionName") or "").lower()
            if name is None or place != asked.region.lower():
                continue
            yield from quotes_of(
                item,
                instance_type=name,
                billed_in=str(page.get("BillingCurrency") or ""),
                now=asked.now,
            )


def _key(quote: Quote) -> Key:
    return quote.instance_type, quote.purchase_option, quote.term_years or 0


def _words(quote: Quote) -> str:
    """Return the end of a finding's row."""
    kind = "azure" if quote.purchase_option == "savings_plan" else ""
    return f"{quote.instance_type}/{quote.purchase_option}/{kind}/{quote.term_years or ''}/"


def _settled(quotes: list[Quote], reading: _Reading) -> Quote:
    """Return the one price that stays: of billed meters the newest, and then the dearest."""
    billed = [quote for quote in quotes if quote.is_primary] or quotes
    newest = max(quote.since for quote in billed)
    kept = max(
        (quote for quote in billed if quote.since == newest),
        key=lambda quote: (quote.amount, quote.meter),
    )
    others = {quote.amount for quote in billed} - {kept.amount}
    if others:
        listed = ", ".join(str(amount) for amount in sorted(others))
        detail = f"also listed at {listed}; {kept.amount} since {kept.since or '?'} stays"
        reading.report("duplicate_differs", "warning", _words(kept), detail)
    if kept.currency != reading.asked.currency:
        detail = f"asked for {reading.asked.currency}, answered in {kept.currency}"
        reading.report("currency_differs", "warning", "*", detail)
    return kept


def _with_spot_checked(settled: Mapping[Key, Quote], reading: _Reading) -> Iterator[Quote]:
    """Yield the prices that stay, and report what is odd about spot."""
    for key, quote in settled.items():
        if quote.purchase_option == "spot":
            if quote.instance_type in reading.asked.without_spot:
                detail = "a spot price is listed, but the size is not sold as spot"
                reading.report("spot_not_offered", "left_out", _words(quote), detail)
                continue
            _check_spot(quote, settled.get((key[0], "on_demand", 0)), reading)
        yield quote


def _check_spot(spot: Quote, on_demand: Quote | None, reading: _Reading) -> None:
    if on_demand is None:
        detail = "there is no on-demand price to compare with"
        reading.report("spot_without_on_demand", "warning", _words(spot), detail)
    elif spot.amount > on_demand.amount:
        share = spot.amount / on_demand.amount
        detail = f"spot costs {share:.3f} of on-demand here"
        reading.report("spot_above_on_demand", "warning", _words(spot), detail)


def _rows(quote: Quote, asked: Asked) -> Iterator[Row]:
    """Yield the offers of one price: a reservation is paid at once or by the month."""
    if quote.purchase_option != "reserved":
        payment = "no" if quote.purchase_option == "savings_plan" else ""
        yield _offer(quote, asked, recurring=quote.amount, payment=payment)
        return
    hours = Decimal((quote.term_years or 0) * HOURS_PER_YEAR)
    yield _offer(quote, asked, recurring=Decimal(0), upfront=quote.amount, payment="all")
    yield _offer(quote, asked, recurring=quote.amount / hours, payment="no")


def _offer(
    quote: Quote, asked: Asked, *, recurring: Decimal, payment: str, upfront: Decimal = Decimal(0)
) -> Row:
    notes = []
    if quote.since:
        notes.append(f"in force since {quote.since}")
    if quote.purchase_option == "reserved" and payment == "no":
        notes.append("billed by the month, the same total")
    if quote.currency != OFFICIAL_CURRENCY:
        notes.append(f"for reference: the price list is in {OFFICIAL_CURRENCY}")
    return offer_row(
        provider="azure",
        region=asked.region,
        instance_type=quote.instance_type,
        purchase_option=quote.purchase_option,
        kind="azure" if quote.purchase_option == "savings_plan" else "",
        recurring_per_hour=recurring,
        upfront=upfront,
        term_years=quote.term_years,
        payment=payment,
        currency=quote.currency,
        source=f"Azure Retail Prices API, meter {quote.meter}",
        as_of=asked.now.astimezone(UTC).date().isoformat(),
        note="; ".join(notes),
    )
