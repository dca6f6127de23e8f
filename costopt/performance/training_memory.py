"""VRAM of training: states by recipe and sharding, adapters, activations and scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from costopt.errors import UnknownNameError
from costopt.performance.arrays import Floats
from costopt.performance.dimensions import Decoder
from costopt.performance.vram import VramTerms, overhead_gib
from costopt.precision import WeightFormat
from costopt.units import GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerRecipe:
    """Bytes per trained parameter that stay on the accelerator [B].

    Attributes:
        name: name in requests and plans.
        weight_bytes: weights, master copies not counted.
        gradient_bytes: gradients; 0 where the step is fused into the backward pass.
        optimizer_bytes: moments and master copies.
        source: where the bytes come from.
    """

    name: str
    weight_bytes: float
    gradient_bytes: float
    optimizer_bytes: float
    source: str


_ZERO = "ZeRO (arXiv 1910.02054) section 3.1"
_TORCHTUNE = "pytorch/torchtune README.md, memory optimisations"

OPTIMIZER_RECIPES: Final[Mapping[str, OptimizerRecipe]] = {
    name: OptimizerRecipe(
        name=name,
        weight_bytes=weight,
        gradient_bytes=gradient,
        optimizer_bytes=optimizer,
        source=source,
    )
    for name, weight, gradient, optimizer, source in (
        ("adamw_mixed", 2.0, 2.0, 12.0, _ZERO),
        ("adamw_fp32_gradients", 2.0, 4.0, 12.0, "DeepSpeed docs/code-docs/source/memory.rst"),
        ("adamw_fp32_master", 4.0, 4.0, 8.0, "torch FSDP with fp32 parameters, bf16 compute"),
        ("adamw_bf16", 2.0, 2.0, 4.0, "moments in 16 bit; LLaMA-Factory README.md, pure bf16"),
        ("adamw_bf16_fused", 2.0, 0.0, 4.0, _TORCHTUNE),
        ("adam8bit", 2.0, 2.0, 2.0, "bitsandbytes 8-bit optimizers (arXiv 2110.02861)"),
        ("adam8bit_fused", 2.0, 0.0, 2.0, _TORCHTUNE),
        ("paged_adam8bit", 2.0, 2.0, 0.0, "bitsandbytes paged optimizers, moments in host memory"),
        ("paged_adam8bit_fused", 2.0, 0.0, 0.0, _TORCHTUNE + "; moments paged to the host"),
        ("adamw_bf16_moments", 4.0, 4.0, 4.0, "pytorch/torchtitan, bf16 optimizer states"),
        ("adafactor", 4.0, 4.0, 0.1, "Adafactor (arXiv 1804.04235), factored, no momentum"),
        ("sgd_momentum_mixed", 2.0, 2.0, 8.0, "EleutherAI cookbook, calc_transformer_mem.py"),
    )
}
"""Recipes by name."""


ADAPTER_BYTES: Final = 18.0
"""Bytes per parameter of an adapter: fp32 weights, gradients and two moments, and a copy of the
weights in 16 bit to multiply with.

Source: huggingface/peft, adapters in fp32 and ``autocast_adapter_dtype``; torch.amp documentation,
autocast keeps 16-bit copies of fp32 weights until the end of the pass.
"""


class Method(StrEnum):
    """What is trained: all weights, adapters on 16-bit weights, adapters on 4-bit weights."""

    FULL = "full"
    LORA = "lora"
    QLORA = "qlora"


class Sharding(StrEnum):
    """Which states the data-parallel ranks split among them.

    NONE: nothing (DDP). ZERO1: optimizer. ZERO2: and gradients. ZERO3: and weights (FSDP).
    """

    NONE = "none"
    ZERO1 = "zero1"
    ZERO2 = "zero2"
    ZERO3 = "zero3"


class Offload(StrEnum):
    """What lies in host memory: nothing, the optimizer, or all states."""

    NONE = "none"
    OPTIMIZER = "optimizer"
    ALL = "all"


class Checkpointing(StrEnum):
    """Which activations are computed again: none, the cheap ones of each layer, all.

    OFFLOADED: all, and the inputs of the layers wait in host memory.
    """

    NONE = "none"
    SELECTIVE = "selective"
    FULL = "full"
    OFFLOADED = "offloaded"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingState:
    """How states are held and split.

    Attributes:
        method: what is trained.
        recipe: bytes per trained parameter.
        base: format of frozen weights; unused by ``full``.
        sharding: what the data-parallel ranks split.
        offload: what lies in host memory.
        lora_rank: width of the adapters on all linear layers; unused by ``full`` [1].
    """

    method: Method = Method.FULL
    recipe: OptimizerRecipe = OPTIMIZER_RECIPES["adamw_mixed"]
    base: WeightFormat | None = None
    sharding: Sharding = Sharding.NONE
    offload: Offload = Offload.NONE
    lora_rank: int = 16

    @property
    def quantized(self) -> bool:
        """True where frozen weights have fewer bits than what they are multiplied in."""
        return self.method is not Method.FULL and self.base is not None and self.base.weight_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Degrees of parallelism; arrays that broadcast with each other [1].

    Attributes:
        data: ranks that see different samples.
        tensor: accelerators that split each layer.
        pipeline: groups that hold different layers.
    """

    data: Floats
    tensor: Floats
    pipeline: Floats


