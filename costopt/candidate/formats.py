"""The number formats that a workload leaves to choose from."""

from collections.abc import Sequence

from costopt.accelerator import COMPUTE_FORMATS
from costopt.workload.base import ANY_PRECISION


def format_names(precisions: Sequence[str]) -> tuple[str, ...]:
    """Return the formats by name; ``any`` stands for every compute format."""
    return COMPUTE_FORMATS if tuple(precisions) == ANY_PRECISION else tuple(precisions)
