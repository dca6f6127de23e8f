"""Hardware: from DescribeInstanceTypes to rows of the instance_types table."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from costopt.accelerator import Accelerator
from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, Row, left_out, warning
from costopt_aws.chips import (
    MIB_PER_GIB,
    OTHER_CARDS,
    Chips,
    chips_of,
    devices_on_board,
    implausible_memory,
    memory_columns,
    named,
    rounded,
)
from costopt_aws.names import CPU_RATES, INTERCONNECTS
from costopt_aws.network import network_columns
from costopt_aws.parsed import PROVIDER, Parsed

SOURCE: Final = "Amazon EC2 DescribeInstanceTypes"
TABLE: Final = "instance_types"

ACCELERATED: Final = re.compile(r"(dl|gr?|inf|p|trn)\d")
"""Beginning of every accelerated family; none of these is ever a CPU type.

Source: EC2 instance types guide, naming conventions.
"""

ARCHITECTURES: Final = ("x86_64", "arm64")
"""Processor architectures of the catalogue, which EC2 spells the same."""


def family_of(instance_type: str) -> str:
    """Return the family: the name up to its first point."""
    return instance_type.partition(".")[0]


def listed_types(pages: Iterable[Page]) -> tuple[Mapping[str, Any], ...]:
    """Return the instance types of all pages, each once."""
    by_name = {told["InstanceType"]: told for page in pages for told in page["InstanceTypes"]}
    return tuple(by_name[name] for name in sorted(by_name))


def hardware_rows(listed: Iterable[Mapping[str, Any]], context: FetchContext) -> Parsed:
    """Return rows of the types that the run wants.

    Args:
        listed: entries of the answer, each type once.
        context: wanted families, accelerators and the spellings of their names.
    """
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    for told in listed:
        if context.wants(told["InstanceType"], family_of(told["InstanceType"])):
            row, found = _row(told, context)
            rows += row
            findings += found
    return Parsed(rows=tuple(rows), findings=tuple(findings))


def _row(
    told: Mapping[str, Any], context: FetchContext
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return the row of one type, if it has one, and what is odd about it."""
    name = f"{PROVIDER}/{told['InstanceType']}"
    chips = chips_of(told)
    if isinstance(chips, str):
        return (), (left_out("accelerator_unreadable", name, chips, TABLE),)
    if chips is None:
        if ACCELERATED.match(told["InstanceType"]):
            detail = "of an accelerated family, and the answer tells of no accelerator"
            return (), (left_out("accelerator_unreadable", name, detail, TABLE),)
        if devices_on_board(OTHER_CARDS, told) or not context.families:
            return (), ()
        return (_columns(told, None, None, context),), ()
    accelerator = named(chips, context)
    if accelerator is None:
        detail = f"no reviewed name for {chips.spelling!r}" + (
            f" of {chips.memory_gib:g} GiB" if chips.memory_gib is not None else ""
        )
        return (), (left_out("accelerator_unknown", name, detail, TABLE),)
    findings: tuple[FetchFinding, ...] = ()
    if implausible_memory(chips, accelerator):
        detail = (
            f"{chips.memory_gib:g} GiB reported for one {accelerator.name}, which has "
            f"{accelerator.memory_gib:g}; the nominal figure is kept"
        )
        findings = (warning("accelerator_memory_implausible", name, detail, TABLE),)
    return (_columns(told, chips, accelerator, context),), findings


def _columns(
    told: Mapping[str, Any],
    chips: Chips | None,
    accelerator: Accelerator | None,
    context: FetchContext,
) -> Row:
    """Return every column of one type."""
    family = family_of(told["InstanceType"])
    memory_mib = (told.get("MemoryInfo") or {}).get("SizeInMiB")
    vcpus = (told.get("VCpuInfo") or {}).get("DefaultVCpus")
    disks_gb = (told.get("InstanceStorageInfo") or {}).get("TotalSizeInGB")
    offered = (told.get("ProcessorInfo") or {}).get("SupportedArchitectures") or []
    return {
        "provider": PROVIDER,
        "instance_type": told["InstanceType"],
        "family": family,
        **_accelerator_columns(family, chips, accelerator),
        "vcpus": None if vcpus is None else float(vcpus),
        "memory_gib": None if memory_mib is None else rounded(memory_mib / MIB_PER_GIB),
        "local_nvme_gb": None if disks_gb is None else float(disks_gb),
        **network_columns(told.get("NetworkInfo") or {}),
        "hosts": 1,
        "cpu_architecture": next((name for name in ARCHITECTURES if name in offered), ""),
        "source": SOURCE,
        "as_of": context.now.date().isoformat(),
        "note": "",
    }


def _accelerator_columns(
    family: str, chips: Chips | None, accelerator: Accelerator | None
) -> dict[str, float | str | None]:
    """Return the columns about accelerators, or about none."""
    if chips is None or accelerator is None:
        return {
            "accelerator": "",
            "accelerator_count": 0.0,
            "cpu_rate": CPU_RATES.get(family, ""),
            "accelerator_memory_gib": None,
            "accelerator_usable_gib": None,
            "accelerator_usable_origin": "",
            "intra_node_interconnect": "none",
        }
    return {
        "accelerator": accelerator.name,
        "accelerator_count": chips.count,
        "cpu_rate": "",
        **memory_columns(chips, accelerator),
        "intra_node_interconnect": "none" if chips.count <= 1 else INTERCONNECTS.get(family, ""),
    }
