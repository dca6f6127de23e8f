"""Number formats: bytes per weight, bytes per cached value, and the format computed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from costopt.accelerator import COMPUTE_FORMATS
from costopt.errors import UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFormat:
    """How weights are held and in which format they are multiplied.

    Attributes:
        name: name in requests and plans.
        linear_bytes: bytes per weight of a linear layer, scales and zero points included [B].
        embedding_bytes: bytes per weight of embedding and output head, which quantizers leave
            in 16 bit [B].
        compute_formats: formats to multiply in, the first that the accelerator has a rate for.
        source: where the bytes come from.
    """

    name: str
    linear_bytes: float
    embedding_bytes: float
    compute_formats: tuple[str, ...]
    source: str

    @property
    def weight_only(self) -> bool:
        """True when weights are expanded to 16 bit before they are multiplied."""
        return self.name not in COMPUTE_FORMATS


@dataclass(frozen=True, slots=True, kw_only=True)
class KvFormat:
    """How keys and values are held in the cache.

    Attributes:
        name: name in requests and plans.
        value_bytes: bytes per cached number, scales included [B].
        source: where the bytes come from.
    """

    name: str
    value_bytes: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """Formats of one deployment: weights and cache."""

    weights: WeightFormat
    kv: KvFormat


def _computed(name: str, linear_bytes: float, embedding_bytes: float, source: str) -> WeightFormat:
    return WeightFormat(
        name=name,
        linear_bytes=linear_bytes,
        embedding_bytes=embedding_bytes,
        compute_formats=(name,),
        source=source,
    )


def _weight_only(name: str, linear_bytes: float, source: str) -> WeightFormat:
    return WeightFormat(
        name=name,
        linear_bytes=linear_bytes,
        embedding_bytes=2.0,
        compute_formats=("bf16", "fp16"),
        source=source,
    )


_IEEE = "IEEE 754 binary32 and binary16; bfloat16"
_OCP_FP8 = "OCP 8-bit floating point specification 1.0; one scale per tensor is below 0.001 B"
_GPTQ = "GPTQ and AWQ: 4 bits + 16-bit scale and zero point per 128 weights, as in Qwen2.5's table"

WEIGHT_FORMATS: Final[Mapping[str, WeightFormat]] = {
    weight_format.name: weight_format
    for weight_format in (
        _computed("fp32", 4.0, 4.0, _IEEE),
        _computed("tf32", 4.0, 4.0, "held as fp32; NVIDIA A100 whitepaper"),
        _computed("fp16", 2.0, 2.0, _IEEE),
        _computed("bf16", 2.0, 2.0, _IEEE),
        _computed("fp8", 1.0, 2.0, _OCP_FP8),
        _computed("int8", 1.0, 2.0, "8-bit weights and activations, one scale per channel"),
        _computed("fp4", 0.5625, 2.0, "NVFP4: 4 bits + 8-bit scale per 16 weights"),
        _computed("int4", 0.53125, 2.0, _GPTQ),
        _weight_only("fp8_weight_only", 1.0, _OCP_FP8),
        _weight_only("int8_weight_only", 1.02, "GPTQ int8, group 128"),
        _weight_only("int4_weight_only", 0.53125, _GPTQ),
        _weight_only("mxfp4", 0.53125, "OCP microscaling formats 1.0: 8-bit scale per 32 weights"),
        _weight_only(
            "nf4", 0.5625, "QLoRA (arXiv 2305.14314): 4 bits + fp32 scale per 64 weights"
        ),
        _weight_only(
            "nf4_double_quantized", 0.516, "QLoRA (arXiv 2305.14314): 4.127 bits per weight"
        ),
    )
}
"""Formats that weights can be held in, by name."""

KV_FORMATS: Final[Mapping[str, KvFormat]] = {
    kv_format.name: kv_format
    for kv_format in (
        KvFormat(name="fp32", value_bytes=4.0, source=_IEEE),
        KvFormat(name="fp16", value_bytes=2.0, source=_IEEE),
        KvFormat(name="bf16", value_bytes=2.0, source=_IEEE),
        KvFormat(name="fp8", value_bytes=1.0, source=_OCP_FP8),
        KvFormat(
            name="int8",
            value_bytes=1.016,
            source="8 bits + 16-bit scale per token and head of 128 numbers",
        ),
        KvFormat(
            name="int4",
            value_bytes=0.5625,
            source="4 bits + 16-bit scale and zero per group of 64 numbers",
        ),
    )
}
"""Formats that keys and values can be held in, by name."""


def formats_named(precision: str, kv_precision: str = "bf16") -> Formats:
    """Formats of a deployment by their names.

    >>> formats_named("int4_weight_only").weights.linear_bytes
    0.53125

    Raises:
        UnknownNameError: a name that is not in the tables.
    """
    if precision not in WEIGHT_FORMATS:
        raise UnknownNameError("precision", precision, WEIGHT_FORMATS)
    if kv_precision not in KV_FORMATS:
        raise UnknownNameError("kv_precision", kv_precision, KV_FORMATS)
    return Formats(weights=WEIGHT_FORMATS[precision], kv=KV_FORMATS[kv_precision])
