"""How Amazon EC2 spells accelerators, processors and partitions."""

from collections.abc import Mapping
from typing import Final

ACCELERATOR_NAMES: Final[Mapping[str, str]] = {
    "B200": "B200-180GB",
    "B300-288GB": "B300",
    "Gaudi HL-205": "Gaudi",
    "H100": "H100-80GB",
    "H200": "H200-141GB",
    "NVIDIA-141GB": "H200-141GB",
    "Qualcomm AI100": "QUALCOMM-AI100",
    "RTX PRO 4500": "RTX-PRO-4500",
    "RTX PRO Server 6000": "RTX-PRO-6000",
    "Radeon Pro V520": "RADEON-PRO-V520",
    "T4g": "T4G",
}
"""Spelling -> catalogue name; ``A100`` and ``V100`` are left out: each is two sizes of memory.

A spelling with its memory, such as ``A100-80GB``, is looked up before the spelling alone;
``NVIDIA-141GB`` is how EC2 answered for the H200 while it printed the maker as the name.

Source: Amazon EC2 API reference, DescribeInstanceTypes, names of accelerators; the nominal 288 GB
of the B300 as EC2 product pages print it; skypilot-org/skypilot issue 4652 for the H200.
"""

INTERCONNECTS: Final[Mapping[str, str]] = {
    "dl1": "roce",
    "dl2q": "pcie",
    "g3": "pcie",
    "g4ad": "pcie",
    "g4dn": "pcie",
    "g5": "pcie",
    "g5g": "pcie",
    "g6": "pcie",
    "g6e": "pcie",
    "g7": "pcie",
    "g7e": "pcie",
    "inf1": "neuronlink",
    "inf2": "neuronlink",
    "p2": "pcie",
    "p3": "nvlink",
    "p3dn": "nvlink",
    "p4d": "nvswitch",
    "p4de": "nvswitch",
    "p5": "nvswitch",
    "p5e": "nvswitch",
    "p5en": "nvswitch",
    "p6-b200": "nvswitch",
    "p6-b300": "nvswitch",
    "trn1": "neuronlink",
    "trn1n": "neuronlink",
    "trn2": "neuronlink",
    "trn2u": "neuronlink",
}
"""Family -> link between the accelerators of one instance, which the API does not tell.

Source: Amazon EC2 instance type pages, accelerated computing.
"""

CPU_RATES: Final[Mapping[str, str]] = {
    "c6i": "CPU-IceLake-vCPU",
    "c7g": "CPU-Graviton3-vCPU",
    "c7i": "CPU-SapphireRapids-AMX-vCPU",
    "m7i": "CPU-SapphireRapids-AMX-vCPU",
}
"""Family -> CPU rate; only families that run on one processor generation.

Source: Amazon EC2 instance type pages: C6i 3rd generation Xeon Scalable (Ice Lake), C7i and M7i
4th generation (Sapphire Rapids), C7g AWS Graviton3.
"""

PARTITIONS: Final[Mapping[str, str]] = {"cn-*": "aws-cn", "us-gov-*": "aws-us-gov"}
"""Region pattern -> partition. Source: AWS General Reference, Amazon Resource Names."""
