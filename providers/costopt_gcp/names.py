"""How Google Cloud spells accelerators and processors."""

from collections.abc import Mapping
from typing import Final

ACCELERATOR_NAMES: Final[Mapping[str, str]] = {
    "GB200-186GB": "GB200",
    "GB300-288GB": "GB300",
    "nvidia-a100-80gb": "A100-80GB",
    "nvidia-b200": "B200-180GB",
    "nvidia-gb200": "GB200",
    "nvidia-gb300": "GB300",
    "nvidia-h100-80gb": "H100-80GB",
    "nvidia-h100-mega-80gb": "H100-80GB",
    "nvidia-h200-141gb": "H200-141GB",
    "nvidia-l4": "L4",
    "nvidia-rtx-pro-6000": "RTX-PRO-6000",
    "nvidia-tesla-a100": "A100-40GB",
    "nvidia-tesla-k80": "K80",
    "nvidia-tesla-p100": "P100",
    "nvidia-tesla-p4": "P4",
    "nvidia-tesla-t4": "T4",
    "nvidia-tesla-v100": "V100-16GB",
}
"""Spelling -> catalogue name.

Source: Compute Engine documentation, GPU machine types, values of ``acceleratorType``; the
nominal sizes of the Grace Blackwell parts as gpuhunt and Google Cloud print them.
"""

CPU_RATES: Final[Mapping[str, str]] = {
    "c3-highcpu": "CPU-SapphireRapids-AMX-vCPU",
    "c3-standard": "CPU-SapphireRapids-AMX-vCPU",
}
"""Family -> CPU rate; only families that run on one processor generation.

Source: Compute Engine documentation, CPU platforms: C3 Sapphire Rapids. N2 is Cascade Lake or Ice
Lake, C2 Cascade Lake, C4 Emerald or Granite Rapids: no reviewed rate.
"""

PARTITIONS: Final[Mapping[str, str]] = {}
"""All regions belong to one partition."""
