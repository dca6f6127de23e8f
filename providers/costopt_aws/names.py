"""How Amazon EC2 spells accelerators, processors and partitions."""

from collections.abc import Mapping
from typing import Final

ACCELERATOR_NAMES: Final[Mapping[str, str]] = {
    "B200": "B200-180GB",
    "B300-288GB": "B300",
    "Gaudi HL-205": "Gaudi",
    "H100": "H100-80GB",
    "H200": "H200-141GB",
    "Radeon Pro V520": "RADEON-PRO-V520",
    "T4g": "T4G",
}
"""Spelling -> catalogue name; ``A100`` and ``V100`` are left out: each is two sizes of memory.

Source: Amazon EC2 API reference, DescribeInstanceTypes, names of accelerators; the nominal 288 GB
of the B300 as EC2 product pages print it.
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
