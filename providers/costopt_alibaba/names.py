"""How Alibaba Cloud spells accelerators and processors."""

from collections.abc import Mapping
from typing import Final

ACCELERATOR_NAMES: Final[Mapping[str, str]] = {
    "GPU H": "GPU-H-96GB",
    "GPU H-e": "GPU-H-141GB",
    "L20N": "GPU-L20N-48GB",
    "NVIDIA A10": "A10",
    "NVIDIA P100": "P100",
    "NVIDIA P4": "P4",
    "NVIDIA T4": "T4",
}
"""Spelling -> catalogue name; A100 and V100 are left out: each is two sizes of memory.

Source: ECS API reference, DescribeInstanceTypes, ``GPUSpec``; the vendor does not name the chips
behind GPU H, GPU H-e and L20N, so each is an accelerator of its own, without published rates.
"""

CPU_RATES: Final[Mapping[str, str]] = {
    "c7": "CPU-IceLake-vCPU",
    "c8i": "CPU-SapphireRapids-AMX-vCPU",
    "g7": "CPU-IceLake-vCPU",
    "g8i": "CPU-SapphireRapids-AMX-vCPU",
}
"""Family -> CPU rate; c6 is Cascade Lake: no reviewed rate.

Source: Alibaba Cloud ECS documentation, general-purpose and compute-optimized instance families.
"""

PARTITIONS: Final[Mapping[str, str]] = {}
"""All regions are listed together; accounts of the China site pay in CNY everywhere."""
