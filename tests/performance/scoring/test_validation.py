import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import costopt as co
from costopt.performance.scoring.validation import RESULT_COLUMNS

ROW = {
    "id": "x1", "workload": "inference_online", "model": "Llama-3.1-8B", "precision": "bf16",
    "accelerator": "A100-80GB", "n_accelerators": 1, "tensor_parallel": 1.0,
    "pipeline_parallel": 1.0, "batch_or_concurrency": 8.0, "input_tokens": 500.0,
    "output_tokens": 100.0, "metric": "tpot_ms", "value": 20.0, "software": "vllm 0.12.0",
    "source": "own", "notes": "", "model_ref": "meta-llama/Llama-3.1-8B",
}  # fmt: skip

PEAK = {"metric": "peak_memory_gib", "value": 70.0}
TUNED = {
    "workload": "finetune_full", "software": "torchtune", "batch_or_concurrency": 2.0,
    "input_tokens": 2048.0, "output_tokens": np.nan,
}  # fmt: skip

MEMORY_ROW = {
    "case": "m1", "model": "meta-llama/Llama-3.1-8B", "method": "kv_cache", "precision": "bf16",
    "batch": 1, "seq": 8192, "gpus": 1, "quantity": "kv_cache", "expected_gib": 1.0,
}  # fmt: skip

MEMORY_PEAK = {"quantity": "peak_per_gpu", "method": "inference"}


def validated(catalog: co.Catalog, *changes: Mapping[str, object]) -> co.Validation:
    rows = [{**ROW, "id": f"row {place}", **change} for place, change in enumerate(changes)]
    frame = pd.DataFrame(rows)
    return co.validate_predictions(frame, catalog=catalog)


def predicted(validation: co.Validation) -> list[float]:
    return [float(figure) for figure in validation.rows["predicted"].to_numpy()]


def reasons(validation: co.Validation) -> list[str]:
    return [str(reason) for reason in validation.rows["reason"].to_numpy()]


@pytest.fixture(scope="module")
def of_the_sample(facts_folder: Path, bundled: co.Catalog) -> co.Validation:
    return co.validate_predictions(
        pd.read_csv(facts_folder / "perf_calibration.csv"), catalog=bundled
    )


def test_nine_tenths_of_the_sample_are_scored(of_the_sample: co.Validation) -> None:
    assert of_the_sample.scored >= 0.9 * len(of_the_sample.rows)


def test_every_row_has_a_prediction_inside_its_band_or_a_reason(
    of_the_sample: co.Validation,
) -> None:
    rows = of_the_sample.rows
    scored = rows["reason"] == ""

    assert (rows["predicted"].notna() == scored).all()
    assert (rows["origin"] != "").eq(scored).all()
    assert (rows["low"] <= rows["predicted"])[scored].all()
    assert (rows["predicted"] <= rows["high"])[scored].all()


