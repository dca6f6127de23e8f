"""Recipe of a line that trains: a configuration file and the command that reads it."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from costopt.candidate.rated_gangs import WORDS_OF_SHARDING, total_tokens
from costopt.catalog.catalog import Catalog
from costopt.launch.command import Command
from costopt.launch.factory_fields import (
    FACTORY,
    PRECISION_FIELDS,
    SPLIT_4_BIT,
    FactoryField,
    LaunchVariable,
    deepspeed_settings,
)
from costopt.launch.model_name import repository_of, short_name
from costopt.launch.recipe import Recipe
from costopt.launch.software import SPLITTING, other_training_software
from costopt.launch.trained import TrainedFigures, trained_figures
from costopt.performance.training_memory import Method, Sharding
from costopt.performance.training_setup import TrainingSetup
from costopt.plan.answer import lines_in_words
from costopt.plan.line import PlanLine
from costopt.plan.words import counted
from costopt.profile.profile import Profile
from costopt.workload.training import FineTuneJob, TrainingJob

DATASET = "my_dataset"
"""Name that stands for a data set of one's own."""

MASTER_PORT = 29500
"""Port on which the nodes of a gang meet. Source: PyTorch documentation, torchrun."""

FIRST_NODE = "first-node"
"""Name that stands for the address of the first node."""


def training_recipe(
    workload: FineTuneJob | TrainingJob,
    gang: Sequence[PlanLine],
    position: int,
    catalog: Catalog,
    profiles: Sequence[Profile],
) -> Recipe:
    """Write down how the nodes of one line join a training gang, or why that cannot be written.

    Args:
        workload: what is trained.
        gang: all lines of the job.
        position: of the line among them.
        catalog: where model and instance type are described.
        profiles: of the plan's request.

    Raises:
        InvalidInputError: the gang does not run the job in this catalogue.
    """
    line = gang[position]
    figures = trained_figures(catalog, workload, gang, profiles)
    repository = repository_of(workload.model, catalog)
    software = other_training_software(catalog.accelerator(line.layout.accelerator))
    recipe = Recipe(
        workload=line.workload,
        title=lines_in_words([line]),
        software=software or (SPLITTING if figures.splits_layers else FACTORY),
        assumptions=(_in_words(figures, line),),
    )
    reason = _why_not(figures, line, software)
    if reason or repository is None:
        unnamed = f"No command: {workload.model} is not the name of a model repository."
        return replace(recipe, reason=reason or unnamed)
    first = sum(other.count for other in gang[:position])
    name = f"{short_name(line.workload)}.yaml"
    return replace(
        recipe,
        config=_config(workload, figures, repository, line.layout.precision),
        config_file=name,
        commands=(_command(figures, first, name),),
        assumptions=(*recipe.assumptions, *_notes(figures, first, line.count)),
    )


def _why_not(figures: TrainedFigures, line: PlanLine, software: str) -> str:
    """Say why there is no configuration; empty where there is."""
    if software:
        return f"No command: {FACTORY} for GPUs does not run on {line.layout.accelerator}."
    if figures.splits_layers:
        return f"No command: {FACTORY} splits no layers; set the degrees below by hand."
    if line.layout.precision not in PRECISION_FIELDS:
        return f"No command: {FACTORY} has no field for computing in {line.layout.precision}."
    return ""


def _command(figures: TrainedFigures, first: int, config_file: str) -> Command:
    environment = {str(LaunchVariable.TORCHRUN): "1"}
    if figures.nodes > 1:
        environment |= {
            str(LaunchVariable.NODES): str(figures.nodes),
            str(LaunchVariable.RANK): str(first),
            str(LaunchVariable.FIRST_NODE): FIRST_NODE,
            str(LaunchVariable.PORT): str(MASTER_PORT),
        }
    environment[str(LaunchVariable.PROCESSES)] = str(figures.per_node)
    return Command(words=("llamafactory-cli", "train", config_file), environment=environment)


