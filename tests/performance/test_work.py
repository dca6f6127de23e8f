from collections.abc import Mapping

import numpy as np
import pytest

from costopt.model import ModelSpec
from costopt.performance.dimensions import decoder_of
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.tiers import Tier
from costopt.performance.work import RequestSizes, serving_work
from costopt.precision import formats_named

REQUESTS = RequestSizes(input_tokens=np.array([1000.0]), output_tokens=np.array([200.0]))


def test_decode_reads_linear_weights_and_the_head_but_not_the_embedding(
    llama_8b: ModelSpec,
) -> None:
    work = serving_work(decoder_of(llama_8b), formats_named("bf16"), np.array([1.0]), REQUESTS)

    # 2 B x (6.9796 G + 128,256 x 4,096)
    assert work.dense_bytes[0, 0] == pytest.approx(2 * (6.9796e9 + 525_336_576))


def test_decode_takes_two_operations_per_active_parameter(llama_8b: ModelSpec) -> None:
    work = serving_work(decoder_of(llama_8b), formats_named("bf16"), np.array([2.0]), REQUESTS)

    assert work.step_flops[0, 0] == pytest.approx(2 * (6.9796e9 + 525_336_576) / 2)


def test_cache_is_read_at_the_mean_context(llama_8b: ModelSpec) -> None:
    work = serving_work(decoder_of(llama_8b), formats_named("bf16"), np.array([1.0]), REQUESTS)

    # 1,000 + 200 / 2 tokens
    assert work.cache_bytes[0, 0] == 1100 * 131_072
    assert work.full_cache_bytes[0, 0] == 1208 * 131_072


def test_request_that_reserves_its_answer_holds_the_cache_of_all_of_it(
    llama_8b: ModelSpec,
) -> None:
    decoder, formats, one = decoder_of(llama_8b), formats_named("bf16"), np.array([1.0])

    grows = serving_work(decoder, formats, one, REQUESTS)
    tuned = ServingSetup(tier=Tier.VENDOR_TUNED)
    reserves = serving_work(decoder, formats, one, REQUESTS, tuned)

    # 1,000 + 200 / 2 tokens on the mean or all 1,200, and half a block of 16
    assert grows.held_cache_bytes[0, 0] == 1108 * 131_072
    assert reserves.held_cache_bytes[0, 0] == 1208 * 131_072


def test_prompt_attention_grows_with_the_square_of_its_length(llama_8b: ModelSpec) -> None:
    work = serving_work(decoder_of(llama_8b), formats_named("bf16"), np.array([1.0]), REQUESTS)

    # 2 x 32 layers x 4,096 x 1,000^2
    assert work.attention_flops[0, 0] == 2 * 32 * 4096 * 1000**2


def test_one_accelerator_sends_nothing(llama_8b: ModelSpec) -> None:
    work = serving_work(decoder_of(llama_8b), formats_named("bf16"), np.array([1.0]), REQUESTS)

    assert work.message_bytes[0, 0] == work.hops[0, 0] == 0.0


def test_two_all_reduces_per_layer_go_around_a_ring(llama_8b: ModelSpec) -> None:
    work = serving_work(decoder_of(llama_8b), formats_named("bf16"), np.array([8.0]), REQUESTS)

    # 2 x 32 layers x (2 x 7/8) x 4,096 x 2 B; 2 x 32 x log2(8) hops
    assert work.message_bytes[0, 0] == 2 * 32 * 1.75 * 4096 * 2
    assert work.hops[0, 0] == 2 * 32 * 3


def test_experts_are_counted_apart_from_what_every_step_reads(
    models: Mapping[str, ModelSpec],
) -> None:
    mixtral = decoder_of(models["mistralai/Mixtral-8x7B-v0.1"])

    work = serving_work(mixtral, formats_named("bf16"), np.array([1.0]), REQUESTS)

    assert work.routed_bytes[0, 0] == pytest.approx(2 * 45.097e9, rel=1e-4)
    dense = 46.7028e9 - 0.2621e9 - 45.097e9 + 32_000 * 4096
    assert work.dense_bytes[0, 0] == pytest.approx(2 * dense, rel=1e-3)
