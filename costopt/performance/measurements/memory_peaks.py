"""Peak memory of published runs of training and of plain generation."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from costopt.errors import InvalidInputError
from costopt.performance.activations import activations_gib, loss_gib
from costopt.performance.dimensions import Decoder
from costopt.performance.measurements.memory_sources import MemorySource, memory_source
from costopt.performance.measurements.memory_words import (
    ADAPTERS,
    RECIPES,
    STYLES,
    meaning_of,
)
from costopt.performance.measurements.words import refuse_other_base
from costopt.performance.memory import Sequences, inference_vram
from costopt.performance.training_memory import (
    Checkpointing,
    Sharding,
    Split,
    TrainingState,
    recipe_named,
    training_vram,
)
from costopt.performance.training_setup import USABLE_FRACTION
from costopt.performance.vram import CONTEXT_GIB, VramTerms
from costopt.precision import Formats

DEFAULT_TOKENS: Final = 2048
"""Sequence length where none is given and little hangs on it: a usual one.

Planning estimates and single requests of plain generation, whose weights are most of the memory.
"""

_SPEED_BENCHMARK_ANSWER: Final = 2048
"""Tokens that the Qwen speed benchmark generates after each prompt. Source: its own text."""

_ONE: Final = np.array(1.0)


def peak_gib(row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats) -> float:
    """Peak memory of one run, as its source read it [GiB].

    The allocator's count leaves out what it does not own. A device shows the driver's context
    too and, in training, blocks that the allocator reserves and does not use. A total is that of
    all accelerators of the run.

    Raises:
        InvalidInputError: the row leaves out what the memory hangs on.
        UnknownNameError: a word of the row is in none of the reviewed tables.
    """
    source = memory_source(str(row["source"]))
    serves = str(row["method"]) in STYLES
    terms = (
        _serving_peak(row, decoder, formats, source)
        if serves
        else _training_peak(row, decoder, formats, source)
    )
    counted = float(row["gpus"]) if row["quantity"] == "peak_total" else 1.0
    if not source.whole_device:
        return counted * float(terms.allocated_gib)
    reserved = terms.allocated_gib if serves else terms.allocated_gib / USABLE_FRACTION
    return counted * float(reserved + terms.overhead_gib - CONTEXT_GIB + source.context_gib)


def tokens_of(row: Mapping[Hashable, Any]) -> float:
    """Sequence length of a row; where little hangs on it, a usual one [tokens].

    Raises:
        InvalidInputError: it is not given, and memory hangs on it.
    """
    length = float(row["seq"])
    if np.isfinite(length):
        return length
    if row["quantity"] == "rule_of_thumb" or str(row["method"]) in STYLES:
        return float(DEFAULT_TOKENS)
    raise InvalidInputError("memory figure", ["the source gives no sequence length"])


def _training_peak(
    row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats, source: MemorySource
) -> VramTerms:
    """Memory under the first recipe that the run can have used: it fits into the accelerator."""
    tokens = np.array(tokens_of(row) * float(row["batch"]))
    if not np.isfinite(tokens):
        raise InvalidInputError("memory figure", ["the source gives no batch size"])
    method, note = str(row["method"]), str(row["note"])
    sharded = method.startswith("fsdp") or "ZeRO-3" in note
    ranks = np.array(float(row["gpus"])) if sharded else _ONE
    level = _checkpointing(method, note, planned=row["quantity"] == "rule_of_thumb")
    chunked = "chunked CE" in note if "not stated" in note else source.chunked_loss
    found: VramTerms | None = None
    for state in _states(row, formats, source):
        found = training_vram(
            decoder,
            replace(state, sharding=Sharding.ZERO3) if sharded else state,
            Split(data=ranks, tensor=_ONE, pipeline=_ONE),
            activations_gib(decoder, tokens, level, _ONE, quantized=state.quantized),
            loss_gib(decoder, tokens, _ONE, chunked=chunked),
        )
        if float(found.total_gib) <= float(row.get("usable_gib", np.inf)):
            break
    if found is None:
        raise InvalidInputError(
            "memory figure", ["no optimizer recipe for this method and precision"]
        )
    return found


def _states(
    row: Mapping[Hashable, Any], formats: Formats, source: MemorySource
) -> list[TrainingState]:
    """Ways in which a run can have held its states, before they are split; the likely first."""
    method = str(row["method"])
    told = re.search(r"r=(\d+)", str(row["note"]))
    state = TrainingState(lora_rank=int(told[1]) if told else source.lora_rank)
    if not method.startswith(("full", "fsdp")):
        adapters = meaning_of(ADAPTERS, "method", method.removesuffix("-ac"))
        refuse_other_base(adapters, str(row["precision"]), narrow=formats.weights.weight_only)
        return [replace(state, method=adapters, base=formats.weights)]
    stated = RECIPES.get((method, str(row["precision"])))
    recipes = source.recipes if method == "full" and source.recipes else (stated,)
    return [replace(state, recipe=recipe_named(name)) for name in recipes if name is not None]


def _checkpointing(method: str, note: str, *, planned: bool) -> Checkpointing:
    """What a row says of checkpointing; planning estimates assume it."""
    if "selective" in method:
        return Checkpointing.SELECTIVE
    if "no activation checkpointing" in note or "checkpointing state not stated" in note:
        return Checkpointing.NONE
    if "checkpointing and offload" in note:
        return Checkpointing.OFFLOADED
    told = method.endswith(("-ac", "-fusedopt")) or "checkpointing" in note
    return Checkpointing.FULL if told or planned else Checkpointing.NONE


def _serving_peak(
    row: Mapping[Hashable, Any], decoder: Decoder, formats: Formats, source: MemorySource
) -> VramTerms:
    tokens = tokens_of(row)
    if not np.isfinite(float(row["batch"])):
        raise InvalidInputError("memory figure", ["the source gives no batch size"])
    generated = re.search(r"generates? (\d+)", str(row["note"]))
    answer = float(generated[1]) if generated else 0.0
    if "speed_benchmark" in str(row["source"]):
        answer = float(_SPEED_BENCHMARK_ANSWER)
    sequences = Sequences(
        count=np.array(float(row["batch"])),
        tokens=np.array(tokens),
        prompt_tokens=np.array(max(tokens - answer, 1.0)),
    )
    style = source.style or STYLES[str(row["method"])]
    return inference_vram(decoder, formats, sequences, np.array(float(row["gpus"])), style)
