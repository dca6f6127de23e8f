from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.calibration.kinds import Kind, read_kinds
from costopt.performance.constants import shipped_constants
from costopt.performance.measurements.serving_rows import METRICS, serving_rows
from costopt.performance.measurements.serving_scenario import predicted_serving

ROW = {
    "id": "x1", "workload": "inference_online", "model": "Llama-3.1-8B",
    "precision": "bf16", "accelerator": "A100-80GB", "n_accelerators": 1,
    "tensor_parallel": 1.0, "pipeline_parallel": 1.0, "batch_or_concurrency": 8.0,
    "input_tokens": 500.0, "output_tokens": 100.0, "metric": "tpot_ms", "value": 20.0,
    "software": "vllm 0.12.0", "source": "a table", "notes": "",
    "model_ref": "meta-llama/Llama-3.1-8B",
}  # fmt: skip


@pytest.fixture(scope="module")
def kinds(facts_folder: Path) -> tuple[Kind, ...]:
    return read_kinds(facts_folder)


def predicted(
    models: Mapping[str, ModelSpec],
    accelerators: Mapping[str, Accelerator],
    **changes: object,
) -> float:
    rows, refused = serving_rows(pd.DataFrame([{**ROW, **changes}]), models, accelerators)
    assert not refused
    return float(predicted_serving(rows, shipped_constants())[0])


def test_every_readable_measurement_gets_a_finite_prediction(kinds: tuple[Kind, ...]) -> None:
    for kind in kinds:
        answers = kind.predict(shipped_constants())

        assert np.all(np.isfinite(answers) & (answers > 0.0))


def test_measurements_that_cannot_be_read_come_with_a_reason(kinds: tuple[Kind, ...]) -> None:
    for kind in kinds:
        assert all(kind.refused.values())


def test_shipped_constants_predict_the_sample_about_as_well_as_the_scores_say(
    kinds: tuple[Kind, ...],
) -> None:
    bounds = {"serving": 25.0, "samples": 20.0, "training": 20.0}

    for kind in kinds:
        answers = kind.predict(shipped_constants())
        rates = ~np.isin(kind.figures, ("tpot", "ttft"))
        off = np.abs(answers / kind.measured.values - 1.0)[rates]
        assert np.median(off) * 100.0 < bounds[kind.name]


def test_throughput_is_concurrency_over_the_time_of_a_request(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    tokens = predicted(models, accelerators, metric="output_tokens_per_s")
    between = predicted(models, accelerators, metric="tpot_ms") / 1000.0

    # a request takes its own prompt and 100 tokens; the prompt is 2 x 6.98 G x 500 operations
    assert 8 * 100 / tokens == pytest.approx(100 * between, rel=0.08)
    assert 8 * 100 / tokens > 100 * between


def test_run_whose_weights_exceed_the_memory_is_refused(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    large = {**ROW, "model_ref": "meta-llama/Llama-3.1-70B"}

    rows, refused = serving_rows(pd.DataFrame([ROW, {**large, "id": "x2"}]), models, accelerators)

    # 70.6 G weights of 2 B are 131 GiB; an A100-80GB has 78
    assert list(rows.ids) == ["x1"]
    assert "they take 131 GiB of each accelerator, which has 78" in refused["x2"]


def test_notes_tell_which_four_bits_a_framework_held(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    run = {
        "metric": "output_tokens_per_s", "software": "LitGPT PyTorch 2.1 eager",
        "precision": "int4", "batch_or_concurrency": 1.0,
    }  # fmt: skip

    plain = predicted(models, accelerators, **run)
    expanding = predicted(models, accelerators, **run, notes="batch 1, bnb.nf4")

    # a step is bound by launching kernels, and NF4 launches more of them in every layer
    factor = shipped_constants()["serving.launch_factor.normal_float"]
    assert plain / expanding == pytest.approx(factor, rel=0.15)


def test_total_tokens_count_the_prompt_too(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    answers, everything = (
        predicted(models, accelerators, metric=metric)
        for metric in ("output_tokens_per_s", "total_tokens_per_s")
    )

    assert everything == pytest.approx(answers * (500 + 100) / 100)


def test_whole_batches_keep_the_prompts_out_of_the_time_per_token(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    mixed, whole = (
        predicted(models, accelerators, software="TensorRT-LLM 0.17", notes=notes)
        for notes in ("", "static batch")
    )

    assert whole < mixed


def test_clients_that_start_together_wait_longer_for_the_first_token(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    apart, together = (
        predicted(models, accelerators, metric="ttft_ms", software=software)
        for software in ("vllm 0.12.0", "sglang 0.5.9")
    )

    assert together > apart


def test_requests_beyond_memory_queue_for_their_first_token(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    some, many = (
        predicted(models, accelerators, metric="ttft_ms", batch_or_concurrency=count)
        for count in (32.0, 4000.0)
    )

    assert many > 20 * some


def test_row_without_dimensions_or_lengths_is_refused(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    table = pd.DataFrame(
        [
            {**ROW, "id": "a", "model_ref": "nobody/nothing"},
            {**ROW, "id": "b", "input_tokens": np.nan},
            {**ROW, "id": "c", "software": "homemade"},
            {**ROW, "id": "d"},
        ]
    )

    rows, refused = serving_rows(table, models, accelerators)

    assert rows.ids.tolist() == ["d"]
    assert "Unknown model" in refused["a"]
    assert "no token counts" in refused["b"]
    assert "Unknown software" in refused["c"]
    assert rows.metric[0] == METRICS.index("tpot_ms")
