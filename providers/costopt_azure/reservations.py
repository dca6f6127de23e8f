"""Reservations owned: from the tenant's list to commitments of one size in one region."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, Row
from costopt.fetch.told_once import numbered
from costopt.fetch.wire import Wire
from costopt_azure.benefits import (
    Benefit,
    ask_benefits,
    finding,
    is_over,
    number,
    read_benefit,
)
from costopt_azure.management import Management
from costopt_azure.series import own_name, series_of, series_spelling

PERMISSION: Final = (
    "Microsoft.Capacity/reservationOrders/reservations/read "
    "(role Reservations Reader on /providers/Microsoft.Capacity)"
)
OF_MACHINES: Final = "virtualmachines"
"""Type of the resources that are reserved, in lower case."""

_REGION: Final = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """One reservation in force.

    Attributes:
        region: the provider's own name.
        instance_type: name of the size.
        count: instances [1].
        used: of them, in use: the mean of the last day, a part as a whole one [1].
        benefit: its end and scope.
    """

    region: str
    instance_type: str
    count: int
    used: int
    benefit: Benefit

    @property
    def row(self) -> str:
        """Key of its findings."""
        return _row(self.region, self.instance_type)


def ask_reservations(management: Management, wire: Wire) -> Iterator[Page]:
    """Yield the pages of all reservations that the caller may read."""
    path = "providers/Microsoft.Capacity/reservations"
    return ask_benefits(management, wire, "capacity", "reservations", path, PERMISSION)


def read_reservations(
    pages: Iterable[Page], context: FetchContext
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return the facts of reservations of a catalogue's sizes, and what could not be read.

    No answer tells what was paid for one.

    Args:
        pages: of the list, trimmed.
        context: what the run asks for.
    """
    owned: list[Row] = []
    findings: list[FetchFinding] = []
    is_empty = True
    for page in pages:
        for listed in page["value"]:
            is_empty = False
            if is_over(listed) or not _is_ours(listed, context):
                continue
            read = _reservation(listed, context)
            if isinstance(read, Reservation):
                owned.append(_fact(read))
                findings.extend(_limits(read))
            else:
                findings.append(read)
    if is_empty:
        detail = f"no reservation is listed; those of the tenant need {PERMISSION}"
        findings.append(finding("commitments_none", "warning", "azure/*/*/reserved", detail))
    return numbered(owned), tuple(findings)


def _is_ours(listed: Mapping[str, Any], context: FetchContext) -> bool:
    """Whether a reservation is of a size with accelerators, or one that the run knows.

    One that does not tell its resource or its size may be.
    """
    name = own_name(str(listed["sku"] or ""))
    is_machine = str(listed["resource"] or OF_MACHINES).lower() == OF_MACHINES
    return is_machine and (
        not name
        or series_of(name) is not None
        or name.lower().startswith("standard_n")
        or name in context.known_types
        or (bool(context.families) and context.wants(name, series_spelling(name)))
    )


def _reservation(listed: Mapping[str, Any], context: FetchContext) -> Reservation | FetchFinding:
    """Return one reservation, or why it cannot be used."""
    region = str(listed["location"] or "").lower()
    instance_type = own_name(str(listed["sku"] or "?"))
    row = _row(region, instance_type)
    count = number(listed["quantity"])
    if not listed["sku"] or not listed["resource"]:
        detail = f"it is of {listed['resource']!r} and {listed['sku']!r}: each must be told"
        return finding("commitment_unreadable", "left_out", row, detail)
    if not _REGION.fullmatch(region):
        return finding("region_unknown", "left_out", row, f"it is in {region!r}")
    if not count or count % 1:
        detail = f"it is of {listed['quantity']!r} instances"
        return finding("count_unreadable", "left_out", row, detail)
    benefit = read_benefit(listed, row, context.now)
    if isinstance(benefit, FetchFinding):
        return benefit
    used = (count * benefit.used_fraction).to_integral_value(ROUND_CEILING)
    return Reservation(
        region=region,
        instance_type=instance_type,
        count=int(count),
        used=int(used),
        benefit=benefit,
    )


def _limits(owned: Reservation) -> Iterator[FetchFinding]:
    """Yield what a fact cannot say of a reservation."""
    if str(owned.benefit.listed["flexibility"] or "").lower() == "on":
        detail = (
            "it also covers other sizes of its flexibility group, by ratio; only its own size is "
            "counted"
        )
        yield finding("commitment_flexible", "warning", owned.row, detail)
    if owned.benefit.listed["scope"] == "resource group":
        detail = "it covers one resource group of this subscription alone; plan it there"
        yield finding("commitment_scope", "warning", owned.row, detail)


def _fact(owned: Reservation) -> Row:
    expires = owned.benefit.expires
    return {
        "fact": "commitment",
        "key": f"azure/{owned.region}/{owned.instance_type}",
        "kind": "reserved",
        "count": owned.count,
        "used": owned.used,
        "expires": expires,
        "name": f"reserved {owned.instance_type} {owned.region} {expires}",
    }


def _row(region: str, instance_type: str) -> str:
    return f"azure/{region or '?'}/{instance_type}/reserved"
