"""On-demand and reserved prices: from products with terms to rows of the offers table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.fetched import FetchFinding, Row, left_out, offer_row, warning
from costopt_aws.fleet import Fleet
from costopt_aws.parsed import (
    PROVIDER,
    Parsed,
    day_in_force,
    money,
    offer_name,
    one_row_each,
    row_name,
)
from costopt_aws.products import PricedProduct

LEASES: Final = {"1yr": 1.0, "3yr": 3.0}
PAYMENTS: Final = {"No Upfront": "no", "Partial Upfront": "partial", "All Upfront": "all"}

CLASSES: Final = {"standard": "", "convertible": "convertible"}
"""Offering class -> kind; a standard reservation is the plain one and has no kind."""

HOURLY, ONCE = "Hrs", "Quantity"
"""Units of the two charges of a term. Source: AWS Price List user guide, price dimensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceReader:
    """Reads products of one region.

    Attributes:
        region: the provider's own name.
        fleet: types whose prices are wanted.
        now: start of the run.
        source: service and file or operation, for every row.
    """

    region: str
    fleet: Fleet
    now: datetime
    source: str

    def read(self, products: Iterable[PricedProduct]) -> Parsed:
        """Return on-demand and reserved rows, each offer once."""
        rows: list[Row] = []
        findings: list[FetchFinding] = []
        for product in products:
            if product.instance_type not in self.fleet.types:
                findings.append(self._without_hardware(product))
            elif self.fleet.sells(product.instance_type, "on-demand"):
                for parsed in (self._on_demand(product), self._reserved(product)):
                    rows += parsed.rows
                    findings += parsed.findings
        unique = one_row_each(rows)
        return Parsed(rows=unique.rows, findings=(*findings, *unique.findings))

    def _without_hardware(self, product: PricedProduct) -> FetchFinding:
        return left_out(
            "hardware_unknown",
            offer_name(self.region, product.instance_type, "*"),
            f"priced with {product.attributes.get('gpu')} GPU(s) (SKU {product.sku}), "
            "but no hardware is known of it",
        )

    def _on_demand(self, product: PricedProduct) -> Parsed:
        term = self._in_force(product.on_demand)
        name = offer_name(self.region, product.instance_type, "on_demand")
        if term is None:
            detail = f"SKU {product.sku} has no on-demand term"
            return Parsed(findings=(left_out("price_missing", name, detail),))
        charges = _charges(term)
        hourly = charges.get(HOURLY)
        if hourly is None or hourly[0] <= 0 or ONCE in charges:
            detail = f"SKU {product.sku} costs {_in_words(charges)}"
            return Parsed(findings=(left_out("price_not_positive", name, detail),))
        note = self.fleet.zone_note(product.instance_type)
        return self._dated(term, product, "on_demand", hourly, None, {"note": note})

    def _reserved(self, product: PricedProduct) -> Parsed:
        parsed = [self._reservation(product, term) for term in product.reserved.values()]
        return Parsed(
            rows=tuple(row for one in parsed for row in one.rows),
            findings=tuple(finding for one in parsed for finding in one.findings),
        )

    def _reservation(self, product: PricedProduct, term: Mapping[str, Any]) -> Parsed:
        told = term.get("termAttributes") or {}
        years = LEASES.get(str(told.get("LeaseContractLength", "")).replace(" ", ""))
        payment = PAYMENTS.get(str(told.get("PurchaseOption")))
        kind = CLASSES.get(str(told.get("OfferingClass")))
        name = offer_name(self.region, product.instance_type, "reserved")
        if years is None or payment is None or kind is None:
            detail = f"SKU {product.sku} has a term with {dict(told)}"
            return Parsed(findings=(left_out("term_unknown", name, detail),))
        since = f"in force since {_effective(term)[:10]}" if _effective(term) else ""
        columns = {"term_years": years, "payment": payment, "kind": kind, "note": since}
        charges = _charges(term)
        hourly, once = charges.get(HOURLY), charges.get(ONCE)
        due = hourly is not None and hourly[0] > 0, once is not None and once[0] > 0
        if due != (payment != "all", payment != "no"):
            name = f"{name.rstrip('/')}/{kind}/{years:g}/{payment}"
            detail = f"SKU {product.sku} costs {_in_words(charges)}, paid {payment} upfront"
            return Parsed(findings=(left_out("price_not_positive", name, detail),))
        return self._dated(term, product, "reserved", hourly, once, columns)

    def _in_force(self, terms: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the term that began last, among those that have begun if there are any."""
        if not terms:
            return None
        started = [
            term for term in terms.values() if not day_in_force(_effective(term), self.now)[1]
        ]
        latest: Mapping[str, Any] = max(started or terms.values(), key=_effective)
        return latest

    def _dated(
        self,
        term: Mapping[str, Any],
        product: PricedProduct,
        option: str,
        hourly: tuple[Decimal, str] | None,
        once: tuple[Decimal, str] | None,
        columns: Mapping[str, Any],
    ) -> Parsed:
        """Return the row of a term, and a finding where its date is still to come.

        The row is dated by the price list that says so: reserved terms begin years back, and
        are still what AWS asks today.
        """
        ahead = day_in_force(_effective(term), self.now)[1]
        day = day_in_force(product.published or _effective(term), self.now)[0]
        row = offer_row(
            provider=PROVIDER,
            region=self.region,
            instance_type=product.instance_type,
            purchase_option=option,
            recurring_per_hour=hourly[0] if hourly else Decimal(0),
            upfront=once[0] if once else Decimal(0),
            currency=(hourly or once or (Decimal(0), ""))[1],
            source=f"{self.source}, SKU {product.sku}",
            as_of=day,
            **columns,
        )
        if not ahead:
            return Parsed(rows=(row,))
        detail = f"in force from {_effective(term)}, after this run; dated by the run"
        return Parsed(rows=(row,), findings=(warning("date_ahead", row_name(row), detail),))


def _effective(term: Mapping[str, Any]) -> str:
    return str(term.get("effectiveDate") or "")


def _charges(term: Mapping[str, Any]) -> dict[str, tuple[Decimal, str]]:
    """Return unit -> amount and its currency; an amount that cannot be read is absent."""
    charges = {}
    for dimension in (term.get("priceDimensions") or {}).values():
        for currency, text in (dimension.get("pricePerUnit") or {}).items():
            amount = money(text)
            if amount is not None:
                charges[str(dimension.get("unit"))] = amount, str(currency)
    return charges


def _in_words(charges: Mapping[str, tuple[Decimal, str]]) -> str:
    """Return the charges as a person would write them."""
    told = [f"{amount} {currency} by {unit}" for unit, (amount, currency) in charges.items()]
    return " and ".join(told) or "nothing that can be read"
