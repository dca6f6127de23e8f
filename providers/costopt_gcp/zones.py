"""Zones: machines that can be rented in a region, from answers of Compute Engine."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding
from costopt_gcp.machines import ACCELERATED, Machine, attached, family_of, series_of
from costopt_gcp.shapes import ATTACHED, LOCAL_SSD_GIB, SHAPES

MIB_IN_GIB: Final = 1024

GONE: Final = frozenset({"OBSOLETE", "DELETED"})
"""States in which a type can no longer be rented. Source: Compute API, DeprecationStatus."""

NO_RESULTS: Final = frozenset({"", "NO_RESULTS_ON_PAGE"})

UNTOLD: Final = "an accelerator that is not told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Answers about one zone.

    Attributes:
        name: such as ``us-central1-a``.
        machine_types: pages of ``machineTypes.list``.
        accelerator_types: pages of ``acceleratorTypes.list``.
    """

    name: str
    machine_types: tuple[Page, ...]
    accelerator_types: tuple[Page, ...]


def read_machines(zones: Iterable[Zone]) -> tuple[tuple[Machine, ...], tuple[FetchFinding, ...]]:
    """Return every machine of a region's zones, and what could not be read.

    Args:
        zones: answers of Compute Engine; nothing else is asked.
    """
    found: dict[str, Machine] = {}
    findings: list[FetchFinding] = []
    for zone in zones:
        findings += _warnings(zone)
        hosts = [_machine(item, zone.name) for item in _items(zone.machine_types) if _usable(item)]
        for machine in (*hosts, *_with_attached(hosts, zone)):
            findings += _enter(found, machine)
    return tuple(found[name] for name in sorted(found)), tuple(findings)


def _items(pages: Iterable[Page]) -> list[Mapping[str, Any]]:
    return [item for page in pages for item in page.get("items", ())]


def _usable(item: Mapping[str, Any]) -> bool:
    return str(item.get("deprecated", {}).get("state", "")) not in GONE


def _machine(item: Mapping[str, Any], zone: str) -> Machine:
    """Read one machine type; a reviewed share of an accelerator goes before the whole number."""
    name = str(item.get("name", ""))
    shape = SHAPES.get(name)
    accelerator, count = _accelerator(name, item.get("accelerators", ()))
    memory_mib = _decimal(item.get("memoryMb"))
    partitions = _decimal(item.get("bundledLocalSsds", {}).get("partitionCount"))
    bundled = shape.local_ssd_gib if shape else Decimal(0)
    return Machine(
        name=name,
        family=family_of(name),
        series=series_of(name),
        vcpus=_decimal(item.get("guestCpus")),
        memory_gib=memory_mib / MIB_IN_GIB if memory_mib else None,
        accelerator=accelerator,
        count=shape.count if shape and shape.count < 1 else count,
        local_ssd_gib=bundled if partitions is None else partitions * LOCAL_SSD_GIB,
        architecture=str(item.get("architecture", "")).lower(),
        deprecated=str(item.get("deprecated", {}).get("state", "")),
        zones=(zone,),
    )


def _accelerator(name: str, told: Sequence[Mapping[str, Any]]) -> tuple[str, Decimal]:
    """Return the accelerator of a machine type and how many it has.

    A type of an accelerated series for which nothing is told is never a CPU machine: it has the
    reviewed accelerator, or one without a name.
    """
    shape = SHAPES.get(name)
    if not told and shape:
        return shape.accelerator, shape.count
    if not told:
        return (UNTOLD if series_of(name) in ACCELERATED else ""), Decimal(0)
    names = "+".join(str(one.get("guestAcceleratorType", UNTOLD)) for one in told)
    return names, Decimal(str(told[0].get("guestAcceleratorCount", 0)))


def _decimal(value: object) -> Decimal | None:
    """Return a number of the answer; None where it does not tell."""
    return None if value is None else Decimal(str(value))


def _with_attached(hosts: Iterable[Machine], zone: Zone) -> list[Machine]:
    """Return the N1 machines of a zone with the accelerators that it has."""
    by_name = {machine.name: machine for machine in hosts}
    return [
        attached(by_name[name], accelerator, count)
        for item in _items(zone.accelerator_types)
        if _usable(item)
        for accelerator in (str(item.get("name", "")),)
        for count, names in ATTACHED.get(accelerator, {}).items()
        if count <= int(item.get("maximumCardsPerInstance", 0))
        for name in names
        if name in by_name
    ]


def _enter(found: dict[str, Machine], machine: Machine) -> list[FetchFinding]:
    """Join a machine with the same one of other zones; say where the two differ."""
    held = found.get(machine.name)
    if held is None:
        found[machine.name] = machine
        return []
    zones = tuple(sorted({*held.zones, *machine.zones}))
    found[machine.name] = replace(held, zones=zones)
    if replace(held, zones=zones) == replace(machine, zones=zones):
        return []
    return [
        FetchFinding(
            check="hardware_differs",
            severity="warning",
            table="instance_types",
            row=f"gcp/{machine.name}",
            detail=f"{machine.zones[0]} tells other figures than {held.zones[0]}, which are kept",
        )
    ]


def _warnings(zone: Zone) -> list[FetchFinding]:
    codes = {
        str(page.get("warning", "")) for page in (*zone.machine_types, *zone.accelerator_types)
    }
    return [
        FetchFinding(
            check="answer_incomplete",
            severity="warning",
            table="instance_types",
            row=f"gcp/{zone.name}",
            detail=f"Compute Engine warns: {code}",
        )
        for code in sorted(codes - NO_RESULTS)
    ]
