"""Peak memory in a table of performance, put in the words of a table of memory figures."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np

from costopt.accelerator import Accelerator
from costopt.errors import CostoptError, InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.dimensions import decoder_of
from costopt.performance.measurements.memory_cases import MemoryResult, memory_result
from costopt.performance.measurements.memory_sources import MemorySource, memory_source
from costopt.performance.measurements.memory_words import PRECISIONS, meaning_of
from costopt.performance.measurements.serving_runs import token_counts
from costopt.performance.measurements.words import software_named
from costopt.performance.serving_memory import kv_budget_gib, loaded_vram
from costopt.performance.tier_settings import ENGINE_MEMORY
from costopt.performance.tiers import Tier
from costopt.precision import formats_named
from costopt.units import GB, GIB

METRIC: Final = "peak_memory_gib"

_METHODS: Final[Mapping[str, str]] = {
    "finetune_full": "full",
    "finetune_lora": "lora",
    "qlora": "qlora",
}
"""Workload -> method of a memory figure."""

_PAGED: Final = (Tier.ENGINE, Tier.VENDOR_TUNED)
"""Software that takes all its memory when it starts, unless it works off whole batches."""

_INT4: Final[Mapping[str, str]] = {
    "bnb.nf4-dq": "nf4-dq",
    "bnb.nf4": "nf4",
    "AWQ": "awq-int4",
}
"""What notes or precision say of 4 bits -> word of a memory figure; the longest first."""


def peak_result(
    row: Mapping[Hashable, Any],
    models: Mapping[str, ModelSpec],
    accelerators: Mapping[str, Accelerator],
) -> MemoryResult:
    """Peak memory of one row in the unit of its value, or why there is none.

    A serving engine takes its share of the memory whatever it needs.
    """
    source = memory_source(str(row["source"]))
    usable = accelerators[str(row["accelerator"])].usable_gib
    try:
        case = {**peak_case(row, models), "usable_gib": usable or np.inf}
    except CostoptError as refusal:
        return _result(row, np.nan, str(refusal))
    found = memory_result(case, models)
    predicted = found.predicted_gib
    if not found.reason and usable is not None and _fills_its_budget(row):
        predicted = _engine_gib(case, row, models, usable)
    scale = float(row["n_accelerators"]) if is_summed(row) else 1.0
    scale *= GIB / GB if source.decimal else 1.0
    return _result(row, predicted * scale, found.reason)


def _result(row: Mapping[Hashable, Any], predicted: float, reason: str) -> MemoryResult:
    return MemoryResult(
        case=str(row["id"]),
        quantity="peak_per_gpu",
        method=_METHODS.get(str(row["workload"]), "inference-hf"),
        source=str(row["source"]),
        expected_gib=float(row["value"]),
        predicted_gib=predicted,
        tolerance=np.nan,
        reason=reason,
    )


def is_summed(row: Mapping[Hashable, Any]) -> bool:
    """True where a peak is that of all accelerators together."""
    return "over GPUs" in str(row["notes"])


def _fills_its_budget(row: Mapping[Hashable, Any]) -> bool:
    """True where a serving engine with a paged cache took its share, whatever it needed."""
    if str(row["workload"]) in _METHODS:
        return False
    software = software_named(str(row["software"]))
    return software.tier in _PAGED and not software.static


def _engine_gib(
    case: Mapping[Hashable, Any],
    row: Mapping[Hashable, Any],
    models: Mapping[str, ModelSpec],
    usable_gib: float,
) -> float:
    """What an engine holds once it has taken its cache: the model, and its share of the rest.

    ``b u - (1 - f) (b u - loaded)`` with budget ``b``, usable memory ``u`` and the share ``f``
    of the rest that becomes the cache.
    """
    engine = ENGINE_MEMORY[software_named(str(row["software"])).tier]
    formats = formats_named(meaning_of(PRECISIONS, "precision", str(case["precision"])))
    decoder = decoder_of(models[str(case["model"])])
    loaded = loaded_vram(decoder, formats, np.array(1.0), engine)
    cache = kv_budget_gib(loaded, np.array(usable_gib * GIB), engine)
    return float(loaded.total_gib + cache)


def peak_case(row: Mapping[Hashable, Any], models: Mapping[str, ModelSpec]) -> dict[Hashable, Any]:
    """Row of a table of memory figures that says the same.

    Raises:
        CostoptError: the row leaves out, or contradicts, what the memory hangs on.
    """
    notes, software = str(row["notes"]), str(row["software"])
    source = memory_source(str(row["source"]))
    _refuse_untold(row, notes, source)
    case: dict[Hashable, Any] = {
        "case": row["id"],
        "model": row["model_ref"],
        "batch": row["batch_or_concurrency"],
        "gpus": row["n_accelerators"],
        "quantity": "peak_per_gpu",
        "expected_gib": row["value"],
        "tolerance": np.nan,
        "source": row["source"],
        "precision": _precision(row, notes, source),
    }
    if str(row["workload"]) in _METHODS:
        method = _METHODS[str(row["workload"])]
        return {**case, "method": method, "seq": row["input_tokens"], "note": notes}
    if software_named(software).tier is Tier.LEGACY_ENGINE:
        raise InvalidInputError(
            "measurement", ["the engine takes all that is free, and does not say how much"]
        )
    family = models[str(row["model_ref"])].family if row["model_ref"] in models else ""
    prompt, answer = token_counts(row, family)
    note = f"generates {answer:.0f}; {notes}"
    return {**case, "method": "inference-hf", "seq": prompt + answer, "note": note, "gpus": 1.0}


def _refuse_untold(row: Mapping[Hashable, Any], notes: str, source: MemorySource) -> None:
    """Refuse rows whose memory depends on what the source does not say, or we do not predict.

    Raises:
        InvalidInputError: one of them.
    """
    problem = ""
    if "offload" in notes.lower():
        problem = "part of the state lies in host memory, and the source does not say how much"
    elif "padded" in notes:
        problem = "the sentences were padded, and the source does not say how long they were"
    elif float(row["n_accelerators"]) > 1 and "ZeRO-3" not in notes and not source.one_accelerator:
        problem = "the source does not say how the state was split over the accelerators"
    if problem:
        raise InvalidInputError("measurement", [problem])


def _precision(row: Mapping[Hashable, Any], notes: str, source: MemorySource) -> str:
    told = str(row["precision"])
    if "paged 8-bit AdamW" in notes:
        return "bf16-paged-adam8bit"
    if not told.startswith("int4"):
        return told
    found = [word for text, word in _INT4.items() if text in notes or text in told]
    if found:
        return found[0]
    return "nf4" if source.decimal else "gptq-int4"
