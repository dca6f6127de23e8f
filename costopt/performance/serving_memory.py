"""What a serving engine keeps for the cache: tokens that fit, and what is missing."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.dimensions import Decoder
from costopt.performance.memory import LOGIT_BYTES, weight_gib, working_gib
from costopt.performance.vram import VramTerms, overhead_gib
from costopt.precision import Formats
from costopt.units import GIB

SAMPLED_SEQUENCES: Final = 256
"""Sequences whose scores an engine reserves memory for when it starts.

Source: vLLM, profile run with ``max_num_seqs`` (256 by default) dummy sequences.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineMemory:
    """How an engine divides the memory it finds.

    Attributes:
        budget_fraction: share of the usable memory that the process may take [0..1].
        free_fraction: share of what is left after loading that goes to the cache [0..1].
        prompt_tokens: prompt tokens that pass the model in one step [tokens].
    """

    budget_fraction: float
    free_fraction: float
    prompt_tokens: float


def loaded_vram(
    decoder: Decoder, formats: Formats, accelerators: Floats, engine: EngineMemory
) -> VramTerms:
    """Memory of one accelerator before any cache: weights, working memory, scores."""
    nothing = np.zeros(np.shape(accelerators))
    tokens = nothing + engine.prompt_tokens
    return VramTerms(
        weights_gib=weight_gib(decoder, formats, accelerators),
        gradients_gib=nothing,
        optimizer_gib=nothing,
        activations_gib=working_gib(decoder, tokens, accelerators),
        logits_gib=nothing + LOGIT_BYTES * SAMPLED_SEQUENCES * decoder.vocab_size / GIB,
        kv_cache_gib=nothing,
        adapters_gib=nothing,
        overhead_gib=overhead_gib(accelerators),
    )


def kv_budget_gib(loaded: VramTerms, usable_bytes: Floats, engine: EngineMemory) -> Floats:
    """Memory of one accelerator for the cache; negative by what is missing [GiB].

    vLLM takes ``0.9 * usable`` and gives the cache what its profile run leaves of that;
    TensorRT-LLM gives it ``0.9`` of what is free once the model is loaded.

    Source: vLLM engine arguments, ``gpu_memory_utilization``; TensorRT-LLM executor,
    ``free_gpu_memory_fraction``.
    """
    budget = engine.budget_fraction * usable_bytes / GIB
    left = budget - loaded.total_gib
    return np.where(left > 0, engine.free_fraction * left, left)
