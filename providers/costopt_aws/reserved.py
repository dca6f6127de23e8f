"""Reserved instances owned: from DescribeReservedInstances to facts about the account."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, left_out, warning
from costopt.units import SECONDS_PER_HOUR
from costopt_aws.commitments import (
    LINUX,
    SHARED,
    TABLE,
    Owned,
    is_over,
    last_day,
    matters,
    whole,
    zone_of,
)
from costopt_aws.hardware import family_of
from costopt_aws.parsed import PROVIDER, money
from costopt_aws.running import Group

ACTIVE: Final = "active"
"""State in which a purchase covers something. Source: Amazon EC2 API reference."""

ZONAL, REGIONAL = "Availability Zone", "Region"
"""Scope of a purchase: one zone, or all of a region. Source: Amazon EC2 API reference, Scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedReader:
    """Reads the reserved instances of one region.

    Attributes:
        region: the provider's own name.
        zone_ids: zone name of this account -> zone id.
        context: start of the run and the types that matter.
    """

    region: str
    zone_ids: Mapping[str, str]
    context: FetchContext

    def read(
        self,
        pages: Iterable[Page],
        running: Counter[Group],
        bound: Counter[str],
        idle: Counter[str],
    ) -> tuple[tuple[Owned, ...], tuple[FetchFinding, ...]]:
        """Return the purchases in force with what of them is taken, and what is odd.

        Only instances of this account are counted: AWS may spread a discount over other accounts
        of an organization, which no answer of EC2 tells, so that what looks free is warned of.
        An idle instance of a capacity reservation takes nothing: the one that a plan starts takes
        its place. One of a commitment takes its part, because a plan has it beside the purchase.

        Args:
            pages: of the answer.
            running: instances that run already.
            bound: type -> idle instances of capacity reservations that are commitments.
            idle: type -> idle instances of those that are none.
        """
        owned: list[Owned] = []
        findings: list[FetchFinding] = []
        for told in (told for page in pages for told in page["ReservedInstances"]):
            if told.get("State") != ACTIVE or is_over(told.get("End"), self.context.now):
                continue
            if matters(str(told.get("InstanceType", "")), self.context):
                read = self._purchase(told)
                if isinstance(read, FetchFinding):
                    findings.append(read)
                else:
                    owned.append(read)
        taken = tuple(_with_use(owned, running, bound))
        findings += (
            *self._other_sizes(owned, running),
            *self._other_accounts(taken),
            *self._idle_beside(taken, idle),
        )
        return taken, tuple(findings)

    def _purchase(self, told: Mapping[str, Any]) -> Owned | FetchFinding:
        """Return one purchase, nothing of it taken yet, or what is wrong with it."""
        instance_type = str(told["InstanceType"])
        name = f"{PROVIDER}/{self.region}/{instance_type}/reserved"
        platform, tenancy = told.get("ProductDescription"), told.get("InstanceTenancy")
        if platform not in LINUX or tenancy != SHARED:
            detail = f"it covers {platform} with {tenancy} tenancy; plans run plain Linux, shared"
            return left_out("commitment_unfit", name, detail, TABLE)
        zone = zone_of(told, self.zone_ids)
        if told.get("Scope") not in (ZONAL, REGIONAL):
            detail = f"its scope is {told.get('Scope')!r}, neither {REGIONAL} nor {ZONAL}"
            return left_out("commitment_unreadable", name, detail, TABLE)
        if told["Scope"] == ZONAL and not zone:
            detail = f"zone {told.get('AvailabilityZone')!r} has no id in this account"
            return left_out("zone_unknown", name, detail, TABLE)
        count, expires = whole(told.get("InstanceCount")), last_day(told.get("End"))
        currency, paid = str(told.get("CurrencyCode") or ""), paid_per_hour(told)
        if not count or expires is None or not currency or paid is None:
            detail = (
                f"count {told.get('InstanceCount')}, end {told.get('End')}, currency "
                f"{currency!r}, by the hour {paid}: each must be told"
            )
            return left_out("commitment_unreadable", name, detail, TABLE)
        return Owned(
            word="reserved",
            kind="reserved",
            instance_type=instance_type,
            zone=zone if told["Scope"] == ZONAL else "",
            count=count,
            used=0,
            paid_per_hour=paid,
            currency=currency,
            expires=expires,
        )

    def _other_sizes(
        self, owned: Iterable[Owned], running: Counter[Group]
    ) -> Iterable[FetchFinding]:
        """Warn where other sizes of a family run, over which AWS may spread a discount."""
        plain = {group.instance_type for group in running if group.is_plain}
        for instance_type in sorted({one.instance_type for one in owned if not one.zone}):
            family = family_of(instance_type)
            others = sorted(
                name for name in plain if family_of(name) == family and name != instance_type
            )
            if others:
                name = f"{PROVIDER}/{self.region}/{instance_type}/reserved"
                detail = (
                    f"{', '.join(others)} run too; where AWS lets the family share the discount, "
                    "more of it is taken than is counted here"
                )
                yield warning("commitment_size_flexible", name, detail, TABLE)

    def _other_accounts(self, taken: Iterable[Owned]) -> Iterable[FetchFinding]:
        """Warn of what nothing here uses: another account of the organization may."""
        free: Counter[str] = Counter()
        for one in taken:
            free[one.instance_type] += one.count - one.used
        for instance_type, count in sorted((+free).items()):
            name = f"{PROVIDER}/{self.region}/{instance_type}/reserved"
            detail = (
                f"{count:,} of them are taken by nothing in this account; other accounts of its "
                "organization may use them where sharing is on, which no answer tells"
            )
            yield warning("commitment_use_unsure", name, detail, TABLE)

    def _idle_beside(self, taken: Iterable[Owned], idle: Counter[str]) -> Iterable[FetchFinding]:
        """Warn where what is free pays for idle reservations until a plan runs in them."""
        free = {one.instance_type for one in taken if not one.zone and one.used < one.count}
        for instance_type in sorted(free & (+idle).keys()):
            name = f"{PROVIDER}/{self.region}/{instance_type}/reserved"
            detail = (
                f"{idle[instance_type]:,} instances of capacity reservations that can be "
                "cancelled are idle beside it: it pays for them until instances start in them; "
                "what starts outside them is charged too, unless they are given back. The quota "
                "counts them as used"
            )
            yield warning("reservation_idle", name, detail, TABLE)


