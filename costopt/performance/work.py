"""Work of serving: bytes, operations and messages that hardware has to move, counted."""

from dataclasses import dataclass

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.dimensions import Decoder
from costopt.performance.memory import ACTIVATION_BYTES, CACHE_BLOCK_TOKENS
from costopt.performance.parallelism import cache_divisor
from costopt.performance.serving_setup import ENGINE, ServingSetup
from costopt.performance.tier_settings import RESERVING_TIERS
from costopt.precision import Formats


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSizes:
    """Sizes of requests, one column per bucket, shape (B,) [tokens].

    Attributes:
        input_tokens: prompt.
        output_tokens: answer.
    """

    input_tokens: Floats
    output_tokens: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingWork:
    """What one accelerator has to do; arrays that broadcast to (n, B).

    Attributes:
        dense_bytes: weights read in every step, experts not counted [B].
        routed_bytes: weights of all routed experts [B].
        touched_share: share of the experts that one token visits; 1 without experts [0..1].
        all_weight_bytes: every weight of a layer, experts too [B].
        step_flops: operations for one token of one request [FLOP].
        cache_bytes: cache that one request reads in one step, at its mean context [B].
        held_cache_bytes: cache that one request holds for itself on the mean of its life, or for
            the whole of it where its answer is reserved [B].
        full_cache_bytes: cache that one request reads at its end [B].
        shared_cache_bytes: cache that all requests share, held once [B].
        needed_cache_bytes: cache that there must be room for if one request runs alone [B].
        message_bytes: bytes that one token sends through the link [B].
        hops: messages that follow one another in one step [1].
        layers: transformer blocks [1].
        prefill_flops: linear operations of what is computed of one prompt [FLOP].
        attention_flops: attention operations of the same [FLOP].
        read_tokens: tokens of one prompt that are computed, not found in the cache [tokens].
        input_tokens: prompt [tokens].
        output_tokens: answer [tokens].
    """

    dense_bytes: Floats
    routed_bytes: Floats
    touched_share: Floats
    all_weight_bytes: Floats
    step_flops: Floats
    cache_bytes: Floats
    held_cache_bytes: Floats
    full_cache_bytes: Floats
    shared_cache_bytes: Floats
    needed_cache_bytes: Floats
    message_bytes: Floats
    hops: Floats
    layers: Floats
    prefill_flops: Floats
    attention_flops: Floats
    read_tokens: Floats
    input_tokens: Floats
    output_tokens: Floats


def serving_work(
    decoder: Decoder,
    formats: Formats,
    accelerators: Floats,
    requests: RequestSizes,
    setup: ServingSetup = ENGINE,
) -> ServingWork:
    """Count the work of requests on accelerators that work as one.

    Per token and accelerator, with ``t`` accelerators: linear layers take ``2 * P_active / t``
    operations and the output head ``2 * V * h / t``; the weights are read once for all running
    requests. A request of ``i`` prompt and ``o`` answer tokens reads its cache at a mean context
    of ``i + o / 2``. Attention over a prompt takes ``2 * L * w * i^2 / t`` (causal). Two
    all-reduces per layer send ``2 * (t - 1) / t * h`` numbers each, over ``log2 t`` hops. Experts
    are divided like every other matrix, so they add no messages of their own.

    Where the share ``x`` of a prompt is in the cache, ``(1 - x) * i`` tokens are computed, which
    attend to all before them: ``(1 - x^2)`` of the attention. Each request holds the cache of
    the rest for itself; the longest shared part is held once. A draft holds its share as well.

    Args:
        decoder: dimensions of the model.
        formats: of weights and cache.
        accelerators: how many work as one, shape (n,) [1].
        requests: sizes, shape (B,) [tokens].
        setup: software, shared prompts and drafts.

    Source: Pope et al., Efficiently Scaling Transformer Inference (arXiv 2211.05102) section 2;
    for the ring all-reduce, Patarasuk and Yuan 2009; for shared prompts, Kwon et al.,
    Efficient Memory Management for LLM Serving with PagedAttention (arXiv 2309.06180) section 4.4.
    """
    count = np.asarray(accelerators, dtype=np.float64)[:, None]
    prompt = np.asarray(requests.input_tokens, dtype=np.float64)[None, :]
    answer = np.asarray(requests.output_tokens, dtype=np.float64)[None, :]
    weights = formats.weights
    dense = decoder.linear_parameters - decoder.routed_parameters
    per_value = formats.kv.value_bytes / cache_divisor(decoder, count)
    held_per_value = per_value * (1.0 + setup.draft_share)
    found = setup.prefix_fraction * prompt
    read = prompt - found
    mean_context = prompt + answer / 2.0
    half_block = CACHE_BLOCK_TOKENS / 2.0
    head_bytes = decoder.head_parameters * weights.embedding_bytes
    quadratic = 2.0 * decoder.layers * decoder.attention_width
    shared = 2.0 * (count - 1.0) / count
    shared_cache = decoder.cache_numbers(np.max(found, keepdims=True)) * held_per_value
    own_on_mean = decoder.cache_numbers(read + answer / 2.0 + half_block) * held_per_value
    own_at_end = decoder.cache_numbers(read + answer + half_block) * held_per_value
    linear_bytes = decoder.linear_parameters * weights.linear_bytes
    return ServingWork(
        dense_bytes=(dense * weights.linear_bytes + head_bytes) / count,
        routed_bytes=decoder.routed_parameters * weights.linear_bytes / count,
        touched_share=np.full_like(count, decoder.touched_share),
        all_weight_bytes=linear_bytes / count,
        step_flops=2.0 * (decoder.active_linear_parameters + decoder.head_parameters) / count,
        cache_bytes=decoder.cache_numbers(mean_context) * per_value,
        held_cache_bytes=own_at_end if setup.tier in RESERVING_TIERS else own_on_mean,
        full_cache_bytes=decoder.cache_numbers(prompt + answer + half_block) * per_value,
        shared_cache_bytes=shared_cache,
        needed_cache_bytes=shared_cache + own_at_end,
        message_bytes=2.0 * decoder.layers * shared * decoder.hidden_size * ACTIVATION_BYTES,
        hops=2.0 * decoder.layers * np.log2(count),
        layers=np.full_like(count, float(decoder.layers)),
        prefill_flops=2.0 * decoder.active_linear_parameters * read / count,
        attention_flops=quadratic * (prompt**2 - found**2) / count,
        read_tokens=read,
        input_tokens=prompt,
        output_tokens=answer,
    )
