"""VRAM of serving: weights, cache, working memory, and what is left for requests."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.dimensions import Decoder
from costopt.performance.parallelism import cache_divisor
from costopt.performance.vram import VramTerms, overhead_gib
from costopt.precision import Formats
from costopt.units import GIB

ACTIVATION_BYTES: Final = 2.0
"""Bytes per number of the residual stream in 16 bit. Source: IEEE 754 binary16."""

LOGIT_BYTES: Final = 6.0
"""Bytes per score: 16 bit and its fp32 copy.

Source: fit to the Qwen2-0.5B row of the Qwen2 speed benchmark (QwenLM/Qwen3 docs at 5c4e69c),
where transformers 4.40 kept the scores of all 6,144 prompt tokens.
"""

CACHE_BLOCK_TOKENS: Final = 16
"""Tokens in one block of a paged cache. Source: vLLM engine arguments, ``block_size``."""


class CacheStyle(StrEnum):
    """How the engine holds the cache and the scores of a prompt.

    PAGED: blocks of 16 tokens, the prompt in chunks (vLLM, SGLang, TensorRT-LLM).
    CONTIGUOUS: one array, the prompt at once, scores of the last position (generate).
    CONTIGUOUS_ALL_LOGITS: the same with scores of every prompt token (transformers <= 4.40).
    GROWING: an array that is copied to grow with each token, as the device sees it: the freed
        copies stay reserved, so that the cache counts twice.
    """

    PAGED = "paged"
    CONTIGUOUS = "contiguous"
    CONTIGUOUS_ALL_LOGITS = "contiguous_all_logits"
    GROWING = "growing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequences:
    """Sequences that are in memory together; arrays that broadcast with the hardware.

    Attributes:
        count: sequences [1].
        tokens: prompt and output of each, at its end [tokens].
        prompt_tokens: tokens of the prompts that pass the model at once [tokens].
    """

    count: Floats
    tokens: Floats
    prompt_tokens: Floats


def paged_tokens(tokens: Floats) -> Floats:
    """Tokens that a sequence takes in whole blocks [tokens].

    >>> float(paged_tokens(np.array(17.0)))
    32.0
    """
    return np.ceil(tokens / CACHE_BLOCK_TOKENS) * CACHE_BLOCK_TOKENS


def cache_bytes(
    decoder: Decoder, formats: Formats, tokens: Floats, accelerators: Floats
) -> Floats:
    """Cache of one sequence on each accelerator [B].

    ``w * (L_full * s + (L - L_full) * min(s, window)) * c / split``, where ``w`` is ``2 * n_kv *
    d``, or ``kv_lora_rank + rope_dim`` for MLA, and ``c`` the bytes of a cached number.
    Llama-3.1-8B: ``2 * 8 * 128 * 32 * 2 B = 131,072 B`` for one token.
    """
    numbers = decoder.cache_numbers(tokens)
    return numbers * formats.kv.value_bytes / cache_divisor(decoder, accelerators)


def weight_gib(decoder: Decoder, formats: Formats, accelerators: Floats) -> Floats:
    """Weights on each accelerator; tensor parallelism divides linear layers and vocabulary."""
    return decoder.weight_bytes(formats.weights) / accelerators / GIB


def working_gib(decoder: Decoder, prompt_tokens: Floats, accelerators: Floats) -> Floats:
    """Working memory of ``T`` prompt tokens with fused attention, ``2 * T * (3 f / t + 4 h)``.

    Source: fit to the Qwen2.5 7B, 14B and 32B rows at 6,144 and 30,720 prompt tokens of the Qwen
    speed benchmark (QwenLM/Qwen3 docs at a912d23), within 1 %.
    """
    inner = 3.0 * decoder.live_ffn_size / accelerators
    width = inner + 4.0 * decoder.hidden_size
    return ACTIVATION_BYTES * prompt_tokens * width / GIB


def inference_vram(
    decoder: Decoder,
    formats: Formats,
    sequences: Sequences,
    accelerators: Floats,
    style: CacheStyle = CacheStyle.PAGED,
) -> VramTerms:
    """VRAM of serving ``sequences`` on accelerators that work as one.

    A paged engine reads prompts while others answer, so cache and working memory are held
    together. A contiguous cache peaks either while the prompts are read or at the end, when it
    is full; the terms are those of the larger moment.
    """
    count, prompt = sequences.count, sequences.prompt_tokens
    working = working_gib(decoder, count * prompt, accelerators)
    last = LOGIT_BYTES * count * decoder.vocab_size / GIB
    weights = weight_gib(decoder, formats, accelerators)
    if style is CacheStyle.PAGED:
        tokens = paged_tokens(sequences.tokens)
        cache = count * cache_bytes(decoder, formats, tokens, accelerators) / GIB
        return _serving_terms(accelerators, weights, working, last, cache)
    scored = last * prompt if style is CacheStyle.CONTIGUOUS_ALL_LOGITS else last
    begun = np.minimum(prompt, sequences.tokens)
    read = count * cache_bytes(decoder, formats, begun, accelerators) / GIB
    copies = 2.0 if style is CacheStyle.GROWING else 1.0
    full = copies * count * cache_bytes(decoder, formats, sequences.tokens, accelerators) / GIB
    expanded = _expanded_gib(decoder, formats, accelerators)
    reading = read + working + scored >= full + last
    return _serving_terms(
        accelerators,
        weights,
        np.where(reading, working, 0.0) + expanded,
        np.where(reading, scored, last),
        np.where(reading, read, full),
    )


def _expanded_gib(decoder: Decoder, formats: Formats, accelerators: Floats) -> Floats | float:
    """The largest matrix expanded to 16 bit where weights are only held in fewer, ``2 h f``."""
    if not formats.weights.weight_only:
        return 0.0
    return ACTIVATION_BYTES * decoder.hidden_size * decoder.live_ffn_size / accelerators / GIB


def _serving_terms(
    accelerators: Floats, weights: Floats, working: Floats, logits: Floats, cache: Floats
) -> VramTerms:
    """Terms of serving, in one shape; nothing is trained."""
    shape = np.broadcast_shapes(*(np.shape(term) for term in (weights, working, logits, cache)))
    nothing = np.zeros(shape)
    return VramTerms(
        weights_gib=weights + nothing,
        gradients_gib=nothing,
        optimizer_gib=nothing,
        activations_gib=working + nothing,
        logits_gib=logits + nothing,
        kv_cache_gib=cache + nothing,
        adapters_gib=nothing,
        overhead_gib=overhead_gib(accelerators) + nothing,
    )
