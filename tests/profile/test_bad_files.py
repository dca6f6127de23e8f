"""Profile.read: what measured nothing, or does not say what, is refused with the reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.profile.profile import Profile
from costopt.profile.readers.run import REQUIRED

Changed = Callable[..., Path]

ON: dict[str, Any] = {
    "accelerator": "H100-80GB",
    "accelerators": 4,
    "tensor_parallel": 2,
    "precision": "fp8",
}

BENCH = "benchmarks.1"


def refused(path: Path, **more: Any) -> str:
    with pytest.raises(InvalidInputError) as told:
        Profile.read(path, **{**ON, **more})
    assert str(path) in str(told.value)
    return str(told.value)


def written(folder: Path, text: str, name: str = "result.json") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "it cannot be read (No such file or directory)" in refused(tmp_path / "none.json")


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    assert "the file is empty" in refused(written(tmp_path, " \n"))


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert "not a text file in UTF-8" in refused(path)


def test_a_json_file_that_was_cut_short_is_told(fixtures: Path, tmp_path: Path) -> None:
    text = (fixtures / "vllm.json").read_text(encoding="utf-8")
    told = refused(written(tmp_path, text[:300]))
    assert "not whole JSON (line " in told
    assert "cut short" in told


@pytest.mark.parametrize("text", ["[]", "[1, 2]"])
def test_json_without_a_result_is_told(tmp_path: Path, text: str) -> None:
    assert "holds no result of a benchmark" in refused(written(tmp_path, text))


def test_the_file_of_another_tool_is_told_by_its_fields(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({"metrics": {}, "root_group": {}, "options": {}}))
    told = refused(path)
    assert "not a result of vllm bench serve, GuideLLM, aiperf" in told
    assert "(its fields: metrics, root_group, options)" in told


def test_a_log_of_nvidia_smi_is_sent_where_it_belongs(fixtures: Path) -> None:
    assert "nvidia-smi or DCGM go to Profile.from_utilisation" in refused(
        fixtures / "nvidia_smi.csv"
    )


def test_everything_that_is_missing_is_asked_for_at_once(fixtures: Path) -> None:
    with pytest.raises(InvalidInputError) as told:
        Profile.read(fixtures / "inference_perf_stage.json")
    assert (
        "the file does not say model, accelerator, accelerators, tensor_parallel, precision"
        in (str(told.value))
    )
    assert "accelerator='H100-80GB', accelerators=4, tensor_parallel=2" in str(told.value)


def test_only_what_is_missing_is_asked_for(fixtures: Path) -> None:
    with pytest.raises(InvalidInputError) as told:
        Profile.read(fixtures / "vllm.json", accelerator="H100-80GB", precision="fp8")
    assert "does not say accelerators, tensor_parallel; give each" in str(told.value)


def test_a_profile_of_another_model_is_refused(fixtures: Path) -> None:
    told = refused(fixtures / "vllm.json", model="meta-llama/Llama-3.1-70B")
    assert "this is a profile of another model: the file names 'meta-llama/Llama-3.1-8B'" in told


def test_a_model_that_no_catalogue_knows_is_another_model(changed: Changed) -> None:
    told = refused(changed("vllm.json", {"model_id": "my/chat"}), model="llama-3.1-8b")
    assert "this is a profile of another model: the file names 'my/chat'" in told


def test_a_folder_of_weights_is_no_name_of_a_model(changed: Changed) -> None:
    with pytest.raises(InvalidInputError) as told:
        Profile.read(
            changed("vllm.json", {"model_id": "./chat-awq"}),
            accelerator="H100-80GB",
            accelerators=4,
            tensor_parallel=2,
            precision="int4_weight_only",
        )
    text = str(told.value)
    assert "the file names a folder of weights, './chat-awq', instead of a model" in text
    assert "such as model='meta-llama/Llama-3.1-8B'" in text


def test_the_example_of_what_is_asked_for_can_be_planned_with(bundled: Catalog) -> None:
    assert bundled.model(REQUIRED["model"]).name == REQUIRED["model"]
    assert bundled.accelerator(REQUIRED["accelerator"]).name == REQUIRED["accelerator"]


def test_a_deployment_other_than_the_file_s_is_refused(changed: Changed) -> None:
    path = changed("vllm.json", {"accelerators": "8"})
    assert "accelerators = 4, but the file says 8" in refused(path)


def test_a_count_in_the_file_is_a_whole_number(changed: Changed) -> None:
    path = changed("vllm.json", {"accelerators": "eight"})
    assert "accelerators = 'eight' is not a whole number" in refused(path)


def test_an_unknown_precision_is_refused_with_the_file(fixtures: Path) -> None:
    assert "Unknown precision 'fp9'. Did you mean fp8" in refused(
        fixtures / "vllm.json", precision="fp9"
    )


def test_a_run_of_vllm_without_an_answer_tells_the_last_error(changed: Changed) -> None:
    path = changed(
        "vllm.json",
        {"completed": 0, "failed": 640, "errors": ["", "Traceback\nConnection refused"]},
    )
    assert "no request was answered, 640 failed (Connection refused)" in refused(path)


def test_a_run_of_vllm_in_which_many_failed_is_refused(changed: Changed) -> None:
    path = changed("vllm.json", {"failed": 160})
    assert "160 of 800 requests failed" in refused(path)


def test_a_run_of_vllm_whose_requests_are_missing_is_refused(changed: Changed) -> None:
    told = refused(changed("vllm.json", {"num_prompts": 5000}))
    assert "but num_prompts = 5000: the run was cut short" in told


def test_a_missing_summary_of_vllm_names_the_option_that_writes_it(changed: Changed) -> None:
    path = changed("vllm.json", {"median_ttft_ms": None, "mean_ttft_ms": None})
    told = refused(path)
    assert "mean_ttft_ms is missing" in told
    assert "--percentile-metrics ttft,tpot,itl,e2el" in told


def test_a_run_of_vllm_that_did_not_stream_is_refused(changed: Changed) -> None:
    told = refused(changed("vllm.json", {"median_ttft_ms": 0.0}))
    assert "median_ttft_ms = 0: the answers were not streamed" in told


def test_a_pooling_run_of_vllm_is_sent_where_it_belongs(changed: Changed) -> None:
    told = refused(changed("vllm.json", {"total_output_tokens": None}))
    assert "a pooling model, which generates nothing" in told


def test_a_run_whose_load_was_raised_is_refused(changed: Changed) -> None:
    told = refused(changed("vllm.json", {"ramp_up_strategy": "linear"}))
    assert "the load was raised during the run (ramp_up_strategy = linear)" in told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), "request_throughput = nan: must be a finite number"),
        ("8.0", "request_throughput = '8.0': must be a finite number"),
        (-8.0, "requests_per_second = -8.0: must be above 0"),
        (0.0, "requests_per_second = 0.0: must be above 0"),
    ],
)
def test_a_figure_that_is_none_is_refused(changed: Changed, value: object, told: str) -> None:
    assert told in refused(changed("vllm.json", {"request_throughput": value}))


def test_a_count_that_is_not_whole_is_refused(changed: Changed) -> None:
    assert "completed = 640.5: must be a whole number" in refused(
        changed("vllm.json", {"completed": 640.5})
    )


def test_seconds_where_milliseconds_belong_are_refused(changed: Changed) -> None:
    """Median times of 0.24 s and 0.0198 s, written in fields of milliseconds."""
    told = refused(changed("vllm.json", {"median_ttft_ms": 0.24, "median_tpot_ms": 0.0198}))
    assert "ttft_ms = 0.24 is too short" in told
    assert "tpot_ms = 0.0198 is too short" in told


def test_results_of_different_models_in_one_file_are_refused(
    fixtures: Path, tmp_path: Path
) -> None:
    result = json.loads((fixtures / "vllm.json").read_text(encoding="utf-8"))
    lines = [json.dumps(result), json.dumps({**result, "model_id": "other"})]
    told = refused(written(tmp_path, "\n".join(lines)))
    assert "results of different models (meta-llama/Llama-3.1-8B and other)" in told


def test_one_bad_result_among_several_is_named(fixtures: Path, tmp_path: Path) -> None:
    result = json.loads((fixtures / "vllm.json").read_text(encoding="utf-8"))
    lines = [json.dumps(result), json.dumps({**result, "completed": 0})]
    assert ", result 2: no request was answered" in refused(written(tmp_path, "\n".join(lines)))


def test_a_summary_of_several_stages_is_refused(fixtures: Path, tmp_path: Path) -> None:
    text = (fixtures / "inference_perf_summary.json").read_text(encoding="utf-8")
    summary = written(tmp_path, text, "summary_lifecycle_metrics.json")
    written(tmp_path, text, "stage_1_lifecycle_metrics.json")
    assert "read each stage by itself" in refused(summary)


def test_an_older_report_of_guidellm_is_refused(changed: Changed) -> None:
    told = refused(changed("guidellm.json", {"metadata.version": 1}))
    assert "metadata.version = 1: this is no report of version 2" in told


def test_a_report_of_guidellm_without_a_benchmark_is_refused(changed: Changed) -> None:
    assert "the report holds no benchmark" in refused(changed("guidellm.json", {"benchmarks": []}))


def test_a_benchmark_of_guidellm_without_an_end_is_refused(fixtures: Path, tmp_path: Path) -> None:
    report = json.loads((fixtures / "guidellm.json").read_text(encoding="utf-8"))
    report["benchmarks"][1]["scheduler_state"]["end_time"] = None
    told = refused(written(tmp_path, json.dumps(report)))
    assert "benchmarks[1] (concurrent): the benchmark did not end" in told


def test_a_benchmark_of_guidellm_that_was_cut_short_is_refused(changed: Changed) -> None:
    """400 of 700 requests were still running."""
    told = refused(changed("guidellm.json", {f"{BENCH}.metrics.request_totals.incomplete": 400}))
    assert "400 of 700 requests were cut off" in told


def test_a_benchmark_of_guidellm_without_an_answer_is_refused(changed: Changed) -> None:
    path = changed(
        "guidellm.json",
        {
            f"{BENCH}.metrics.request_totals.successful": 0,
            f"{BENCH}.metrics.request_totals.errored": 300,
        },
    )
    assert "no request was answered: 300 failed and 16 were cut off" in refused(path)


def test_a_benchmark_of_guidellm_with_errors_is_refused(changed: Changed) -> None:
    path = changed("guidellm.json", {f"{BENCH}.metrics.request_totals.errored": 100})
    assert "100 of 400 requests failed" in refused(path)


def test_a_benchmark_of_guidellm_that_did_not_stream_is_refused(changed: Changed) -> None:
    path = changed(
        "guidellm.json", {f"{BENCH}.metrics.time_to_first_token_ms.successful.median": 0.0}
    )
    assert "median = 0: the answers were not streamed" in refused(path)


def test_a_cancelled_run_of_aiperf_is_refused(changed: Changed) -> None:
    assert "the run was cancelled before its end" in refused(
        changed("aiperf.json", {"was_cancelled": True})
    )


def test_an_incomplete_run_of_aiperf_is_refused_with_its_reason(changed: Changed) -> None:
    path = changed("aiperf.json", {"is_complete": False, "incomplete_reason": "records were lost"})
    assert "the run is incomplete (records were lost)" in refused(path)


def test_a_run_of_aiperf_without_an_answer_is_refused(changed: Changed) -> None:
    assert "no request was answered" in refused(changed("aiperf.json", {"request_count.avg": 0.0}))


def test_a_run_of_aiperf_that_did_not_stream_is_refused(changed: Changed) -> None:
    told = refused(changed("aiperf.json", {"time_to_first_token": None}))
    assert "time_to_first_token.avg is missing" in told
    assert "--streaming" in told


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("time_to_first_token", "fortnights"),
        ("request_throughput", "requests/min"),
        ("input_sequence_length", "characters"),
    ],
)
def test_a_unit_of_aiperf_that_is_not_known_is_refused(
    changed: Changed, path: str, unit: str
) -> None:
    told = refused(changed("aiperf.json", {f"{path}.unit": unit}))
    assert f"{path}.unit = '{unit}' is not known; known: " in told


def test_a_metric_of_aiperf_without_a_unit_is_refused(changed: Changed) -> None:
    assert "request_latency.unit is missing" in refused(
        changed("aiperf.json", {"request_latency.unit": None})
    )


def test_a_run_of_aiperf_over_several_models_is_refused(changed: Changed) -> None:
    path = changed("aiperf.json", {"input_config": {"model_names": ["a", "b"]}})
    assert "the run asked several models (a, b)" in refused(path)


def test_an_older_genai_perf_that_counts_nothing_is_refused(changed: Changed) -> None:
    told = refused(changed("genai_perf.json", {"request_count": None}))
    assert "request_count.avg is missing; older releases of genai-perf" in told


def test_a_report_of_server_metrics_is_refused(changed: Changed) -> None:
    told = refused(changed("inference_perf_stage.json", {"load_summary": {}}), model="m")
    assert "report of the server's own metrics" in told


def test_a_run_of_inference_perf_without_an_answer_is_refused(changed: Changed) -> None:
    path = changed("inference_perf_stage.json", {"successes.count": 0, "failures.count": 302})
    assert "no request was answered, 302 failed" in refused(path, model="m")


def test_a_run_of_inference_perf_that_did_not_stream_is_refused(changed: Changed) -> None:
    path = changed("inference_perf_stage.json", {"successes.latency.time_to_first_token": None})
    assert "set api.streaming to true" in refused(path, model="m")


HEADER = (
    "concurrency,input_tokens,output_tokens,requests_per_second,output_tokens_per_second,"
    "completed,duration_seconds"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{HEADER}\n", "there is no row below the header"),
        (f"{HEADER},ttft_s\n8,1024,256,2.5,640,300,120,0.1\n", "Did you mean ttft_ms"),
        (f"{HEADER},completed\n", "column 'completed' stands twice"),
        (HEADER.replace(",completed", "") + "\n", "the first line must also name completed"),
        (f"{HEADER}\n8,1024,256,2.5,640,300\n", "line 2: not as many cells"),
        (f"{HEADER}\n8,1024,256,2.5,640,300,\n", "line 2: duration_seconds is empty"),
        (f"{HEADER}\n8,1024,256,fast,640,300,120\n", "line 2: requests_per_second = 'fast'"),
        (f"{HEADER}\n8,1024,256,2.5,640,3.5,120\n", "line 2: completed = '3.5'"),
        (f"{HEADER}\n8,1024,256,nan,640,300,120\n", "must be a finite number"),
        (f"{HEADER}\n8,1024,256,-2.5,640,300,120\n", "must be above 0"),
        (
            f"model,{HEADER}\na,8,1024,256,2.5,640,300,120\nb,8,1024,256,2.5,640,300,120\n",
            "another deployment",
        ),
        (f'{HEADER}\n8,1024,"256,2.5,640,300,120\n', "not valid CSV"),
    ],
)
def test_a_table_with_a_fault_is_refused(tmp_path: Path, text: str, told: str) -> None:
    assert told in refused(written(tmp_path, text, "loads.csv"), model=None)


def test_every_fault_of_a_table_is_told_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path, f"{HEADER}\n8,1024,256,-1,640,300,120\n8,1024,256,x,640,300,120\n", "loads.csv"
    )
    told = refused(path)
    assert "line 2: requests_per_second = -1.0: must be above 0" in told
    assert "line 3: requests_per_second = 'x'" in told
