"""Links between the accelerators of one node: which one is really there, and its speed."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

import numpy as np

from costopt.accelerator import Accelerator
from costopt.units import GB


class LinkKind(IntEnum):
    """How the accelerators of one node reach each other."""

    NONE = 0
    DIRECT = 1
    BUS = 2
    UNKNOWN = 3


_KIND_OF_WORD: Final[Mapping[str, LinkKind]] = {
    "none": LinkKind.NONE,
    "nvswitch": LinkKind.DIRECT,
    "nvlink": LinkKind.DIRECT,
    "ici": LinkKind.DIRECT,
    "neuronlink": LinkKind.DIRECT,
    "infinity-fabric": LinkKind.DIRECT,
    "roce": LinkKind.DIRECT,
    "pcie": LinkKind.BUS,
}
"""The catalogue's words for the link inside an instance type."""

_BUS_GENERATION: Final[Mapping[str, int]] = {
    "kepler": 3,
    "maxwell": 3,
    "pascal": 3,
    "volta": 3,
    "turing": 3,
    "ampere": 4,
    "ada": 4,
    "hopper": 5,
    "blackwell": 5,
    "blackwell-ultra": 5,
}
"""PCI Express generation of an architecture. Source: NVIDIA datasheets of each."""

_BUS_BYTES_PER_SECOND: Final[Mapping[int, float]] = {
    3: 15.75 * GB,
    4: 31.5 * GB,
    5: 63.0 * GB,
}
"""One direction of 16 lanes [B/s]. Source: PCI-SIG, 8, 16 and 32 GT/s with 128b/130b coding."""


def link_kind(interconnect: str, accelerators: int) -> LinkKind:
    """Link that an instance type says it has; one accelerator needs none."""
    if accelerators <= 1:
        return LinkKind.NONE
    kind = _KIND_OF_WORD.get(interconnect, LinkKind.UNKNOWN)
    return LinkKind.UNKNOWN if kind is LinkKind.NONE else kind


def link_bytes_per_second(accelerator: Accelerator, kind: LinkKind) -> float:
    """Speed of one direction of the link that is there; NaN when it is not published [B/s].

    An instance type that says ``pcie`` gets the speed of its bus, whatever the accelerator could
    do elsewhere. One that names a direct link which the accelerator's record does not describe
    (bridged pairs of PCI Express cards) gets the bus as well: the slower figure is the known one.
    """
    own_is_bus = accelerator.interconnect.startswith("pcie")
    published = accelerator.interconnect_gb_per_second
    if kind is LinkKind.DIRECT and not own_is_bus:
        return np.nan if published is None else published * GB / 2.0
    if kind is LinkKind.NONE or kind is LinkKind.UNKNOWN:
        return np.nan
    if own_is_bus and published is not None:
        return published * GB / 2.0
    generation = _BUS_GENERATION.get(accelerator.architecture)
    return np.nan if generation is None else _BUS_BYTES_PER_SECOND[generation]
