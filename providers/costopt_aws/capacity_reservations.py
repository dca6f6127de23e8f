"""Capacity reservations owned: from DescribeCapacityReservations to facts about the account."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, left_out
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
from costopt_aws.parsed import PROVIDER
from costopt_aws.reserved import ACTIVE

BLOCK: Final = "capacity-block"
"""Type of a reservation that is prepaid. Source: Amazon EC2 API reference, ReservationType."""


@dataclass(slots=True, kw_only=True)
class Held:
    """What the capacity reservations of a region hold.

    Attributes:
        owned: those that are paid for until a day, come what may.
        bound: type -> idle instances of commitments, Capacity Blocks aside [1].
        idle: type -> idle instances of plain Linux that belong to no commitment [1].
        unbound: the same of every kind, which count against quotas [1].
        findings: what is no commitment, or cannot be read.
    """

    owned: list[Owned] = field(default_factory=list)
    bound: Counter[str] = field(default_factory=Counter)
    idle: Counter[str] = field(default_factory=Counter)
    unbound: Counter[str] = field(default_factory=Counter)
    findings: list[FetchFinding] = field(default_factory=list)

    @property
    def block_types(self) -> frozenset[str]:
        """Types of which a Capacity Block is owned."""
        return frozenset(one.instance_type for one in self.owned if one.word == "capacity block")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityReader:
    """Reads the capacity reservations of one region.

    Attributes:
        region: the provider's own name.
        zone_ids: zone name of this account -> zone id.
        context: start of the run and the types that matter.
    """

    region: str
    zone_ids: Mapping[str, str]
    context: FetchContext

    def read(self, pages: Iterable[Page]) -> Held:
        """Return what the active reservations hold.

        A reservation can be cancelled at any time, even one with an end date, so that what it
        costs is not sunk; only a Capacity Block until its end, and a future-dated reservation
        during its commitment, cannot.

        Source: Amazon EC2 user guide, Capacity Reservations and Capacity Blocks for ML.
        """
        held = Held()
        for told in (told for page in pages for told in page["CapacityReservations"]):
            if told.get("State") == ACTIVE and told.get("InstanceType"):
                self._add(told, held)
        return held

    def _add(self, told: Mapping[str, Any], held: Held) -> None:
        instance_type = str(told["InstanceType"])
        name = f"{PROVIDER}/{self.region}/{instance_type}/reservation"
        total, idle = (
            whole(told.get("TotalInstanceCount")),
            whole(told.get("AvailableInstanceCount")),
        )
        if total is None or idle is None or idle > total:
            detail = f"{idle} of {total} instances are said to be free"
            held.findings.append(left_out("commitment_unreadable", name, detail, TABLE))
            return
        is_block = told.get("ReservationType") == BLOCK
        bound, end = _bound(told, total)
        plain = told.get("InstancePlatform") in LINUX and told.get("Tenancy") == SHARED
        free = 0
        if total and matters(instance_type, self.context):
            read = self._owned(told, bound, total - idle, end) if plain else _unfit(told, name)
            if isinstance(read, FetchFinding):
                held.findings.append(read)
            else:
                held.owned.append(read)
                free = read.count - read.used
        if not is_block:
            held.bound[instance_type] += free
            held.unbound[instance_type] += idle - free
            if plain:
                held.idle[instance_type] += idle - free

    def _owned(
        self, told: Mapping[str, Any], bound: int, running: int, end: Any
    ) -> Owned | FetchFinding:
        """Return one reservation of plain Linux as a commitment, or why it is none.

        No answer of AWS tells what one costs.
        """
        instance_type = str(told["InstanceType"])
        name = f"{PROVIDER}/{self.region}/{instance_type}/reservation"
        zone = zone_of(told, self.zone_ids)
        expires = last_day(end)
        if not bound or is_over(end, self.context.now):
            detail = (
                f"{told['TotalInstanceCount']} in {zone or 'a zone not told'}, {running} of them "
                "running: it can be cancelled at any time, so that what it costs is not sunk"
            )
            return left_out("reservation_can_be_cancelled", name, detail, TABLE)
        if not zone or expires is None:
            detail = f"zone {told.get('AvailabilityZone')!r}, end {end!r}: each must be known"
            return left_out("commitment_unreadable", name, detail, TABLE)
        return Owned(
            word="capacity block" if told.get("ReservationType") == BLOCK else "reservation",
            kind="reservation",
            instance_type=instance_type,
            zone=zone,
            count=bound,
            used=min(bound, running),
            expires=expires,
        )


def _bound(told: Mapping[str, Any], total: int) -> tuple[int, Any]:
    """Return how many instances cannot be given back, and until when."""
    if told.get("ReservationType") == BLOCK:
        return total, told.get("EndDate")
    committed = told.get("CommitmentInfo") or {}
    count = whole(committed.get("CommittedInstanceCount")) or 0
    return min(count, total), committed.get("CommitmentEndDate")


def _unfit(told: Mapping[str, Any], name: str) -> FetchFinding:
    detail = (
        f"it holds {told.get('InstancePlatform')} with {told.get('Tenancy')} tenancy; plans run "
        "plain Linux, shared"
    )
    return left_out("commitment_unfit", name, detail, TABLE)
