from pathlib import Path

import numpy as np
import pytest

from costopt.performance.calibration.facts import memory_results
from costopt.performance.measurements.memory_cases import MemoryResult

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
