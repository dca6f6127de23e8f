"""Profile.read: the file of each tool, with its units, by hand-checked numbers."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costopt.profile.profile import Profile, ServedLoad

Changed = Callable[..., Path]

ON: dict[str, Any] = {
    "accelerator": "H100-80GB",
    "accelerators": 4,
    "tensor_parallel": 2,
    "precision": "fp8",
}


def only_load(path: Path, **more: Any) -> ServedLoad:
    (load,) = Profile.read(path, **ON, **more).loads
    return load


def test_a_result_of_vllm_has_rates_per_second_and_summaries_in_milliseconds(
    fixtures: Path,
) -> None:
    """655,360 / 640 = 1,024 tokens in, 163,840 / 640 = 256 out; a request takes on average
    250 ms + 20 ms x 255 = 5.35 s, so that 8 requests/s x 5.35 s = 42.8 are in the system."""
    profile = Profile.read(fixtures / "vllm.json", **ON)
    (load,) = profile.loads
    assert profile.model == "meta-llama/Llama-3.1-8B"
    assert profile.source.endswith("vllm.json: vllm bench serve, 20260412-101500, openai")
    assert (load.input_tokens, load.output_tokens) == (1024, 256)
    assert (load.requests_per_second, load.output_tokens_per_second) == (8.0, 2048.0)
    assert (load.ttft_ms, load.tpot_ms) == (240.0, 19.8)
    assert load.concurrency == pytest.approx(42.8)
    assert (load.completed, load.failed, load.duration_seconds) == (640, 0, 80.0)


def test_vllm_s_own_mean_latency_is_taken_where_it_was_written(changed: Changed) -> None:
    """8 requests/s x 5.5 s = 44 in the system."""
    path = changed("vllm.json", {"mean_e2el_ms": 5500.0})
    assert only_load(path).concurrency == pytest.approx(44.0)


def test_an_older_vllm_tells_failures_by_the_requests_that_were_asked(changed: Changed) -> None:
    """642 asked, 640 answered: two failed."""
    path = changed("vllm.json", {"failed": None, "num_prompts": 642})
    assert only_load(path).failed == 2


def test_several_results_appended_by_vllm_are_several_loads(
    fixtures: Path, tmp_path: Path
) -> None:
    result = json.loads((fixtures / "vllm.json").read_text(encoding="utf-8"))
    path = tmp_path / "appended.json"
    path.write_text(f"{json.dumps(result)}\n{json.dumps(result)}\n", encoding="utf-8")
    assert len(Profile.read(path, **ON).loads) == 2
    path.write_text(json.dumps([result, result]), encoding="utf-8")
    assert len(Profile.read(path, **ON).loads) == 2


def test_a_deployment_that_vllm_was_told_need_not_be_told_again(changed: Changed) -> None:
    """``--metadata accelerators=8 ...`` stands in the result as text."""
    told = {"accelerator": "A100-80GB", "accelerators": "8", "tensor_parallel": "4"}
    path = changed("vllm.json", {**told, "precision": "bf16"})
    profile = Profile.read(path)
    assert (profile.accelerator, profile.accelerators, profile.replicas) == ("A100-80GB", 8, 2)


def test_speculative_decoding_is_told_in_the_source(changed: Changed) -> None:
    path = changed("vllm.json", {"spec_decode_acceptance_rate": 71.0})
    assert Profile.read(path, **ON).source.endswith("with speculative decoding")


def test_one_answered_token_has_no_time_per_token(changed: Changed) -> None:
    """640 tokens out of 640 answers: nothing follows the first; 8/s x 0.25 s = 2 in the system."""
    values = {"total_output_tokens": 640, "output_throughput": 8.0, "median_tpot_ms": 0.0}
    load = only_load(changed("vllm.json", values))
    assert load.tpot_ms is None
    assert load.concurrency == pytest.approx(2.0)


def test_each_benchmark_of_guidellm_is_a_load(fixtures: Path) -> None:
    """Synchronous: one in the system; 16 streams: 10 requests/s x 1.577 s = 15.8 of the 16."""
    profile = Profile.read(fixtures / "guidellm.json", **ON)
    alone, many = profile.loads
    assert profile.model == "Qwen/Qwen2.5-7B"
    assert profile.source.endswith("guidellm.json: GuideLLM, 0.8.1")
    assert (alone.concurrency, many.concurrency) == (1.0, 16.0)
    assert (many.requests_per_second, many.output_tokens_per_second) == (10.0, 1280.0)
    assert (many.input_tokens, many.output_tokens) == (512.0, 128.0)
    assert (many.completed, many.failed, many.duration_seconds) == (300, 0, 30.0)


def test_guidellm_s_time_per_token_is_the_one_without_the_first(fixtures: Path) -> None:
    """Its time_per_output_token_ms would be 1,577 ms / 128 = 12.3 ms, the first token in it."""
    many = Profile.read(fixtures / "guidellm.json", **ON).loads[1]
    assert many.tpot_ms == 11.0
    assert many.ttft_ms == 180.0


def test_aiperf_tells_the_unit_of_each_metric(fixtures: Path) -> None:
    """4 requests/s x 7.8549 s = 31.4 in the system; 4 errors beside 400 answers."""
    profile = Profile.read(fixtures / "aiperf.json", **ON)
    (load,) = profile.loads
    assert profile.model == "meta-llama/Llama-3.3-70B-Instruct"
    assert profile.source.endswith("aiperf.json: aiperf, 0.12.0")
    assert load.concurrency == pytest.approx(31.4196)
    assert (load.input_tokens, load.output_tokens) == (2000.0, 500.0)
    assert (load.ttft_ms, load.tpot_ms) == (310.0, 15.0)
    assert (load.completed, load.failed, load.duration_seconds) == (400, 4, 100.0)


@pytest.mark.parametrize(("unit", "in_it"), [("sec", 0.31), ("us", 310e3), ("ns", 310e6)])
def test_aiperf_s_unit_is_read_and_not_assumed(changed: Changed, unit: str, in_it: float) -> None:
    values = {"time_to_first_token.unit": unit, "time_to_first_token.p50": in_it}
    assert only_load(changed("aiperf.json", values)).ttft_ms == pytest.approx(310.0)


def test_the_models_of_older_aiperf_stand_at_the_endpoint(changed: Changed) -> None:
    path = changed("aiperf.json", {"input_config": {"endpoint": {"model_names": ["a/b"]}}})
    assert Profile.read(path, **ON).model == "a/b"


def test_genai_perf_tells_its_duration_as_a_count_and_a_rate(fixtures: Path) -> None:
    """150 requests at 2.5/s took 60 s; 2.5/s x 0.9469 s = 2.37 in the system."""
    profile = Profile.read(fixtures / "genai_perf.json", **ON)
    (load,) = profile.loads
    assert profile.model == "mistralai/Mistral-7B-v0.3"
    assert profile.source.endswith("genai_perf.json: genai-perf")
    assert load.duration_seconds == 60.0
    assert load.concurrency == pytest.approx(2.36725)
    assert (load.ttft_ms, load.tpot_ms, load.completed) == (45.0, 9.0, 150)


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("inference_perf_stage.json", "inference-perf, one stage"),
        ("inference_perf_summary.json", "inference-perf, summary over all stages"),
    ],
)
def test_inference_perf_counts_in_seconds(fixtures: Path, name: str, tool: str) -> None:
    """0.21 s = 210 ms, 0.015 s = 15 ms; 5 requests/s x 3.2 s = 16 in the system."""
    profile = Profile.read(fixtures / name, **ON, model="meta-llama/Llama-3.1-8B")
    (load,) = profile.loads
    assert profile.source.endswith(f"{name}: {tool}")
    assert (load.ttft_ms, load.tpot_ms) == (210.0, 15.0)
    assert load.concurrency == pytest.approx(16.0)
    assert (load.input_tokens, load.output_tokens) == (1500.0, 200.0)
    assert (load.output_tokens_per_second, load.failed) == (1000.0, 2)
    assert load.duration_seconds == 60.0


def test_older_inference_perf_tells_its_duration_as_a_count_and_a_rate(changed: Changed) -> None:
    """300 answers at 5/s: 60 s."""
    path = changed("inference_perf_stage.json", {"benchmark_time_seconds": None})
    assert only_load(path, model="llama-3.1-8b").duration_seconds == 60.0


def test_a_table_has_one_load_in_each_row(fixtures: Path) -> None:
    profile = Profile.read(fixtures / "loads.csv", **ON)
    assert profile.model == "meta-llama/Llama-3.1-8B"
    assert [load.concurrency for load in profile.loads] == [8.0, 64.0]
    assert [load.failed for load in profile.loads] == [0, 3]
    assert profile.loads[1].output_tokens_per_second == 2457.6


def test_a_table_may_leave_latencies_empty_and_name_the_deployment(tmp_path: Path) -> None:
    path = tmp_path / "loads.csv"
    path.write_text(
        "model,accelerator,accelerators,tensor_parallel,precision,kv_precision,concurrency,"
        "input_tokens,output_tokens,requests_per_second,output_tokens_per_second,ttft_ms,"
        "completed,duration_seconds\n"
        "meta-llama/Llama-3.1-8B,L40S,2,2,bf16,fp8,8,1024,256,2.5,640,,300,120\n",
        encoding="utf-8",
    )
    profile = Profile.read(path)
    assert (profile.accelerator, profile.kv_precision, profile.replicas) == ("L40S", "fp8", 1)
    assert (profile.loads[0].ttft_ms, profile.loads[0].failed) == (None, 0)


def test_the_model_may_be_named_without_organisation_and_in_any_case(fixtures: Path) -> None:
    profile = Profile.read(fixtures / "vllm.json", **ON, model="llama-3.1-8b")
    assert profile.model == "llama-3.1-8b"


@pytest.mark.parametrize("given", ["llama-3.1-8b", "meta-llama/Llama-3.1-8B"])
def test_the_model_may_be_named_as_the_catalogue_knows_it(changed: Changed, given: str) -> None:
    """The tuned model and the one it was tuned from are one row of the catalogue."""
    path = changed("vllm.json", {"model_id": "meta-llama/Llama-3.1-8B-Instruct"})
    assert Profile.read(path, **ON, model=given).model == given


@pytest.mark.parametrize(
    "folder",
    ["./Llama-3.1-8B-int4_weight_only", "../weights", "/models/llama/awq", "~/llama", "a/b/c",
     "C:\\models\\llama"],
)  # fmt: skip
def test_the_model_that_is_given_goes_before_a_folder_of_weights(
    changed: Changed, folder: str
) -> None:
    path = changed("vllm.json", {"model_id": folder})
    assert Profile.read(path, **ON, model="llama-3.1-8b").model == "llama-3.1-8b"


def test_reading_a_profile_loads_no_pandas(fixtures: Path) -> None:
    program = (
        "import sys; import costopt as co; "
        f"co.Profile.read({str(fixtures / 'vllm.json')!r}, accelerator='H100-80GB', "
        "accelerators=4, tensor_parallel=2, precision='fp8'); "
        "print([name for name in ('pandas', 'numpy', 'pulp') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
