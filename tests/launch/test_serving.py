"""Recipes of services and batches: what the servers are told, and what is measured."""

import subprocess
from collections.abc import Callable
from shutil import which

import pytest

from costopt.launch.command import Command
from costopt.launch.recipe import Recipe
from costopt.launch.vllm_arguments import BenchArgument, EngineArgument
from costopt.plan.plan import Plan
from costopt.workload.batch import BatchInference
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize

PlanOf = Callable[[str], Plan]
RecipeOn = Callable[..., Recipe]
Service = Callable[..., InferenceService]
ShellWords = Callable[[Command], list[str]]


def test_eight_accelerators_at_tensor_parallel_4_run_two_replicas(
    served_on: RecipeOn, chat_70b: InferenceService
) -> None:
    """A p5.48xlarge has 8 H100, 8 / 4 = 2."""
    recipe = served_on(chat_70b, "p5.48xlarge", 4)
    assert recipe.arguments["tensor_parallel_size"] == 4
    assert recipe.arguments["data_parallel_size"] == 2
    assert len(recipe.commands) == 1


def test_the_70b_chat_model_is_served_as_its_rate_assumes(
    shell_words: ShellWords, served_on: RecipeOn, chat_70b: InferenceService
) -> None:
    """The longest bucket is 8,000-16,000 + 25-100 tokens: 16,100, in blocks of 16, is 16,112.

    2 * 8 * 128 * 80 * 2 B / 4 = 80 KiB of cache for a token: 52 GiB hold far more than the 256
    requests that the engine admits.
    """
    assert shell_words(served_on(chat_70b, "p5.48xlarge", 4).commands[0]) == [
        "vllm", "serve", "meta-llama/Llama-3.1-70B-Instruct", "--tensor-parallel-size", "4",
        "--data-parallel-size", "2", "--dtype", "bfloat16", "--quantization", "fp8",
        "--kv-cache-dtype", "auto", "--max-model-len", "16112", "--max-num-seqs", "256",
        "--max-num-batched-tokens", "2048", "--gpu-memory-utilization", "0.9",
        "--no-enable-prefix-caching",
    ]  # fmt: skip


def test_the_context_is_the_longest_request_in_whole_blocks(
    recipe_on: RecipeOn, service: Service
) -> None:
    """A histogram has means only: 1,000 + 200 = 1,200 = 75 blocks of 16."""
    assert recipe_on(service(), "L4").arguments["max_model_len"] == 1200


def test_the_context_is_never_above_the_models(recipe_on: RecipeOn) -> None:
    """The longest papers have 2,000-4,000 + 250-500 tokens and more; Llama 2 holds 4,096."""
    batch = BatchInference(
        model="meta-llama/Llama-2-7b-hf",
        precision=("bf16",),
        requests=10_000,
        trace="arxiv-summarization",
        deadline_hours=24,
    )
    assert recipe_on(batch, "H100-80GB").arguments["max_model_len"] == 4096


def test_requests_at_once_are_those_that_memory_holds(
    served_on: RecipeOn, service: Service
) -> None:
    """Llama-3.1-8B in 16 bit on one L4 that reports 22.3516 GiB.

    Of 0.9 * 22.3516 = 20.12 GiB, weights take 8.0303e9 * 2 B = 14.96, overhead 0.60, the work of
    2,048 tokens 2 * 2,048 * (3 * 14,336 + 4 * 4,096) B = 0.23 and scores of 256 requests
    6 * 256 * 128,256 B = 0.18: the cache has 4.15 GiB. At 131,072 B for a token it holds 33,987
    tokens, and a request of 1,000 + 200 holds 1,100 and half a block on the mean: 30.7 of them.
    """
    recipe = served_on(service(), "g6.xlarge", 1)
    assert recipe.arguments["max_num_seqs"] == 30
    assert recipe.benchmark is not None
    assert recipe.benchmark.concurrency <= 30