def paid_per_hour(told: Mapping[str, Any]) -> Decimal | None:
    """Return what one instance costs in every hour of the term; None where it is not told.

    One that costs nothing is not told whole: its charge by the hour is missing.

    ``usage price + hourly charges + fixed price / hours of the term``
    """
    charges = told.get("RecurringCharges") or ()
    hourly = [charge.get("Amount") for charge in charges if charge.get("Frequency") == "Hourly"]
    amounts = [money(amount) for amount in (told.get("UsagePrice"), *hourly)]
    fixed, seconds = money(told.get("FixedPrice")), money(told.get("Duration"))
    if fixed is None or not seconds or None in amounts or len(hourly) != len(charges):
        return None
    hours = seconds / Decimal(str(SECONDS_PER_HOUR))
    charged = sum((amount for amount in amounts if amount is not None), Decimal(0))
    return charged + fixed / hours or None


def _with_use(
    owned: Iterable[Owned], running: Counter[Group], bound: Counter[str]
) -> Iterable[Owned]:
    """Yield the purchases with what of them is taken, those of one zone first.

    A zonal purchase covers nothing that runs in a capacity reservation. Of equal purchases those
    that last longest are taken first, so that none is promised for longer than it is free.

    Source: Amazon EC2 user guide, how Reserved Instances are applied, and capacity reservation
    billing.
    """
    free: Counter[tuple[str, str]] = Counter()
    inside = Counter(bound)
    for group, count in running.items():
        if group.is_plain and group.reserved:
            inside[group.instance_type] += count
        elif group.is_plain:
            free[group.instance_type, group.zone] += count
    for one in sorted(owned, key=lambda one: (not one.zone, -one.expires.toordinal())):
        used = 0
        places = [key for key in free if key[0] == one.instance_type and one.zone in ("", key[1])]
        for key in sorted(places):
            taken = min(one.count - used, free[key])
            free[key] -= taken
            used += taken
        if not one.zone:
            taken = min(one.count - used, inside[one.instance_type])
            inside[one.instance_type] -= taken
            used += taken
        yield replace(one, used=used)
