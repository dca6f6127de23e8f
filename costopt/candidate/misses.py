"""Why a layout cannot run a workload, and by how much: from codes to words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.performance.reasons import Reason

REASON_CODES: Final[dict[Reason, str]] = {
    Reason.NONE: "",
    Reason.NO_RATE: "no_rate",
    Reason.NO_BANDWIDTH: "no_rate",
    Reason.UNKNOWN_LINK: "no_link",
    Reason.HEADS: "no_link",
    Reason.WEIGHTS: "vram",
    Reason.CONTEXT: "context",
    Reason.KV_CACHE: "vram",
    Reason.TPOT: "tpot",
    Reason.TTFT: "ttft",
    Reason.LATENCY: "latency",
    Reason.TRAINING_MEMORY: "vram",
    Reason.NO_NETWORK: "no_fabric_rate",
    Reason.GANG_SIZE: "gang_size",
}
"""Why the performance model gives no rate -> why the offer takes no part."""

CLOSENESS: Final = (
    "no_software",
    "no_rate",
    "multi_host",
    "no_link",
    "no_fabric_rate",
    "gang_size",
    "vram",
    "context",
    "tpot",
    "ttft",
    "latency",
    "deadline",
    "spot_share",
    "spot_progress",
    "no_throughput",
    "no_latency",
    "hardware",
)
"""Reasons of a layout, from the most fundamental to the one that is nearest to running."""


def code_of(reason: int) -> str:
    """Translate a reason of the performance model; empty where it gives a rate."""
    return REASON_CODES[Reason(reason)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """Why a layout, or all layouts of an instance type, cannot run a workload.

    Attributes:
        reason: code of the reason; empty where it runs.
        words: by how much, for people; empty where there is no figure.
        distance: what is needed over what is there, minus 1; infinite without a figure [1].
    """

    reason: str = ""
    words: str = ""
    distance: float = float("inf")

    @property
    def order(self) -> tuple[int, float]:
        """Sort key: nearest to running first."""
        rank = len(CLOSENESS) if not self.reason else CLOSENESS.index(self.reason)
        return -rank, self.distance


def nearest_misses(
    owners: NDArray[np.int64], misses: Sequence[Miss], without_layout: Sequence[str]
) -> tuple[Miss, ...]:
    """Give each instance type the miss of its layout that comes nearest to running.

    Args:
        owners: index of the instance type of each layout (layouts,).
        misses: of each layout (layouts,).
        without_layout: reason of each instance type that has no layout at all (types,).
    """
    nearest: dict[int, Miss] = {}
    for owner, miss in zip(owners.tolist(), misses, strict=True):
        if owner not in nearest or miss.order < nearest[owner].order:
            nearest[owner] = miss
    return tuple(
        nearest.get(index, Miss(reason=reason)) for index, reason in enumerate(without_layout)
    )


def too_little_memory(shortfall_gib: float, usable_gib: float) -> Miss:
    """Return the miss of an accelerator whose memory is too small."""
    missing = f"{shortfall_gib:,.1f}" if shortfall_gib >= 0.1 else f"{shortfall_gib:.2g}"
    return Miss(
        reason="vram",
        words=f"{missing} GiB short on each accelerator of {usable_gib:,.1f} GiB",
        distance=shortfall_gib / usable_gib if usable_gib > 0 else float("inf"),
    )


def too_slow(reason: str, what: str, milliseconds: float, limit: float) -> Miss:
    """Return the miss of a latency that even an idle replica cannot keep."""
    return Miss(
        reason=reason,
        words=f"{what} takes {milliseconds:,.1f} ms on an idle replica, {limit:,.6g} allowed",
        distance=milliseconds / limit - 1,
    )