def test_a_batch_is_served_in_larger_steps_and_batches(recipe_on: RecipeOn) -> None:
    size = RequestSize(input_tokens=200, output_tokens=100, share_fraction=1)
    batch = BatchInference(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        requests=100_000,
        sizes=(size,),
        deadline_hours=24,
    )
    recipe = recipe_on(batch, "H100-80GB")
    assert recipe.arguments["max_num_batched_tokens"] == 8192
    assert recipe.arguments["max_num_seqs"] == 1024
    assert recipe.arguments["max_model_len"] == 304  # 300 in blocks of 16


def test_the_weightiest_size_of_a_line_is_measured(
    served_on: RecipeOn, chat_70b: InferenceService
) -> None:
    """It is 26.371 % of the trace, 1,093.4 + 407.7 tokens; the only line serves all of it."""
    benchmark = served_on(chat_70b, "p5en.48xlarge", 4).benchmark
    assert benchmark is not None
    assert (benchmark.input_tokens, benchmark.output_tokens) == (1093, 408)
    assert benchmark.share_fraction == pytest.approx(0.26371, rel=0.01)


def test_a_measurement_keeps_as_many_requests_running_as_littles_law_says(
    served_on: RecipeOn, chat_70b: InferenceService
) -> None:
    """Two replicas: running = rate * answer * time per token, here within its percentile."""
    benchmark = served_on(chat_70b, "p5en.48xlarge", 4).benchmark
    assert benchmark is not None
    seconds = benchmark.concurrency / benchmark.requests_per_second / benchmark.output_tokens
    assert 0.005 < seconds <= 0.050  # no slower than max_tpot_ms
    assert benchmark.output_tokens_per_second == pytest.approx(
        benchmark.requests_per_second * benchmark.output_tokens
    )


def test_a_measurement_is_written_where_a_profile_can_be_read(
    shell_words: ShellWords, served_on: RecipeOn, chat_70b: InferenceService
) -> None:
    benchmark = served_on(chat_70b, "p5en.48xlarge", 4).benchmark
    assert benchmark is not None
    words = shell_words(benchmark.command)
    given = dict(zip(words[3:-1:2], words[4::2], strict=True))
    concurrency = str(benchmark.concurrency)
    assert words[:3] == ["vllm", "bench", "serve"]
    assert words[-1] == "--save-result"
    assert given["--dataset-name"] == "random"
    assert given["--max-concurrency"] == given["--num-warmups"] == concurrency
    assert given["--num-prompts"] == f"{10 * benchmark.concurrency}"
    assert "95" in given["--metric-percentiles"].split(",")
    assert given["--result-filename"].endswith(f"-1093-408-at-{concurrency}.json")
    assert benchmark.deployment == {
        "model": "meta-llama/Llama-3.1-70B-Instruct",
        "accelerator": "H200-141GB", "accelerators": 8, "instance_type": "p5en.48xlarge",
        "tensor_parallel": 4, "precision": "fp8", "kv_precision": "bf16",
    }  # fmt: skip


def test_replicas_with_experts_are_servers_of_their_own(
    shell_words: ShellWords, served_on: RecipeOn, service: Service
) -> None:
    """Behind one address vLLM would spread the experts over all replicas: 8 / 4 = 2 servers."""
    recipe = served_on(service("Qwen/Qwen3-30B-A3B"), "p4d.24xlarge", 4)
    devices = [command.environment["CUDA_VISIBLE_DEVICES"] for command in recipe.commands]
    assert devices == ["0,1,2,3", "4,5,6,7"]
    assert "data_parallel_size" not in recipe.arguments
    assert shell_words(recipe.commands[1])[-2:] == ["--port", "8001"]
    assert recipe.benchmark is not None
    assert recipe.benchmark.deployment["accelerators"] == 4


