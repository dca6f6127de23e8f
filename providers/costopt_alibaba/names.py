"""How Alibaba Cloud spells accelerators and processors, and what it documents per family."""

from collections.abc import Mapping
from typing import Final

ACCELERATOR_NAMES: Final[Mapping[str, str]] = {
    "GPU H": "GPU-H-96GB",
    "GPU H-e": "GPU-H-141GB",
    "L20N": "GPU-L20N-48GB",
    "NVIDIA A10": "A10",
    "NVIDIA A100 40GB": "A100-40GB",
    "NVIDIA A100 80GB": "A100-80GB",
    "NVIDIA A30": "A30",
    "NVIDIA L20": "L20",
    "NVIDIA P100": "P100",
    "NVIDIA P4": "P4",
    "NVIDIA T4": "T4",
    "NVIDIA V100 16GB": "V100-16GB",
    "NVIDIA V100 32GB": "V100-32GB",
}
"""Spelling -> catalogue name; A100 and V100 alone are left out: each is two sizes of memory.

A spelling with the memory of one accelerator behind it (``GPUSpec`` and ``GPUMemorySize``) is
looked up before the spelling alone.

Source: ECS API reference, DescribeInstanceTypes, ``GPUSpec``; the vendor does not name the chips
behind GPU H, GPU H-e and L20N, so each is an accelerator of its own, without published rates.
"""

SHARED_FAMILIES: Final = ("sgn", "vgn")
"""Beginnings of families whose instances hold a share of one accelerator.

Source: Alibaba Cloud ECS documentation, GPU-accelerated instance families with virtual GPUs.
"""

INTERCONNECTS: Final[Mapping[str, str]] = {
    "ebmgn6e": "nvlink",
    "ebmgn6i": "pcie",
    "ebmgn6v": "nvlink",
    "ebmgn7": "nvswitch",
    "ebmgn7e": "nvswitch",
    "ebmgn7ex": "nvswitch",
    "ebmgn7i": "pcie",
    "ebmgn7ix": "pcie",
    "ebmgn7v": "nvlink",
    "ebmgn7vx": "nvlink",
    "ebmgn8ia": "pcie",
    "ebmgn8is": "pcie",
    "gn5": "pcie",
    "gn5i": "pcie",
    "gn6e": "nvlink",
    "gn6i": "pcie",
    "gn6v": "nvlink",
    "gn7": "nvlink",
    "gn7e": "nvlink",
    "gn7i": "pcie",
    "gn7s": "pcie",
    "gn8ia": "pcie",
    "gn8is": "pcie",
    "sccgn7ex": "nvswitch",
}
"""Family -> link between the accelerators of one instance, which the API does not tell.

Of ebmgn7v and ebmgn7vx it is assumed from the form of their accelerators, the A800 SXM.

Source: Alibaba Cloud ECS documentation, GPU-accelerated instance families.
"""

CLUSTER_FAMILIES: Final = ("scc",)
"""Beginnings of families of the super computing cluster, which have a fabric of RoCE.

Source: Alibaba Cloud ECS documentation, Super Computing Cluster instance families.
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