def test_rows_keep_their_own_columns_before_the_results(of_the_sample: co.Validation) -> None:
    own = [name for name in of_the_sample.rows.columns if name not in RESULT_COLUMNS]

    assert own[0] == "id"
    assert list(of_the_sample.rows.columns) == [*own, *RESULT_COLUMNS]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": np.nan}, "value is blank"),
        ({"value": "fast"}, "not a number"),
        ({"value": 0.0}, "must be above 0"),
        ({"value": -3.0}, "must be above 0"),
        ({"value": np.inf}, "not a number"),
        ({"value": "20 ms"}, "not a number"),
        ({"n_accelerators": 1.5}, "must be a whole number"),
        ({"accelerator": "A100-80G"}, "Unknown accelerator 'A100-80G'. Did you mean A100-80GB"),
        ({"model": "x", "model_ref": "nobody/nothing"}, "Unknown model"),
        ({"metric": "tpot_s"}, "Unknown metric 'tpot_s'. Did you mean tpot_ms"),
        ({"workload": "inference"}, "Unknown workload"),
        ({"metric": "mfu"}, "mfu is not predicted for inference_online"),
        ({"software": "homemade"}, "Unknown software"),
        ({"precision": "fp7"}, "Unknown precision"),
        ({"precision": "fp8"}, "A100-80GB has none for fp8"),
        ({**TUNED, "metric": "mfu", "value": 0.4, "precision": "int4"}, "the precision is int4"),
        ({**TUNED, **PEAK, "workload": "finetune_lora", "precision": "nf4"}, "16 or 32 bits"),
        ({**TUNED, "metric": "mfu", "value": 0.4, "workload": "qlora"}, "qlora trains on"),
        ({"batch_or_concurrency": 1e6}, "more than memory allows"),
        ({"model_ref": "meta-llama/Llama-3.1-70B"}, "do not fit into the memory"),
        ({"tensor_parallel": 2}, "need 2 accelerators; there are 1"),
        ({"workload": "training", "metric": "mfu", "value": 41.0}, "not a percentage"),
        ({"input_tokens": np.nan}, "no token counts"),
        ({"accelerator": ""}, "Unknown accelerator ''"),
        ({"value": "1,200"}, "which is not a number"),
        ({"batch_or_concurrency": 0}, "batch_or_concurrency is 0.0; it must be above 0"),
        ({"metric": "tpot_ms", "value": 0.02}, "is the least that the published peaks allow"),
        ({"metric": "ttft_ms", "value": 0.3}, "is the least that the published peaks allow"),
        ({"metric": "output_tokens_per_s", "value": 1e7}, "is the most that the published peaks"),
        ({"metric": "samples_per_s", "value": 1e6}, "is the most that the published peaks allow"),
        ({**PEAK, "value": 900.0}, "more than the 80 GiB of 1 A100-80GB"),
        ({**PEAK, "value": 70_000.0}, "check its unit"),
        ({**PEAK, "value": 7.0, "software": "transformers"}, "less than the weights alone"),
        ({**PEAK, **TUNED, "model_ref": "meta-llama/Llama-3.1-405B"}, "do not fit into"),
        ({**TUNED, "metric": "train_tokens_per_s", "value": 1e9}, "the most that large matrix"),
        ({**TUNED, "metric": "mfu", "value": 0.99}, "mfu is 0.99, and"),
        ({"output_tokens": 1.0}, "has no time between tokens"),
        ({"input_tokens": 200_000.0}, "200,100 tokens are more than the context of 131,072"),
        ({"input_tokens": 2e5, "software": "trtllm 1.0.0rc3"}, "more than the context of 131,072"),
        ({**TUNED, "metric": "mfu", "value": 0.3, "input_tokens": 5e6}, "even 32 times extended"),
        ({"batch_or_concurrency": 0.5}, "batch_or_concurrency is 0.5; it must be at least 1"),
        ({"input_tokens": 0.5}, "input_tokens is 0.5; it must be at least 1"),
        ({"notes": "speculative decoding, EAGLE"}, "says that tokens were drafted"),
        ({"software": "vllm 0.12.0 + Medusa"}, "says that tokens were drafted"),
        ({"notes": "prefix caching, 90% hit"}, "says that prompts were shared"),
        ({"notes": "p99"}, "a high percentile; the mean is predicted"),
        ({"notes": "disaggregated, 4 prefill and 4 decode"}, "different accelerators"),
    ],
)
def test_row_that_cannot_be_meant_is_refused_with_the_reason(
    bundled: co.Catalog, change: dict[str, object], reason: str
) -> None:
    validation = validated(bundled, change, {})

    assert reason in reasons(validation)[0]
    assert reasons(validation)[1] == ""
    assert np.isnan(predicted(validation)[0])


def test_time_below_one_reading_of_the_weights_is_taken_for_another_unit(
    bundled: co.Catalog,
) -> None:
    # seconds where milliseconds are meant; Llama 3.1 8B: 7.50e9 weights of a step x 2 B
    refused = validated(bundled, {"metric": "tpot_ms", "value": 0.02})

    bandwidth = bundled.accelerator(str(ROW["accelerator"])).bandwidth_gb_per_second
    assert bandwidth is not None
    least_ms = 7.505e9 * 2 / (bandwidth * 1e9) * 1000
    assert reasons(refused)[0].startswith(f"tpot_ms is 0.02, and {least_ms:.3g} is the least")


@pytest.mark.parametrize(
    "notes",
    [
        "no speculative decoding",
        "prefix caching off",
        "enable_prefix_caching=False",
        "without prefix caching",
        "speculative decoding disabled",
        "median TPOT at the reported server load",
    ],
)
def test_notes_that_deny_another_kind_of_run_are_no_reason(
    bundled: co.Catalog, notes: str
) -> None:
    assert reasons(validated(bundled, {"notes": notes})) == [""]


