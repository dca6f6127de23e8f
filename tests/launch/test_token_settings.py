"""Recipes of other software, shared prompts and drafted tokens."""

import json
from collections.abc import Callable

import pytest

from costopt.launch.command import Command
from costopt.launch.recipe import Recipe
from costopt.workload.batch import BatchInference
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize

RecipeOn = Callable[..., Recipe]
Service = Callable[..., InferenceService]
ShellWords = Callable[[Command], list[str]]


def _values(words: list[str]) -> dict[str, str]:
    """Values of the options of a command that ends in a flag."""
    return dict(zip(words[3:-1:2], words[4::2], strict=True))


def test_a_cache_that_the_rate_does_not_count_on_is_off(
    served_on: RecipeOn, service: Service
) -> None:
    recipe = served_on(service(), "g6.xlarge", 1)
    assert recipe.arguments["enable_prefix_caching"] is False
    assert recipe.commands[0].words[-1] == "--no-enable-prefix-caching"
    assert "no shared prefixes" in recipe.assumptions[0]
    assert "leave out --no-enable-prefix-caching" in recipe.assumptions[-1]
    assert recipe.benchmark is not None
    assert "--random-prefix-len" not in recipe.benchmark.command.words


def test_shared_prompts_are_cached_and_measured_as_shared(
    shell_words: ShellWords, served_on: RecipeOn, service: Service
) -> None:
    """0.6 * 1,000 = 600 tokens are the same in every prompt, and 400 are its own."""
    recipe = served_on(service(prefix_cache_fraction=0.6), "g6.xlarge", 1)
    assert recipe.commands[0].words[-1] == "--enable-prefix-caching"
    assert "60 % of each prompt shared and cached." in recipe.assumptions[0]
    assert "no shared prefixes" not in str(recipe)
    assert recipe.benchmark is not None
    given = _values(shell_words(recipe.benchmark.command))
    assert (given["--random-prefix-len"], given["--random-input-len"]) == ("600", "400")
    assert recipe.benchmark.input_tokens == 1000


def test_a_prompt_keeps_one_token_of_its_own(
    shell_words: ShellWords, served_on: RecipeOn, service: Service
) -> None:
    """0.9999 * 1,000 rounds to all of the prompt."""
    benchmark = served_on(service(prefix_cache_fraction=0.9999), "g6.xlarge", 1).benchmark
    assert benchmark is not None
    given = _values(shell_words(benchmark.command))
    assert (given["--random-prefix-len"], given["--random-input-len"]) == ("999", "1")


def test_shared_tokens_are_held_once_for_all_requests(
    served_on: RecipeOn, service: Service
) -> None:
    """The cache of the L4 holds 33,987 tokens, 600 of them for all.

    A request adds 400 of its prompt, 100 of its answer on the mean and half a block of 16:
    33,387 / 508 = 65.7.
    """
    recipe = served_on(service(prefix_cache_fraction=0.6), "g6.xlarge", 1)
    assert recipe.arguments["max_num_seqs"] == 65


def test_a_draft_model_takes_its_share_of_the_memory(
    served_on: RecipeOn, service: Service
) -> None:
    """A draft at 10 % of the time holds 10 % of the weights and of the cache.

    Weights of 14.96 GiB grow by 1.50, so that 4.15 - 1.50 = 2.65 GiB are left, and a token takes
    1.1 * 131,072 B: 19,735 tokens, / 1,108 for each request = 17.8.
    """
    drafted = service(speculative_tokens=3, acceptance_fraction=0.7, draft_time_fraction=0.1)
    recipe = served_on(drafted, "g6.xlarge", 1)
    assert recipe.arguments["max_num_seqs"] == 17


def test_the_measured_rate_of_a_line_counts_drafts_and_shared_prompts(
    served_on: RecipeOn, service: Service
) -> None:
    plain = served_on(service(), "g6.xlarge", 1).benchmark
    shared = served_on(service(prefix_cache_fraction=0.6), "g6.xlarge", 1).benchmark
    looked_up = service(speculative_tokens=4, acceptance_fraction=0.8)
    drafted = served_on(looked_up, "g6.xlarge", 1).benchmark
    assert plain is not None
    assert shared is not None
    assert drafted is not None
    assert shared.requests_per_second > plain.requests_per_second
    assert drafted.requests_per_second > plain.requests_per_second


