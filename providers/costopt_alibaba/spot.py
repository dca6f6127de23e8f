"""Spot: rows of the offers table from what DescribeSpotPriceHistory answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding, Row, left_out, offer_row, warning
from costopt.fetch.latest import Latest
from costopt_alibaba.parsed import (
    PROVIDER,
    SERVICE,
    Parsed,
    day_of,
    money,
    offer_name,
    plain,
    records,
    site_words,
)
from costopt_alibaba.questions import REFUSED

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""By how much two clocks may differ before it is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotReader:
    """Reads the spot prices of one type.

    Attributes:
        region: the provider's own name.
        instance_type: the provider's own name.
        zones: that have it in stock as spot.
        protected_hours: that an instance is sure to run [h].
        now: start of the run.
    """

    region: str
    instance_type: str
    zones: tuple[str, ...]
    protected_hours: int
    now: datetime

    def read(self, pages: Iterable[Page], on_demand: tuple[Decimal, str] | None) -> Parsed:
        """Return the newest price of every zone that has stock.

        Args:
            pages: of the answer, in any order of time.
            on_demand: list price by the hour and its currency, where there is one.
        """
        newest: dict[str, Latest[tuple[Mapping[str, Any], str]]] = {}
        for page in pages:
            if REFUSED in page:
                name = offer_name(self.region, self.instance_type, "spot")
                detail = f"answered {page[REFUSED]}"
                return Parsed(findings=(left_out("price_refused", name, detail),))
            currency = str(page.get("Currency") or "")
            for price in records(page, "SpotPrices", "SpotPriceType"):
                zone = str(price.get("ZoneId") or "")
                if zone in self.zones and price.get("InstanceType") == self.instance_type:
                    held = newest.setdefault(zone, Latest())
                    held.add((price, currency), price.get("Timestamp"))
        rows: list[Row] = []
        findings: list[FetchFinding] = []
        for zone in self.zones:
            if zone not in newest:
                findings.append(left_out("price_missing", self._name(zone), "no price is told"))
                continue
            row, found = self._row(zone, newest[zone], on_demand)
            rows += row
            findings += found
        return Parsed(rows=tuple(rows), findings=tuple(findings))

    def _name(self, zone: str) -> str:
        return offer_name(self.region, self.instance_type, "spot", zone)

    def _row(
        self,
        zone: str,
        latest: Latest[tuple[Mapping[str, Any], str]],
        on_demand: tuple[Decimal, str] | None,
    ) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
        """Return the row of one zone, if it has one, and what is odd about it."""
        name, prices = self._name(zone), latest.prices
        amounts = {(money(price.get("SpotPrice")), currency) for price, currency in prices}
        if len(amounts) > 1:
            texts = sorted(f"{price.get('SpotPrice')} {currency}" for price, currency in prices)
            detail = f"at the same time {' and '.join(texts)}"
            return (), (left_out("price_ambiguous", name, detail),)
        amount, currency = amounts.pop()
        if amount is None or amount <= 0:
            detail = f"the price is {prices[0][0].get('SpotPrice')!r}"
            return (), (left_out("price_not_positive", name, detail),)
        if not currency:
            return (), (left_out("currency_missing", name, f"{amount} of no currency"),)
        findings = _beside(name, amount, currency, on_demand)
        if latest.is_after(self.now + CLOCK_TOLERANCE):
            detail = f"dated {prices[0][0].get('Timestamp')}, after this run; dated by the run"
            findings = (*findings, warning("date_ahead", name, detail))
        return (self._offer(zone, amount, currency),), findings

    def _offer(self, zone: str, amount: Decimal, currency: str) -> Row:
        protected = f"; sure to run {self.protected_hours} h" if self.protected_hours else ""
        return offer_row(
            provider=PROVIDER,
            region=self.region,
            zone=zone,
            instance_type=self.instance_type,
            purchase_option="spot",
            recurring_per_hour=amount,
            currency=currency,
            source=f"{SERVICE} DescribeSpotPriceHistory, {self.instance_type} in {zone}",
            as_of=day_of(self.now),
            note=f"spot{site_words(currency)} price{protected}",
        )


def _beside(
    name: str, amount: Decimal, currency: str, on_demand: tuple[Decimal, str] | None
) -> tuple[FetchFinding, ...]:
    """Compare a spot price with the pay-as-you-go price of the type."""
    told = f"{plain(amount)} {currency}/h"
    if on_demand is None or on_demand[1] != currency:
        detail = f"{told}, and no on-demand price of the type to compare"
        return (warning("spot_without_on_demand", name, detail),)
    if amount > on_demand[0]:
        return (warning("spot_above_on_demand", name, f"{told}, on-demand {plain(on_demand[0])}"),)
    return ()
