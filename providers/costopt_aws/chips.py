"""Chips of one instance type: which accelerator, how many, with how much memory each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from costopt.accelerator import Accelerator
from costopt.fetch.context import FetchContext

MIB_PER_GIB: Final = 1024.0

BLOCKS: Final = (
    ("GpuInfo", "Gpus", "TotalGpuMemoryInMiB"),
    ("NeuronInfo", "NeuronDevices", "TotalNeuronDeviceMemoryInMiB"),
    ("InferenceAcceleratorInfo", "Accelerators", "TotalInferenceMemoryInMiB"),
)
"""Blocks of the answer that describe accelerators; the first that is there counts, because inf1
and inf2 list the same chips in two. Source: Amazon EC2 API reference, InstanceTypeInfo."""

OTHER_CARDS: Final = ("FpgaInfo", "MediaAcceleratorInfo")
"""Blocks of cards that run no models."""

MEMORY_TOLERANCE: Final = 1.05
"""Reported over nominal memory above which the report cannot be right: vendors round to a few
per cent (141 GB of the H200 against 144,384 MiB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chips:
    """The accelerators of one instance type, as the provider tells.

    Attributes:
        spelling: the provider's name of the accelerator.
        count: whole accelerators, or a share of one [1].
        memory_gib: of one accelerator, or of the share [GiB]; None when not told.
        partition_fraction: share of an accelerator that one unit is (0..1].
    """

    spelling: str
    count: float
    memory_gib: float | None
    partition_fraction: float


def chips_of(instance_type: Mapping[str, Any]) -> Chips | str | None:
    """Return the accelerators; words where they cannot be read; None without any."""
    for block, members, total in BLOCKS:
        told = instance_type.get(block)
        if not told:
            continue
        listed = told.get(members) or []
        if len(listed) != 1:
            return f"{block} lists {len(listed)} kinds of accelerators; one is understood"
        return _read(listed[0], told.get(total))
    return None


def named(chips: Chips, context: FetchContext) -> Accelerator | None:
    """Return the accelerator that a spelling stands for; None where no review says it."""
    spellings = [chips.spelling]
    if chips.memory_gib is not None:
        whole_gib = chips.memory_gib / chips.partition_fraction
        spellings.insert(0, f"{chips.spelling}-{whole_gib:.0f}GB")
    for spelling in spellings:
        name = context.accelerator_names.get(spelling, spelling)
        if name in context.accelerators:
            return context.accelerators[name]
    return None


def implausible_memory(chips: Chips, accelerator: Accelerator) -> bool:
    """Return whether a chip reports more memory than it was built with."""
    if chips.memory_gib is None or accelerator.memory_gib is None:
        return False
    nominal = accelerator.memory_gib * chips.partition_fraction
    return chips.memory_gib > nominal * MEMORY_TOLERANCE


def memory_columns(chips: Chips, accelerator: Accelerator) -> dict[str, float | str | None]:
    """Return what one accelerator holds and what of it a workload can use [GiB].

    ``usable = min(reported, reviewed * share)``, with the origin of the smaller one.
    """
    share = chips.partition_fraction
    reviewed = None if accelerator.usable_gib is None else accelerator.usable_gib * share
    reported = None if implausible_memory(chips, accelerator) else chips.memory_gib
    if reported is None and accelerator.memory_gib is not None:
        nominal: float | None = accelerator.memory_gib * share
    else:
        nominal = reported
    if reviewed is None or (reported is not None and reported < reviewed):
        usable, origin = reported, "device_reported" if reported is not None else ""
    else:
        usable, origin = reviewed, accelerator.usable_origin
    return {
        "accelerator_memory_gib": rounded(nominal),
        "accelerator_usable_gib": rounded(usable),
        "accelerator_usable_origin": origin,
    }


def rounded(figure: float | None) -> float | None:
    """Return a figure with the six decimals that the catalogue keeps."""
    return None if figure is None else round(figure, 6)


def _read(device: Mapping[str, Any], total_mib: Any) -> Chips | str:
    """Return the chips of one entry, or what is wrong with it."""
    memory_mib = (device.get("MemoryInfo") or {}).get("SizeInMiB")
    logical, share = device.get("LogicalGpuCount"), device.get("GpuPartitionSize")
    count = float(device.get("Count") or 0)
    if logical and share:
        count = float(logical) * float(share)
    elif not count and total_mib and memory_mib:
        count = float(total_mib) / float(memory_mib)
    if not count > 0:
        return "it does not tell how many accelerators there are"
    return Chips(
        spelling=str(device.get("Name") or device.get("Manufacturer") or ""),
        count=count,
        memory_gib=float(memory_mib) / MIB_PER_GIB if memory_mib else None,
        partition_fraction=min(1.0, float(share)) if logical and share else 1.0,
    )


def devices_on_board(names: Sequence[str], instance_type: Mapping[str, Any]) -> bool:
    """Return whether any of these blocks is filled."""
    return any(instance_type.get(name) for name in names)
