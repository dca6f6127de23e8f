"""Recipes of jobs that train: the configuration, the command, and every example."""

from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files

import pytest
import yaml  # type: ignore[import-untyped]

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.launch.command import Command
from costopt.launch.factory_fields import PRECISION_FIELDS, FactoryField
from costopt.launch.recipe import Recipe
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.workload.training import FineTuneJob, TrainingJob

PlanOf = Callable[[str], Plan]
RecipeOn = Callable[..., Recipe]
LineOn = Callable[..., PlanLine]
ShellWords = Callable[[Command], list[str]]

EXAMPLES = sorted(
    item.name.removesuffix(".toml")
    for item in files("costopt").joinpath("examples").iterdir()
    if item.name.endswith(".toml")
)
WITHOUT_A_MODEL = {"need-8xa100", "impossible"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_line_of_every_example_has_commands_or_a_reason(name: str, plan_of: PlanOf) -> None:
    plan = plan_of(name)
    recipes = plan.launch_recipes()
    assert len(recipes) == (0 if name in WITHOUT_A_MODEL else len(plan.lines))
    for line, recipe in zip(plan.lines, recipes, strict=False):
        assert line.offer.instance_type in recipe.title
        assert bool(recipe.commands) != bool(recipe.reason)
        assert recipe.assumptions
        assert recipe.software in str(recipe).replace("\n#  ", "")


def test_adapters_on_4_bit_weights_are_configured_as_the_plan_counts(
    gang_recipe: RecipeOn, qlora_70b: FineTuneJob
) -> None:
    """2 nodes of 8 A100: 16 ranks * 8 sequences for each * 1,024 = 131,072 tokens.

    35.3 GB of 4-bit weights, 4.2 of embeddings and a scale of 4 B for each 64 weights are 43.9 GB:
    more than the 40 GiB = 42.9 GB of one A100, so that the weights themselves are split.
    """
    recipe = gang_recipe(qlora_70b, "p4d.24xlarge", 2)
    config = yaml.safe_load(recipe.config_text)
    assert config == recipe.config
    assert config["model_name_or_path"] == "meta-llama/Llama-3.1-70B"
    assert (config["finetuning_type"], config["quantization_bit"]) == ("lora", 4)
    assert (config["lora_rank"], config["lora_target"]) == (16, "all")
    assert (config["cutoff_len"], config["packing"]) == (1024, False)
    assert config["num_train_epochs"] == 3
    micro_batch = config["per_device_train_batch_size"]
    accumulated = config["gradient_accumulation_steps"]
    assert micro_batch * accumulated == 8
    assert f"16 ranks x {micro_batch} sequence" in recipe.assumptions[0]
    again = "no activation checkpointing" not in recipe.assumptions[0]
    assert config["disable_gradient_checkpointing"] is not again
    assert config["bf16"] is True
    assert config["deepspeed"]["zero_optimization"]["stage"] == 3


def test_splitting_4_bit_weights_names_the_packages_that_can(
    gang_recipe: RecipeOn, recipe_on: RecipeOn, qlora_70b: FineTuneJob
) -> None:
    split = " ".join(gang_recipe(qlora_70b, "p4d.24xlarge", 2).assumptions)
    assert "bitsandbytes 0.43 or newer, transformers below 5" in split
    whole_job = qlora_70b.model_copy(update={"model": "meta-llama/Llama-3.1-8B"})
    whole = recipe_on(whole_job, "L4", instance_types=("g6.xlarge",))
    assert whole.config["quantization_bit"] == 4
    assert "bitsandbytes" not in " ".join(whole.assumptions)


def test_nodes_of_a_gang_are_told_how_they_meet(
    gang_recipe: RecipeOn, qlora_70b: FineTuneJob, shell_words: ShellWords
) -> None:
    recipe = gang_recipe(qlora_70b, "p4d.24xlarge", 2)
    assert shell_words(recipe.commands[0]) == [
        "FORCE_TORCHRUN=1", "NNODES=2", "NODE_RANK=0", "MASTER_ADDR=first-node",
        "MASTER_PORT=29500", "NPROC_PER_NODE=8", "llamafactory-cli", "train", "fine_tune.yaml",
    ]  # fmt: skip
    assert "NODE_RANK is 0 to 1, one on each instance" in " ".join(recipe.assumptions)


def test_tokens_become_steps_of_the_gang(recipe_on: RecipeOn) -> None:
    """50,000,000 tokens in steps of 131,072 are 381.5 steps: 382."""
    job = FineTuneJob(
        model="meta-llama/Llama-3.1-8B",
        method="full",
        tokens=50_000_000,
        sequence_length=4096,
        deadline_hours=24,
    )
    config = recipe_on(job, "H100-80GB").config
    assert config["finetuning_type"] == "full"
    assert config["max_steps"] == 382
    assert config["packing"] is True
    assert "lora_rank" not in config


def test_pre_training_starts_from_nothing(recipe_on: RecipeOn) -> None:
    """1e10 tokens in steps of 4,194,304 are 2,384.2 steps: 2,385."""
    job = TrainingJob(
        model="meta-llama/Llama-3.2-1B",
        tokens=10_000_000_000,
        sequence_length=4096,
        deadline_hours=240,
    )
    config = recipe_on(job, "H100-80GB").config
    assert (config["stage"], config["train_from_scratch"]) == ("pt", True)
    assert config["max_steps"] == 2385
    assert "packing" not in config


def test_the_fields_of_a_configuration_are_those_of_one_table(plan_of: PlanOf) -> None:
    known = {str(name) for name in FactoryField} | set(PRECISION_FIELDS.values())
    assert set(plan_of("qlora-70b").launch_recipes()[0].config) <= known


def test_a_pipeline_is_told_in_words_and_numbers(recipe_on: RecipeOn) -> None:
    """16 B for each of 405e9 weights is 6.5 TB: no node of A100 holds it, so layers are split."""
    job = TrainingJob(
        model="meta-llama/Llama-3.1-405B",
        tokens=20_000_000_000,
        sequence_length=8192,
        deadline_hours=2000,
    )
    recipe = recipe_on(job, "A100-80GB", inter_node_fabric=("*",))
    assert recipe.software == "Megatron-LM, torchtitan or the like"
    assert "splits no layers" in recipe.reason
    assert "tensor parallel 8, pipeline 16" in recipe.assumptions[0]
    assert (recipe.config, recipe.commands) == ({}, ())


def test_lines_of_one_gang_get_ranks_one_after_the_other(
    plan_of: PlanOf, gang_line: LineOn, qlora_70b: FineTuneJob, bundled: Catalog
) -> None:
    """One node on demand and one on spot: ranks 0 and 1 of 2."""
    node = gang_line(qlora_70b, "p4d.24xlarge", 1)
    lines = tuple(
        node.model_copy(update={"offer": node.offer.model_copy(update={"purchase_option": how})})
        for how in ("on_demand", "spot")
    )
    mixed = plan_of("qlora-70b").model_copy(update={"lines": lines})
    first, second = (one.commands[0].environment for one in mixed.launch_recipes(bundled))
    assert (first["NODE_RANK"], second["NODE_RANK"]) == ("0", "1")
    assert first["NNODES"] == second["NNODES"] == "2"


def test_a_plan_that_was_read_needs_its_catalogue(plan_of: PlanOf, bundled: Catalog) -> None:
    plan = plan_of("qlora-70b")
    read = Plan.from_json(plan.to_json())
    with pytest.raises(InvalidInputError, match=r"needs the catalogue: launch_recipes\(catalog="):
        read.launch_recipes()
    assert [str(one) for one in read.launch_recipes(bundled)] == [
        str(one) for one in plan.launch_recipes()
    ]


def test_a_recipe_without_commands_prints_words_alone(plan_of: PlanOf) -> None:
    recipe = replace(plan_of("classify-bert").launch_recipes()[0], workload="texts")
    assert recipe.script == ""
    assert all(line.startswith("# ") for line in str(recipe).splitlines())
