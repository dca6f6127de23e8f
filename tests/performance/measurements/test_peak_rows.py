from collections.abc import Callable, Hashable, Mapping
from pathlib import Path

import numpy as np
import pytest

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.calibration.facts import peak_results
from costopt.performance.measurements.memory_cases import MemoryResult
from costopt.performance.measurements.peak_rows import peak_result

ROW: Mapping[Hashable, object] = {
    "id": "x1", "workload": "inference_online", "precision": "bf16", "accelerator": "A100-80GB",
    "n_accelerators": 1, "batch_or_concurrency": 1.0, "input_tokens": 1.0, "output_tokens": 2048.0,
    "value": 16.99, "software": "transformers", "source": "a table", "notes": "",
    "model_ref": "Qwen/Qwen-7B",
}  # fmt: skip


@pytest.fixture
def gib_of(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> Callable[..., MemoryResult]:
    def result(**changes: object) -> MemoryResult:
        return peak_result(dict([*ROW.items(), *changes.items()]), models, accelerators)

    return result


def test_device_shows_context_and_freed_copies_of_the_cache(
    gib_of: Callable[..., MemoryResult],
) -> None:
    # weights 14.38 GiB, 2,049 tokens of 0.5 MiB twice 2.00, scores and context 0.6
    allocated, device = gib_of(), gib_of(source="QwenLM/Qwen README.md")

    assert device.predicted_gib - allocated.predicted_gib == pytest.approx(1.0 + 0.6, abs=0.01)
    assert device.predicted_gib == pytest.approx(16.99, rel=0.01)


def test_serving_engine_takes_its_share_of_the_memory_whatever_it_needs(
    gib_of: Callable[..., MemoryResult],
    accelerators: Mapping[str, Accelerator],
) -> None:
    usable = accelerators["A100-80GB"].usable_gib or 0.0

    assert gib_of(software="vllm 0.12.0").predicted_gib == pytest.approx(0.9 * usable)


def test_vendors_engine_keeps_a_tenth_of_what_loading_leaves(
    gib_of: Callable[..., MemoryResult],
    accelerators: Mapping[str, Accelerator],
) -> None:
    usable = accelerators["A100-80GB"].usable_gib or 0.0

    found = gib_of(software="TensorRT-LLM 1.0").predicted_gib

    # weights of Qwen-7B 14.38 GiB, context 0.6; working memory and scores lie below 2 GiB
    assert usable - 0.1 * (usable - 14.98) < found < usable - 0.1 * (usable - 14.98 - 2.0)


def test_whole_batches_take_what_they_need(gib_of: Callable[..., MemoryResult]) -> None:
    assert gib_of(software="FasterTransformer").predicted_gib < 20.0


def test_head_of_its_own_adds_the_embedding_again(
    gib_of: Callable[..., MemoryResult],
) -> None:
    tuned = {
        "workload": "finetune_lora", "model_ref": "meta-llama/Llama-3.2-3B",
        "input_tokens": 512.0, "accelerator": "A10G", "software": "LitGPT",
    }  # fmt: skip

    shared = gib_of(**tuned, source="Lightning-AI/litgpt tutorials")
    apart = gib_of(**tuned, source="Lightning-AI/litgpt config_hub")

    # 128,256 x 3,072 x 2 B = 0.788 GB; both sources print 10^9 bytes
    assert apart.predicted_gib - shared.predicted_gib == pytest.approx(0.788, abs=0.001)


def test_full_training_used_a_recipe_that_fits_into_the_accelerator(
    gib_of: Callable[..., MemoryResult],
) -> None:
    tuned = {
        "workload": "finetune_full", "model_ref": "meta-llama/Llama-3.2-3B",
        "input_tokens": 512.0, "software": "LitGPT",
        "source": "Lightning-AI/litgpt config_hub",
    }  # fmt: skip

    # on the smaller card 8 B of states for each of 3.2 G parameters do not fit
    small, large = (gib_of(**tuned, accelerator=name) for name in ("A10G", "A100-80GB"))

    assert small.predicted_gib < large.predicted_gib


def test_padded_sentences_of_unknown_length_are_refused(
    gib_of: Callable[..., MemoryResult],
) -> None:
    refused = gib_of(workload="finetune_full", notes="padded, no compile", software="torchtune")

    assert "how long they were" in refused.reason
    assert np.isnan(refused.predicted_gib)


def test_peaks_of_the_sample_are_met_within_the_bound_that_was_reached(
    facts_folder: Path,
) -> None:
    results = peak_results(facts_folder)
    errors = np.array([r.relative_error for r in results if not r.reason])

    assert len(errors) >= 0.9 * len(results)
    assert np.median(np.abs(errors)) < 0.10
    assert np.percentile(np.abs(errors), 90) < 0.40
