"""Commitments: facts about instances that an account has already paid for in a region."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.expiry import last_whole_day, moment_of
from costopt.fetch.fetched import FetchFinding, Row, left_out, warning
from costopt.fetch.told_once import own_name
from costopt_alibaba.kept import LOCKED
from costopt_alibaba.parsed import PROVIDER, Parsed, number, records
from costopt_alibaba.quotas import TABLE

STOPPED: Final = "Stopped"
"""Status of an instance that runs nothing. Source: ECS API reference, DescribeInstances."""

SUBSCRIPTION: Final = "subscription"
RESERVED: Final = "reserved"
LINUX: Final = "Linux"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Instances of one type that are paid for until the same day.

    Attributes:
        kind: subscription or reserved.
        instance_type: the provider's own name.
        zone: where they are; empty for the whole region.
        expires: last day that they cover whole, ISO 8601.
        count: instances [1].
        used: of them, by what runs already [1].
    """

    kind: str
    instance_type: str
    zone: str
    expires: str
    count: int
    used: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Pay-as-you-go instances that run, which reserved instances pay for.

    Attributes:
        places: type and zone -> instances [1].
    """

    places: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def other_sizes(self, instance_type: str) -> tuple[str, ...]:
        """Return other types of the same family, sorted."""
        family = _family(instance_type)
        names = {name for name, _ in self.places if _family(name) == family}
        return tuple(sorted(names - {instance_type}))


def subscriptions(
    pages: Iterable[Page], region: str, now: datetime
) -> tuple[tuple[Held, ...], Running, tuple[FetchFinding, ...]]:
    """Return subscribed instances, what else runs, and what could not be read.

    A subscribed instance that runs is in use; one that is stopped, and that the provider does not
    lock, is capacity paid for.

    Args:
        pages: of DescribeInstances.
        region: the provider's own name.
        now: start of the run; what ended before it has expired.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    used: Counter[tuple[str, str, str]] = Counter()
    running: Counter[tuple[str, str]] = Counter()
    findings: list[FetchFinding] = []
    for told in (told for page in pages for told in records(page, "Instances", "Instance")):
        name, zone = str(told.get("InstanceType")), str(told.get("ZoneId") or "")
        at_work = told.get("Status") != STOPPED
        if told.get("InstanceChargeType") != "PrePaid":
            on_demand = told.get("SpotStrategy") in (None, "NoSpot")
            running[name, zone] += at_work and on_demand
            continue
        end = moment_of(told.get("ExpiredTime"))
        if end is None:
            findings.append(_open_ended(region, SUBSCRIPTION, name, told))
        elif end > now:
            place = name, zone, last_whole_day(end).isoformat()
            counts[place] += 1
            used[place] += at_work or bool(told.get(LOCKED))
    held = tuple(
        Held(
            kind=SUBSCRIPTION,
            instance_type=name,
            zone=zone,
            expires=expires,
            count=count,
            used=used[name, zone, expires],
        )
        for (name, zone, expires), count in sorted(counts.items())
    )
    places = {place: count for place, count in running.items() if count}
    return held, Running(places=places), tuple(dict.fromkeys(findings))


