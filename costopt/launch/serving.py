"""Recipe of a line that generates tokens: servers to start, and a run that measures them."""

from dataclasses import dataclass, replace

from costopt.accelerator import Accelerator
from costopt.candidate.settings import RateSettings
from costopt.catalog.catalog import Catalog
from costopt.launch.command import Command, options
from costopt.launch.model_name import repository_of, short_name
from costopt.launch.recipe import Benchmark, Recipe
from costopt.launch.served import MeasuredSize, ServedFigures, served_figures
from costopt.launch.software import other_serving_software
from costopt.launch.token_settings import (
    shared_tokens,
    token_arguments,
    token_notes,
    tokens_in_words,
)
from costopt.launch.vllm_arguments import (
    FIRST_PORT,
    STORED_IN_MXFP4,
    VLLM,
    WEIGHTS,
    BenchArgument,
    EngineArgument,
    EngineFormat,
    cache_format,
)
from costopt.model import ModelSpec
from costopt.plan.answer import lines_in_words
from costopt.plan.line import PlanLine
from costopt.plan.words import counted
from costopt.workload.batch import BatchInference
from costopt.workload.serving import InferenceService

PROMPTS_PER_PLACE = 10
"""Requests of a measurement for each that runs at once, so that its ends weigh little [1]."""

PERCENTILES = (50.0, 90.0, 95.0, 99.0)
"""Percentiles that a measurement writes down [%]."""

