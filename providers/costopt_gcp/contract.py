"""Contract: what a billing account pays for the parts of machines in place of the list price."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding, Row
from costopt_gcp.descriptions import Part
from costopt_gcp.machines import Machine
from costopt_gcp.offers import offers_of
from costopt_gcp.rates import UNITS, Rate, RateBook, RateProblem, amount_of

CONTRACT_PRICES: Final = "Cloud Billing Pricing API billingAccounts.skus.prices.list"
"""Source of the rates of a billing account."""

CONTRACT_TRAIL: Final = "Google Cloud contract price"
"""Head of the trail of a price that the list does not have."""

SAME_OFFER: Final = ("purchase_option", "term_years")
"""What makes two offers of one machine in one region the same."""


def contract_rates(listed: RateBook, pages: Iterable[Page]) -> RateBook:
    """Return the rates that the account pays: its own where it has one, else those of the list.

    A SKU whose own price cannot be read has no rate, so that no machine is composed from the list
    price of a part that the account pays otherwise.

    Args:
        listed: rates of the price list.
        pages: of ``billingAccounts.skus.prices.list``.
    """
    told = {str(one["skuId"]): one for page in pages for one in page.get("prices", ())}
    book = RateBook(source=CONTRACT_PRICES, listed=listed)
    for key, rate in listed.rates.items():
        region, option, part, name = key
        price = told.get(rate.sku)
        if price is None:
            book.rates[key] = rate
            continue
        own = _rate(rate, price, part)
        if isinstance(own, Rate):
            book.rates[key] = own
            continue
        check, detail = own
        book.problems.append(
            RateProblem(
                regions=(region,),
                part=part,
                name=name,
                check=check,
                severity="left_out",
                sku=rate.sku,
                detail=f"contract price: {detail} ({option})",
            )
        )
    return book


def contract_offers(
    machines: Iterable[Machine], listed: Iterable[Row], book: RateBook, region: str, today: date
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return what the account pays where that is not the list price, and what is odd.

    Args:
        machines: of the region, those that the run asks for.
        listed: their offers at list prices.
        book: rates that the account pays.
        region: the provider's own name.
        today: day of the run.
    """
    lists = {_place(row): row for row in listed}
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    for machine in machines:
        own, found = offers_of(machine, book, region, today)
        findings += [
            replace(one, table="account", detail=f"contract price: {one.detail}") for one in found
        ]
        rows += ({**row, "as_of": today.isoformat()} for row in _different(own, lists))
    return tuple(rows), tuple(findings)


def _different(own: Iterable[Row], lists: Mapping[tuple[object, ...], Row]) -> Iterator[Row]:
    """Yield what differs from the list, with the list price in its trail.

    What the list has no offer of is no offer here either: its own finding says why.
    """
    for row in own:
        listed = lists.get(_place(row))
        if listed is None:
            continue
        before, after = (
            f"{float(str(one['recurring_per_hour'])):.10g} {one['currency']}"
            for one in (listed, row)
        )
        if before != after:
            yield {**row, "trail": f"{CONTRACT_TRAIL}: list {before} -> paid {after}"}


def _place(row: Row) -> tuple[object, ...]:
    return (row["instance_type"], *(row[name] for name in SAME_OFFER))


def _rate(listed: Rate, told: Mapping[str, Any], part: Part) -> Rate | tuple[str, str]:
    """Return the account's rate of a SKU, or the check and the words of what is wrong with it.

    A SKU without a contract price is paid as listed.
    """
    first = [tier for tier in told.get("tiers", ()) if not _starts_at(tier)]
    if len(first) != 1:
        return "price_missing", f"{len(first)} prices hold from the first piece on"
    if "contractPrice" not in first[0]:
        return listed
    unit = str(told.get("unitInfo", {}).get("unit", ""))
    if unit not in UNITS[part]:
        return "unit_unknown", f"a {part} is priced per {unit or 'nothing'}"
    price, currency = amount_of(first[0]["contractPrice"])
    pieces = _pieces(told)
    if not price or price < 0 or not pieces:
        return "price_not_positive", f"the price is {price} for {pieces}"
    currency = currency or str(told.get("currencyCode", ""))
    if not currency:
        return "currency_missing", f"the price is {price} of no currency"
    per_hour = price / pieces * UNITS[part][unit]
    if (per_hour, currency) == (listed.per_hour, listed.currency):
        return listed
    return Rate(per_hour=per_hour, currency=currency, sku=listed.sku, effective="")


def _starts_at(tier: Mapping[str, Any]) -> float:
    return float(tier.get("startAmount", {}).get("value", 0) or 0)


def _pieces(told: Mapping[str, Any]) -> Decimal | None:
    """Return how many units a price is for; one where that is not told."""
    quantity = told.get("unitInfo", {}).get("unitQuantity", {}).get("value", "1")
    try:
        return Decimal(str(quantity))
    except InvalidOperation:
        return None
