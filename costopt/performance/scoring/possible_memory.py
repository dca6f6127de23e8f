"""Peaks of memory that no run can have had: more than there is, or less than the weights."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from costopt.model import ModelSpec
from costopt.performance.measurements.memory_cases import memory_result

_CERTAIN_SHARE: Final = 0.9
"""Share of the counted weights that a run surely held [0..1].

Source: a planning choice; sources differ in what they keep in 16 bit, which moves 4-bit weights by
a few percent.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Memory that a peak can have been read of.

    Attributes:
        memory_gib: nominal, of all accelerators that the figure is a sum of [GiB].
        where: the same in words.
    """

    memory_gib: float
    where: str


def impossible_peak(
    case: Mapping[Hashable, Any], models: Mapping[str, ModelSpec], room: Room
) -> str:
    """Say why a peak cannot be; empty where it can, or where the weights are not known.

    Args:
        case: row of a table of memory figures, as ``memory_result`` takes it.
        models: dimensions by the names that the rows use.
        room: memory that there was.
    """
    peak = float(case["expected_gib"])
    if peak > room.memory_gib:
        return (
            f"a peak of {peak:g} GiB is more than the {room.memory_gib:g} GiB of {room.where}: "
            "check its unit"
        )
    whole = str(case["quantity"]) == "peak_total"
    weights = memory_result(
        {**case, "quantity": "weights" if whole else "weights_per_gpu"}, models
    ).predicted_gib
    if weights > room.memory_gib:
        return (
            f"the weights do not fit into the memory: they take {weights:.0f} GiB, and "
            f"{room.where} has {room.memory_gib:g}"
        )
    if _CERTAIN_SHARE * weights > peak:
        return (
            f"a peak of {peak:g} GiB is less than the weights alone, which take {weights:.3g}: "
            "check its unit and its precision"
        )
    return ""
