"""Savings plans: facts about what an account has promised to spend each hour."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.expiry import last_whole_day
from costopt.fetch.fetched import FetchFinding, Row, left_out
from costopt.fetch.told_once import own_name
from costopt_alibaba.parsed import PROVIDER, Parsed, money, number, records
from costopt_alibaba.quotas import TABLE

PAYMENTS: Final[Mapping[str, str]] = {"half": "partial", "total": "all", "zero": "no"}
"""Source: BSS API reference, QuerySavingsPlansInstance, ``PayMode``."""

HOURLY: Final = "HOUR"
"""Plans whose amount is one of each hour; others have an amount of a day or of the whole term.

Source: BSS API reference, QuerySavingsPlansInstance, ``DeductCycleType``.
"""

UNIVERSAL: Final = "universal"
COMPUTE: Final = "ecs"
TYPES: Final[Mapping[str, str]] = {
    "ecs": COMPUTE,
    "universal": UNIVERSAL,
    "unversal": UNIVERSAL,
}
"""Spelling, in lower case -> type of plan. The reference writes one of them without its i.

Source: BSS API reference, QuerySavingsPlansInstance, ``SavingsType``.
"""

FAMILY: Final = re.compile(r"(?:ecs\.)?([a-z][a-z0-9]*)")
REGION: Final = re.compile(r"[a-z]{2}-[a-z0-9-]+")
CYCLE: Final = re.compile(r"(\d+):(Year|Month)", re.IGNORECASE)
MONTHS_PER_YEAR: Final = 12
MILLISECONDS_PER_SECOND: Final = 1000


class _UnreadError(ValueError):
    """A member of an answer that cannot be read."""


def savings_plan_facts(pages: Iterable[Page], now: datetime) -> Parsed:
    """Return one fact for each savings plan in force.

    The rate at which an instance draws on a plan is no part of it: it is the price of a savings
    plan offer.

    Args:
        pages: of QuerySavingsPlansInstance.
        now: start of the run; what ended before it has expired.
    """
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    for told in (told for page in pages for told in records(page, "Data", "Items")):
        if told.get("Status") == "RELEASE":
            continue
        try:
            row = _row(told, now)
        except _UnreadError as error:
            kind = str(told.get("SavingsType") or "savings plan")
            row_name = f"{PROVIDER}/{told.get('Region') or '*'}/{kind}"
            findings.append(left_out("commitment_unusable", row_name, str(error), TABLE))
            continue
        if row is not None:
            rows.append(row)
    return Parsed(rows=_named(rows), findings=tuple(dict.fromkeys(findings)))


def _row(told: Mapping[str, Any], now: datetime) -> Row | None:
    """Return the fact of a plan; None where it has expired.

    Raises:
        _UnreadError: something is not told as it must be.
    """
    end = _end(told)
    if end <= now:
        return None
    if told.get("Status") != "NORMAL":
        raise _UnreadError(f"its status is {told.get('Status')!r}, not NORMAL")
    if told.get("DeductCycleType") != HOURLY:
        raise _UnreadError(f"its amount is one of {told.get('DeductCycleType')!r}, not of an hour")
    plan = TYPES.get(str(told.get("SavingsType") or "").lower())
    if plan is None:
        raise _UnreadError(f"its type is {told.get('SavingsType')!r}, neither universal nor ecs")
    payment = PAYMENTS.get(str(told.get("PayMode") or "").lower())
    if payment is None:
        raise _UnreadError(f"it is paid {told.get('PayMode')!r}, not total, half or zero")
    if not told.get("Currency"):
        raise _UnreadError("its amount is of no currency")
    spend = _amount(told, "PoolValue")
    if not spend:
        raise _UnreadError("its amount is 0")
    return {
        "fact": "spend_commitment",
        "key": f"{PROVIDER}/*/*" if plan == UNIVERSAL else _scope(told),
        "kind": "savings_plan",
        "plan": plan,
        "term_years": _years(told),
        "payment": payment,
        "spend_per_hour": float(spend),
        "used_per_hour": float(_amount(told, "LastBillTotalUsage")),
        "currency": str(told["Currency"]),
        "expires": last_whole_day(end).isoformat(),
    }


def _named(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the facts in order, each with a name of its own."""
    alike: Counter[str] = Counter()
    found = []
    for row in sorted(rows, key=lambda row: (row["key"], row["expires"], row["spend_per_hour"])):
        name = f"savings plan {row['plan']} {_place(str(row['key']))} {row['expires']}"
        found.append({**row, "name": own_name(name, alike)})
    return tuple(found)


def _place(key: str) -> str:
    """Return a key in words: ``cn-hangzhou gn7i``."""
    _, region, types = key.split("/")
    families = sorted(set(re.findall(r"ecs\.([a-z0-9]+)", types)))
    return " ".join((region, *families)) if families else "all regions"


def _scope(told: Mapping[str, Any]) -> str:
    """Return the key of a plan for families in a region.

    Raises:
        _UnreadError: a family or the region is not told by its name.
    """
    region = str(told.get("Region") or "")
    if not REGION.fullmatch(region):
        raise _UnreadError(f"its region is {told.get('Region')!r}, no name of a region")
    patterns = []
    for written in re.split(r"[,;\s]+", str(told.get("InstanceFamily") or "").strip()):
        family = FAMILY.fullmatch(written)
        if not family:
            raise _UnreadError(f"it covers {told.get('InstanceFamily')!r}, no name of a family")
        patterns += [f"ecs.{family[1]}-*", f"ecs.{family[1]}.*"]
    return f"{PROVIDER}/{region}/{'|'.join(patterns)}"


def _years(told: Mapping[str, Any]) -> float:
    found = CYCLE.fullmatch(str(told.get("Cycle") or ""))
    if not found:
        raise _UnreadError(f"its term is {told.get('Cycle')!r}, not a number of years or months")
    count = int(found[1])
    return count / MONTHS_PER_YEAR if found[2].lower() == "month" else float(count)


def _amount(told: Mapping[str, Any], name: str) -> Decimal:
    amount = money(told.get(name))
    if amount is None or amount < 0:
        raise _UnreadError(f"{name} is {told.get(name)!r}, no amount")
    return amount


def _end(told: Mapping[str, Any]) -> datetime:
    milliseconds = number(told.get("EndTimestamp"))
    if not milliseconds:
        raise _UnreadError(f"its end is {told.get('EndTimestamp')!r}")
    return datetime.fromtimestamp(milliseconds / MILLISECONDS_PER_SECOND, UTC)
