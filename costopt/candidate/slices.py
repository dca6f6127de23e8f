"""Slices of one accelerator (multi-instance GPU): which there are, and how they fit together.

An accelerator of this kind has 7 parts of compute and 8 of memory. A slice takes some of both and
stands at one of few places on the memory axis; what is left can be sliced on.

Source: NVIDIA, Multi-Instance GPU User Guide, "Supported MIG Profiles" (parts of compute and
memory of each profile on A100, H100 and H200) and "Getting Started with MIG" (the places that
``nvidia-smi mig -lgipp`` lists). Slices do not reach each other over NVLink, so none joins tensor
parallelism.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from costopt.candidate.layout import Layout

COMPUTE_PARTS: Final = 7
MEMORY_PARTS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One size of slice.

    Attributes:
        compute: parts of compute, of 7 [1].
        memory: parts of memory and of its bandwidth, of 8 [1].
        places: where it can begin on the memory axis.
    """

    compute: int
    memory: int
    places: tuple[int, ...]


SIZES: Final = (
    Slice(compute=1, memory=1, places=(0, 1, 2, 3, 4, 5, 6)),
    Slice(compute=1, memory=2, places=(0, 2, 4, 6)),
    Slice(compute=2, memory=2, places=(0, 2, 4)),
    Slice(compute=3, memory=4, places=(0, 4)),
    Slice(compute=4, memory=4, places=(0,)),
)
"""Every size but the whole accelerator, smallest first."""

PROFILES: Final[Mapping[str, tuple[str, ...]]] = {
    "A100-40GB": ("1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb"),
    "A100-40GB-PCIe": ("1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb"),
    "A100-80GB": ("1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb"),
    "A100-80GB-PCIe": ("1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb"),
    "H100-80GB": ("1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb"),
    "H100-80GB-PCIe": ("1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb"),
    "H200-141GB": ("1g.18gb", "1g.35gb", "2g.35gb", "3g.71gb", "4g.71gb"),
}
"""Accelerator -> NVIDIA's names of its slices, in the order of ``SIZES``."""


def size_of(layout: Layout) -> int | None:
    """Return the position in ``SIZES`` of a layout's slice; None on whole accelerators.

    A name that the accelerator does not have is None too; a plan that says one is refused.
    """
    names = PROFILES.get(layout.accelerator, ())
    return names.index(layout.slice) if layout.slice in names else None


def accelerators_taken(layout: Layout) -> float:
    """Accelerators of an instance that a layout's replicas take; of slices, by memory [1]."""
    size = size_of(layout)
    if size is None:
        return layout.tensor_parallel * layout.replicas
    return layout.replicas * SIZES[size].memory / MEMORY_PARTS


def held_inside(large: int, small: int) -> int:
    """Slices of one size that stand in the place of one of another, wherever that is [1].

    >>> held_inside(3, 0), held_inside(4, 2), held_inside(2, 3)
    (3, 2, 0)
    """
    wide, narrow = SIZES[large], SIZES[small]
    return min(wide.compute // narrow.compute, wide.memory // narrow.memory)


@lru_cache(maxsize=1)
def partitions() -> tuple[tuple[int, ...], ...]:
    """Every way to slice an accelerator that leaves no room for more: slices of each size.

    >>> (7, 0, 0, 0, 0) in partitions(), (0, 0, 0, 1, 1) in partitions()
    (True, True)
    """
    found: set[tuple[int, ...]] = set()

    def place(counts: tuple[int, ...], free: frozenset[int], first: int) -> None:
        found.add(counts)
        for number in range(first, len(SLOTS)):
            size, taken = SLOTS[number]
            if taken <= free:
                more = tuple(count + (size == at) for at, count in enumerate(counts))
                place(more, free - taken, number + 1)

    place((0,) * len(SIZES), frozenset(range(MEMORY_PARTS)), 0)
    allowed = [counts for counts in found if _compute(counts) <= COMPUTE_PARTS]
    return tuple(sorted(counts for counts in allowed if not _is_covered(counts, allowed)))


SLOTS: Final = tuple(
    (number, frozenset(range(begin, begin + size.memory)))
    for number, size in enumerate(SIZES)
    for begin in size.places
)
"""Every size at every place, with the parts of memory that it takes there."""


def _compute(counts: Sequence[int]) -> int:
    return sum(count * size.compute for count, size in zip(counts, SIZES, strict=True))


def _is_covered(counts: tuple[int, ...], others: Sequence[tuple[int, ...]]) -> bool:
    """Whether another partition has at least as many slices of every size."""
    return any(
        other != counts and all(more >= own for own, more in zip(counts, other, strict=True))
        for other in others
    )


def accelerators_for(counts: Sequence[int]) -> int:
    """Fewest accelerators on which slices fit, of each size so many [1].

    >>> accelerators_for((7, 0, 0, 0, 0)), accelerators_for((1, 0, 0, 2, 0))
    (1, 2)
    """
    needed = np.array(counts, dtype=np.int64)
    memory = np.array([size.memory for size in SIZES])
    compute = np.array([size.compute for size in SIZES])
    least = max(
        -(-int(needed @ memory) // MEMORY_PARTS), -(-int(needed @ compute) // COMPUTE_PARTS)
    )
    while not _fits(tuple(needed.tolist()), least):
        least += 1
    return least


@lru_cache(maxsize=4096)
def _fits(counts: tuple[int, ...], accelerators: int) -> bool:
    """Whether slices fit on so many accelerators."""
    if not any(counts):
        return True
    if not accelerators:
        return False
    left = {
        tuple(max(count - slots, 0) for count, slots in zip(counts, partition, strict=True))
        for partition in partitions()
    }
    return any(_fits(rest, accelerators - 1) for rest in sorted(left, key=_compute))