def test_a_quantised_checkpoint_is_asked_for_in_words(
    shell_words: ShellWords, recipe_on: RecipeOn, service: Service
) -> None:
    recipe = recipe_on(service(precision=("int4_weight_only",)), "L4")
    folder = "./Llama-3.1-8B-Instruct-int4_weight_only"
    assert shell_words(recipe.commands[0])[2] == folder
    assert "quantization" not in recipe.arguments
    assert f"4-bit AWQ or GPTQ weights of meta-llama/Llama-3.1-8B-Instruct into {folder}" in (
        " ".join(recipe.assumptions)
    )


def test_a_model_that_is_published_in_mxfp4_is_taken_as_it_is(
    shell_words: ShellWords, recipe_on: RecipeOn, service: Service
) -> None:
    recipe = recipe_on(service("openai/gpt-oss-20b", precision=("mxfp4",)), "H100-80GB")
    assert shell_words(recipe.commands[0])[2] == "openai/gpt-oss-20b"
    assert "quantization" not in recipe.arguments


def test_an_8_bit_cache_is_named(recipe_on: RecipeOn, service: Service) -> None:
    recipe = recipe_on(service(kv_precision="fp8"), "L4")
    assert recipe.arguments["kv_cache_dtype"] == "fp8"


def test_a_short_name_becomes_a_repository(recipe_on: RecipeOn, service: Service) -> None:
    recipe = recipe_on(service("llama-3.1-8b"), "L4")
    assert recipe.commands[0].words[2] == "meta-llama/Llama-3.1-8B"


@pytest.mark.parametrize("accelerator", ["Inferentia2", "TPU-v6e"])
def test_other_hardware_gets_its_software_and_no_command(
    accelerator: str, recipe_on: RecipeOn, service: Service
) -> None:
    recipe = recipe_on(service(), accelerator)
    assert (recipe.commands, recipe.arguments, recipe.benchmark) == ((), {}, None)
    assert recipe.reason == f"No command: vLLM 0.33.0 for GPUs does not run on {accelerator}."
    assert {"Inferentia2": "Neuron", "TPU-v6e": "TPU"}[accelerator] in recipe.software
    assert "requests at once" in str(recipe)


def test_a_format_that_the_engine_cannot_load_gets_no_command(
    recipe_on: RecipeOn, service: Service
) -> None:
    recipe = recipe_on(service(precision=("nf4",)), "L4")
    assert recipe.reason == "No command: vLLM 0.33.0 has no arguments for weights in nf4."


def test_a_recipe_can_be_pasted_into_a_shell(plan_of: PlanOf) -> None:
    shell = which("bash")
    if shell is None:
        pytest.skip("there is no bash here")
    for name in ("chat-70b", "qlora-70b", "finetune-8b"):
        text = "\n\n".join(str(recipe) for recipe in plan_of(name).launch_recipes())
        done = subprocess.run(
            [shell, "-n"], input=text, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert max(len(line) for line in text.splitlines()) <= 100


def test_the_names_of_arguments_are_those_of_one_table(
    served_on: RecipeOn, service: Service
) -> None:
    drafting = service(
        precision=("int4_weight_only",),
        prefix_cache_fraction=0.5,
        speculative_tokens=3,
        acceptance_fraction=0.7,
    )
    recipe = served_on(drafting, "g6.xlarge", 1)
    assert set(recipe.arguments) <= {str(name) for name in EngineArgument}
    assert recipe.benchmark is not None
    flags = [word for word in recipe.benchmark.command.words if word.startswith("--")]
    named = {str(name) for name in BenchArgument} - {str(BenchArgument.PORT)}
    assert {one[2:].replace("-", "_") for one in flags} == named


def test_a_notebook_shows_words_and_commands_escaped(plan_of: PlanOf) -> None:
    html = plan_of("qlora-70b").launch_recipes()[0]._repr_html_()
    assert html.startswith("<p><b>")
    assert "&lt;&lt;&#x27;END&#x27;" in html
