"""Words that tables of memory figures use, mapped once to our own names."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.performance.memory import CacheStyle
from costopt.performance.training_memory import Method, Offload, Sharding

_Meaning = TypeVar("_Meaning")


class FigureFamily(StrEnum):
    """Families of memory figures that err alike.

    ARITHMETIC: bytes that follow from dimensions and formats.
    PEAK: what a run needed at its peak.
    BUDGET: what an engine keeps for its cache.
    RULE_OF_THUMB: planning estimates.
    """

    ARITHMETIC = "arithmetic"
    PEAK = "peak"
    BUDGET = "budget"
    RULE_OF_THUMB = "rule_of_thumb"


_FAMILIES: Final[Mapping[str, FigureFamily]] = {
    "weights": FigureFamily.ARITHMETIC,
    "weights_per_gpu": FigureFamily.ARITHMETIC,
    "kv_cache": FigureFamily.ARITHMETIC,
    "kv_cache_per_gpu": FigureFamily.ARITHMETIC,
    "weights_plus_kv": FigureFamily.ARITHMETIC,
    "model_states": FigureFamily.ARITHMETIC,
    "peak_per_gpu": FigureFamily.PEAK,
    "peak_total": FigureFamily.PEAK,
    "kv_budget": FigureFamily.BUDGET,
    "rule_of_thumb": FigureFamily.RULE_OF_THUMB,
}
"""Quantity of a row -> its family."""

_OF_NO_METHOD: Final = (
    "weights", "weights_per_gpu", "kv_cache", "kv_cache_per_gpu", "weights_plus_kv",
)  # fmt: skip
"""Quantities that are the same whatever the method."""


def family_of(quantity: str) -> FigureFamily:
    """Family of a memory figure.

    Raises:
        UnknownNameError: no figure has this name.
    """
    if quantity not in _FAMILIES:
        raise UnknownNameError("quantity", quantity, _FAMILIES)
    return _FAMILIES[quantity]


PRECISIONS: Final[Mapping[str, str]] = {
    "fp32": "fp32",
    "fp16": "fp16",
    "bf16": "bf16",
    "fp8": "fp8",
    "int8": "int8_weight_only",
    "int4": "int4_weight_only",
    "gptq-int8": "int8_weight_only",
    "gptq-int4": "int4_weight_only",
    "awq-int4": "int4_weight_only",
    "nf4": "nf4",
    "nf4-dq": "nf4_double_quantized",
    "fp16-mixed": "fp16",
    "bf16-mixed": "bf16",
    "pure-bf16": "bf16",
    "bf16-paged-adam8bit": "bf16",
    "mixed": "bf16",
}
"""Words of the sources -> our formats of frozen or served weights."""

RECIPES: Final[Mapping[tuple[str, str], str]] = {
    ("full", "bf16-mixed"): "adamw_mixed",
    ("full", "fp16-mixed"): "adamw_mixed",
    ("full", "mixed"): "adamw_mixed",
    ("full", "bf16"): "adamw_bf16",
    ("full", "pure-bf16"): "adamw_bf16",
    ("full", "bf16-paged-adam8bit"): "paged_adam8bit_fused",
    ("full-adamw-bf16-ac", "bf16"): "adamw_bf16",
    ("full-adamw-bf16-ac-fusedopt", "bf16"): "adamw_bf16_fused",
    ("fsdp-selective-ac", "bf16-mixed"): "adamw_fp32_master",
}
"""Method and precision of a row -> optimizer recipe."""

_UNSHARDED: Final = "full"
"""Method of full training whose ranks each hold all states."""

ADAPTERS: Final[Mapping[str, Method]] = {"lora": Method.LORA, "qlora": Method.QLORA}
"""Methods that train adapters."""


STYLES: Final[Mapping[str, CacheStyle]] = {
    "inference": CacheStyle.CONTIGUOUS,
    "inference-hf": CacheStyle.CONTIGUOUS,
    "inference-hf-fulllogits": CacheStyle.CONTIGUOUS_ALL_LOGITS,
}


MEMORY_BANDS: Final = ("arithmetic", "peak", "peak_training", "rule_of_thumb")
"""Kinds of memory figures that have a band of their own; peaks of generation and of training."""


def band_named_for(family: FigureFamily, method: str) -> str:
    """Kind of band of a memory figure; a cache budget errs like the peak that leaves it."""
    if family not in (FigureFamily.PEAK, FigureFamily.BUDGET):
        return str(family)
    return "peak" if method in STYLES or family is FigureFamily.BUDGET else "peak_training"


SHARDINGS: Final = {_UNSHARDED: Sharding.NONE, **{one.value: one for one in Sharding}}
OFFLOADS: Final = {one.value: one for one in Offload}


_PEAK_METHODS: Final = tuple(
    dict.fromkeys((*STYLES, *ADAPTERS, *(f"{a}-ac" for a in ADAPTERS), *(m for m, _ in RECIPES)))
)
_STATE_METHODS: Final = (
    *SHARDINGS,
    *(f"{sharding}-offload-{what}" for sharding in SHARDINGS for what in OFFLOADS),
)


def check_method(quantity: str, method: str) -> None:
    """Refuse a method that the quantity is not predicted for; others do not depend on it.

    Raises:
        InvalidInputError: it is predicted for other quantities only.
        UnknownNameError: no quantity has it.
    """
    if family_of(quantity) is FigureFamily.BUDGET or quantity in _OF_NO_METHOD:
        return
    states = quantity == "model_states"
    here, elsewhere = (_STATE_METHODS, _PEAK_METHODS)[:: 1 if states else -1]
    if method in here:
        return
    if method in elsewhere:
        asked = "peaks are" if states else "model_states are"
        raise InvalidInputError(
            "memory figure", [f"{quantity} of {method} is not predicted; only its {asked}"]
        )
    raise UnknownNameError("method", method, SHARDINGS if states else _PEAK_METHODS)


def meaning_of(known: Mapping[str, _Meaning], kind: str, name: str) -> _Meaning:
    """What a word of the sources stands for.

    Raises:
        UnknownNameError: it is not one of the reviewed words.
    """
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return known[name]
