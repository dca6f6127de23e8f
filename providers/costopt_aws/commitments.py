"""Rows of commitments that an account owns: their last day, their names, their columns."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.context import FetchContext
from costopt.fetch.expiry import last_whole_day, moment_of
from costopt.fetch.fetched import Row
from costopt.fetch.told_once import own_name
from costopt_aws.hardware import ACCELERATED, family_of
from costopt_aws.parsed import PROVIDER

TABLE: Final = "account"
"""What findings about an account name as their table."""

LINUX: Final = frozenset({"Linux/UNIX", "Linux/UNIX (Amazon VPC)"})
"""Platforms of plain Linux. Source: Amazon EC2 API reference, RIProductDescription."""

SHARED: Final = "default"
"""Tenancy of hardware shared with others. Source: Amazon EC2 API reference, Tenancy."""

DIGITS: Final = Decimal("0.0000000001")
"""Resolution of a price by the hour, that of the price list [currency/h]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Whole instances of one type that the account pays for until a day.

    Attributes:
        word: what people call it, the first word of its name.
        kind: of the vocabulary of accounts.
        instance_type: the provider's own name.
        zone: id of the zone that it is bound to; empty for the region.
        count: instances [1].
        used: of them, taken by what runs already [1].
        expires: last day that it covers whole.
        paid_per_hour: what one of them costs; None where no answer tells it [currency/h].
        currency: of ``paid_per_hour``, ISO 4217; empty without one.
    """

    word: str
    kind: str
    instance_type: str
    zone: str
    count: int
    used: int
    expires: date
    paid_per_hour: Decimal | None = None
    currency: str = ""


def commitment_rows(region: str, owned: Iterable[Owned]) -> tuple[Row, ...]:
    """Return the facts of a region's commitments, in an order that no night's use changes."""
    names: Counter[str] = Counter()
    rows: list[Row] = []
    for one in sorted(owned, key=_order):
        name = f"{one.word} {one.instance_type} {region} {one.expires.isoformat()}"
        rows.append(
            {
                "fact": "commitment",
                "key": f"{PROVIDER}/{region}/{one.instance_type}",
                "zone": one.zone,
                "kind": one.kind,
                "count": one.count,
                "used": one.used,
                **_paid(one),
                "expires": one.expires.isoformat(),
                "name": own_name(name, names),
            }
        )
    return tuple(rows)


def _paid(one: Owned) -> Row:
    """Return the columns of what one costs; none where that is not known."""
    if one.paid_per_hour is None:
        return {}
    paid = float(one.paid_per_hour.quantize(DIGITS))
    return {"paid_per_hour": paid, "currency": one.currency}


def last_day(end: Any) -> date | None:
    """Return the last day that is covered whole; None where the moment cannot be read."""
    moment = moment_of(end)
    return None if moment is None else last_whole_day(moment)


def is_over(end: Any, now: datetime) -> bool:
    """Return whether a moment has passed; one that cannot be read has not."""
    moment = moment_of(end)
    return moment is not None and moment <= now


def zone_of(told: Mapping[str, Any], zone_ids: Mapping[str, str]) -> str:
    """Return the id of the zone that an answer names; empty where it names none known."""
    told_id = str(told.get("AvailabilityZoneId") or "")
    return told_id or zone_ids.get(str(told.get("AvailabilityZone")), "")


def matters(instance_type: str, context: FetchContext) -> bool:
    """Return whether a plan could use a type: an accelerated one, or one of the catalogue."""
    return bool(ACCELERATED.match(instance_type)) or instance_type in context.known_types


def family_matters(family: str, context: FetchContext) -> bool:
    """Return whether a plan could use a type of a family."""
    known = {family_of(name) for name in context.known_types}
    return bool(ACCELERATED.match(family)) or family in known


def whole(value: Any) -> int | None:
    """Return a count of things; None where the wire holds something else."""
    return value if isinstance(value, int) and value >= 0 else None


def _order(one: Owned) -> tuple[Any, ...]:
    return one.word, one.instance_type, one.expires, one.zone, one.count, one.paid_per_hour
