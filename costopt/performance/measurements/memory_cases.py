"""Published memory figures against the memory model: what each row says, and what we predict."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from costopt.errors import CostoptError, InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.arrays import Floats
from costopt.performance.dimensions import Decoder, decoder_of
from costopt.performance.measurements.memory_peaks import peak_gib, tokens_of
from costopt.performance.measurements.memory_sources import memory_source
from costopt.performance.measurements.memory_words import (
    OFFLOADS,
    PRECISIONS,
    RECIPES,
    SHARDINGS,
    FigureFamily,
    band_named_for,
    check_method,
    family_of,
    meaning_of,
)
from costopt.performance.memory import cache_bytes
from costopt.performance.serving_memory import EngineMemory, kv_budget_gib, loaded_vram
from costopt.performance.training_memory import (
    Split,
    TrainingState,
    recipe_named,
    state_terms,
)
from costopt.precision import Formats, formats_named
from costopt.units import GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryResult:
    """One row, predicted or refused.

    Attributes:
        case: name of the row.
        quantity: what it measures.
        method: how the memory is used.
        source: where it was published.
        expected_gib: published figure [GiB].
        predicted_gib: ours; NaN where refused [GiB].
        tolerance: relative error that the row itself allows [1].
        reason: why the row was refused; empty where it was not.
    """

    case: str
    quantity: str
    method: str
    source: str
    expected_gib: float
    predicted_gib: float
    tolerance: float
    reason: str

    @property
    def banded(self) -> str:
        """Kind of band that its error is part of; empty for a cache budget."""
        family = family_of(self.quantity)
        return "" if family is FigureFamily.BUDGET else band_named_for(family, self.method)

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
        source=str(row["source"]),
        expected_gib=float(row["expected_gib"]),
        predicted_gib=predicted,
        tolerance=float(row["tolerance"]),
        reason=reason,
    )


def _predicted(row: Mapping[Hashable, Any], model: ModelSpec) -> Floats | float:
    quantity = str(row["quantity"])
    check_method(quantity, str(row["method"]))
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
    if memory_source(str(row["source"])).own_head:
        decoder = decoder_of(_with_own_head(model))
    return peak_gib(row, decoder, formats)


def _with_own_head(model: ModelSpec) -> ModelSpec:
    """The model with an output head of its own, where it shares the embedding's weights."""
    if not model.tied_embeddings or model.embedding_parameters is None:
        return model
    head = model.embedding_parameters
    return replace(
        model,
        tied_embeddings=False,
        parameters=model.parameters + head,
        active_parameters=model.active_parameters + head,
        embedding_parameters=2.0 * head,
    )


def _ranks(row: Mapping[Hashable, Any], quantity: str) -> float:
    return float(row["gpus"]) if quantity.endswith("per_gpu") else 1.0


def _weights_gib(model: ModelSpec, formats: Formats) -> float:
    embedding = model.embedding_parameters or 0.0
    linear = (model.parameters - embedding) * formats.weights.linear_bytes
    return (linear + embedding * formats.weights.embedding_bytes) / GIB


def _cache_gib(
    row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats, ranks: float
) -> Floats:
    tokens = np.array(tokens_of(row))
    if not np.isfinite(float(row["batch"])):
        raise InvalidInputError("memory figure", ["the source gives no batch size"])
    held = cache_bytes(decoder, formats, tokens, np.array(ranks))
    return np.asarray(float(row["batch"]) * held / GIB)


def _kv_budget(row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats) -> Floats:
    total = re.search(r"total ([\d.]+), utilization ([\d.]+)", str(row["note"]))
    if total is None:
        raise InvalidInputError("memory figure", ["the source gives no memory size"])
    engine = EngineMemory(
        budget_fraction=float(total[2]), free_fraction=1.0, prompt_tokens=tokens_of(row)
    )
    loaded = loaded_vram(decoder, formats, np.array(1.0), engine)
    return kv_budget_gib(loaded, np.array(float(total[1]) * GIB), engine)


def _published_states(row: Mapping[Hashable, Any], model: ModelSpec) -> tuple[Floats, ...]:
    """Model states by the recipe of the publication: DeepSpeed keeps gradients in fp32."""
    method = str(row["method"])
    from_paper = str(row["source"]).startswith("ZeRO paper")
    stage, _, offloaded = method.partition("-offload-")
    published = "adamw_mixed" if from_paper else "adamw_fp32_gradients"
    state = TrainingState(
        recipe=recipe_named(RECIPES.get((method, str(row["precision"])), published)),
        sharding=meaning_of(SHARDINGS, "method", stage),
        offload=meaning_of(OFFLOADS, "method", offloaded or "none"),
    )
    largest = float((model.vocab_size or 0) * (model.hidden_size or 0))
    split = Split(data=np.array(float(row["gpus"])), tensor=np.array(1.0), pipeline=np.array(1.0))
    return state_terms(model.parameters, largest, state, split)