def recipe_named(name: str) -> OptimizerRecipe:
    """Optimizer recipe by its name.

    Raises:
        UnknownNameError: no such recipe.
    """
    if name not in OPTIMIZER_RECIPES:
        raise UnknownNameError("optimizer recipe", name, OPTIMIZER_RECIPES)
    return OPTIMIZER_RECIPES[name]


def state_terms(
    parameters: float, largest_layer: float, state: TrainingState, split: Split
) -> tuple[Floats, Floats, Floats]:
    """Weights, gradients and optimizer of training all ``parameters`` on one accelerator [GiB].

    With ``N`` data-parallel ranks and P parameters after tensor and pipeline split: DDP ``16 P``;
    ZeRO-1 ``4 P + 12 P / N``; ZeRO-2 ``2 P + 14 P / N``; ZeRO-3 ``16 P / N`` and the layer that
    is gathered, 4 B for each of its parameters. Offloaded states leave the accelerator; offloading
    all leaves the gathered layer alone.

    Source: ZeRO (arXiv 1910.02054) section 5; DeepSpeed docs/code-docs/source/memory.rst.
    """
    held = parameters / (split.tensor * split.pipeline)
    ranks = split.data
    one = np.ones_like(ranks)
    whole = state.sharding is Sharding.ZERO3
    weight_ranks = ranks if whole else one
    gradient_ranks = ranks if whole or state.sharding is Sharding.ZERO2 else one
    optimizer_ranks = one if state.sharding is Sharding.NONE else ranks
    gathered = 4.0 * largest_layer / split.tensor / GIB if whole else 0.0 * one
    if state.offload is Offload.ALL:
        return gathered + 0.0 * held, 0.0 * held, 0.0 * held
    recipe = state.recipe
    weights = held * recipe.weight_bytes / weight_ranks / GIB + gathered
    gradients = held * recipe.gradient_bytes / gradient_ranks / GIB
    optimizer = held * recipe.optimizer_bytes / optimizer_ranks / GIB
    if state.offload is Offload.OPTIMIZER:
        return weights, 0.0 * gradients, 0.0 * optimizer
    return weights, gradients, optimizer


def adapter_parameters(decoder: Decoder, rank: int) -> float:
    """Parameters of LoRA matrices on every linear layer, ``sum r * (d_in + d_out)`` [1].

    Attention has four matrices, a feed-forward block two or, when gated, three.
    """
    hidden = float(decoder.hidden_size)
    width = decoder.attention_width
    cached = decoder.cache_width / 2.0
    attention = 2.0 * (hidden + width) + 2.0 * (hidden + cached)
    matrices = 3.0 if decoder.gated_mlp else 2.0
    feed_forward = matrices * (hidden + decoder.live_ffn_size)
    return rank * decoder.layers * (attention + feed_forward)


def largest_layer_parameters(decoder: Decoder) -> float:
    """Parameters of the largest layer that is gathered at once [1]: a block, or the head."""
    return max(decoder.linear_parameters / decoder.layers, decoder.head_parameters)


def training_vram(
    decoder: Decoder,
    state: TrainingState,
    split: Split,
    activations_gib: Floats,
    logits_gib: Floats,
) -> VramTerms:
    """VRAM of training on one accelerator, from its states and its activations.

    Frozen weights of LoRA need no gradients and no moments; the adapters take 18 B per
    parameter, which ZeRO-3 splits too. QLoRA adds the largest matrix expanded to 16 bit,
    ``2 h f`` [B].
    """
    total = decoder.linear_parameters + decoder.embedding_parameters
    nothing = np.zeros(np.broadcast_shapes(activations_gib.shape, np.shape(split.data)))
    adapters = nothing
    if state.method is Method.FULL or state.base is None:
        weights, gradients, optimizer = state_terms(
            total, largest_layer_parameters(decoder), state, split
        )
    else:
        weights = _frozen_gib(decoder, state, state.base, split)
        gradients, optimizer = nothing, nothing
        trained = adapter_parameters(decoder, state.lora_rank)
        holders = split.tensor * split.pipeline
        if state.sharding is Sharding.ZERO3:
            holders = holders * split.data
        adapters = ADAPTER_BYTES * trained / holders / GIB
    ranks = split.data * split.tensor * split.pipeline
    return VramTerms(
        weights_gib=weights + nothing,
        gradients_gib=gradients + nothing,
        optimizer_gib=optimizer + nothing,
        activations_gib=activations_gib + nothing,
        logits_gib=logits_gib + nothing,
        kv_cache_gib=nothing,
        adapters_gib=adapters + nothing,
        overhead_gib=overhead_gib(ranks) + nothing,
    )


def _frozen_gib(
    decoder: Decoder, state: TrainingState, base: WeightFormat, split: Split
) -> Floats:
    """Frozen weights on one accelerator, and what QLoRA expands at once [GiB]."""
    ranks = split.data if state.sharding is Sharding.ZERO3 else np.ones_like(split.data)
    held = decoder.weight_bytes(base) / (split.tensor * split.pipeline) / ranks
    gathered = 0.0
    if state.sharding is Sharding.ZERO3:
        gathered = 2.0 * largest_layer_parameters(decoder)
    expanded = 0.0
    if base.weight_only:
        expanded = 2.0 * decoder.hidden_size * decoder.live_ffn_size
    return held / GIB + (gathered + expanded) / split.tensor / GIB