def _config(
    workload: FineTuneJob | TrainingJob,
    figures: TrainedFigures,
    repository: str,
    precision: str,
) -> dict[str, object]:
    """Fields of the configuration."""
    fields: dict[str, object] = {FactoryField.MODEL: repository}
    if isinstance(workload, TrainingJob):
        fields |= {FactoryField.FROM_SCRATCH: True, FactoryField.STAGE: "pt"}
    else:
        fields[FactoryField.STAGE] = "sft"
    fields |= {FactoryField.TRAIN: True, **_method(figures.setup)}
    fields |= {
        FactoryField.DATASET: DATASET,
        FactoryField.SEQUENCE: figures.sequence_length,
        **_length(workload, figures),
        FactoryField.OUTPUT: f"saves/{short_name(repository)}-{figures.setup.method}",
        FactoryField.MICRO_BATCH: figures.micro_batch,
        FactoryField.ACCUMULATION: figures.accumulation,
        FactoryField.NO_CHECKPOINTING: not figures.checkpointing,
    }
    if PRECISION_FIELDS[precision]:
        fields[PRECISION_FIELDS[precision]] = True
    if figures.strategy.sharding is not Sharding.NONE:
        fields[FactoryField.DEEPSPEED] = deepspeed_settings(figures.strategy.sharding)
    return {str(name): value for name, value in fields.items()}


def _method(setup: TrainingSetup) -> dict[str, object]:
    """Fields of what is trained; frozen nf4 weights have no second quantisation."""
    if setup.method is Method.FULL:
        return {FactoryField.METHOD: "full"}
    adapters: dict[str, object] = {
        FactoryField.METHOD: "lora",
        FactoryField.LORA_RANK: setup.lora_rank,
        FactoryField.LORA_TARGET: "all",
    }
    if setup.method is Method.LORA:
        return adapters
    return adapters | {
        FactoryField.QUANTIZATION_BIT: 4,
        FactoryField.QUANTIZATION_METHOD: "bnb",
        FactoryField.DOUBLE_QUANTIZATION: False,
    }


def _length(workload: FineTuneJob | TrainingJob, figures: TrainedFigures) -> dict[str, object]:
    """Fields of how long the job runs: passes over samples, or steps that see all tokens.

    Pre-training fills its sequences by itself.
    """
    if isinstance(workload, FineTuneJob) and workload.samples is not None:
        return {FactoryField.PACKING: False, FactoryField.EPOCHS: float(workload.epochs)}
    steps: dict[str, object] = {
        FactoryField.STEPS: ceil(total_tokens(workload) / figures.step_tokens)
    }
    return steps if isinstance(workload, TrainingJob) else {FactoryField.PACKING: True} | steps


def _in_words(figures: TrainedFigures, line: PlanLine) -> str:
    """Say what the rate assumes, whatever software runs it."""
    strategy = figures.strategy
    split = [WORDS_OF_SHARDING[strategy.sharding.value]]
    if strategy.tensor > 1:
        split.append(f"tensor parallel {strategy.tensor}")
    if strategy.pipeline > 1:
        split.append(f"pipeline {strategy.pipeline}")
    again = "" if figures.checkpointing else "no "
    return (
        f"Assumes {counted(figures.nodes, 'node')} of "
        f"{counted(figures.per_node, 'accelerator')}, {', '.join(split)}, computing in "
        f"{line.layout.precision}, {again}activation checkpointing, optimizer "
        f"{figures.setup.recipe.name}, steps of {figures.step_tokens:,} tokens: "
        f"{counted(figures.data, 'rank')} x {counted(figures.micro_batch, 'sequence')} x "
        f"{figures.accumulation} accumulated x {figures.sequence_length:,} tokens, every "
        "sequence full."
    )


def _notes(figures: TrainedFigures, first: int, count: int) -> list[str]:
    """Say what has to be filled in by hand."""
    notes = [
        f"Put your own data set in place of {DATASET}, and add what does not change the rate: "
        "learning rate, saving, template."
    ]
    if figures.setup.method is Method.QLORA and figures.strategy.sharding is Sharding.ZERO3:
        notes.append(SPLIT_4_BIT)
    if figures.nodes > 1:
        last = first + count - 1
        ranks = f"{first}" if last == first else f"{first} to {last}, one on each instance"
        notes.append(
            f"{LaunchVariable.RANK} is {ranks}; {LaunchVariable.FIRST_NODE} is the address of "
            f"node 0."
        )
    return notes
