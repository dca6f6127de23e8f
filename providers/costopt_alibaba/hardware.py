"""Hardware: rows of the instance_types table from what DescribeInstanceTypes answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from costopt.accelerator import Accelerator
from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, Row, left_out, warning
from costopt.units import GB, GIB
from costopt_alibaba.names import (
    CLUSTER_FAMILIES,
    CPU_RATES,
    INTERCONNECTS,
    SHARED_FAMILIES,
)
from costopt_alibaba.parsed import PROVIDER, SERVICE, Parsed, day_of, number, records

KBIT_PER_GBIT: Final = 1_024_000.0
"""Kbit/s in which the API tells one Gbit/s.

Source: ECS API reference, DescribeInstanceTypes, ``InstanceBandwidthRx``; instance families.
"""

MEMORY_TOLERANCE_FRACTION: Final = 0.1
"""How far the memory told may lie from the catalogue's nominal one: GB against GiB."""

ARCHITECTURES: Final[Mapping[str, str]] = {"ARM": "arm64", "X86": "x86_64"}
"""Source: ECS API reference, DescribeInstanceTypes, ``CpuArchitecture``."""

NVME: Final = "local_ssd_pro"
"""Local disks that are NVMe. Source: ECS API reference, ``LocalStorageCategory``."""

OTHER_CHIPS: Final = ("FPGA", "NPU")
"""Words of an ``InstanceCategory`` that is no CPU machine. Source: ECS API reference."""

SHARE_DIGITS: Final = 6
"""Decimals to which a share of an accelerator is kept, as in the bundled catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chips:
    """Accelerators of one type.

    Attributes:
        name: of the catalogue; empty for none.
        count: below 1 for a share [1].
        memory_gib: of one accelerator or share, as told [GiB].
        usable_gib: of the same, usable by a workload [GiB].
        usable_origin: where that figure comes from.
    """

    name: str = ""
    count: float = 0.0
    memory_gib: float | None = None
    usable_gib: float | None = None
    usable_origin: str = ""


def hardware_rows(pages: Iterable[Page], sold: frozenset[str], context: FetchContext) -> Parsed:
    """Return the types that are sold and that the run asks for.

    Args:
        pages: of DescribeInstanceTypes, which lists types regardless of sale.
        sold: types that a zone of the region lists.
        context: what the run tells every adapter.
    """
    rows: dict[str, Row] = {}
    findings: list[FetchFinding] = []
    for told in (
        told for page in pages for told in records(page, "InstanceTypes", "InstanceType")
    ):
        name = str(told.get("InstanceTypeId") or "")
        if name not in sold or not wanted(told, name, context):
            continue
        chips = _chips(told, name, context)
        if isinstance(chips, FetchFinding):
            findings.append(chips)
            continue
        row = _row(told, name, chips, day_of(context.now))
        if rows.setdefault(name, row) != row:
            findings.append(
                warning(
                    "row_ambiguous",
                    f"{PROVIDER}/{name}",
                    "told twice with different figures; the first stays",
                    "instance_types",
                )
            )
    return Parsed(
        rows=tuple(rows[name] for name in sorted(rows)),
        findings=tuple(dict.fromkeys(findings)),
    )


def wanted(told: Mapping[str, Any], name: str, context: FetchContext) -> bool:
    """Return whether the run asks for a type; for one of CPUs alone, whether by its name.

    Args:
        told: the type as DescribeInstanceTypes tells it.
        name: the provider's own name of it.
        context: what the run tells every adapter.
    """
    written = str(told.get("InstanceTypeFamily") or "")
    asked = context.wants(name, _family(told, name)) or context.wants(name, written)
    return asked and (bool(context.families) or _has_chips(told, name))


def _has_chips(told: Mapping[str, Any], name: str) -> bool:
    category = str(told.get("InstanceCategory") or "")
    return bool(
        number(told.get("GPUAmount"))
        or str(told.get("GPUSpec") or "").strip()
        or any(word in category for word in OTHER_CHIPS)
        or _family(told, name).startswith(SHARED_FAMILIES)
    )


def _family(told: Mapping[str, Any], name: str) -> str:
    """Return the family as the catalogue writes it: ``gn7i`` for ``ecs.gn7i``."""
    written = str(told.get("InstanceTypeFamily") or "") or ".".join(name.split(".")[:2])
    return written.removeprefix("ecs.")


def _chips(told: Mapping[str, Any], name: str, context: FetchContext) -> Chips | FetchFinding:
    """Return the accelerators of a type, or why they are not known."""
    if not _has_chips(told, name):
        return Chips()
    spelling = str(told.get("GPUSpec") or "").strip()
    memory_gib = number(told.get("GPUMemorySize")) or None
    known = context.accelerator_names.get(_sized(spelling, memory_gib))
    known = known or context.accelerator_names.get(spelling)
    accelerator = context.accelerators.get(known or "")
    if accelerator is None:
        size = f" of {memory_gib:g} GiB" if memory_gib else ""
        detail = f"{spelling!r}{size} is no reviewed name of an accelerator"
        return left_out("accelerator_unknown", f"{PROVIDER}/{name}", detail, "instance_types")
    if _family(told, name).startswith(SHARED_FAMILIES):
        return _share(name, accelerator, memory_gib)
    return _whole(told, name, accelerator, memory_gib)


def _sized(spelling: str, memory_gib: float | None) -> str:
    return f"{spelling} {memory_gib:g}GB" if memory_gib else spelling


def _whole(
    told: Mapping[str, Any], name: str, accelerator: Accelerator, memory_gib: float | None
) -> Chips | FetchFinding:
    """Return whole accelerators; another memory than the catalogue's is another accelerator."""
    count, nominal_gib = number(told.get("GPUAmount")), accelerator.memory_gib
    row = f"{PROVIDER}/{name}"
    if not count or count < 0:
        detail = f"{accelerator.name} without a count ({told.get('GPUAmount')!r})"
        return left_out("accelerator_count_unknown", row, detail, "instance_types")
    if memory_gib and nominal_gib and _differs(memory_gib, nominal_gib):
        detail = f"{memory_gib:g} GiB told, {accelerator.name} has {nominal_gib:g}"
        return left_out("accelerator_memory_differs", row, detail, "instance_types")
    return Chips(
        name=accelerator.name,
        count=count,
        memory_gib=memory_gib or nominal_gib,
        usable_gib=accelerator.usable_gib,
        usable_origin=accelerator.usable_origin,
    )


