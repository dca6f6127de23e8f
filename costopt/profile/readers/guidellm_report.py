"""Reports of GuideLLM, version 2: each benchmark is one load level.

``request_latency`` is in seconds, fields that end in ``_ms`` in milliseconds. GuideLLM's
``time_per_output_token_ms`` counts the first token in; what others call time per output token is
its ``inter_token_latency_ms``. Source of the fields: vllm-project/guidellm,
``src/guidellm/benchmark/schemas`` and ``src/guidellm/schemas/request_stats.py``.
"""

from typing import Final

from costopt.errors import InvalidInputError
from costopt.profile.measured import ServedLoad
from costopt.profile.readers.document import Document
from costopt.profile.readers.run import Run, problems_of

TOOL: Final = "GuideLLM"

REPORT_VERSION: Final = 2
"""Version of the report that GuideLLM writes since 0.7."""

MOST_CUT_OFF_FRACTION: Final = 0.5
"""Share of requests still running at the end above which a benchmark is its own start [0..1]."""


def is_guidellm(document: Document) -> bool:
    """Whether a JSON object is a report of GuideLLM."""
    return document.text("metadata.guidellm_version") is not None


def read_guidellm(document: Document) -> Run:
    """Return one load level for each benchmark of a report.

    Args:
        document: the report.

    Raises:
        InvalidInputError: another version of the report, or a benchmark that did not end, was
            cut short, answered nothing or did not stream.
    """
    version = document.find("metadata.version")
    if version != REPORT_VERSION:
        raise InvalidInputError(
            document.place,
            [
                f"metadata.version = {version!r}: this is no report of version "
                f"{REPORT_VERSION}; measure again with GuideLLM 0.7 or later"
            ],
        )
    listed = document.find("benchmarks")
    if not isinstance(listed, list) or not listed:
        raise InvalidInputError(
            document.place, ["the report holds no benchmark: the run was stopped before its first"]
        )
    benchmarks = [
        Document(place=f"{document.place}, benchmarks[{index}]", values=values)
        for index, values in enumerate(listed)
    ]
    return Run(
        place=document.place,
        tool=TOOL,
        detail=str(document.find("metadata.guidellm_version")),
        model=document.text("config.spec.backend.model")
        or benchmarks[0].text("config.backend.model"),
        loads=tuple(_load(benchmark) for benchmark in benchmarks),
    )


def _load(benchmark: Document) -> ServedLoad:
    place = _named(benchmark)
    completed = benchmark.whole("metrics.request_totals.successful")
    failed = benchmark.whole("metrics.request_totals.errored")
    _refuse_cut_short(benchmark, place, completed, failed)
    output_tokens = _mean(benchmark, "output_token_count")
    with problems_of(place):
        return ServedLoad(
            concurrency=benchmark.number("metrics.request_concurrency.total.mean"),
            input_tokens=_mean(benchmark, "prompt_token_count"),
            output_tokens=output_tokens,
            requests_per_second=_mean(benchmark, "requests_per_second"),
            output_tokens_per_second=_mean(benchmark, "output_tokens_per_second"),
            ttft_ms=_streamed(benchmark, "time_to_first_token_ms"),
            tpot_ms=None if output_tokens <= 1 else _streamed(benchmark, "inter_token_latency_ms"),
            completed=completed,
            failed=failed,
            duration_seconds=_duration_seconds(benchmark),
        )


def _named(benchmark: Document) -> str:
    """Return where a benchmark stands, with the strategy that it ran."""
    strategy = benchmark.text("config.strategy.type_", "config.strategy.kind")
    return f"{benchmark.place} ({strategy})" if strategy else benchmark.place


def _refuse_cut_short(benchmark: Document, place: str, completed: int, failed: int) -> None:
    """Refuse a benchmark without an end, without answers, or with most requests cut off."""
    state = benchmark.find("scheduler_state")
    if isinstance(state, dict) and "end_time" in state and state["end_time"] is None:
        raise InvalidInputError(
            place, ["the benchmark did not end (scheduler_state.end_time is null); measure again"]
        )
    incomplete = benchmark.whole("metrics.request_totals.incomplete")
    if completed == 0:
        raise InvalidInputError(
            place,
            [
                f"no request was answered: {failed} failed and {incomplete} were cut off; "
                "measure again, for longer"
            ],
        )
    if incomplete > MOST_CUT_OFF_FRACTION * (completed + failed + incomplete):
        raise InvalidInputError(
            place,
            [
                f"{incomplete} of {completed + failed + incomplete} requests were cut off by the "
                "end of the benchmark, so it never ran steadily; measure again with more "
                "seconds for each benchmark"
            ],
        )


def _mean(benchmark: Document, metric: str) -> float:
    return benchmark.number(f"metrics.{metric}.successful.mean")


def _streamed(benchmark: Document, metric: str) -> float:
    """Return the median of a latency that only streamed answers have [ms]."""
    path = f"metrics.{metric}.successful"
    found = benchmark.number(f"{path}.median", f"{path}.mean")
    if found == 0:
        raise InvalidInputError(
            _named(benchmark),
            [f"{path}.median = 0: the answers were not streamed; measure again with streaming on"],
        )
    return found


def _duration_seconds(benchmark: Document) -> float:
    if benchmark.find("duration") is not None:
        return benchmark.number("duration")
    return benchmark.number("scheduler_metrics.measure_end_time") - benchmark.number(
        "scheduler_metrics.measure_start_time"
    )
