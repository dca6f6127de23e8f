from collections.abc import Mapping

import numpy as np
import pytest

from costopt.model import ModelSpec
from costopt.performance.dimensions import decoder_of
from costopt.performance.memory import (
    CacheStyle,
    Sequences,
    cache_bytes,
    inference_vram,
    paged_tokens,
    working_gib,
)
from costopt.performance.serving_memory import EngineMemory, kv_budget_gib, loaded_vram
from costopt.precision import formats_named
from costopt.units import GIB

ONE = np.array(1.0)


def test_cache_of_llama_8b_takes_131072_bytes_per_token(llama_8b: ModelSpec) -> None:
    # 2 (keys, values) x 32 layers x 8 heads x 128 x 2 B
    taken = cache_bytes(decoder_of(llama_8b), formats_named("bf16"), ONE, ONE)

    assert float(taken) == 131_072


def test_cache_of_latent_attention_is_not_split(models: Mapping[str, ModelSpec]) -> None:
    deepseek = decoder_of(models["deepseek-ai/DeepSeek-V3"])

    taken = cache_bytes(deepseek, formats_named("fp8"), ONE, np.array([1.0, 8.0]))

    # 61 x (512 + 64) x 2 B on each accelerator
    assert taken.tolist() == [70_272, 70_272]


def test_eight_bit_cache_takes_half(llama_8b: ModelSpec) -> None:
    taken = cache_bytes(decoder_of(llama_8b), formats_named("bf16", "fp8"), ONE, ONE)

    assert float(taken) == 131_072 / 2


def test_sequences_take_whole_blocks() -> None:
    assert paged_tokens(np.array([1.0, 16.0, 17.0])).tolist() == [16.0, 16.0, 32.0]


def test_working_memory_of_a_prompt_follows_the_widths(llama_8b: ModelSpec) -> None:
    # 2 B x 2,048 tokens x (3 x 14,336 + 4 x 4,096) = 243.3 MB = 0.2266 GiB
    taken = working_gib(decoder_of(llama_8b), np.array(2048.0), ONE)

    assert float(taken) == pytest.approx(2 * 2048 * (3 * 14_336 + 4 * 4096) / GIB)


def test_plain_generation_peaks_while_a_long_prompt_is_read(
    models: Mapping[str, ModelSpec],
) -> None:
    # Qwen2.5-7B: weights 15.231 GB; prompt of 30,720 tokens: cache 30,720 x 57,344 B = 1.762 GB,
    # working memory 2 x 30,720 x (3 x 18,944 + 4 x 3,584) B = 4.373 GB; together 21.37 GB,
    # 19.90 GiB; QwenLM measured 19.97
    qwen = decoder_of(models["Qwen/Qwen2.5-7B"])
    sequences = Sequences(count=ONE, tokens=np.array(32_768.0), prompt_tokens=np.array(30_720.0))

    terms = inference_vram(qwen, formats_named("bf16"), sequences, ONE, CacheStyle.CONTIGUOUS)

    assert float(terms.activations_gib) == pytest.approx(4.073, abs=0.01)
    assert float(terms.allocated_gib) == pytest.approx(19.97, rel=0.01)


def test_plain_generation_peaks_at_the_end_of_a_long_answer(llama_8b: ModelSpec) -> None:
    sequences = Sequences(count=ONE, tokens=np.array(4096.0), prompt_tokens=ONE)

    terms = inference_vram(
        decoder_of(llama_8b), formats_named("bf16"), sequences, ONE, CacheStyle.CONTIGUOUS
    )

    assert float(terms.activations_gib) == 0.0
    assert float(terms.kv_cache_gib) == 4096 * 131_072 / GIB


def test_cache_that_is_copied_to_grow_counts_twice(models: Mapping[str, ModelSpec]) -> None:
    # Qwen-7B, 8,192 tokens: weights 15.44 GB = 14.38 GiB, cache 2 x 8,192 x 524,288 B = 8 GiB,
    # context 0.6: 22.98 GiB; QwenLM measured 23.2
    sequences = Sequences(count=ONE, tokens=np.array(8193.0), prompt_tokens=ONE)
    qwen = decoder_of(models["Qwen/Qwen-7B"])

    terms = inference_vram(qwen, formats_named("bf16"), sequences, ONE, CacheStyle.GROWING)

    assert float(terms.kv_cache_gib) == pytest.approx(2 * 8193 * 524_288 / GIB)
    assert float(terms.total_gib) == pytest.approx(23.2, rel=0.01)