def _differs(memory_gib: float, nominal_gib: float) -> bool:
    return abs(memory_gib - nominal_gib) > MEMORY_TOLERANCE_FRACTION * nominal_gib


def _share(name: str, accelerator: Accelerator, memory_gib: float | None) -> Chips | FetchFinding:
    """Return the share of one accelerator that its memory tells; the count misleads."""
    nominal_gib = accelerator.memory_gib
    if not memory_gib or not nominal_gib or not 0 < memory_gib <= nominal_gib:
        detail = f"a share of {accelerator.name} with {memory_gib} GiB told of {nominal_gib}"
        return left_out(
            "accelerator_share_unknown", f"{PROVIDER}/{name}", detail, "instance_types"
        )
    share = round(memory_gib / nominal_gib, SHARE_DIGITS)
    usable_gib = accelerator.usable_gib
    return Chips(
        name=accelerator.name,
        count=share,
        memory_gib=memory_gib,
        usable_gib=None if usable_gib is None else round(usable_gib * share, SHARE_DIGITS),
        usable_origin=accelerator.usable_origin,
    )


def _row(told: Mapping[str, Any], name: str, chips: Chips, day: str) -> Row:
    family = _family(told, name)
    return {
        "provider": PROVIDER,
        "instance_type": name,
        "family": family,
        "accelerator": chips.name,
        "accelerator_count": chips.count,
        "cpu_rate": "" if chips.name else CPU_RATES.get(family, ""),
        "accelerator_memory_gib": chips.memory_gib,
        "accelerator_usable_gib": chips.usable_gib,
        "accelerator_usable_origin": chips.usable_origin,
        "vcpus": number(told.get("CpuCoreCount")),
        "memory_gib": number(told.get("MemorySize")),
        "local_nvme_gb": _local_nvme_gb(told),
        "network_gbps": _network_gbps(told),
        "fabric_gbps": None,
        "intra_node_interconnect": INTERCONNECTS.get(family, "") if chips.count > 1 else "none",
        "inter_node_fabric": _fabric(told, family),
        "hosts": 1,
        "cpu_architecture": ARCHITECTURES.get(str(told.get("CpuArchitecture")), ""),
        "source": f"{SERVICE} DescribeInstanceTypes, {name}",
        "as_of": day,
        "note": "",
    }


def _local_nvme_gb(told: Mapping[str, Any]) -> float | None:
    """Return all local NVMe disks together [GB]; the capacity is told of one disk [GiB]."""
    capacity_gib, disks = (
        number(told.get("LocalStorageCapacity")),
        number(told.get("LocalStorageAmount")),
    )
    if told.get("LocalStorageCategory") != NVME or not capacity_gib or not disks:
        return None
    return round(capacity_gib * disks * GIB / GB, 3)


def _network_gbps(told: Mapping[str, Any]) -> float | None:
    """Return the rate of the slower direction [Gbit/s]."""
    rates = [
        rate
        for rate in (
            number(told.get("InstanceBandwidthRx")),
            number(told.get("InstanceBandwidthTx")),
        )
        if rate
    ]
    return round(min(rates) / KBIT_PER_GBIT, 3) if rates else None


def _fabric(told: Mapping[str, Any], family: str) -> str:
    """Return the fabric between nodes; empty where the API does not tell."""
    if family.startswith(CLUSTER_FAMILIES):
        return "roce"
    interfaces = number(told.get("EriQuantity"))
    if interfaces is None:
        return ""
    return "erdma" if interfaces > 0 else "none"
