"""One published serving measurement, understood: model, hardware, formats and sizes."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.model import ModelSpec
from costopt.performance.dimensions import Decoder, decoder_of
from costopt.performance.hardware import Placement
from costopt.performance.measurements.words import (
    Software,
    serving_formats,
    software_named,
    told_precision,
)
from costopt.performance.tiers import Tier
from costopt.precision import Formats
from costopt.units import GIB

_ASSUMED_INPUT: Final[Mapping[tuple[str, str], float]] = {
    ("mlcommons", "Llama-2"): 200.0,
    ("mlcommons", "GPT-J"): 900.0,
    ("philschmid", "Llama-2"): 300.0,
    ("Lightning-AI", ""): 20.0,
}
"""Prompt lengths that sources leave out, by beginning of the source and model family [tokens].

Source: OpenOrca and CNN-DailyMail of MLPerf Inference 4.1; ShareGPT; a one-line prompt.
"""

_ASSUMED_OUTPUT: Final[Mapping[tuple[str, str], float]] = {
    ("mlcommons", "Llama-2"): 294.0,
    ("mlcommons", "GPT-J"): 69.0,
    ("Lightning-AI", ""): 150.0,
}
"""Answer lengths that sources leave out [tokens].

Source: OpenOrca and CNN-DailyMail of MLPerf Inference 4.1; between the 50 and 256 tokens that
Lightning-AI/litgpt tutorials/resource-tables.md names.
"""

_BEAMS: Final[Mapping[tuple[str, str], float]] = {("mlcommons", "GPT-J"): 4.0}
"""Sequences that are generated for one answer. Source: MLPerf Inference, GPT-J, beam width 4."""

_DOUBLE_RATE: Final = ("RTX-30", "RTX-407", "RTX-408", "RTX-409", "RTX-509", "RTX-206")
"""GeForce cards, whose rate doubles for software that accumulates in 16 bit.

Source: NVIDIA Ada GPU architecture whitepaper, appendix A, peak rates of the RTX 4090.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingRun:
    """One measurement, understood.

    Attributes:
        row: as read.
        model: what ran.
        decoder: its dimensions.
        formats: of weights and cache.
        software: what ran it.
        placement: where one replica ran.
        replicas: copies that share the total [1].
        input_tokens: prompt [tokens].
        output_tokens: answer [tokens].
        beams: sequences for one answer [1].
    """

    row: Mapping[Hashable, Any]
    model: ModelSpec
    decoder: Decoder
    formats: Formats
    software: Software
    placement: Placement
    replicas: float
    input_tokens: float
    output_tokens: float
    beams: float


def serving_run(
    row: Mapping[Hashable, Any],
    models: Mapping[str, ModelSpec],
    accelerators: Mapping[str, Accelerator],
) -> ServingRun:
    """Understand one row.

    Raises:
        CostoptError: the row names something unknown, or leaves out what is needed.
    """
    if row["model_ref"] not in models:
        raise UnknownNameError("model", str(row["model"]), models)
    model = models[str(row["model_ref"])]
    accelerator = accelerators[str(row["accelerator"])]
    decoder = decoder_of(model)
    source, text = str(row["source"]), str(row["software"])
    precision = told_precision(str(row["precision"]), str(row["notes"]))
    formats = serving_formats(precision, model, accelerator, text, source)
    software = software_named(text)
    if software.tier is Tier.LOCAL_ENGINE and accelerator.name.startswith(_DOUBLE_RATE):
        doubled = {name: 2.0 * rate for name, rate in accelerator.peak_tflops.items()}
        accelerator = replace(accelerator, peak_tflops=doubled)
    if "static batch" in str(row["notes"]):
        software = replace(software, static=True)
    input_tokens, output_tokens = token_counts(row, model.family)
    degree, replicas, pooled = _layout(row, decoder, formats, accelerator)
    usable_gib = (accelerator.usable_gib or 0.0) * pooled
    _refuse_too_large(decoder.weight_bytes(formats.weights) / GIB / degree, usable_gib)
    return ServingRun(
        row=row,
        model=model,
        decoder=decoder,
        formats=formats,
        software=software,
        placement=Placement(
            accelerator=accelerator,
            accelerators=degree,
            usable_gib=usable_gib,
            interconnect="pcie" if accelerator.interconnect.startswith("pcie") else "nvlink",
        ),
        replicas=replicas,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        beams=_assumed(np.nan, _BEAMS, source, model.family, otherwise=1.0),
    )


def token_counts(row: Mapping[Hashable, Any], family: str) -> tuple[float, float]:
    """Prompt and answer of a row, or what is assumed of its source [tokens].

    Raises:
        InvalidInputError: the source says nothing and nothing is assumed.
    """
    source = str(row["source"])
    return (
        _assumed(float(row["input_tokens"]), _ASSUMED_INPUT, source, family),
        _assumed(float(row["output_tokens"]), _ASSUMED_OUTPUT, source, family),
    )


def _layout(
    row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats, accelerator: Accelerator
) -> tuple[int, float, float]:
    """Tensor-parallel degree, replicas, and accelerators whose memory is pooled.

    MLPerf entries do not say how they split the model: the smallest power of two whose memory
    is three quarters filled. Layers that are split one after the other (llama.cpp) pool memory
    without adding speed to a single request.
    """
    count = int(row["n_accelerators"])
    stages, told = float(row["pipeline_parallel"]), float(row["tensor_parallel"])
    if np.isfinite(told) and told * (stages if np.isfinite(stages) else 1.0) < count:
        return _copies(count, int(told), 1.0 if np.isnan(stages) else stages)
    if np.isfinite(stages):
        return max(int(count / stages), 1), 1.0, stages
    need = decoder.weight_bytes(formats.weights) / GIB
    degree = 1
    while need / degree > 0.75 * (accelerator.usable_gib or np.inf) and degree < count:
        degree *= 2
    degree = min(degree, count)
    return degree, count / degree, 1.0


def _refuse_too_large(weights_gib: float, usable_gib: float) -> None:
    """Refuse a run whose weights alone exceed the memory that the row says it had.

    Raises:
        InvalidInputError: they do.
    """
    if weights_gib > usable_gib:
        raise InvalidInputError(
            "measurement",
            [
                f"the weights do not fit into the memory: they take {weights_gib:.0f} GiB of "
                f"each accelerator, which has {usable_gib:.0f}"
            ],
        )


def _copies(count: int, tensor: int, stages: float) -> tuple[int, float, float]:
    """Layout of several copies of the model, each on as many accelerators as the source says.

    Raises:
        InvalidInputError: the accelerators do not divide by those of one copy.
    """
    of_one_copy = tensor * stages
    if count % of_one_copy:
        raise InvalidInputError(
            "measurement",
            [f"{count} accelerators do not divide into copies of {of_one_copy:g}"],
        )
    return tensor, count / of_one_copy, stages


def _assumed(
    given: float,
    assumed: Mapping[tuple[str, str], float],
    source: str,
    family: str,
    otherwise: float | None = None,
) -> float:
    """What a source says, or what is assumed of it.

    Raises:
        InvalidInputError: it says nothing and nothing is assumed.
    """
    if np.isfinite(given):
        return given
    for (beginning, of_family), value in assumed.items():
        if source.startswith(beginning) and family.startswith(of_family):
            return value
    if otherwise is None:
        raise InvalidInputError("measurement", ["the source gives no token counts"])
    return otherwise