METRICS = "ttft,tpot,itl,e2el"
"""Times that a measurement writes percentiles of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """A line that generates tokens, with what its commands are made of.

    Attributes:
        workload: what it runs.
        line: the line.
        model: dimensions of the model.
        accelerator: that it runs on.
        repository: that weights are loaded from; None where none is known.
        figures: that its rate assumes.
    """

    workload: InferenceService | BatchInference
    line: PlanLine
    model: ModelSpec
    accelerator: Accelerator
    repository: str | None
    figures: ServedFigures

    @property
    def separate(self) -> bool:
        """True where each replica is a server of its own.

        vLLM spreads experts over all replicas behind one address, so that these are not
        independent of each other as the plan takes them to be.
        """
        return self.model.experts is not None and self.line.layout.replicas > 1

    @property
    def servers(self) -> int:
        """Servers on one instance [1]."""
        return self.line.layout.replicas if self.separate else 1

    @property
    def together(self) -> int:
        """Replicas behind the address of one server [1]."""
        return self.line.layout.replicas // self.servers


def serving_recipe(
    workload: InferenceService | BatchInference,
    line: PlanLine,
    catalog: Catalog,
    settings: RateSettings,
) -> Recipe:
    """Write down how the line is started and measured, or why that cannot be written.

    Args:
        workload: a service with traffic, or a batch of requests.
        line: of the plan.
        catalog: where model, trace, type and accelerator are described.
        settings: of the plan's request, which decide the planned speed.

    Raises:
        InvalidInputError: the offer or the request sizes are not those of the plan.
    """
    served = _Served(
        workload=workload,
        line=line,
        model=catalog.model(workload.model),
        accelerator=catalog.accelerator(line.layout.accelerator),
        repository=repository_of(workload.model, catalog),
        figures=served_figures(catalog, workload, line, settings),
    )
    software = other_serving_software(served.accelerator, workload.software)
    recipe = Recipe(
        workload=line.workload,
        title=lines_in_words([line]),
        software=software or VLLM,
        assumptions=(_in_words(served),),
    )
    reason = _why_not(served, software)
    return replace(recipe, reason=reason) if reason else _with_commands(recipe, served)


def _why_not(served: _Served, software: str) -> str:
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


def _with_commands(recipe: Recipe, served: _Served) -> Recipe:
    held = WEIGHTS[served.line.layout.precision]
    source = _source(served, held)
    arguments = _arguments(served, held) | _name(served, source)
    size = served.figures.size
    notes = [recipe.assumptions[0], *_notes(served, held, source)]
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
        benchmark=None if size is None else _benchmark(served, source, size),
        assumptions=tuple(notes),
    )


def _arguments(served: _Served, held: EngineFormat) -> dict[str, str | int | float]:
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


def _name(served: _Served, source: str) -> dict[str, str | int | float]:
    """Name of the model where weights come from a folder, whose name would say nothing of it."""
    repository = served.repository or ""
    return {} if source == repository else {str(EngineArgument.NAME): repository}


def _place(served: _Served, server: int) -> dict[str, str | int | float]:
    return {str(EngineArgument.PORT): FIRST_PORT + server} if served.separate else {}


def _devices(served: _Served, server: int) -> dict[str, str]:
    """Accelerators that a server may use; all of them where it is the only one."""
    if not served.separate:
        return {}
    degree = served.line.layout.tensor_parallel
    own = range(server * degree, (server + 1) * degree)
    return {"CUDA_VISIBLE_DEVICES": ",".join(str(device) for device in own)}


def _source(served: _Served, held: EngineFormat) -> str:
    """Return what weights are loaded from: the repository, or a folder that must be filled."""
    repository = served.repository or ""
    stored = held.checkpoint and not _is_stored_so(served)
    return f"./{short_name(repository)}-{served.line.layout.precision}" if stored else repository


def _is_stored_so(served: _Served) -> bool:
    return served.line.layout.precision == "mxfp4" and served.model.family in STORED_IN_MXFP4


def _benchmark(served: _Served, source: str, size: MeasuredSize) -> Benchmark:
    """Measure the size on all replicas of one server."""
    concurrency = size.running_requests * served.together
    own = served.workload.percentile if isinstance(served.workload, InferenceService) else 50.0
    percentiles = sorted({*PERCENTILES, own})
    shared = shared_tokens(served.workload, size.input_tokens)
    prefix = {str(BenchArgument.PREFIX): shared} if shared else {}
    tokenizer = {} if source == served.repository else {str(BenchArgument.TOKENIZER): source}
    settings: dict[str, str | int | float] = {
        str(BenchArgument.MODEL): served.repository or "",
        **tokenizer,
        str(BenchArgument.DATASET): "random",
        **prefix,
        str(BenchArgument.INPUT): size.input_tokens - shared,
        str(BenchArgument.OUTPUT): size.output_tokens,
        str(BenchArgument.CONCURRENCY): concurrency,
        str(BenchArgument.PROMPTS): PROMPTS_PER_PLACE * concurrency,
        str(BenchArgument.WARMUPS): concurrency,
        str(BenchArgument.METRICS): METRICS,
        str(BenchArgument.PERCENTILES): ",".join(f"{one:g}" for one in percentiles),
        str(BenchArgument.FILE): f"{_file_name(served, size, concurrency)}.json",
        str(BenchArgument.SAVE): True,
    }
    return Benchmark(
        command=Command(words=("vllm", "bench", "serve", *options(settings))),
        input_tokens=size.input_tokens,
        output_tokens=size.output_tokens,
        share_fraction=size.share_fraction,
        concurrency=concurrency,
        requests_per_second=size.requests_per_second * served.together,
        deployment=_deployment(served),
    )


def _deployment(served: _Served) -> dict[str, str | int]:
    """Say what runs behind one server, in the words of a profile."""
    layout = served.line.layout
    return {
        "model": served.repository or "",
        "accelerator": layout.accelerator,
        "accelerators": layout.tensor_parallel * served.together,
        "instance_type": served.line.offer.instance_type,
        "tensor_parallel": layout.tensor_parallel,
        "precision": layout.precision,
        "kv_precision": served.workload.kv_precision,
    }


def _file_name(served: _Served, size: MeasuredSize, concurrency: int) -> str:
    parts = (
        served.line.workload,
        served.line.offer.instance_type,
        f"{size.input_tokens}-{size.output_tokens}",
        f"at-{concurrency}",
    )
    return short_name("-".join(parts))


def _in_words(served: _Served) -> str:
    """Say what the rate assumes, whatever software runs it."""
    layout, figures = served.line.layout, served.figures
    return (
        f"Assumes {counted(layout.replicas, 'replica')} of "
        f"{counted(layout.tensor_parallel, 'accelerator')} on each instance, weights in "
        f"{layout.precision}, cache in {served.workload.kv_precision}, up to "
        f"{counted(figures.admitted_requests, 'request')} at once in a replica, prompts in steps "
        f"of {figures.step_tokens:,} tokens, {tokens_in_words(served.workload)}."
    )


def _notes(served: _Served, held: EngineFormat, source: str) -> list[str]:
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
