"""Strategies: ways to split a training job over a gang, and the memory each of them takes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.performance.activations import activations_gib, loss_gib
from costopt.performance.arrays import Flags, Floats
from costopt.performance.dimensions import Decoder
from costopt.performance.training_memory import (
    Checkpointing,
    Method,
    Sharding,
    Split,
    TrainingState,
    training_vram,
)
from costopt.performance.training_times import Layout
from costopt.performance.vram import VramTerms

MICRO_BATCHES: Final[Floats] = np.logspace(0, 6, 7, base=2.0)
"""Sequences computed at once that are tried, 1 to 64 [1]."""

RECOMPUTE: Final[Floats] = np.array([0.0, 1.0])
"""Without and with full activation checkpointing."""

TENSOR_DEGREES: Final = (1, 2, 4, 8)
PIPELINE_DEGREES: Final = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One way to split a job.

    Attributes:
        sharding: what data-parallel ranks split.
        tensor: accelerators of one node that split each layer [1].
        pipeline: groups of nodes that hold different layers [1].
    """

    sharding: Sharding
    tensor: int
    pipeline: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gang:
    """Gangs of equal nodes; arrays that broadcast to (n, m, micro-batches, checkpointing).

    Attributes:
        nodes: instances in the gang [1].
        per_node: accelerators in each [1].
        sequence_length: tokens in one sequence [tokens].
        batch_tokens: tokens of one optimizer step at most [tokens].
    """

    nodes: Floats
    per_node: Floats
    sequence_length: float
    batch_tokens: float


def strategies(decoder: Decoder, method: Method) -> Iterator[Strategy]:
    """Strategies worth trying: DDP, ZeRO-1, 2, 3 with tensor splits, ZeRO-1 with pipelines.

    Adapters have no state worth splitting, so frozen weights are held whole or gathered.
    """
    tensors = [degree for degree in TENSOR_DEGREES if decoder.attention_heads % degree == 0]
    full = method is Method.FULL
    shardings = tuple(Sharding) if full else (Sharding.NONE, Sharding.ZERO3)
    for tensor in tensors:
        for sharding in shardings:
            yield Strategy(sharding=sharding, tensor=tensor, pipeline=1)
        for pipeline in PIPELINE_DEGREES[1:] if full else ():
            if pipeline <= decoder.layers:
                yield Strategy(sharding=Sharding.ZERO1, tensor=tensor, pipeline=pipeline)


def layout_of(strategy: Strategy, gang: Gang) -> tuple[Layout, Flags]:
    """Layout of a strategy on every gang, micro-batch and checkpointing, and where it is possible.

    Tensor splits stay inside a node, pipelines run over whole nodes, and each rank has at least
    one micro-batch of the batch.
    """
    tensor, pipeline = float(strategy.tensor), float(strategy.pipeline)
    ranks = gang.nodes * gang.per_node / (tensor * pipeline)
    possible = (np.mod(gang.per_node, tensor) == 0) & (np.mod(gang.nodes, pipeline) == 0)
    data = np.maximum(np.floor(ranks), 1.0)
    micro = MICRO_BATCHES[:, None]
    per_micro_batch = data * micro * gang.sequence_length
    accumulation = np.floor(gang.batch_tokens / per_micro_batch)
    possible = possible & (accumulation >= 1.0)
    one = np.ones_like(accumulation)
    gathers = float(strategy.sharding is Sharding.ZERO3)
    layout = Layout(
        per_node=gang.per_node,
        data=data,
        tensor=one * tensor,
        pipeline=one * pipeline,
        micro_batch=micro,
        accumulation=np.maximum(accumulation, 1.0),
        sequence_length=np.array(gang.sequence_length),
        recompute=RECOMPUTE,
        gathers=one * gathers,
        splits_optimizer=one * float(strategy.sharding is not Sharding.NONE),
    )
    return layout, possible


def strategy_vram(
    decoder: Decoder,
    state: TrainingState,
    strategy: Strategy,
    layout: Layout,
    *,
    chunked_loss: bool,
) -> VramTerms:
    """Memory of one accelerator under a strategy, for every micro-batch and checkpointing."""
    tokens = layout.micro_batch * layout.sequence_length
    quantized = state.quantized
    plain, thin = (
        activations_gib(decoder, tokens, level, layout.tensor, quantized=quantized)
        for level in (Checkpointing.NONE, Checkpointing.FULL)
    )
    split = Split(data=layout.data, tensor=layout.tensor, pipeline=layout.pipeline)
    return training_vram(
        decoder,
        replace(state, sharding=strategy.sharding),
        split,
        np.where(layout.recompute > 0, thin, plain),
        loss_gib(decoder, tokens, layout.tensor, chunked=chunked_loss),
    )