def test_compiled_software_may_run_beyond_the_context(bundled: co.Catalog) -> None:
    longer = {
        "model_ref": "meta-llama/Llama-2-7b-hf", "input_tokens": 4096.0, "output_tokens": 128.0,
        "batch_or_concurrency": 1.0,
    }  # fmt: skip

    compiled, checked = reasons(
        validated(bundled, {**longer, "software": "TensorRT-LLM 0.17"}, longer)
    )

    assert compiled == ""
    assert "more than the context of 4,096" in checked


def test_requests_in_flight_bound_the_rate_by_the_reading_of_the_weights(
    bundled: co.Catalog,
) -> None:
    """16 answers of 1,000 tokens: 999 readings of 15.01 GB at 3,352 GB/s are 4.47 s; one prompt
    token 0.02 ms. 16 x 1,000 / 4.47 s = 3,576 tokens/s."""
    sent = {
        "accelerator": "H100-80GB", "metric": "output_tokens_per_s", "input_tokens": 1.0,
        "output_tokens": 1000.0, "batch_or_concurrency": 16.0,
    }  # fmt: skip
    beyond, below = reasons(
        validated(bundled, {**sent, "value": 20_000.0}, {**sent, "value": 2000.0})
    )

    bandwidth = bundled.accelerator("H100-80GB").bandwidth_gb_per_second
    assert bandwidth is not None
    most = 16_000 / (999 * 7.505e9 * 2 / (bandwidth * 1e9))
    assert beyond.startswith("output_tokens_per_s is 20000, and ")
    assert float(beyond.split()[4]) == pytest.approx(most, rel=0.005)
    assert below == ""


def test_sum_over_accelerators_may_be_above_the_memory_of_one(bundled: co.Catalog) -> None:
    summed = {
        **PEAK, "workload": "finetune_lora", "n_accelerators": 4, "value": 215.0,
        "input_tokens": 2048.0, "output_tokens": np.nan, "software": "PEFT",
        "notes": "sum over GPUs; gradient checkpointing on; DeepSpeed ZeRO-3",
        "batch_or_concurrency": 1.0,
    }  # fmt: skip

    assert reasons(validated(bundled, summed, {**summed, "value": 321.0})) == [
        "",
        "a peak of 321 GiB is more than the 320 GiB of 4 A100-80GB: check its unit",
    ]


def test_row_with_the_id_of_an_earlier_one_is_refused(bundled: co.Catalog) -> None:
    validation = validated(bundled, {"id": "a"}, {"id": "b"}, {"id": "a"}, {"id": ""}, {"id": ""})

    assert reasons(validation) == ["", "", "id 'a' is that of an earlier row", "", ""]


def test_copies_of_a_model_share_the_total(bundled: co.Catalog) -> None:
    one = {"metric": "output_tokens_per_s"}
    two = {**one, "n_accelerators": 2, "batch_or_concurrency": 16.0}

    alone, together = predicted(validated(bundled, one, two))

    assert together == pytest.approx(2 * alone)


def test_requests_per_second_are_tokens_over_the_length_of_an_answer(bundled: co.Catalog) -> None:
    rate = {"metric": "output_tokens_per_s", "value": 500.0}
    tokens, answers = predicted(
        validated(bundled, rate, {"metric": "samples_per_s", "value": 5.0})
    )

    assert tokens == pytest.approx(100 * answers)


def test_minutes_to_a_target_are_its_samples_over_the_rate(bundled: co.Catalog) -> None:
    run = {
        "workload": "training", "metric": "samples_per_s", "batch_or_concurrency": 8,
        "input_tokens": 2048, "n_accelerators": 8, "software": "llm-foundry",
    }  # fmt: skip
    target = {**run, "metric": "minutes_to_train", "notes": "samples seen to target 6000"}

    validation = validated(bundled, run, target)
    rate, minutes = predicted(validation)
    _, soonest = validation.rows["low"].to_numpy()
    highest, _ = validation.rows["high"].to_numpy()

    assert minutes == pytest.approx(6000 / rate / 60)
    assert float(soonest) == pytest.approx(6000 / float(highest) / 60)


