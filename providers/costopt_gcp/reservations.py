"""Reservations: capacity of one type in one zone that is paid for whether it is used or not."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding
from costopt_gcp.machines import Machine
from costopt_gcp.usage import attached_to, type_name

HELD: Final = frozenset({"READY", "UPDATING"})
"""States in which instances can run on a reservation. Source: Compute API v1, Reservation.status.
"""


def reservation_findings(
    zones: Mapping[str, Iterable[Page]],
    machines: Mapping[str, Machine],
    wanted: frozenset[str],
) -> tuple[FetchFinding, ...]:
    """Report reservations of the run's types, none of which is a commitment of its own.

    One that commitments pay for is left to them in silence: counted here too, it would be there
    twice. Any other can be deleted at any time, even one with an end date. Its idle instances
    take nothing from commitments: the instance that a plan starts takes their place.

    Source: cloud.google.com/compute/docs/instances/reservations-delete, limitations.

    Args:
        zones: zone -> pages of ``reservations.list``.
        machines: name -> machine, all of the region.
        wanted: types that the run asks for.
    """
    findings: list[FetchFinding] = []
    for zone, pages in zones.items():
        for item in (item for page in pages for item in page.get("items", ())):
            if item.get("status") not in HELD or item.get("inCommitment"):
                continue
            name = type_name(item.get("specificReservation", {}), machines)
            found = next(_odd(item, name, machines, wanted), None)
            if found is not None:
                check, detail = found
                findings.append(_finding(check, f"gcp/{zone}/{name or 'reservation'}", detail))
    return tuple(findings)


def _odd(
    item: Mapping[str, Any], name: str, machines: Mapping[str, Machine], wanted: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield the check and the words of why a reservation is no commitment, if it matters."""
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
    count = str(specific.get("count", "a number not told"))
    if name in wanted and count != "0":
        detail = (
            f"{count} of them, {specific.get('inUseCount', 'a number not told')} "
            "running: it can be deleted at any time, so that what it costs is not sunk, and "
            "committed use that its idle instances draw counts as free. One that a future "
            "reservation made is bound until its end: write it as a row of fact commitment"
        )
        yield "reservation_can_be_cancelled", detail


def _finding(check: str, row: str, detail: str) -> FetchFinding:
    return FetchFinding(
        check=check,
        severity="left_out",
        table="account",
        row=row,
        detail=detail,
    )