def test_weights_in_few_bits_are_expanded_one_matrix_at_a_time(llama_8b: ModelSpec) -> None:
    sequences = Sequences(count=ONE, tokens=np.array(4096.0), prompt_tokens=ONE)

    terms = inference_vram(
        decoder_of(llama_8b), formats_named("nf4"), sequences, ONE, CacheStyle.CONTIGUOUS
    )

    # 2 B x 4,096 x 14,336 = 0.109 GiB
    assert float(terms.activations_gib) == pytest.approx(2 * 4096 * 14_336 / GIB)


def test_scores_of_every_prompt_token_dominate_large_vocabularies(
    models: Mapping[str, ModelSpec],
) -> None:
    # 6 B x 6,144 tokens x 151,936 = 5.60 GB = 5.216 GiB
    qwen = decoder_of(models["Qwen/Qwen2-0.5B"])
    sequences = Sequences(count=ONE, tokens=np.array(8192.0), prompt_tokens=np.array(6144.0))

    terms = inference_vram(
        qwen, formats_named("bf16"), sequences, ONE, CacheStyle.CONTIGUOUS_ALL_LOGITS
    )

    assert float(terms.logits_gib) == pytest.approx(5.216, abs=0.001)


def test_paged_engine_holds_cache_and_working_memory_together(llama_8b: ModelSpec) -> None:
    sequences = Sequences(
        count=np.array(10.0), tokens=np.array(1000.0), prompt_tokens=np.array(500.0)
    )

    terms = inference_vram(decoder_of(llama_8b), formats_named("bf16"), sequences, ONE)

    # 1,000 tokens take 63 blocks of 16
    assert float(terms.kv_cache_gib) == pytest.approx(10 * 1008 * 131_072 / GIB)
    assert float(terms.activations_gib) > 0.0


def test_terms_add_up_to_the_total(llama_8b: ModelSpec) -> None:
    sequences = Sequences(count=ONE, tokens=np.array(1024.0), prompt_tokens=np.array(512.0))

    terms = inference_vram(decoder_of(llama_8b), formats_named("bf16"), sequences, ONE)

    parts = terms.weights_gib + terms.activations_gib + terms.logits_gib + terms.kv_cache_gib
    assert float(terms.total_gib) == pytest.approx(float(parts + terms.overhead_gib))
    assert float(terms.states_gib) == float(terms.weights_gib)


def test_tensor_parallelism_halves_weights_and_adds_buffers(llama_8b: ModelSpec) -> None:
    sequences = Sequences(count=ONE, tokens=ONE, prompt_tokens=ONE)
    degrees = np.array([1.0, 2.0])

    terms = inference_vram(decoder_of(llama_8b), formats_named("bf16"), sequences, degrees)

    assert terms.weights_gib[1] == terms.weights_gib[0] / 2
    assert terms.overhead_gib.tolist() == [0.6, pytest.approx(0.95)]


def test_cache_gets_what_loading_leaves_of_the_budget(llama_70b: ModelSpec) -> None:
    # H100 80 GB: 0.9 x 79.6 GiB = 71.64; fp8 weights 67.665, working memory of 2,048 tokens
    # 2 x 2,048 x (3 x 28,672 + 4 x 8,192) B = 0.453 GiB, scores 0.183, overhead 0.6: 2.738 left
    engine = EngineMemory(budget_fraction=0.9, free_fraction=1.0, prompt_tokens=2048.0)
    loaded = loaded_vram(decoder_of(llama_70b), formats_named("fp8"), np.array([1.0]), engine)

    left = kv_budget_gib(loaded, np.array([79.6 * GIB]), engine)

    assert left[0] == pytest.approx(71.64 - 67.665 - 0.453 - 0.183 - 0.6, abs=0.002)


def test_missing_memory_is_told_as_a_negative_budget(llama_70b: ModelSpec) -> None:
    engine = EngineMemory(budget_fraction=1.0, free_fraction=0.9, prompt_tokens=2048.0)
    loaded = loaded_vram(decoder_of(llama_70b), formats_named("fp8"), np.array([1.0]), engine)

    left = kv_budget_gib(loaded, np.array([40 * GIB]), engine)

    assert left[0] == pytest.approx(40.0 - float(loaded.total_gib[0]))
