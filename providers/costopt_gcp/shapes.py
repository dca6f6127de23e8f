"""Reviewed shapes: what the APIs do not tell, or not to a caller who may only read prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

LOCAL_SSD_GIB: Final = Decimal(375)
"""Size of one partition of local SSD [GiB].

Source: cloud.google.com/compute/docs/disks/local-ssd, "each Local SSD disk is 375 GiB".
"""

N1_GIB_PER_VCPU: Final = Decimal("3.75")
"""Memory of n1-standard types [GiB].

Source: cloud.google.com/compute/docs/general-purpose-machines, N1 standard.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A predefined machine with accelerators.

    Attributes:
        vcpus: virtual CPUs [1].
        memory_gib: host memory [GiB].
        accelerator: ``acceleratorType`` of Compute Engine.
        count: accelerators; below 1 for a share of one [1].
        local_ssd_gib: bundled local SSD [GiB].
    """

    vcpus: Decimal
    memory_gib: Decimal
    accelerator: str
    count: Decimal
    local_ssd_gib: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TpuSlice:
    """A TPU slice, sold as one offer.

    Attributes:
        accelerator: catalogue name of the chip.
        generation: name of the chip in the price list.
        chips: of the slice [1].
        machine_type: of Compute Engine, where one machine is the whole slice; else empty.
        hosts: machines of the slice [1].
    """

    accelerator: str
    generation: str
    chips: int
    machine_type: str = ""
    hosts: int = 1


def _shapes(
    accelerator: str, rows: Mapping[str, tuple[int, int, str, int]]
) -> Mapping[str, Shape]:
    return {
        name: Shape(
            vcpus=Decimal(vcpus),
            memory_gib=Decimal(memory_gib),
            accelerator=accelerator,
            count=Decimal(count),
            local_ssd_gib=partitions * LOCAL_SSD_GIB,
        )
        for name, (vcpus, memory_gib, count, partitions) in rows.items()
    }


SHAPES: Final[Mapping[str, Shape]] = {
    **_shapes(
        "nvidia-tesla-a100",
        {
            "a2-highgpu-1g": (12, 85, "1", 0),
            "a2-highgpu-2g": (24, 170, "2", 0),
            "a2-highgpu-4g": (48, 340, "4", 0),
            "a2-highgpu-8g": (96, 680, "8", 0),
            "a2-megagpu-16g": (96, 1360, "16", 0),
        },
    ),
    **_shapes(
        "nvidia-a100-80gb",
        {
            "a2-ultragpu-1g": (12, 170, "1", 1),
            "a2-ultragpu-2g": (24, 340, "2", 2),
            "a2-ultragpu-4g": (48, 680, "4", 4),
            "a2-ultragpu-8g": (96, 1360, "8", 8),
        },
    ),
    **_shapes(
        "nvidia-h100-80gb",
        {
            "a3-highgpu-1g": (26, 234, "1", 2),
            "a3-highgpu-2g": (52, 468, "2", 4),
            "a3-highgpu-4g": (104, 936, "4", 8),
            "a3-highgpu-8g": (208, 1872, "8", 16),
        },
    ),
    **_shapes("nvidia-h100-mega-80gb", {"a3-megagpu-8g": (208, 1872, "8", 16)}),
    **_shapes("nvidia-h200-141gb", {"a3-ultragpu-8g": (224, 2952, "8", 32)}),
    **_shapes("nvidia-b200", {"a4-highgpu-8g": (224, 3968, "8", 32)}),
    **_shapes("nvidia-gb200", {"a4x-highgpu-4g": (140, 884, "4", 32)}),
    **_shapes(
        "nvidia-l4",
        {
            "g2-standard-4": (4, 16, "1", 0),
            "g2-standard-8": (8, 32, "1", 0),
            "g2-standard-12": (12, 48, "1", 0),
            "g2-standard-16": (16, 64, "1", 0),
            "g2-standard-24": (24, 96, "2", 0),
            "g2-standard-32": (32, 128, "1", 0),
            "g2-standard-48": (48, 192, "4", 0),
            "g2-standard-96": (96, 384, "8", 0),
        },
    ),
    **_shapes(
        "nvidia-rtx-pro-6000",
        {
            "g4-standard-6": (6, 22, "0.125", 0),
            "g4-standard-12": (12, 45, "0.25", 0),
            "g4-standard-24": (24, 90, "0.5", 0),
            "g4-standard-48": (48, 180, "1", 0),
            "g4-standard-96": (96, 360, "2", 0),
            "g4-standard-192": (192, 720, "4", 0),
            "g4-standard-384": (384, 1440, "8", 0),
        },
    ),
}
"""Type -> vCPUs, GiB, accelerators, and partitions of bundled local SSD.