def test_cache_of_a_memory_row_is_counted_by_hand(bundled: co.Catalog) -> None:
    """2 x 8 heads x 128 x 32 layers x 2 B = 131,072 B a token; 8,192 tokens are 1 GiB."""
    validation = co.validate_predictions(pd.DataFrame([MEMORY_ROW]), catalog=bundled)

    assert validation.kind == "memory"
    assert predicted(validation) == pytest.approx([1.0])
    assert validation.regret is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quantity": "weight"}, "Unknown quantity 'weight'. Did you mean weights"),
        ({"precision": "fp7"}, "Unknown precision"),
        ({"quantity": "peak_per_gpu", "method": "loraa"}, "Unknown method 'loraa'"),
        ({"quantity": "model_states", "method": "zero4"}, "Unknown method 'zero4'"),
        ({"quantity": "model_states", "method": "lora"}, "only its peaks are"),
        ({"quantity": "peak_per_gpu", "method": "zero2"}, "only its model_states are"),
        ({"quantity": "model_states", "method": "fsdp"}, "Known: full, none, zero1, zero2, zero3"),
        ({**MEMORY_PEAK, "batch": np.nan, "expected_gib": 20.0}, "gives no batch size"),
        ({"quantity": "peak_per_gpu", "method": "inferense"}, "Did you mean inference"),
        ({"quantity": "peak_per_gpu", "method": ""}, "Unknown method ''"),
        (
            {"quantity": "peak_per_gpu", "method": "qlora"},
            "8 or 4 bits, and the precision is bf16",
        ),
        ({"quantity": "peak_per_gpu", "method": "lora", "precision": "nf4"}, "of 16 or 32 bits"),
        ({"batch": np.nan}, "the source gives no batch size"),
        ({"expected_gib": 0}, "must be above 0"),
        ({"model": "nobody"}, "Unknown model"),
        ({**MEMORY_PEAK, "expected_gib": 81_920.0}, "GiB of the largest accelerators"),
        ({"seq": 5e6}, "5,000,000 tokens are more than the context of 131,072, even 32 times"),
        ({"batch": 0.5}, "batch is 0.5; it must be at least 1"),
        ({**MEMORY_PEAK, "expected_gib": 8.0}, "less than the weights alone"),
    ],
)
def test_memory_row_that_says_too_little_is_refused(
    bundled: co.Catalog, change: dict[str, object], reason: str
) -> None:
    frame = pd.DataFrame([{**MEMORY_ROW, **change}])

    assert reason in reasons(co.validate_predictions(frame, catalog=bundled))[0]


def test_states_of_full_training_are_held_whole_by_every_rank(bundled: co.Catalog) -> None:
    """Llama 3.1 8B in mixed precision: 2 + 2 + 12 B for each of 8.03e9 parameters, 119.7 GiB."""
    states = {"quantity": "model_states", "method": "full", "precision": "mixed", "gpus": 8}
    frame = pd.DataFrame([{**MEMORY_ROW, **states, "expected_gib": 120.0}])

    found = predicted(co.validate_predictions(frame, catalog=bundled))

    assert found == pytest.approx([8.03e9 * 16 / 2**30], rel=0.001)


def test_rows_that_constants_were_fitted_to_are_counted(of_the_sample: co.Validation) -> None:
    assert of_the_sample.in_sample == of_the_sample.scored
    assert json.loads(of_the_sample.to_json())["in_sample"] == of_the_sample.scored


def test_row_of_ones_own_with_the_name_of_a_fitted_one_is_not_in_sample(
    bundled: co.Catalog, facts_folder: Path
) -> None:
    first = pd.read_csv(facts_folder / "perf_calibration.csv").head(1)
    changed = first.assign(value=first["value"] * 0.9)

    found = [co.validate_predictions(one, catalog=bundled) for one in (first, changed)]

    assert [validation.scored for validation in found] == [1, 1]
    assert [validation.in_sample for validation in found] == [1, 0]


def test_json_holds_every_score(of_the_sample: co.Validation) -> None:
    told = json.loads(of_the_sample.to_json())

    assert told["scored"] + told["refused"] == len(of_the_sample.rows)
    assert len(told["scores"]) == len(of_the_sample.scores)
    assert sum(one["rows"] for one in told["refusals"]) == told["refused"]


def test_scoring_scored_rows_again_gives_the_same(bundled: co.Catalog) -> None:
    once = validated(bundled, {}).rows

    again = co.validate_predictions(once, catalog=bundled).rows

    pd.testing.assert_frame_equal(again, once)


def test_frame_is_left_as_it_was(bundled: co.Catalog) -> None:
    frame = pd.DataFrame([ROW], index=[7])

    rows = co.validate_predictions(frame, catalog=bundled).rows

    assert list(frame.columns) == list(ROW)
    assert list(rows.index) == [7]
