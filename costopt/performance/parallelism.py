"""Splitting a model over the accelerators of one node."""

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.dimensions import Decoder


def tensor_parallel_degrees(accelerator_count: float, attention_heads: int) -> tuple[int, ...]:
    """Every degree that divides the heads and fits into the node.

    A share of an accelerator never joins tensor parallelism, so it has only degree 1.

    >>> tensor_parallel_degrees(8, 32)
    (1, 2, 4, 8)
    >>> tensor_parallel_degrees(8, 14)
    (1, 2, 7)
    >>> tensor_parallel_degrees(0.5, 32)
    (1,)
    """
    available = max(int(accelerator_count), 1)
    return tuple(degree for degree in range(1, available + 1) if attention_heads % degree == 0)


def cache_divisor(decoder: Decoder, accelerators: Floats) -> Floats:
    """By how much tensor parallelism divides the cache of one accelerator [1].

    Heads are split until each accelerator has one; beyond that they are copied:
    ``heads / ceil(heads / t)``. The compressed cache of MLA is never split.
    """
    heads = float(decoder.cache_heads)
    return heads / np.ceil(heads / accelerators)
