"""Usage: vCPUs, memory and accelerators that running instances take from commitments."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

from costopt.fetch.call import Page
from costopt_gcp.machines import Machine, series_of
from costopt_gcp.zones import MIB_IN_GIB

RUNNING: Final = "RUNNING"

NOT_DISCOUNTED: Final = frozenset({"SPOT", "FLEX_START"})
"""Provisioning models that commitments do not cover.

Source: Compute Engine documentation, Resource-based committed use discounts, limitations; About
Flex-start VMs, pricing.
"""

CUSTOM: Final = re.compile(
    r"^(?:(?P<series>[a-z]\w*)-)?custom-(?P<vcpus>\d+)-(?P<mib>\d+)(?:-ext)?$"
)
"""Name of a custom type: series, none for N1, vCPUs and MiB.

Source: Compute API v1, reservations, instanceProperties.machineType.
"""

Amounts: TypeAlias = Mapping[str, Decimal]
"""Resource -> how much of it: vCPUs and accelerators [1], host memory [GiB]."""

RESOURCES: Final = ("vcpus", "memory_gib", "accelerators")
"""What commitments are made of, by its column in the facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Resources that instances take, or could take.

    Attributes:
        series: of their type, as the price list calls it.
        accelerator: spelling of Compute Engine; empty without one.
        amounts: of each of ``RESOURCES``.
    """

    series: str
    accelerator: str
    amounts: Amounts


def running_draws(
    pages: Iterable[Page], machines: Mapping[str, Machine]
) -> tuple[tuple[Draw, ...], frozenset[str]]:
    """Return what running instances take, and the series of those whose size is not known.

    Args:
        pages: of ``instances.list``, of every zone of a region.
        machines: name -> machine, all of the region.
    """
    draws: list[Draw] = []
    unknown: set[str] = set()
    for item in (item for page in pages for item in page.get("items", ())):
        if item.get("status") != RUNNING or _is_spot(item):
            continue
        draw = draw_of(item, machines)
        if draw is None:
            unknown.add(_series(str(item.get("machineType", ""))))
        else:
            draws.append(draw)
    return tuple(draws), frozenset(unknown)


def draw_of(shape: Mapping[str, Any], machines: Mapping[str, Machine]) -> Draw | None:
    """Return what one instance takes; None where its size is not known.

    Args:
        shape: with ``machineType`` and ``guestAccelerators``.
        machines: name -> machine, all of the region.
    """
    name = str(shape.get("machineType", ""))
    host = machines.get(name)
    custom = CUSTOM.match(name)
    if host is not None and host.vcpus and host.memory_gib:
        vcpus, memory_gib = host.vcpus, host.memory_gib
        accelerator, count = host.accelerator, host.count
    elif custom:
        vcpus, memory_gib = Decimal(custom["vcpus"]), Decimal(custom["mib"]) / MIB_IN_GIB
        accelerator, count = "", Decimal(0)
    else:
        return None
    told = attached_to(shape)
    if told:
        accelerator, count = told[0], Decimal(told[1])
    return Draw(
        series=_series(name),
        accelerator=accelerator,
        amounts={"vcpus": vcpus, "memory_gib": memory_gib, "accelerators": count},
    )


def type_name(shape: Mapping[str, Any], machines: Mapping[str, Machine]) -> str:
    """Return the catalogue's name of a type: a host with what is attached to it."""
    name = str(shape.get("machineType", ""))
    told = attached_to(shape)
    host = machines.get(name)
    if told and not (host and host.accelerator):
        return f"{name}+{told[0]}x{told[1]}"
    return name


def attached_to(shape: Mapping[str, Any]) -> tuple[str, int] | None:
    """Return the accelerator of a shape and how many it has; None without one."""
    for told in shape.get("guestAccelerators", ()):
        if int(told.get("acceleratorCount", 0)):
            return str(told.get("acceleratorType", "")), int(told["acceleratorCount"])
    return None


def _series(name: str) -> str:
    custom = CUSTOM.match(name)
    return (custom["series"] or "n1") if custom else series_of(name)


def _is_spot(item: Mapping[str, Any]) -> bool:
    return bool(item.get("preemptible")) or item.get("provisioningModel") in NOT_DISCOUNTED
