"""Restrictions and dates of sizes: what a subscription may not use, and what is retired."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from costopt.fetch.fetched import FetchFinding

_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T.*)?")


def restriction_findings(
    sku: Mapping[str, Any], region: str, instance_type: str
) -> list[FetchFinding]:
    """Return what keeps the subscription from a size that is sold here all the same.

    ``NotAvailableForSubscription`` asks for a quota, and a restricted zone leaves the others: in
    neither case does the price go away.

    Args:
        sku: one size, as listed.
        region: the location that was asked for.
        instance_type: name of the size.
    """
    return [
        FetchFinding(
            check="restricted",
            severity="warning",
            table="offers",
            row=f"azure/{region}/{_zones(restriction)}/{instance_type}/*",
            detail=f"{restriction.get('reasonCode', 'no reason given')} for this subscription: "
            f"{_words(restriction)}; ask for access or quota before relying on it",
        )
        for restriction in sku.get("restrictions") or []
    ]


def readable_day(written: str) -> str:
    """Return the ISO day of a timestamp; empty when it is none."""
    found = _DAY.fullmatch(written.strip())
    return found[1] if found else ""


def is_past(day: str, now: datetime) -> bool:
    """Return whether an ISO day is over, in UTC."""
    return day < now.astimezone(UTC).date().isoformat()


def _zones(restriction: Mapping[str, Any]) -> str:
    if restriction.get("type") != "Zone":
        return ""
    return ",".join((restriction.get("restrictionInfo") or {}).get("zones") or ["?"])


def _words(restriction: Mapping[str, Any]) -> str:
    zones = _zones(restriction)
    return f"zones {zones}" if zones else "the whole region"
