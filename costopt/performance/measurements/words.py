"""The sources' free text for software and precision, mapped once to our own names."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.model import ModelSpec
from costopt.performance.tiers import Tier
from costopt.performance.training_memory import Method
from costopt.precision import Formats, WeightFormat, formats_named

_HALF: Final = {"fp16": "fp16", "bf16": "bf16", "bf16/fp16": "bf16", "fp32": "fp32"}
_INT4: Final = ("int4 (GPTQ)", "int4 (GPTQ 128g)", "int4 (AWQ)", "int4")
_NORMAL_FLOATS: Final = {"bnb.nf4-dq": "nf4_double_quantized", "bnb.nf4": "nf4"}
"""What notes say of four bits -> our format; the longest first."""

_AUTOCAST: Final = ("bf16 (autocast)", "bf16 (compiled from fp32)")

_Q4_K_M: Final = WeightFormat(
    name="q4_k_m",
    linear_bytes=0.606,
    embedding_bytes=0.606,
    compute_formats=("fp16",),
    source="llama.cpp Q4_K_M: 4.85 bits per weight on the mean of its mixed blocks",
)
"""A mixed format of llama.cpp that only measurements use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """What a source's software means for its measurements.

    Attributes:
        tier: its tier.
        static: True where whole batches are worked off, prompts first, then all answers.
        client: where times are taken: ``inside`` the process, by an HTTP client whose requests
            are ``staggered`` or start ``together``, or as the ``latency`` of whole requests.
    """

    tier: Tier
    static: bool
    client: str


@cache
def _software_table() -> dict[str, Software]:
    place = resources.files("costopt.performance.measurements").joinpath("software.csv")
    return {
        row["prefix"]: Software(
            tier=Tier(row["tier"]), static=row["batching"] == "static", client=row["client"]
        )
        for row in csv.DictReader(place.read_text(encoding="utf-8").splitlines())
    }


def software_named(text: str) -> Software:
    """What a source's software is, by the longest known beginning of its name.

    Raises:
        UnknownNameError: no known software begins like this.
    """
    table = _software_table()
    known = [prefix for prefix in table if text.startswith(prefix)]
    if not known:
        raise UnknownNameError(
            "software", text, table, "Add a reviewed row to measurements/software.csv."
        )
    return table[max(known, key=len)]


def refuse_other_base(method: Method, precision: str, *, narrow: bool) -> None:
    """Refuse a precision of frozen weights that contradicts what was trained.

    Args:
        method: what was trained.
        precision: as the source says it.
        narrow: True where weights are only held in it, not multiplied.

    Raises:
        InvalidInputError: adapters of qlora lie on narrow weights, nothing else does.
    """
    if narrow is not (method is Method.QLORA):
        base = "weights of 8 or 4 bits" if method is Method.QLORA else "weights of 16 or 32 bits"
        raise InvalidInputError(
            "measurement", [f"{method.value} trains on {base}, and the precision is {precision}"]
        )


def told_precision(precision: str, notes: str) -> str:
    """Precision of a row, more precisely where its notes name a format of bitsandbytes."""
    told = [name for words, name in _NORMAL_FLOATS.items() if words in notes]
    return told[0] if told and precision == "int4" else precision


def serving_formats(
    precision: str, model: ModelSpec, accelerator: Accelerator, software: str, source: str
) -> Formats:
    """Formats of weights and cache that a measurement of serving ran in.

    gpt-oss holds its experts in MXFP4 whatever a table says. NVIDIA's 8- and 4-bit checkpoints
    ask for an 8-bit cache; so do all such runs of its own stack.

    Raises:
        UnknownNameError: a precision that the table does not hold.
    """
    cache_format = _cache_format(precision, model, software, source)
    if model.family == "gpt-oss":
        return formats_named("mxfp4", "bf16")
    if precision == "int4 (Q4_K_M)":
        return Formats(weights=_Q4_K_M, kv=formats_named("fp16", "fp16").kv)
    return formats_named(_weights_named(precision, accelerator), cache_format)


def sample_format(precision: str, accelerator: Accelerator) -> WeightFormat:
    """Weight format of a measurement of samples, which runs natively in what it says."""
    if precision == "int8":
        return formats_named("int8").weights
    return formats_named(_weights_named(precision, accelerator)).weights


def _weights_named(precision: str, accelerator: Accelerator) -> str:
    if precision in _HALF:
        name = _HALF[precision]
        return name if name in accelerator.peak_tflops else _other_half(accelerator)
    if precision in _AUTOCAST:
        return "bf16"
    if precision in _INT4:
        return "int4_weight_only"
    weight_only = {"int8": "int8_weight_only"}
    return weight_only.get(precision, precision)


def _other_half(accelerator: Accelerator) -> str:
    return "bf16" if "bf16" in accelerator.peak_tflops else "fp16"


def _cache_format(precision: str, model: ModelSpec, software: str, source: str) -> str:
    if precision not in ("fp8", "fp4") or model.attention_kind == "mla":
        return "bf16"
    own_stack = software.lower().startswith(("tensorrt", "trtllm"))
    own_checkpoint = "aiconfigurator" in source and "Llama" in model.family
    return "fp8" if own_stack or own_checkpoint else "bf16"
