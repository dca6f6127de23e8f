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
from costopt.plan.plan import Plan
from costopt.workload.training import FineTuneJob, TrainingJob

PlanOf = Callable[[str], Plan]
RecipeOn = Callable[..., Recipe]
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


def test_adapters_on_4_bit_weights_are_configured_as_the_plan_counts(plan_of: PlanOf) -> None:
    """2 nodes of 4 L40S: 8 ranks * 8 sequences * 2 accumulated * 1,024 = 131,072 tokens."""
    line = plan_of("qlora-70b").lines[0]
    recipe = plan_of("qlora-70b").launch_recipes()[0]
    config = yaml.safe_load(recipe.config_text)
    assert line.layout.strategy == "ZeRO-3, micro-batch 8, activation checkpointing"
    assert config == recipe.config
    assert config["model_name_or_path"] == "meta-llama/Llama-3.1-70B"
    assert (config["finetuning_type"], config["quantization_bit"]) == ("lora", 4)
    assert (config["lora_rank"], config["lora_target"]) == (16, "all")
    assert (config["cutoff_len"], config["packing"]) == (1024, False)
    assert config["num_train_epochs"] == 3
    assert config["per_device_train_batch_size"] == 8
    assert config["gradient_accumulation_steps"] == 2
    assert config["disable_gradient_checkpointing"] is False
    assert config["bf16"] is True
    assert config["deepspeed"]["zero_optimization"]["stage"] == 3


def test_nodes_of_a_gang_are_told_how_they_meet(plan_of: PlanOf, shell_words: ShellWords) -> None:
    recipe = plan_of("qlora-70b").launch_recipes()[0]
    assert shell_words(recipe.commands[0]) == [
        "FORCE_TORCHRUN=1", "NNODES=2", "NODE_RANK=0", "MASTER_ADDR=first-node",
        "MASTER_PORT=29500", "NPROC_PER_NODE=4", "llamafactory-cli", "train", "fine_tune.yaml",
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
    plan_of: PlanOf, bundled: Catalog
) -> None:
    """Two spot nodes, told as one on demand and one spot: ranks 0 and 1 of 2."""
    plan = plan_of("qlora-70b")
    spot = plan.lines[0].model_copy(update={"count": 1})
    firm_offer = spot.offer.model_copy(update={"purchase_option": "on_demand"})
    mixed = plan.model_copy(
        update={"lines": (spot, spot.model_copy(update={"offer": firm_offer}))}
    )
    first, second = (one.commands[0].environment for one in mixed.launch_recipes(bundled))
    assert (first["NODE_RANK"], second["NODE_RANK"]) == ("0", "1")
    assert first["NNODES"] == second["NNODES"] == "2"


def test_a_plan_that_was_read_needs_its_catalogue(plan_of: PlanOf, bundled: Catalog) -> None:
    plan = plan_of("qlora-70b")
    read = Plan.from_json(plan.to_json())
    with pytest.raises(InvalidInputError, match=r"needs the catalogue: launch_recipes\(catalog\)"):
        read.launch_recipes()
    assert [str(one) for one in read.launch_recipes(bundled)] == [
        str(one) for one in plan.launch_recipes()
    ]


def test_a_recipe_without_commands_prints_words_alone(plan_of: PlanOf) -> None:
    recipe = replace(plan_of("classify-bert").launch_recipes()[0], workload="texts")
    assert recipe.script == ""
    assert all(line.startswith("# ") for line in str(recipe).splitlines())
