from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.dimensions import LEARNING, decoder_of
from costopt.precision import formats_named


def test_fp8_weights_keep_the_embeddings_in_sixteen_bit(llama_70b: ModelSpec) -> None:
    # (70.5537 - 2.1013) G x 1 B + 2.1013 G x 2 B = 72.655 GB = 67.665 GiB
    weights = decoder_of(llama_70b).weight_bytes(formats_named("fp8").weights)

    assert weights == pytest.approx(72.655e9, rel=1e-4)


def test_routed_experts_follow_from_total_and_active_parameters(
    models: Mapping[str, ModelSpec],
) -> None:
    # Mixtral 8x7B: (46.7028 - 12.8799) G / (1 - 2/8) = 45.097 G
    mixtral = decoder_of(models["mistralai/Mixtral-8x7B-v0.1"])

    assert mixtral.routed_parameters == pytest.approx(45.097e9, rel=1e-4)
    assert mixtral.touched_share == 0.25


def test_dense_models_have_no_routed_experts(llama_8b: ModelSpec) -> None:
    assert decoder_of(llama_8b).routed_parameters == 0.0


def test_latent_attention_caches_the_compressed_width(models: Mapping[str, ModelSpec]) -> None:
    # DeepSeek-V3: 61 layers x (512 + 64) = 35,136 numbers per token
    assert decoder_of(models["deepseek-ai/DeepSeek-V3"]).cache_numbers_per_token == 35_136


def test_sliding_windows_stop_growing_with_the_sequence(models: Mapping[str, ModelSpec]) -> None:
    # gemma-3-12b: 8 full layers, 40 windowed ones of 1,024 tokens, 2 x 8 heads x 256 numbers
    gemma = decoder_of(models["google/gemma-3-12b-it"])

    held = gemma.cache_numbers(np.array([10_000.0]))[0]

    assert held == 2 * 8 * 256 * (8 * 10_000 + 40 * 1024)


def test_a_model_without_token_output_is_refused(models: Mapping[str, ModelSpec]) -> None:
    with pytest.raises(InvalidInputError, match="kind 'encoder'"):
        decoder_of(models["google-bert/bert-base-uncased"])


def test_an_encoder_will_do_where_training_is_rated(models: Mapping[str, ModelSpec]) -> None:
    bert = decoder_of(models["google-bert/bert-base-uncased"], LEARNING)

    assert bert.layers == 12


def test_a_missing_dimension_is_named(llama_8b: ModelSpec) -> None:
    with pytest.raises(InvalidInputError, match="its kv_heads is not known"):
        decoder_of(replace(llama_8b, kv_heads=None))
