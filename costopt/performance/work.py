"""Work of serving: bytes, operations and messages that hardware has to move, counted."""

from dataclasses import dataclass

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.dimensions import Decoder
from costopt.performance.memory import ACTIVATION_BYTES, CACHE_BLOCK_TOKENS
from costopt.performance.parallelism import cache_divisor
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
        held_cache_bytes: cache that one request holds on the mean of its life, or for the whole
            of it where its answer is reserved [B].
        full_cache_bytes: cache that one request holds at its end [B].
        message_bytes: bytes that one token sends through the link [B].
        hops: messages that follow one another in one step [1].
        layers: transformer blocks [1].
        prefill_flops: linear operations of one prompt [FLOP].
        attention_flops: attention operations of one prompt [FLOP].
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
    message_bytes: Floats
    hops: Floats
    layers: Floats
    prefill_flops: Floats
    attention_flops: Floats
    input_tokens: Floats
    output_tokens: Floats


def serving_work(
    decoder: Decoder,
    formats: Formats,
    accelerators: Floats,
    requests: RequestSizes,
    *,
    reserves_answer: bool = False,
) -> ServingWork:
    """Count the work of requests on accelerators that work as one.

    Per token and accelerator, with ``t`` accelerators: linear layers take ``2 * P_active / t``
    operations and the output head ``2 * V * h / t``; the weights are read once for all running
    requests. A request of ``i`` prompt and ``o`` answer tokens reads its cache at a mean context
    of ``i + o / 2``. Attention over a prompt takes ``2 * L * w * i^2 / t`` (causal). Two
    all-reduces per layer send ``2 * (t - 1) / t * h`` numbers each, over ``log2 t`` hops.

    Args:
        decoder: dimensions of the model.
        formats: of weights and cache.
        accelerators: how many work as one, shape (n,) [1].
        requests: sizes, shape (B,) [tokens].
        reserves_answer: True where a request holds room for its whole answer from the start.

    Source: Pope et al., Efficiently Scaling Transformer Inference (arXiv 2211.05102) section 2;
    for the ring all-reduce, Patarasuk and Yuan 2009.
    """
    count = np.asarray(accelerators, dtype=np.float64)[:, None]
    prompt = np.asarray(requests.input_tokens, dtype=np.float64)[None, :]
    answer = np.asarray(requests.output_tokens, dtype=np.float64)[None, :]
    weights = formats.weights
    dense = decoder.linear_parameters - decoder.routed_parameters
    per_value = formats.kv.value_bytes / cache_divisor(decoder, count)
    mean_context = prompt + answer / 2.0
    half_block = CACHE_BLOCK_TOKENS / 2.0
    head_bytes = decoder.head_parameters * weights.embedding_bytes
    quadratic = 2.0 * decoder.layers * decoder.attention_width
    shared = 2.0 * (count - 1.0) / count
    linear_bytes = decoder.linear_parameters * weights.linear_bytes
    growing = decoder.cache_numbers(mean_context + half_block) * per_value
    full = decoder.cache_numbers(prompt + answer + half_block) * per_value
    return ServingWork(
        dense_bytes=(dense * weights.linear_bytes + head_bytes) / count,
        routed_bytes=decoder.routed_parameters * weights.linear_bytes / count,
        touched_share=np.full_like(count, decoder.touched_share),
        all_weight_bytes=linear_bytes / count,
        step_flops=2.0 * (decoder.active_linear_parameters + decoder.head_parameters) / count,
        cache_bytes=decoder.cache_numbers(mean_context) * per_value,
        held_cache_bytes=full if reserves_answer else growing,
        full_cache_bytes=full,
        message_bytes=2.0 * decoder.layers * shared * decoder.hidden_size * ACTIVATION_BYTES,
        hops=2.0 * decoder.layers * np.log2(count),
        layers=np.full_like(count, float(decoder.layers)),
        prefill_flops=2.0 * decoder.active_linear_parameters * prompt / count,
        attention_flops=quadratic * prompt**2 / count,
        input_tokens=prompt,
        output_tokens=answer,
    )
