"""Fleet: the instance types of one region whose prices are read, and where they are sold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, Row, left_out
from costopt_aws.hardware import family_of
from costopt_aws.parsed import offer_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is known of a region before its prices are read.

    Attributes:
        types: instance types whose prices are read.
        listed: types that the provider lists, or that the last good catalogue holds.
        usage_classes: type -> ways it is sold, such as ``on-demand``; empty where not asked.
        zones: type -> ids of the zones that sell it; empty where not asked.
        zone_ids: zone name of this account -> zone id.
    """

    types: frozenset[str]
    listed: frozenset[str]
    usage_classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone_ids: Mapping[str, str] = field(default_factory=dict)

    def sells(self, instance_type: str, usage_class: str) -> bool:
        """Return whether a type can be had in this way, as far as the provider told."""
        told = self.usage_classes.get(instance_type)
        return instance_type in self.types and (not told or usage_class in told)

    def zone_note(self, instance_type: str) -> str:
        """Return in words which zones sell a type; empty where that was not asked."""
        zones = self.zones.get(instance_type, ())
        return f"sold in zones {', '.join(zones)}" if zones else ""


def known_fleet(context: FetchContext) -> Fleet:
    """Return the types of the last good catalogue that the run wants."""
    wanted = {name for name in context.known_types if context.wants(name, family_of(name))}
    return Fleet(types=frozenset(wanted), listed=context.known_types)


def zone_ids(pages: Iterable[Page]) -> dict[str, str]:
    """Return zone name -> zone id from DescribeAvailabilityZones."""
    return {
        zone["ZoneName"]: zone["ZoneId"]
        for page in pages
        for zone in page["AvailabilityZones"]
        if zone.get("ZoneName") and zone.get("ZoneId")
    }


def zones_by_type(pages: Iterable[Page]) -> dict[str, tuple[str, ...]]:
    """Return type -> zone ids from DescribeInstanceTypeOfferings."""
    pairs = {
        (offering["InstanceType"], offering["Location"])
        for page in pages
        for offering in page["InstanceTypeOfferings"]
    }
    by_type: dict[str, list[str]] = {}
    for instance_type, zone in sorted(pairs):
        by_type.setdefault(instance_type, []).append(zone)
    return {name: tuple(zones) for name, zones in by_type.items()}


def listed_fleet(
    rows: Iterable[Row],
    listed: Iterable[Mapping[str, Any]],
    zones: Mapping[str, tuple[str, ...]],
    names: Mapping[str, str],
) -> Fleet:
    """Return the fleet that the provider lists.

    Args:
        rows: instance_types rows of the region.
        listed: entries of DescribeInstanceTypes.
        zones: type -> ids of the zones that sell it.
        names: zone name -> zone id.
    """
    entries = tuple(listed)
    described = {str(row["instance_type"]) for row in rows}
    return Fleet(
        types=frozenset(described & zones.keys()),
        listed=frozenset(str(told["InstanceType"]) for told in entries),
        usage_classes={
            told["InstanceType"]: frozenset(told.get("SupportedUsageClasses") or ())
            for told in entries
        },
        zones=zones,
        zone_ids=names,
    )


def unsold(rows: Iterable[Row], fleet: Fleet, region: str) -> tuple[FetchFinding, ...]:
    """Return a finding for every type that is described here and cannot be rented."""
    findings = []
    for name in sorted(str(row["instance_type"]) for row in rows):
        key = offer_name(region, name, "*")
        if name not in fleet.types:
            findings.append(left_out("not_offered", key, "no zone of the region sells it"))
        elif not fleet.sells(name, "on-demand"):
            ways = ", ".join(sorted(fleet.usage_classes[name]))
            detail = f"sold as {ways} alone; on-demand prices and commitments do not apply"
            findings.append(left_out("not_sold_on_demand", key, detail))
    return tuple(findings)
