"""Run that measures a line which generates tokens."""

from costopt.launch.command import Command, options
from costopt.launch.model_name import short_name
from costopt.launch.recipe import Benchmark
from costopt.launch.served import MeasuredSize
from costopt.launch.served_line import ServedLine
from costopt.launch.token_settings import shared_tokens
from costopt.launch.vllm_arguments import BenchArgument
from costopt.workload.serving import InferenceService

PROMPTS_PER_PLACE = 10
"""Requests of a measurement for each that runs at once, so that its ends weigh little [1]."""

PERCENTILES = (50.0, 90.0, 95.0, 99.0)
"""Percentiles that a measurement writes down [%]."""

METRICS = "ttft,tpot,itl,e2el"
"""Times that a measurement writes percentiles of."""


def benchmark_of(served: ServedLine, source: str, size: MeasuredSize) -> Benchmark:
    """Measure a request size on all replicas of one server.

    Args:
        served: line whose rate is measured.
        source: what weights are loaded from.
        size: of the requests.
    """
    concurrency = size.running_requests * served.together
    own = served.workload.percentile if isinstance(served.workload, InferenceService) else 50.0
    percentiles = sorted({*PERCENTILES, own})
    shared = shared_tokens(served.workload, size.input_tokens)
    prefix = {str(BenchArgument.PREFIX): shared} if shared else {}
    tokenizer = {} if source == served.repository else {str(BenchArgument.TOKENIZER): source}
    port = {str(BenchArgument.PORT): served.port_of(0)} if served.first_server else {}
    settings: dict[str, str | int | float] = {
        str(BenchArgument.MODEL): served.repository or "",
        **tokenizer,
        **port,
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


def _deployment(served: ServedLine) -> dict[str, str | int]:
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


def _file_name(served: ServedLine, size: MeasuredSize, concurrency: int) -> str:
    parts = (
        served.line.workload,
        served.line.offer.instance_type,
        f"{size.input_tokens}-{size.output_tokens}",
        f"at-{concurrency}",
    )
    return short_name("-".join(parts))
