"""How Microsoft Azure spells accelerators and processors."""

from collections.abc import Mapping
from typing import Final

ACCELERATOR_NAMES: Final[Mapping[str, str]] = {
    "GB200-186GB": "GB200",
    "GB300-288GB": "GB300",
    "H100-94GB": "H100-94GB-NVL",
}
"""Spelling -> catalogue name.

Source: learn.microsoft.com, sizes of the NCads_H100_v5, ND-GB200-v6 and ND-GB300-v6 series; the
94 GB H100 is the NVL part.
"""

CPU_RATES: Final[Mapping[str, str]] = {}
"""Family -> CPU rate: none. Sizes of the families here run on several processor generations.

Source: learn.microsoft.com: Dsv5 runs on Sapphire Rapids or Ice Lake, Fsv2 on Ice Lake, Cascade
Lake or Skylake, Dpsv5 on Ampere Altra, for which the catalogue has no rate.
"""

PARTITIONS: Final[Mapping[str, str]] = {}
"""The catalogue holds the public cloud only."""