A3 Edge is absent: it is sold in few regions, and prices alone do not tell in which.

Source: cloud.google.com/compute/docs/accelerator-optimized-machines, tables of A2, A3, A4, A4X,
G2 and G4; the shares of G4 are the fractions of one GPU that the page prints.
"""

ATTACHED: Final[Mapping[str, Mapping[int, tuple[str, ...]]]] = {
    "nvidia-tesla-t4": {
        1: ("n1-standard-4", "n1-standard-8"),
        2: ("n1-standard-8", "n1-standard-16"),
        4: ("n1-standard-16", "n1-standard-32"),
    },
    "nvidia-tesla-p4": {1: ("n1-standard-4",), 2: ("n1-standard-8",), 4: ("n1-standard-16",)},
    "nvidia-tesla-p100": {
        1: ("n1-standard-8",),
        2: ("n1-standard-16",),
        4: ("n1-standard-32",),
    },
    "nvidia-tesla-v100": {
        1: ("n1-standard-8",),
        2: ("n1-standard-16",),
        4: ("n1-standard-32",),
        8: ("n1-standard-96",),
    },
}
"""Accelerator -> how many -> N1 types that they are offered with.

Any N1 type within the limits of vCPUs and memory would do; these are four to sixteen vCPUs for
each accelerator. Source: cloud.google.com/compute/docs/gpus, GPUs on N1, maximum vCPUs and memory.
"""


def _slices(
    accelerator: str, generation: str, rows: Mapping[str, tuple[int, int, str]]
) -> Mapping[str, TpuSlice]:
    return {
        name: TpuSlice(
            accelerator=accelerator,
            generation=generation,
            chips=chips,
            hosts=hosts,
            machine_type=machine_type,
        )
        for name, (chips, hosts, machine_type) in rows.items()
    }


TPU_SLICES: Final[Mapping[str, TpuSlice]] = {
    **_slices(
        "TPU-v5e",
        "v5e",
        {
            "v5litepod-1": (1, 1, "ct5lp-hightpu-1t"),
            "v5litepod-4": (4, 1, "ct5lp-hightpu-4t"),
            "v5litepod-8": (8, 1, "ct5lp-hightpu-8t"),
            "v5litepod-16": (16, 2, ""),
            "v5litepod-32": (32, 4, ""),
            "v5litepod-64": (64, 8, ""),
            "v5litepod-128": (128, 16, ""),
            "v5litepod-256": (256, 32, ""),
        },
    ),
    **_slices(
        "TPU-v5p",
        "v5p",
        {
            "v5p-8": (4, 1, "ct5p-hightpu-4t"),
            "v5p-16": (8, 2, ""),
            "v5p-32": (16, 4, ""),
            "v5p-64": (32, 8, ""),
            "v5p-128": (64, 16, ""),
            "v5p-256": (128, 32, ""),
        },
    ),
    **_slices(
        "TPU-v6e",
        "v6e",
        {
            "v6e-1": (1, 1, "ct6e-standard-1t"),
            "v6e-4": (4, 1, "ct6e-standard-4t"),
            "v6e-8": (8, 1, "ct6e-standard-8t"),
            "v6e-16": (16, 2, ""),
            "v6e-32": (32, 4, ""),
            "v6e-64": (64, 8, ""),
            "v6e-128": (128, 16, ""),
            "v6e-256": (256, 32, ""),
        },
    ),
}
"""Slice -> chips, hosts, and the machine type that is the whole slice.

A chip's price covers its share of the host. ``v5p-N`` counts cores, two a chip. Source:
cloud.google.com/tpu/docs, v5e, v5p and v6e, supported slice shapes; machine types of TPUs in
cloud.google.com/kubernetes-engine/docs/concepts/plan-tpus.
"""

TPU_PREFIXES: Final = ("ct3", "ct4", "ct5", "ct6", "tpu")
"""How machine types with TPUs begin. Source: the same page."""

NOT_ON_DEMAND: Final = frozenset(
    {
        "a3-highgpu-1g",
        "a3-highgpu-2g",
        "a3-highgpu-4g",
        "a3-ultragpu-8g",
        "a4-highgpu-8g",
        "a4x-highgpu-4g",
        "a4x-maxgpu-4g-metal",
    }
)
"""Types that have on-demand prices and cannot be started on demand.

Source: cloud.google.com/compute/docs/accelerator-optimized-machines, consumption option
availability by machine type.
"""
