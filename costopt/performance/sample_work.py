"""Work of one sample: operations and launches of encoders, vision, speech and diffusion models."""

from dataclasses import dataclass
from typing import Final

from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.precision import WeightFormat

CONVOLUTION_LAYERS: Final = 50
"""Launches of a convolutional network whose layers are not listed. Source: ResNet-50's depth."""

UNET_LAYERS: Final = 70
"""Launches of one diffusion step. Source: transformer blocks of the SDXL UNet (2307.01952)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleWork:
    """What one sample needs, whole model.

    Attributes:
        flops: operations [FLOP].
        layers: launches that follow one another [1].
        weight_bytes: weights, read once per batch [B].
        convolutional: True for convolutional networks, which reach less of the peak.
    """

    flops: float
    layers: float
    weight_bytes: float
    convolutional: bool


def sample_work(
    model: ModelSpec, weights: WeightFormat, tokens_per_sample: float | None
) -> SampleWork:
    """Count the work of one sample.

    Text encoders: ``2 * P * s + 4 * L * h * s^2`` with ``P`` without embeddings and ``s`` tokens
    (attention looks both ways). Others: the published ``flops_per_sample``.

    Raises:
        InvalidInputError: the model has no figure per sample and no token count is given, or the
            sample is longer than the model reads.
    """
    embedding = model.embedding_parameters or 0.0
    weight_bytes = (
        model.parameters - embedding
    ) * weights.linear_bytes + embedding * weights.embedding_bytes
    if model.flops_per_sample is not None:
        plain = CONVOLUTION_LAYERS if model.kind == "cnn" else UNET_LAYERS
        return SampleWork(
            flops=model.flops_per_sample,
            layers=float(model.layers or plain),
            weight_bytes=weight_bytes,
            convolutional=model.kind == "cnn",
        )
    problem = _problem(model, tokens_per_sample)
    if problem or tokens_per_sample is None:
        raise InvalidInputError(f"model {model.name}", [problem or "give tokens_per_sample"])
    layers, hidden = float(model.layers or 0), float(model.hidden_size or 0)
    linear = 2.0 * (model.active_parameters - embedding) * tokens_per_sample
    attention = 4.0 * layers * hidden * tokens_per_sample**2
    return SampleWork(
        flops=linear + attention,
        layers=layers,
        weight_bytes=weight_bytes,
        convolutional=False,
    )


def _problem(model: ModelSpec, tokens_per_sample: float | None) -> str:
    """Why the work of a sample cannot be counted; empty where it can."""
    if tokens_per_sample is None:
        return "it reads tokens; give tokens_per_sample"
    if model.layers is None or model.hidden_size is None:
        return "its layers or hidden_size are not known; add them to the model"
    if model.max_context is not None and tokens_per_sample > model.max_context:
        return f"it reads {model.max_context} tokens at most, not {tokens_per_sample:.0f}"
    return ""
