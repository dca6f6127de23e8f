"""Spot prices: from DescribeSpotPriceHistory to rows of the offers table, one for each zone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding, Row, left_out, offer_row, warning
from costopt.fetch.latest import Latest
from costopt_aws.fleet import Fleet
from costopt_aws.parsed import PROVIDER, Parsed, money, offer_name

SOURCE: Final = "Amazon EC2 DescribeSpotPriceHistory"

CLOCK_TOLERANCE: Final = timedelta(hours=1)
"""By how much a price may be dated ahead of the run before its clock, or ours, counts as wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotReader:
    """Reads spot prices of one region.

    Attributes:
        region: the provider's own name.
        fleet: types whose prices are wanted, and the ids of zones.
        now: start of the run.
        currency: of the partition; the answer names none.
        scores: type and zone id -> words about placement, for the note.
    """

    region: str
    fleet: Fleet
    now: datetime
    currency: str
    scores: Mapping[tuple[str, str], str]

    def read(self, pages: Iterable[Page], on_demand: Mapping[str, float]) -> Parsed:
        """Return the price in force of every type and zone.

        Args:
            pages: of the answer.
            on_demand: type -> its price by the hour, in the same currency.
        """
        newest: dict[tuple[str, str], Latest[Mapping[str, Any]]] = {}
        findings: list[FetchFinding] = []
        for price in (price for page in pages for price in page["SpotPriceHistory"]):
            instance_type = str(price.get("InstanceType", ""))
            if not self.fleet.sells(instance_type, "spot"):
                continue
            zone = self._zone_id(price)
            if not zone:
                name = offer_name(self.region, instance_type, "spot", "?")
                detail = f"zone {price.get('AvailabilityZone')!r} has no id in this account"
                findings.append(left_out("zone_unknown", name, detail))
                continue
            held = newest.setdefault((instance_type, zone), Latest())
            held.add(price, price.get("Timestamp"))
        rows: list[Row] = []
        for (instance_type, zone), latest in sorted(newest.items(), key=lambda held: held[0]):
            row, found = self._row(instance_type, zone, latest, on_demand)
            rows += row
            findings += found
        return Parsed(rows=tuple(rows), findings=tuple(findings))

    def _zone_id(self, price: Mapping[str, Any]) -> str:
        """Return the id, which means the same zone in every account; names do not."""
        told = str(price.get("AvailabilityZoneId") or "")
        return told or self.fleet.zone_ids.get(str(price.get("AvailabilityZone")), "")

    def _row(
        self,
        instance_type: str,
        zone: str,
        latest: Latest[Mapping[str, Any]],
        on_demand: Mapping[str, float],
    ) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
        """Return the row of one type and zone, if it has one, and what is odd about it."""
        name = offer_name(self.region, instance_type, "spot", zone)
        texts = sorted({str(price.get("SpotPrice")) for price in latest.prices})
        amounts = {money(text) for text in texts}
        if len(amounts) > 1:
            detail = f"at the same time {' and '.join(texts)} {self.currency}"
            return (), (left_out("price_ambiguous", name, detail),)
        amount = amounts.pop()
        if amount is None or amount == 0:
            return (), (left_out("price_not_positive", name, f"the price is {texts[0]!r}"),)
        row = offer_row(
            provider=PROVIDER,
            region=self.region,
            zone=zone,
            instance_type=instance_type,
            purchase_option="spot",
            recurring_per_hour=amount,
            currency=self.currency,
            source=f"{SOURCE}, {instance_type} in {zone}",
            as_of=self.now.astimezone(UTC).date().isoformat(),
            note=self.scores.get((instance_type, zone), ""),
        )
        findings = [*self._beside(name, float(amount), on_demand.get(instance_type))]
        if latest.is_after(self.now + CLOCK_TOLERANCE):
            dated = latest.prices[0].get("Timestamp")
            detail = f"dated {dated}, after this run; dated by the run"
            findings.append(warning("date_ahead", name, detail))
        return (row,), tuple(findings)

    def _beside(
        self, name: str, amount: float, on_demand: float | None
    ) -> tuple[FetchFinding, ...]:
        """Compare a spot price with the on-demand price of the type."""
        if on_demand is None:
            detail = f"{amount:g} {self.currency}/h, and no on-demand price of the type to compare"
            return (warning("spot_without_on_demand", name, detail),)
        if amount > on_demand:
            detail = f"{amount:g} {self.currency}/h, on-demand {on_demand:g}"
            return (warning("spot_above_on_demand", name, detail),)
        return ()
