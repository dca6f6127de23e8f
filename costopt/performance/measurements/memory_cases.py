"""Published memory figures against the memory model: what each row says, and what we predict."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from costopt.errors import CostoptError, InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.activations import activations_gib, loss_gib
from costopt.performance.arrays import Floats
from costopt.performance.dimensions import Decoder, decoder_of
from costopt.performance.measurements.memory_words import (
    ADAPTERS,
    OFFLOADS,
    PRECISIONS,
    RECIPES,
    SHARDINGS,
    STYLES,
    family_of,
    meaning_of,
)
from costopt.performance.memory import Sequences, cache_bytes, inference_vram
from costopt.performance.serving_memory import EngineMemory, kv_budget_gib, loaded_vram
from costopt.performance.training_memory import (
    Checkpointing,
    Sharding,
    Split,
    TrainingState,
    recipe_named,
    state_terms,
    training_vram,
)
from costopt.performance.vram import VramTerms
from costopt.precision import Formats, formats_named
from costopt.units import GIB

DEFAULT_TOKENS: Final = 2048
"""Sequence length where a planning estimate gives none: what such tables usually assume."""

_SPEED_BENCHMARK_ANSWER: Final = 2048
"""Tokens that the Qwen speed benchmark generates after each prompt. Source: its own text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryResult:
    """One row, predicted or refused.

    Attributes:
        case: name of the row.
        quantity: what it measures.
        method: how the memory is used.
        expected_gib: published figure [GiB].
        predicted_gib: ours; NaN where refused [GiB].
        tolerance: relative error that the row itself allows [1].
        reason: why the row was refused; empty where it was not.
    """

    case: str
    quantity: str
    method: str
    expected_gib: float
    predicted_gib: float
    tolerance: float
    reason: str

    @property
    def relative_error(self) -> float:
        """Predicted against expected, minus 1."""
        return self.predicted_gib / self.expected_gib - 1.0


def memory_result(row: Mapping[Hashable, Any], models: Mapping[str, ModelSpec]) -> MemoryResult:
    """Predict one row of a table of memory figures, or say why that cannot be done.

    Args:
        row: by column.
        models: dimensions by the names that the rows use.
    """
    predicted, reason = np.nan, ""
    try:
        if row["model"] not in models:
            raise InvalidInputError("memory figure", ["the dimensions of the model are not known"])
        predicted = float(_predicted(row, models[str(row["model"])]))
    except CostoptError as refusal:
        reason = str(refusal)
    return MemoryResult(
        case=str(row["case"]),
        quantity=str(row["quantity"]),
        method=str(row["method"]),
        expected_gib=float(row["expected_gib"]),
        predicted_gib=predicted,
        tolerance=float(row["tolerance"]),
        reason=reason,
    )


def _predicted(row: Mapping[Hashable, Any], model: ModelSpec) -> Floats | float:
    quantity = str(row["quantity"])
    family_of(quantity)
    formats = formats_named(meaning_of(PRECISIONS, "precision", str(row["precision"])))
    if quantity.startswith("weights") and quantity != "weights_plus_kv":
        return _weights_gib(model, formats) / _ranks(row, quantity)
    if quantity == "model_states":
        return sum(_published_states(row, model), start=np.zeros(()))
    decoder = decoder_of(model)
    if quantity.startswith("kv_cache"):
        return _cache_gib(row, decoder, formats, _ranks(row, quantity))
    if quantity == "weights_plus_kv":
        return _weights_gib(model, formats) + _cache_gib(row, decoder, formats, 1.0)
    if quantity == "kv_budget":
        return _kv_budget(row, decoder, formats)
    terms = _peak(row, decoder, formats)
    return terms.allocated_gib


def _ranks(row: Mapping[Hashable, Any], quantity: str) -> float:
    return float(row["gpus"]) if quantity.endswith("per_gpu") else 1.0


def _weights_gib(model: ModelSpec, formats: Formats) -> float:
    embedding = model.embedding_parameters or 0.0
    linear = (model.parameters - embedding) * formats.weights.linear_bytes
    return (linear + embedding * formats.weights.embedding_bytes) / GIB


def _tokens(row: Mapping[Hashable, Any]) -> float:
    """Sequence length of a row; planning estimates give none and get a usual one."""
    length = float(row["seq"])
    if np.isfinite(length):
        return length
    if row["quantity"] == "rule_of_thumb":
        return float(DEFAULT_TOKENS)
    raise InvalidInputError("memory figure", ["the source gives no sequence length"])


