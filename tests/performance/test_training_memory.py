from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from costopt.errors import UnknownNameError
from costopt.model import ModelSpec
from costopt.performance.activations import activations_gib, block_bytes, loss_gib
from costopt.performance.dimensions import decoder_of
from costopt.performance.training_memory import (
    Checkpointing,
    Method,
    Offload,
    Sharding,
    Split,
    TrainingState,
    adapter_parameters,
    recipe_named,
    state_terms,
    training_vram,
)
from costopt.precision import WEIGHT_FORMATS
from costopt.units import GIB

ONE = np.array(1.0)
ALONE = Split(data=ONE, tensor=ONE, pipeline=ONE)
SIXTY_FOUR = Split(data=np.array(64.0), tensor=ONE, pipeline=ONE)


def states_gib(state: TrainingState, split: Split, parameters: float = 7.5e9) -> float:
    return float(sum(state_terms(parameters, 0.0, state, split), start=np.zeros(())))


@pytest.mark.parametrize(
    ("sharding", "bytes_per_parameter"),
    [
        (Sharding.NONE, 16.0),
        (Sharding.ZERO1, 4.0 + 12.0 / 64),
        (Sharding.ZERO2, 2.0 + 14.0 / 64),
        (Sharding.ZERO3, 16.0 / 64),
    ],
)
def test_zero_stages_split_what_the_paper_says(
    sharding: Sharding, bytes_per_parameter: float
) -> None:
    # ZeRO figure 1, 7.5 B parameters on 64 ranks: 120, 31.4, 16.6 and 1.9 GB
    held = states_gib(TrainingState(sharding=sharding), SIXTY_FOUR)

    assert held == pytest.approx(7.5e9 * bytes_per_parameter / GIB)


def test_offloaded_optimizer_leaves_the_split_weights_and_the_gathered_layer() -> None:
    # DeepSpeed's T5-3B on 8: 2 x 2,851 M / 8 + 4 x 32.9 M = 0.845 GB = 0.787 GiB
    state = TrainingState(
        recipe=recipe_named("adamw_fp32_gradients"),
        sharding=Sharding.ZERO3,
        offload=Offload.OPTIMIZER,
    )
    split = Split(data=np.array(8.0), tensor=ONE, pipeline=ONE)

    held = sum(state_terms(2851e6, 32.9e6, state, split), start=np.zeros(()))

    assert float(held) == pytest.approx(0.787, abs=0.001)


def test_offloading_everything_leaves_the_gathered_layer() -> None:
    state = TrainingState(sharding=Sharding.ZERO3, offload=Offload.ALL)

    weights, gradients, optimizer = state_terms(7.5e9, 100e6, state, SIXTY_FOUR)

    assert float(weights) == pytest.approx(4 * 100e6 / GIB)
    assert float(gradients) == float(optimizer) == 0.0


def test_tensor_and_pipeline_splits_divide_every_state() -> None:
    split = Split(data=ONE, tensor=np.array(2.0), pipeline=np.array(4.0))

    assert states_gib(TrainingState(), split) == pytest.approx(7.5e9 * 16 / 8 / GIB)


def test_unknown_recipe_suggests_the_nearest_known_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean adamw_mixed"):
        recipe_named("adamw-mixed")


def test_adapters_reach_over_every_linear_layer(llama_8b: ModelSpec) -> None:
    # h = 4,096, f = 14,336, 8 of 32 heads cached: q and o 2 x 8,192, k and v 2 x 5,120,
    # feed-forward 3 x 18,432; 81,920 per layer and unit of rank, 32 layers, rank 16
    assert adapter_parameters(decoder_of(llama_8b), 16) == 16 * 32 * 81_920


def test_gated_blocks_keep_24_h_and_8_f_bytes(llama_8b: ModelSpec) -> None:
    assert float(block_bytes(decoder_of(llama_8b), ONE)) == 24 * 4096 + 8 * 14_336


def test_plain_blocks_keep_34_h_bytes(models: Mapping[str, ModelSpec]) -> None:
    starcoder = decoder_of(models["bigcode/starcoder"])

    assert float(block_bytes(starcoder, ONE)) == 34 * 6144


def test_tensor_split_leaves_norms_whole(llama_8b: ModelSpec) -> None:
    # 10 h stay, the rest is halved
    whole = 24 * 4096 + 8 * 14_336
    expected = 10 * 4096 + (whole - 10 * 4096) / 2

    assert float(block_bytes(decoder_of(llama_8b), np.array(2.0))) == expected