def reserved_instances(
    pages: Iterable[Page], region: str, now: datetime
) -> tuple[tuple[Held, ...], tuple[FetchFinding, ...]]:
    """Return reserved instances for Linux in force, unused so far, and what is odd.

    Args:
        pages: of DescribeReservedInstances.
        region: the provider's own name.
        now: start of the run; what ended before it has expired.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    findings: list[FetchFinding] = []
    for told in (
        told for page in pages for told in records(page, "ReservedInstances", "ReservedInstance")
    ):
        name, end = str(told.get("InstanceType")), moment_of(told.get("ExpiredTime"))
        if told.get("Status") != "Active" or (end is not None and end <= now):
            continue
        problem = _problem(told, region)
        if end is None:
            findings.append(_open_ended(region, RESERVED, name, told))
        elif problem:
            row = f"{PROVIDER}/{region}/{name}"
            findings.append(left_out("commitment_unusable", row, problem, TABLE))
        else:
            zone = str(told["ZoneId"]) if told.get("Scope") == "Zone" else ""
            counts[name, zone, last_whole_day(end).isoformat()] += int(told["InstanceAmount"])
    held = tuple(
        Held(kind=RESERVED, instance_type=name, zone=zone, expires=expires, count=count)
        for (name, zone, expires), count in sorted(counts.items())
    )
    return held, tuple(dict.fromkeys(findings))


def commitment_facts(held: Iterable[Held], running: Running, region: str) -> Parsed:
    """Return one fact for each, reserved ones with their use by what runs.

    Args:
        held: of types that the run asks for.
        running: pay-as-you-go instances.
        region: the provider's own name.
    """
    every = tuple(held)
    taken = [*(one for one in every if one.kind != RESERVED), *_in_use(every, running)]
    taken.sort(key=lambda one: (one.kind, one.instance_type, one.expires, one.zone))
    alike: Counter[str] = Counter()
    rows: list[Row] = []
    for one in taken:
        name = f"{one.kind} {one.instance_type} {region} {one.expires}"
        rows.append(
            {
                "fact": "commitment",
                "key": f"{PROVIDER}/{region}/{one.instance_type}",
                "zone": one.zone,
                "kind": one.kind,
                "count": one.count,
                "used": one.used,
                "expires": one.expires,
                "name": own_name(name, alike),
            }
        )
    return Parsed(rows=tuple(rows), findings=_shared(every, running, region))


def _in_use(held: tuple[Held, ...], running: Running) -> list[Held]:
    """Give what runs to the reserved instances: zone before region, the latest end first.

    What is left then ends first, so that nothing is promised for longer than it is free.
    """
    left = dict(running.places)
    latest = sorted(held, key=lambda one: one.expires, reverse=True)
    reserved = [one for one in latest if one.kind == RESERVED]
    found = []
    for one in sorted(reserved, key=lambda one: (not one.zone, one.zone)):
        used = 0
        for place in sorted(left):
            if place[0] == one.instance_type and one.zone in ("", place[1]):
                taken = min(left[place], one.count - used)
                left[place] -= taken
                used += taken
        found.append(replace(one, used=used))
    return found


def _shared(held: tuple[Held, ...], running: Running, region: str) -> tuple[FetchFinding, ...]:
    """Warn where other sizes run, which a reserved instance of a region may pay for too.

    Source: ECS API reference, DescribeReservedInstances, ``InstanceType``.
    """
    names = {one.instance_type for one in held if one.kind == RESERVED and not one.zone}
    return tuple(
        warning(
            "commitment_use_unsure",
            f"{PROVIDER}/{region}/{name}",
            f"instances of {', '.join(others)} run and may use its reserved instances too",
            TABLE,
        )
        for name in sorted(names)
        if (others := running.other_sizes(name))
    )


def _problem(told: Mapping[str, Any], region: str) -> str:
    """Return why a reserved instance cannot be counted on; empty where it can."""
    platform, count = told.get("Platform"), number(told.get("InstanceAmount"))
    if told.get(LOCKED):
        return "the provider has locked it"
    if platform != LINUX:
        return f"it is for {platform or 'no platform that is told'}, prices here are for Linux"
    if not count or count < 0 or count != int(count):
        return f"it covers {told.get('InstanceAmount')!r} instances"
    if told.get("Scope") not in ("Region", "Zone"):
        return f"its scope is {told.get('Scope')!r}, neither Region nor Zone"
    if told["Scope"] == "Zone" and not told.get("ZoneId"):
        return f"it is for one zone of {region} that is not told"
    return ""


def _open_ended(region: str, kind: str, name: str, told: Mapping[str, Any]) -> FetchFinding:
    detail = f"its end is {told.get('ExpiredTime')!r}; what has no end is no commitment"
    row = f"{PROVIDER}/{region}/{name}/{kind}"
    return left_out("commitment_open_ended", row, detail, TABLE)


def _family(instance_type: str) -> str:
    """Return ``ecs.gn7i`` for ``ecs.gn7i-c8g1.2xlarge``."""
    return ".".join(instance_type.split(".")[:2]).split("-")[0]