def _cache_gib(
    row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats, ranks: float
) -> Floats:
    tokens = np.array(_tokens(row))
    held = cache_bytes(decoder, formats, tokens, np.array(ranks))
    return np.asarray(float(row["batch"]) * held / GIB)


def _kv_budget(row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats) -> Floats:
    total = re.search(r"total ([\d.]+), utilization ([\d.]+)", str(row["note"]))
    if total is None:
        raise InvalidInputError("memory figure", ["the source gives no memory size"])
    engine = EngineMemory(
        budget_fraction=float(total[2]), free_fraction=1.0, prompt_tokens=_tokens(row)
    )
    loaded = loaded_vram(decoder, formats, np.array(1.0), engine)
    return kv_budget_gib(loaded, np.array(float(total[1]) * GIB), engine)


def _published_states(row: Mapping[Hashable, Any], model: ModelSpec) -> tuple[Floats, ...]:
    """Model states by the recipe of the publication: DeepSpeed keeps gradients in fp32."""
    method = str(row["method"])
    from_paper = str(row["source"]).startswith("ZeRO paper")
    stage, _, offloaded = method.partition("-offload-")
    state = TrainingState(
        recipe=recipe_named("adamw_mixed" if from_paper else "adamw_fp32_gradients"),
        sharding=meaning_of(SHARDINGS, "method", stage),
        offload=meaning_of(OFFLOADS, "method", offloaded or "none"),
    )
    largest = float((model.vocab_size or 0) * (model.hidden_size or 0))
    split = Split(data=np.array(float(row["gpus"])), tensor=np.array(1.0), pipeline=np.array(1.0))
    return state_terms(model.parameters, largest, state, split)


def _peak(row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats) -> VramTerms:
    method = str(row["method"])
    if method in STYLES:
        return _serving_peak(row, decoder, formats)
    one = np.array(1.0)
    tokens = np.array(_tokens(row) * float(row["batch"]))
    if not np.isfinite(tokens):
        raise InvalidInputError("memory figure", ["the source gives no batch size"])
    note = str(row["note"])
    rank = re.search(r"r=(\d+)", note)
    state = TrainingState(lora_rank=int(rank[1]) if rank else 8)
    if method.startswith("full") or method.startswith("fsdp"):
        recipe = RECIPES.get((method, str(row["precision"])))
        if recipe is None:
            raise InvalidInputError(
                "memory figure", ["no optimizer recipe for this method and precision"]
            )
        state = replace(state, recipe=recipe_named(recipe))
    else:
        low_bits = meaning_of(ADAPTERS, "method", method.removesuffix("-ac"))
        state = replace(state, method=low_bits, base=formats.weights)
    sharded = method.startswith("fsdp") or "ZeRO-3" in note
    if sharded:
        state = replace(state, sharding=Sharding.ZERO3)
    split = Split(data=np.array(float(row["gpus"])) if sharded else one, tensor=one, pipeline=one)
    planned = row["quantity"] == "rule_of_thumb"
    checkpointing = _checkpointing(method, note, planned=planned)
    chunked = "torchtune" in str(row["source"])
    return training_vram(
        decoder,
        state,
        split,
        activations_gib(decoder, tokens, checkpointing, one),
        loss_gib(decoder, tokens, one, chunked=chunked),
    )


def _checkpointing(method: str, note: str, *, planned: bool) -> Checkpointing:
    """What a row says of checkpointing; planning estimates assume it."""
    if "selective" in method:
        return Checkpointing.SELECTIVE
    if "no activation checkpointing" in note:
        return Checkpointing.NONE
    told = method.endswith(("-ac", "-fusedopt")) or "checkpointing" in note
    return Checkpointing.FULL if told or planned else Checkpointing.NONE


def _serving_peak(row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats) -> VramTerms:
    tokens = _tokens(row)
    generated = re.search(r"generates? (\d+)", str(row["note"]))
    answer = float(generated[1]) if generated else 0.0
    if "speed_benchmark" in str(row["source"]):
        answer = float(_SPEED_BENCHMARK_ANSWER)
    prompt_tokens = tokens - answer
    sequences = Sequences(
        count=np.array(float(row["batch"])),
        tokens=np.array(tokens),
        prompt_tokens=np.array(max(prompt_tokens, 1.0)),
    )
    style = STYLES[str(row["method"])]
    return inference_vram(decoder, formats, sequences, np.array(1.0), style)
