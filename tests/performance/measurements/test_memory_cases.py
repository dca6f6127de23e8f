from collections.abc import Hashable, Mapping
from pathlib import Path

import numpy as np
import pytest

from costopt.model import ModelSpec
from costopt.performance.calibration.facts import memory_results
from costopt.performance.measurements.memory_cases import MemoryResult, memory_result

OUTSIDE_THEIR_TOLERANCE = {
    "hf31-w-8b-fp8": "counts the 16-bit embeddings as 8-bit",
    "log-3090-l31-8b-budget": "a profile run of 20,000 tokens that left the scores out",
    "hf31-qlora-8b": "a minimum, without length or batch",
    "lf-qlora-int8-7b": "a minimum, without length or batch",
    "lf-qlora-int4-7b": "a minimum, without length or batch",
    "unsloth-qlora-8b": "a minimum, without length or batch",
    "unsloth-qlora-14b": "a minimum, without length or batch",
}


@pytest.fixture(scope="module")
def results(facts_folder: Path) -> list[MemoryResult]:
    return memory_results(facts_folder)


def test_rows_lie_within_the_tolerance_that_they_name(results: list[MemoryResult]) -> None:
    predicted = [r for r in results if not r.reason]
    outside = {r.case for r in predicted if abs(r.relative_error) > r.tolerance}

    assert len(predicted) == 101
    assert outside == set(OUTSIDE_THEIR_TOLERANCE)


def test_measured_peaks_are_met_within_the_bound_that_was_reached(
    results: list[MemoryResult],
) -> None:
    errors = np.array(
        [r.relative_error for r in results if r.quantity.startswith("peak") and not r.reason]
    )

    assert len(errors) == 60
    assert np.median(np.abs(errors)) < 0.03
    assert np.percentile(np.abs(errors), 90) < 0.11
    assert np.mean(errors < -0.10) <= 0.05


def test_rows_that_say_too_little_are_refused_with_a_reason(results: list[MemoryResult]) -> None:
    refused = {r.case: r.reason for r in results if r.reason}

    assert len(refused) == 7
    assert "the source gives no sequence length" in refused["peft-bloomz-7b-lora"]
    assert "audio-encoder-decoder" in refused["whisper-medium"]
    assert all(np.isnan(r.predicted_gib) for r in results if r.reason)


def peak_of_70b(models: Mapping[str, ModelSpec], **changes: object) -> float:
    row: dict[Hashable, object] = {
        "case": "x", "model": "meta-llama/Llama-3.1-70B", "method": "inference",
        "precision": "bf16", "batch": 1, "seq": 4096, "gpus": 1, "quantity": "peak_per_gpu",
        "expected_gib": 40.0, "tolerance": 0.1, "source": "a table", "note": "",
    }  # fmt: skip
    changed = dict([*row.items(), *changes.items()])
    return memory_result(changed, models).predicted_gib


def test_peak_of_tensor_parallel_serving_is_divided(models: Mapping[str, ModelSpec]) -> None:
    """70.55e9 x 2 B = 131.4 GiB on four: 32.9; a quarter of 4,096 x 0.3125 MiB: 0.3; working
    memory 2 x 4,096 x (3 x 28,672 / 4 + 4 x 8,192) B at most: 0.41."""
    four = peak_of_70b(models, gpus=4)

    assert 32.85 + 0.31 < four < 32.85 + 0.31 + 0.45
    assert peak_of_70b(models) > 131.4


def test_total_peak_counts_every_accelerator(models: Mapping[str, ModelSpec]) -> None:
    total = peak_of_70b(models, gpus=4, quantity="peak_total")

    assert total == pytest.approx(4.0 * peak_of_70b(models, gpus=4))


def test_device_shows_a_context_and_collectives_on_every_accelerator(
    models: Mapping[str, ModelSpec],
) -> None:
    whole = {"gpus": 4, "quantity": "peak_total", "source": "NVIDIA/FasterTransformer"}

    device, allocated = (
        peak_of_70b(models, **whole),
        peak_of_70b(models, **{**whole, "source": "a"}),
    )

    # context of that source 3.0 GiB, buffers of collectives 0.35
    assert device - allocated == pytest.approx(4 * (3.0 + 0.35))
