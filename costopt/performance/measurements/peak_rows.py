"""Peak memory in a table of performance, put in the words of a table of memory figures."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np

from costopt.errors import CostoptError, InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.measurements.memory_cases import memory_result
from costopt.performance.measurements.serving_runs import token_counts
from costopt.performance.measurements.words import software_named
from costopt.performance.tiers import Tier
from costopt.units import GB, GIB

METRIC: Final = "peak_memory_gib"

_METHODS: Final[Mapping[str, str]] = {
    "finetune_full": "full",
    "finetune_lora": "lora",
    "qlora": "qlora",
}
"""Workload -> method of a memory figure."""

_INT4: Final[Mapping[str, str]] = {
    "bnb.nf4-dq": "nf4-dq",
    "bnb.nf4": "nf4",
    "AWQ": "awq-int4",
}
"""What notes or precision say of 4 bits -> word of a memory figure; the longest first."""

_DECIMAL_SOURCES: Final = ("Lightning-AI",)
"""Sources that print 10^9 bytes: LitGPT divides ``torch.cuda.max_memory_allocated`` by 1e9."""


def predicted_peak(
    row: Mapping[Hashable, Any], models: Mapping[str, ModelSpec]
) -> tuple[float, str]:
    """Peak memory of one row in the unit of its value, or why there is none.

    Returns:
        The prediction and an empty text, or NaN and the reason.
    """
    try:
        case = _case(row, models)
    except CostoptError as refusal:
        return np.nan, str(refusal)
    result = memory_result(case, models)
    summed = "over GPUs" in str(row["notes"])
    scale = float(row["n_accelerators"]) if summed else 1.0
    if str(row["source"]).startswith(_DECIMAL_SOURCES):
        scale *= GIB / GB
    return result.predicted_gib * scale, result.reason


def _case(row: Mapping[Hashable, Any], models: Mapping[str, ModelSpec]) -> dict[Hashable, Any]:
    notes, software = str(row["notes"]), str(row["software"])
    _refuse_untold(row, notes)
    case: dict[Hashable, Any] = {
        "case": row["id"],
        "model": row["model_ref"],
        "batch": row["batch_or_concurrency"],
        "gpus": row["n_accelerators"],
        "quantity": "peak_per_gpu",
        "expected_gib": row["value"],
        "tolerance": np.nan,
        "source": row["source"],
        "precision": _precision(row, notes),
    }
    if str(row["workload"]) in _METHODS:
        method = _METHODS[str(row["workload"])]
        return {**case, "method": method, "seq": row["input_tokens"], "note": notes}
    if software_named(software).tier in (Tier.ENGINE, Tier.LEGACY_ENGINE):
        raise InvalidInputError(
            "measurement", ["a serving engine takes all the memory that it is allowed to take"]
        )
    family = models[str(row["model_ref"])].family if row["model_ref"] in models else ""
    prompt, answer = token_counts(row, family)
    note = f"generates {answer:.0f}; {notes}"
    return {**case, "method": "inference-hf", "seq": prompt + answer, "note": note}


def _refuse_untold(row: Mapping[Hashable, Any], notes: str) -> None:
    """Refuse rows whose memory depends on what the source does not say, or we do not predict.

    Raises:
        InvalidInputError: one of them.
    """
    problem = ""
    if "offload" in notes.lower():
        problem = "part of the state lies in host memory, and the source does not say how much"
    elif "checkpointing state not stated" in notes:
        problem = "the source does not say whether activations were computed again"
    elif float(row["n_accelerators"]) > 1 and "ZeRO-3" not in notes:
        problem = "the source does not say how the state was split over the accelerators"
    if problem:
        raise InvalidInputError("measurement", [problem])


def _precision(row: Mapping[Hashable, Any], notes: str) -> str:
    told = str(row["precision"])
    if "paged 8-bit AdamW" in notes:
        return "bf16-paged-adam8bit"
    if not told.startswith("int4"):
        return told
    found = [word for text, word in _INT4.items() if text in notes or text in told]
    if found:
        return found[0]
    lit = str(row["source"]).startswith(_DECIMAL_SOURCES)
    return "nf4" if lit else "gptq-int4"
