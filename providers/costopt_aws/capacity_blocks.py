"""Capacity Blocks: from DescribeCapacityBlockOfferings to rows of the offers table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import HOURS_PER_YEAR, FetchFinding, Row, left_out, offer_row
from costopt_aws.parsed import PROVIDER, Parsed, money, offer_name

SOURCE: Final = "Amazon EC2 DescribeCapacityBlockOfferings"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockReader:
    """Reads offers of Capacity Blocks in one region.

    Attributes:
        region: the provider's own name.
        zone_ids: zone name of this account -> zone id.
        now: start of the run.
    """

    region: str
    zone_ids: Mapping[str, str]
    now: datetime

    def read(self, pages: Iterable[Page]) -> Parsed:
        """Return the cheapest block of each type, zone and length; the earliest of equal ones."""
        best: dict[tuple[Any, ...], Row] = {}
        findings: list[FetchFinding] = []
        for block in (block for page in pages for block in page["CapacityBlockOfferings"]):
            row = self._row(block)
            if isinstance(row, FetchFinding):
                findings.append(row)
                continue
            key = row["zone"], row["instance_type"], row["term_hours"]
            if key not in best or _rank(row) < _rank(best[key]):
                best[key] = row
        return Parsed(rows=tuple(best[key] for key in sorted(best)), findings=tuple(findings))

    def _row(self, block: Mapping[str, Any]) -> Row | FetchFinding:
        """Return the row of one block, by the instance: the fee is that of the whole block."""
        instance_type = str(block.get("InstanceType", ""))
        zone = self.zone_ids.get(str(block.get("AvailabilityZone")), "")
        name = offer_name(self.region, instance_type, "capacity_block", zone or "?")
        identity = block.get("CapacityBlockOfferingId")
        if not zone:
            detail = f"{identity}: zone {block.get('AvailabilityZone')!r} has no id here"
            return left_out("zone_unknown", name, detail)
        fee = money(block.get("UpfrontFee"))
        count, hours = block.get("InstanceCount"), block.get("CapacityBlockDurationHours")
        currency, start = block.get("CurrencyCode"), str(block.get("StartDate") or "")
        if not (count and hours and currency and start):
            detail = f"{identity} lacks its count, length, currency or start"
            return left_out("term_unknown", name, detail)
        if fee is None or fee == 0:
            detail = f"{identity} has the fee {block.get('UpfrontFee')!r}"
            return left_out("price_not_positive", name, detail)
        return offer_row(
            provider=PROVIDER,
            region=self.region,
            zone=zone,
            instance_type=instance_type,
            purchase_option="capacity_block",
            payment="all",
            recurring_per_hour=Decimal(0),
            upfront=fee / Decimal(int(count)),
            term_years=round(int(hours) / HOURS_PER_YEAR, 6),
            term_hours=float(hours),
            currency=str(currency),
            valid_until=start[:10],
            source=f"{SOURCE}, {identity}",
            as_of=self.now.astimezone(UTC).date().isoformat(),
            note=(
                f"starts {start}, {hours} h, {fee} {currency} prepaid for {count} "
                f"instance{'s' if int(count) > 1 else ''}"
            ),
        )


def _rank(row: Row) -> tuple[float, str]:
    """Return what makes a block the better one: its price, then its start."""
    return float(row["upfront"] or 0), str(row["note"])