def test_a_shared_batch_is_measured_at_its_own_rate(recipe_on: RecipeOn) -> None:
    size = RequestSize(input_tokens=4000, output_tokens=50, share_fraction=1)
    plain = BatchInference(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        requests=100_000,
        sizes=(size,),
        deadline_hours=24,
    )
    shared = plain.model_copy(update={"prefix_cache_fraction": 0.9})
    rates = []
    for batch in (plain, shared):
        benchmark = recipe_on(batch, "L4", instance_types=("g6.xlarge",)).benchmark
        assert benchmark is not None
        rates.append(benchmark.requests_per_second)
    assert rates[1] > 2 * rates[0]  # most of the work is reading prompts, a tenth of which is left


def test_guesses_that_take_no_time_are_looked_up(
    shell_words: ShellWords, served_on: RecipeOn, service: Service
) -> None:
    looked_up = service(speculative_tokens=4, acceptance_fraction=0.5)
    recipe = served_on(looked_up, "g6.xlarge", 1)
    words = shell_words(recipe.commands[0])
    assert words[-2] == "--speculative-config"
    assert json.loads(words[-1]) == {"method": "ngram", "num_speculative_tokens": 4}
    assert (
        "4 tokens drafted in a step by n-grams, each accepted with 50 %" in (recipe.assumptions[0])
    )
    assert "--dataset-name custom" in recipe.assumptions[-1]


def test_a_draft_model_has_a_name_to_be_replaced(
    shell_words: ShellWords, served_on: RecipeOn, service: Service
) -> None:
    """Up to each of three positions: 0.7, 0.7^2 = 0.49, 0.7^3 = 0.343."""
    drafted = service(speculative_tokens=3, acceptance_fraction=0.7, draft_time_fraction=0.1)
    recipe = served_on(drafted, "g6.xlarge", 1)
    told = json.loads(shell_words(recipe.commands[0])[-1])
    assert told == {"model": "my-draft-model", "num_speculative_tokens": 3}
    assert (
        "by a draft model at 10 % of a step's time for each, each accepted with 70 %"
        in (recipe.assumptions[0])
    )
    notes = " ".join(recipe.assumptions[1:])
    assert "in place of my-draft-model" in notes
    assert '"synthetic_acceptance_rates": [0.7, 0.49, 0.343]' in notes


@pytest.mark.parametrize(
    ("software", "instance_type", "words"),
    [
        ("vendor_tuned", "p5.48xlarge", "TensorRT-LLM (trtllm-serve)"),
        ("vendor_tuned", "inf2.48xlarge", "NeuronX Distributed Inference"),
        ("framework", "p5.48xlarge", "plain PyTorch (Hugging Face Transformers or the like)"),
    ],
)
def test_a_rate_of_other_software_gets_its_name_and_degrees_and_no_command(
    software: str, instance_type: str, words: str, served_on: RecipeOn, service: Service
) -> None:
    served = service(software=software, max_ttft_ms=None, max_tpot_ms=None)
    recipe = served_on(served, instance_type, 2)
    assert recipe.software == words
    assert recipe.reason == (
        f"No command: commands are written for vLLM 0.33.0, and the rate assumes {words}."
    )
    assert (recipe.commands, recipe.arguments, recipe.benchmark) == ((), {}, None)
    assert "of 2 accelerators on each instance" in recipe.assumptions[0]


def test_requests_at_once_are_those_of_the_software(served_on: RecipeOn, service: Service) -> None:
    """Plain PyTorch is planned with 64 at once, and an 80 GB H100 holds more."""
    served = service(software="framework", max_ttft_ms=None, max_tpot_ms=None)
    assert "up to 64 requests at once" in served_on(served, "p5.48xlarge", 1).assumptions[0]
