"""Recipe of a line that generates tokens: servers to start, and a run that measures them."""

from dataclasses import replace

from costopt.candidate.settings import RateSettings
from costopt.catalog.catalog import Catalog
from costopt.launch.command import Command, options
from costopt.launch.measuring import benchmark_of
from costopt.launch.model_name import repository_of, short_name
from costopt.launch.placement import VISIBLE, Placement
from costopt.launch.recipe import Recipe
from costopt.launch.served import served_figures
from costopt.launch.served_line import ServedLine
from costopt.launch.software import other_serving_software
from costopt.launch.token_settings import (
    token_arguments,
    token_notes,
    tokens_in_words,
)
from costopt.launch.vllm_arguments import (
    STORED_IN_MXFP4,
    VLLM,
    WEIGHTS,
    EngineArgument,
    EngineFormat,
    cache_format,
)
from costopt.plan.answer import lines_in_words
from costopt.plan.line import PlanLine
from costopt.plan.words import counted
from costopt.workload.batch import BatchInference
from costopt.workload.serving import InferenceService


def serving_recipe(
    workload: InferenceService | BatchInference,
    line: PlanLine,
    catalog: Catalog,
    settings: RateSettings,
    placement: Placement | None = None,
) -> Recipe:
    """Write down how the line is started and measured, or why that cannot be written.

    Args:
        workload: a service with traffic, or a batch of requests.
        line: of the plan.
        catalog: where model, trace, type and accelerator are described.
        settings: of the plan's request, which decide the planned speed.
        placement: of the line on an instance that it shares; None where it fills its own.

    Raises:
        InvalidInputError: the offer or the request sizes are not those of the plan.
    """
    served = ServedLine(
        workload=workload,
        line=line,
        model=catalog.model(workload.model),
        accelerator=catalog.accelerator(line.layout.accelerator),
        repository=repository_of(workload.model, catalog),
        figures=served_figures(catalog, workload, line, settings),
        placement=placement,
    )
    software = other_serving_software(served.accelerator, workload.software)
    recipe = Recipe(
        workload=line.workload,
        title=lines_in_words([line]),
        software=software or VLLM,
        assumptions=(_in_words(served), *(placement.sentences if placement else ())),
    )
    reason = _why_not(served, software)
    return replace(recipe, reason=reason) if reason else _with_commands(recipe, served)


def _why_not(served: ServedLine, software: str) -> str:
    """Say why there are no commands; empty where there are."""
    precision = served.line.layout.precision
    kv_precision = served.workload.kv_precision
    if served.workload.software != "engine":
        return f"No command: commands are written for {VLLM}, and the rate assumes {software}."
    if software:
        return f"No command: {VLLM} for GPUs does not run on {served.accelerator.name}."
    if precision not in WEIGHTS:
        return f"No command: {VLLM} has no arguments for weights in {precision}."
    if cache_format(kv_precision, WEIGHTS[precision].dtype) is None:
        return (
            f"No command: {VLLM} does not keep a cache in {kv_precision} beside a model that "
            f"computes in {WEIGHTS[precision].dtype}."
        )
    if served.repository is None:
        return f"No command: {served.workload.model} is not the name of a model repository."
    return ""


def _with_commands(recipe: Recipe, served: ServedLine) -> Recipe:
    held = WEIGHTS[served.line.layout.precision]
    source = _source(served, held)
    arguments = _arguments(served, held) | _name(served, source)
    size = served.figures.size
    notes = [*recipe.assumptions, *_notes(served, held, source)]
    return replace(
        recipe,
        arguments=arguments,
        commands=tuple(
            Command(
                words=("vllm", "serve", source, *options(arguments | _place(served, server))),
                environment=_devices(served, server),
            )
            for server in range(served.servers)
        ),
        benchmark=None if size is None else benchmark_of(served, source, size),
        assumptions=tuple(notes),
    )


def _arguments(served: ServedLine, held: EngineFormat) -> dict[str, str | int | float]:
    """Arguments of every server, those that stand for nothing left out."""
    layout, figures = served.line.layout, served.figures
    cache = cache_format(served.workload.kv_precision, held.dtype)
    given: dict[str, str | int | float | None] = {
        EngineArgument.TENSOR_PARALLEL: layout.tensor_parallel,
        EngineArgument.REPLICAS: served.together if served.together > 1 else None,
        EngineArgument.DTYPE: held.dtype,
        EngineArgument.QUANTIZATION: held.quantization or None,
        EngineArgument.KV_CACHE: cache,
        EngineArgument.CONTEXT: figures.longest_tokens,
        EngineArgument.RUNNING: figures.admitted_requests,
        EngineArgument.STEP_TOKENS: figures.step_tokens,
        EngineArgument.MEMORY: figures.memory_fraction,
    }
    known = {str(name): value for name, value in given.items() if value is not None}
    return known | token_arguments(served.workload)


def _name(served: ServedLine, source: str) -> dict[str, str | int | float]:
    """Name of the model where weights come from a folder, whose name would say nothing of it."""
    repository = served.repository or ""
    return {} if source == repository else {str(EngineArgument.NAME): repository}


def _place(served: ServedLine, server: int) -> dict[str, str | int | float]:
    if not served.separate and not served.first_server:
        return {}
    return {str(EngineArgument.PORT): served.port_of(server)}


def _devices(served: ServedLine, server: int) -> dict[str, str]:
    """Accelerators that a server may use; all of them where it is the only one."""
    held = served.line.layout.tensor_parallel * served.together
    if served.placement is not None:
        return {VISIBLE: served.placement.visible(server * held, held)}
    if not served.separate:
        return {}
    own = range(server * held, (server + 1) * held)
    return {VISIBLE: ",".join(str(device) for device in own)}


def _source(served: ServedLine, held: EngineFormat) -> str:
    """Return what weights are loaded from: the repository, or a folder that must be filled."""
    repository = served.repository or ""
    stored = held.checkpoint and not _is_stored_so(served)
    return f"./{short_name(repository)}-{served.line.layout.precision}" if stored else repository


def _is_stored_so(served: ServedLine) -> bool:
    return served.line.layout.precision == "mxfp4" and served.model.family in STORED_IN_MXFP4


def _in_words(served: ServedLine) -> str:
    """Say what the rate assumes, whatever software runs it."""
    layout, figures = served.line.layout, served.figures
    return (
        f"Assumes {counted(layout.replicas, 'replica')} of "
        f"{counted(layout.tensor_parallel, 'accelerator')} on each instance, weights in "
        f"{layout.precision}, cache in {served.workload.kv_precision}, up to "
        f"{counted(figures.admitted_requests, 'request')} at once in a replica, prompts in steps "
        f"of {figures.step_tokens:,} tokens, {tokens_in_words(served.workload)}."
    )


def _notes(served: ServedLine, held: EngineFormat, source: str) -> list[str]:
    """Say what has to be done by hand."""
    notes = []
    if source != served.repository:
        notes.append(
            f"First put {held.checkpoint} weights of {served.repository} into {source}; vLLM "
            "recognises the format."
        )
    if held.note:
        notes.append(f"Note that {held.note}.")
    if served.separate:
        notes.append(
            "Each command starts one replica and keeps running: give each a shell of its own, and "
            "spread requests over their ports."
        )
    return [*notes, *token_notes(served.workload)]
