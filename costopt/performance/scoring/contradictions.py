"""Rows that contradict themselves, or that say that another kind of run was measured."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping
from typing import Final

import numpy as np

from costopt.accelerator import Accelerator
from costopt.errors import CostoptError, UnknownNameError
from costopt.model import ModelSpec
from costopt.performance.dimensions import GENERATING
from costopt.performance.measurements import peak_rows, serving_rows, training_rows
from costopt.performance.measurements.training_runs import METHODS
from costopt.performance.measurements.words import software_named
from costopt.performance.tiers import Tier

SERVING_WORKLOADS: Final = ("inference_offline", "inference_online", "inference_server")
"""Workloads that serve."""

_WORKLOADS: Final = (*SERVING_WORKLOADS, *METHODS)
_METRICS: Final = frozenset((*serving_rows.METRICS, *training_rows.METRICS, peak_rows.METRIC))

_CORES_PER_CHIP: Final = 2.0
"""Cores of an Inferentia2 or Trainium chip, which tensor parallelism there counts [1]."""

_LARGEST_EXTENSION: Final = 32.0
"""Longest context that a model was extended to, over that of its configuration [1].

Source: YaRN (arXiv 2309.00071), Llama 2 from 4,096 to 131,072 tokens.
"""

_CHECKING_TIERS: Final = (Tier.ENGINE, Tier.LEGACY_ENGINE, Tier.VENDOR_TUNED)
_BUILT_TO_ANY_LENGTH: Final = "TensorRT-LLM 0."
"""Software that refuses requests beyond the context, but for that which is built to a length.

Source: vLLM engine arguments, ``max_model_len``; Text Generation Inference, ``max_total_tokens``;
TensorRT-LLM ``trtllm-build``, ``max_input_len``, and since 1.0 the length of the model itself.
"""

_NOT: Final = r"(?<!no )(?<!without )(?<!non-)"
_OFF: Final = r"(?!\w*[ =:(]+(?:off|disabled|false|none|0\b))"

_OTHER_RUNS: Final[Mapping[str, re.Pattern[str]]] = {
    "tokens were drafted": re.compile(
        rf"{_NOT}\b(?:speculat|eagle|medusa|draft|mtp\b|multi-token pred|n-?gram|lookahead dec)"
        rf"{_OFF}(?!\w* (?:decoding |model )?(?:off|disabled))",
        re.IGNORECASE,
    ),
    "prompts were shared": re.compile(
        rf"{_NOT}\b(?:prefix[ -]?(?:cach|shar|hit)|prompt[ -]cach|cache[ -]hit|radix|"
        rf"shared (?:prompt|prefix)){_OFF}",
        re.IGNORECASE,
    ),
    "prompts and answers ran on different accelerators": re.compile(
        rf"{_NOT}\b(?:disaggregat|prefill[-/ ]decode){_OFF}", re.IGNORECASE
    ),
}
"""What a measurement was of -> reviewed words of notes and software that say so."""

_PERCENTILE: Final = re.compile(r"\bp\s?(?:75|8\d|9\d)\b|\b9\d(?:\.\d+)?th\b", re.IGNORECASE)
"""Words of a time that few requests exceed, where the mean is predicted."""


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    return "" if name in known else str(UnknownNameError(kind, name, known))


def contradiction(
    row: Mapping[Hashable, object], model: ModelSpec, accelerator: Accelerator
) -> str:
    """Why a row cannot be meant as it is written; empty where it can.

    Args:
        row: as read.
        model: what it says that ran.
        accelerator: where.
    """
    workload, metric = str(row["workload"]), str(row["metric"])
    unknown = _unknown("workload", workload, _WORKLOADS) or _unknown("metric", metric, _METRICS)
    if unknown:
        return unknown
    serves = workload in SERVING_WORKLOADS
    asked = serving_rows.METRICS if serves else training_rows.METRICS
    if metric not in (*asked, peak_rows.METRIC):
        return f"{metric} is not predicted for {workload}; only {', '.join(asked)} are"
    if accelerator.usable_gib is None:
        return f"{accelerator.name} has no memory of its own; processors are not scored"
    if metric == "mfu" and float(str(row["value"])) > 1.0:
        return "mfu is above 1; it is a share of the peak, not a percentage"
    if metric == "tpot_ms" and float(str(row["output_tokens"])) <= 1.0:
        return "an answer of one token has no time between tokens; its first is ttft_ms"
    served = (_too_many_ranks(row, accelerator) or _another_run(row)) if serves else ""
    return served or _too_long(row, model, serves=serves)


def _too_many_ranks(row: Mapping[Hashable, object], accelerator: Accelerator) -> str:
    tensor, pipeline = (float(str(row[f"{way}_parallel"])) for way in ("tensor", "pipeline"))
    ranks = float(np.nan_to_num(tensor, nan=1.0) * np.nan_to_num(pipeline, nan=1.0))
    there = float(str(row["n_accelerators"]))
    there *= _CORES_PER_CHIP if accelerator.vendor == "aws" else 1.0
    if ranks <= there:
        return ""
    return f"tensor and pipeline parallelism need {ranks:g} accelerators; there are {there:g}"


def _another_run(row: Mapping[Hashable, object]) -> str:
    """What notes or software say the run was, where that is not predicted; empty otherwise."""
    words = f"{row['software']}; {row['notes']}"
    for meaning, pattern in _OTHER_RUNS.items():
        found = pattern.search(words)
        if found:
            return f"{found[0]!r} says that {meaning}; such runs are not scored"
    found = _PERCENTILE.search(words)
    if found and str(row["metric"]) in ("tpot_ms", "ttft_ms"):
        return f"{found[0]!r} says that this is a high percentile; the mean is predicted"
    return ""


def _too_long(row: Mapping[Hashable, object], model: ModelSpec, *, serves: bool) -> str:
    """Why a sequence cannot have been that long; empty where it can."""
    answer = np.nan_to_num(float(str(row["output_tokens"]))) if serves else 0.0
    tokens = np.nan_to_num(float(str(row["input_tokens"]))) + answer
    checked = False
    if serves and model.kind in GENERATING:
        try:
            checked = _checks_context(str(row["software"]))
        except CostoptError as error:
            return str(error)
    return beyond_context(model, float(tokens), checked=checked)


def _checks_context(text: str) -> bool:
    """True where software keeps to the context; whole batches are compiled to any length."""
    software = software_named(text)
    built = software.static or text.startswith(_BUILT_TO_ANY_LENGTH)
    return software.tier in _CHECKING_TIERS and not built


def beyond_context(model: ModelSpec, tokens: float, *, checked: bool) -> str:
    """Why a sequence is longer than a model can read; empty where it is not.

    Args:
        model: what ran.
        tokens: of the sequence [tokens].
        checked: True where the software keeps to the context; others were extended at most as
            far as published.
    """
    if model.max_context is None:
        return ""
    most = model.max_context * (1.0 if checked else _LARGEST_EXTENSION)
    if not tokens > most:
        return ""
    reach = "" if checked else f", even {_LARGEST_EXTENSION:g} times extended"
    return f"{tokens:,.0f} tokens are more than the context of {model.max_context:,}{reach}"
