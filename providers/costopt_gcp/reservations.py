"""Reservations: capacity of one type in one zone that is paid for whether it is used or not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding, Row
from costopt_gcp.committed import last_day, moment_of
from costopt_gcp.machines import Machine
from costopt_gcp.usage import Draw, attached_to, draw_of, type_name

HELD: Final = frozenset({"READY", "UPDATING"})
"""States in which instances can run on a reservation. Source: Compute API v1, Reservation.status.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A reservation that holds whole instances of one type.

    Attributes:
        zone: the provider's own name.
        instance_type: name in the catalogue.
        count: instances [1].
        used: of them, that run [1].
        expires: last day that it holds them; empty where it goes on until it is ended.
        shape: of one instance, for what it takes from commitments.
    """

    zone: str
    instance_type: str
    count: int
    used: int
    expires: str
    shape: Mapping[str, Any]


def read_reservations(
    zones: Mapping[str, Iterable[Page]],
    region: str,
    machines: Mapping[str, Machine],
    wanted: frozenset[str],
) -> tuple[tuple[Reserved, ...], tuple[FetchFinding, ...]]:
    """Return reservations that hold instances of the run's types, and what is odd.

    One that commitments pay for is left to them: counted here too, it would be there twice.

    Args:
        zones: zone -> pages of ``reservations.list``.
        region: the provider's own name.
        machines: name -> machine, all of the region.
        wanted: types that the run asks for.
    """
    found: list[Reserved] = []
    findings: list[FetchFinding] = []
    for zone, pages in zones.items():
        for item in (item for page in pages for item in page.get("items", ())):
            if item.get("status") not in HELD or item.get("inCommitment"):
                continue
            name = type_name(item.get("specificReservation", {}), machines)
            problem = next(_problems(item, name, machines, wanted), None)
            if problem is not None:
                check, detail = problem
                findings.append(_finding(check, f"gcp/{zone}/{name or 'reservation'}", detail))
            elif name in wanted and int(item["specificReservation"]["count"]):
                found.append(_reserved(item, zone, name))
    return tuple(found), tuple(dict.fromkeys(findings))


def reservation_facts(
    reserved: Iterable[Reserved], region: str
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return reservations with an end as facts, and what is odd about them.

    No answer tells what is paid for one.
    """
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    for one in reserved:
        row = f"gcp/{one.zone}/{one.instance_type}"
        if not one.expires:
            detail = "it has no end and can be ended at any time, so it is no commitment"
            findings.append(_finding("commitment_open_ended", row, detail))
            continue
        rows.append(
            {
                "fact": "commitment",
                "key": f"gcp/{region}/{one.instance_type}",
                "zone": one.zone,
                "kind": "reservation",
                "count": one.count,
                "used": one.used,
                "expires": one.expires,
                "name": f"reservation {one.instance_type} {one.zone} {one.expires}",
            }
        )
    return tuple(rows), tuple(findings)


def unused_draws(
    reserved: Iterable[Reserved], machines: Mapping[str, Machine]
) -> tuple[Draw, ...]:
    """Return what the unused instances of reservations with an end take from commitments.

    They are charged for, so the discounts reach them like running ones. One without an end takes
    nothing: the instance that a plan starts takes its place in it.

    Args:
        reserved: whole instances.
        machines: name -> machine, all of the region.
    """
    return tuple(
        draw.times(one.count - one.used)
        for one in reserved
        if one.expires
        for draw in (draw_of(one.shape, machines),)
        if draw is not None
    )


def _problems(
    item: Mapping[str, Any], name: str, machines: Mapping[str, Machine], wanted: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield the check and the words of what stands against a reservation."""
    specific = item.get("specificReservation", {})
    if item.get("aggregate"):
        yield "reservation_aggregate", "it holds chips of a family and no whole instances"
        return
    if not name:
        yield "reservation_type_unknown", "the type of its instances is not told"
        return
    accelerated = attached_to(specific) or (name in machines and machines[name].accelerator)
    if name not in wanted and name not in machines and accelerated:
        yield "reservation_type_unknown", "its type is not in the catalogue"
    if name in wanted and not {"count", "inUseCount"} <= set(specific):
        yield "use_unknown", "how many instances it holds, and how many run, is not told"


def _reserved(item: Mapping[str, Any], zone: str, name: str) -> Reserved:
    specific = item["specificReservation"]
    return Reserved(
        zone=zone,
        instance_type=name,
        count=int(specific["count"]),
        used=int(specific["inUseCount"]),
        expires=_expires(item),
        shape=specific,
    )


def _expires(item: Mapping[str, Any]) -> str:
    """Return the last day; a duration counts from the creation."""
    if "deleteAtTime" in item:
        return last_day(item["deleteAtTime"])
    seconds = int(item.get("deleteAfterDuration", {}).get("seconds", 0))
    created = moment_of(item.get("creationTimestamp"))
    if not seconds or created is None:
        return ""
    return last_day(created + timedelta(seconds=seconds))


def _finding(check: str, row: str, detail: str) -> FetchFinding:
    return FetchFinding(
        check=check,
        severity="left_out",
        table="account",
        row=row,
        detail=detail,
    )
