"""Work of training: operations per token, bytes of weights, messages, counted."""

from dataclasses import dataclass

import numpy as np

from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.arrays import Flags, Floats
from costopt.performance.training_memory import Method
from costopt.precision import WeightFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingWork:
    """What one token needs in training, whole model; arrays of one shape, or of none.

    Attributes:
        linear_flops: one forward pass through linear layers and output head [FLOP].
        attention_flops: one forward pass of attention [FLOP].
        passes: forward and backward passes together, in forward passes [1]: 3 for training all
            weights, 2 with frozen weights (no gradient of the weights).
        layers: transformer blocks [1].
        hidden_size: width of the residual stream [1].
        parameters: all weights [1].
        gathered_bytes: weights as they are sent between ranks [B].
        reduced_bytes: gradients as they are sent between ranks [B].
        frozen: True where the weights are frozen.
        expanded: True where frozen weights are expanded from fewer bits.
    """

    linear_flops: Floats
    attention_flops: Floats
    passes: Floats
    layers: Floats
    hidden_size: Floats
    parameters: Floats
    gathered_bytes: Floats
    reduced_bytes: Floats
    frozen: Flags
    expanded: Flags


def training_work(
    model: ModelSpec, method: Method, base: WeightFormat, sequence_length: float
) -> TrainingWork:
    """Count the work of one token.

    ``2 * P_active`` forward in linear layers, of which the embedding is only looked up and the
    output head computed; attention ``2 * L * h * s`` for decoders, whose kernels skip the future,
    and ``4 * L * h * s`` for encoders. The backward pass costs twice the forward one, once with
    frozen weights.

    Source: PaLM (arXiv 2204.02311) appendix B; for causal kernels, FlashAttention-2
    (arXiv 2307.08691) section 4.

    Raises:
        InvalidInputError: the model reads no tokens, or lacks a dimension.
    """
    if model.layers is None or model.hidden_size is None or model.flops_per_sample is not None:
        raise InvalidInputError(
            f"model {model.name}",
            ["training rates are predicted for models of tokens with known layers and width"],
        )
    decoder = model.kind == "decoder"
    embedding = model.embedding_parameters or 0.0
    head = float((model.vocab_size or 0) * model.hidden_size) if decoder else 0.0
    directions = 2.0 if decoder else 4.0
    frozen = method is not Method.FULL
    linear_bytes = (model.parameters - embedding) * base.linear_bytes
    frozen_bytes = linear_bytes + embedding * base.embedding_bytes
    numbers = {
        "linear_flops": 2.0 * (model.active_parameters - embedding + head),
        "attention_flops": directions * model.layers * model.hidden_size * sequence_length,
        "passes": 2.0 if frozen else 3.0,
        "layers": model.layers,
        "hidden_size": model.hidden_size,
        "parameters": model.parameters,
        "gathered_bytes": frozen_bytes if frozen else 2.0 * model.parameters,
        "reduced_bytes": 0.0 if frozen else 2.0 * model.parameters,
    }
    return TrainingWork(
        **{name: np.asarray(number, dtype=np.float64) for name, number in numbers.items()},
        frozen=np.asarray(frozen),
        expanded=np.asarray(frozen and base.weight_only),
    )
