"""Why a layout cannot run a workload, and by how much: from codes to words."""

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
    "multi_host",
    "no_rate",
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
)
"""Reasons of a layout, from the most fundamental to the one that is nearest to running."""


def codes_of(reasons: NDArray[np.int64]) -> NDArray[np.object_]:
    """Translate reasons of the performance model, whatever their shape."""
    words = np.array([REASON_CODES[reason] for reason in Reason], dtype=object)
    found: NDArray[np.object_] = words[reasons]
    return found


def nearest_miss(
    owner: NDArray[np.int64],
    codes: NDArray[np.object_],
    misses: NDArray[np.object_],
    owners: int,
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Give each owner the reason of its layout that comes nearest to running.

    Args:
        owner: index of the instance type of each layout (layouts,).
        codes: reason of each layout; empty where it runs (layouts,).
        misses: by how much, in words (layouts,).
        owners: how many instance types there are.

    Returns:
        Reason and words for each instance type; empty for one with a layout that runs.
    """
    reasons = np.full(owners, CLOSENESS[0], dtype=object)
    words = np.full(owners, "", dtype=object)
    rank = {code: position for position, code in enumerate(CLOSENESS)} | {"": len(CLOSENESS)}
    order = np.argsort([rank[code] for code in codes], kind="stable")
    reasons[owner[order]] = codes[order]
    words[owner[order]] = misses[order]
    return reasons, words