def test_full_checkpointing_keeps_layer_inputs_and_one_block(llama_8b: ModelSpec) -> None:
    kept = activations_gib(decoder_of(llama_8b), np.array(1000.0), Checkpointing.FULL, ONE)

    expected = 1000 * (2 * 4096 * 32 + 24 * 4096 + 8 * 14_336) / GIB
    assert float(kept) == pytest.approx(expected)


def test_offloaded_layer_inputs_leave_one_block(llama_8b: ModelSpec) -> None:
    kept = activations_gib(decoder_of(llama_8b), np.array(1000.0), Checkpointing.OFFLOADED, ONE)

    assert float(kept) == pytest.approx(1000 * (24 * 4096 + 8 * 14_336) / GIB)


def test_quantized_layers_keep_a_copy_of_each_input(llama_8b: ModelSpec) -> None:
    # three inputs of h = 4,096 and one of f = 14,336, 2 B each
    decoder = decoder_of(llama_8b)

    more = block_bytes(decoder, ONE, quantized=True) - block_bytes(decoder, ONE)

    assert float(more) == 2 * (3 * 4096 + 14_336)


def test_selective_checkpointing_lies_between_none_and_full(llama_8b: ModelSpec) -> None:
    tokens = np.array(1000.0)
    none, selective, full = (
        float(activations_gib(decoder_of(llama_8b), tokens, level, ONE))
        for level in (Checkpointing.NONE, Checkpointing.SELECTIVE, Checkpointing.FULL)
    )

    assert full < selective < none


def test_chunked_loss_holds_an_eighth_of_the_scores(llama_8b: ModelSpec) -> None:
    # 11 B x 1,000 tokens x 128,256 = 1.411 GB
    decoder = decoder_of(llama_8b)
    whole = float(loss_gib(decoder, np.array(1000.0), ONE, chunked=False))

    assert whole == pytest.approx(11 * 1000 * 128_256 / GIB)
    assert float(loss_gib(decoder, np.array(1000.0), ONE, chunked=True)) == whole / 8


def test_frozen_weights_have_no_gradients_and_no_moments(llama_8b: ModelSpec) -> None:
    state = TrainingState(method=Method.LORA, base=WEIGHT_FORMATS["bf16"])

    terms = training_vram(decoder_of(llama_8b), state, ALONE, ONE, ONE)

    assert float(terms.gradients_gib) == float(terms.optimizer_gib) == 0.0
    # 18 B for each of 41,943,040 adapter weights = 0.703 GiB
    assert float(terms.adapters_gib) == 18 * 41_943_040 / GIB


def test_qlora_of_70_billion_parameters_needs_41_to_48_gib(llama_70b: ModelSpec) -> None:
    # weights 68.452 G x 0.5625 + 2.101 G x 2 = 42.71 GB = 39.77 GiB, one matrix in 16 bit
    # 0.4375, adapters 207.1 M x 18 B = 3.47; 1,024 tokens checkpointed 1.65, scores 1.35
    decoder = decoder_of(llama_70b)
    state = TrainingState(method=Method.QLORA, base=WEIGHT_FORMATS["nf4"])
    tokens = np.array(1024.0)

    terms = training_vram(
        decoder,
        state,
        ALONE,
        activations_gib(decoder, tokens, Checkpointing.FULL, ONE),
        loss_gib(decoder, tokens, ONE, chunked=False),
    )

    assert 41.0 < float(terms.total_gib) < 48.0


def test_sharded_adapters_split_the_frozen_weights(llama_8b: ModelSpec) -> None:
    state = TrainingState(method=Method.LORA, base=WEIGHT_FORMATS["bf16"], sharding=Sharding.ZERO3)
    eight = replace(ALONE, data=np.array(8.0))

    terms = training_vram(decoder_of(llama_8b), state, eight, ONE, ONE)

    # 16.06 GB / 8, and the head of 525 M parameters gathered in 16 bit
    held = 2 * 8.0303e9 / 8 + 2 * 128_256 * 4096
    assert float(terms.weights_gib) == pytest.approx(held / GIB, rel=1e-4)
    assert float(terms.adapters_gib) == 18 * 41_943_040 / 8 / GIB
