"""VramTerms: the memory of one accelerator, term by term."""

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np

from costopt.performance.arrays import Floats, Integers

CONTEXT_GIB: Final = 0.6
"""Memory that driver context and kernels take on each accelerator [GiB].

Source: vLLM logs of non-torch memory on one and two accelerators, 0.25 to 0.35 GiB (issues 10517
and 13061), and the CUDA context of 0.3 GiB below them.
"""

COLLECTIVES_GIB: Final = 0.35
"""Buffers of the collectives library where accelerators work as one [GiB].

Source: NVIDIA aiconfigurator, ``nccl_mem`` of 342 to 392 MiB for 2 to 8 accelerators.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VramTerms:
    """Memory of one accelerator by what it holds; arrays of one shape [GiB].

    Attributes:
        weights_gib: the model's weights.
        gradients_gib: gradients of the weights that are trained.
        optimizer_gib: moments and master copies.
        activations_gib: what the forward pass leaves or, when serving, works in.
        logits_gib: scores over the vocabulary and their copies.
        kv_cache_gib: keys and values.
        adapters_gib: LoRA matrices with their gradients and moments.
        overhead_gib: driver context, kernels and buffers of collectives.
    """

    weights_gib: Floats
    gradients_gib: Floats
    optimizer_gib: Floats
    activations_gib: Floats
    logits_gib: Floats
    kv_cache_gib: Floats
    adapters_gib: Floats
    overhead_gib: Floats

    def take(self, rows: Integers) -> Self:
        """Terms of the rows at these positions, in this order."""
        return type(self)(**{term.name: getattr(self, term.name)[rows] for term in fields(self)})

    @property
    def total_gib(self) -> Floats:
        """All terms together, as the device reports it [GiB]."""
        return self.allocated_gib + self.overhead_gib

    @property
    def allocated_gib(self) -> Floats:
        """All terms but the overhead, as the framework's allocator reports it [GiB]."""
        terms = [getattr(self, term.name) for term in fields(self)[:-1]]
        return np.asarray(np.sum(np.broadcast_arrays(*terms), axis=0), dtype=np.float64)

    @property
    def states_gib(self) -> Floats:
        """Weights, gradients and optimizer: the model states of training [GiB]."""
        return self.weights_gib + self.gradients_gib + self.optimizer_gib


def overhead_gib(accelerators: Floats) -> Floats:
    """Driver context, and buffers of collectives where accelerators work as one [GiB]."""
    return CONTEXT_GIB + np.where(accelerators > 1, COLLECTIVES_GIB, 0.0)
