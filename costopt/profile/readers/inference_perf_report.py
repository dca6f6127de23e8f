"""Lifecycle reports of inference-perf, of one stage or of the whole run: one load level each.

All latencies are in seconds. Source of the fields: kubernetes-sigs/inference-perf,
``inference_perf/reportgen/base.py``.
"""

from pathlib import Path
from typing import Final

from costopt.errors import InvalidInputError
from costopt.profile.measured import ServedLoad
from costopt.profile.readers.document import Document
from costopt.profile.readers.run import Run, problems_of
from costopt.units import MILLISECONDS_PER_SECOND

TOOL: Final = "inference-perf"

SECOND_STAGE: Final = "stage_1_lifecycle_metrics.json"
"""Report that only runs of several stages write; the first is stage 0."""

STREAMING: Final = "it is written for streamed answers only: set api.streaming to true"


def is_inference_perf(document: Document) -> bool:
    """Whether a JSON object is a report of inference-perf."""
    return all(name in document.values for name in ("load_summary", "successes", "failures"))


def read_inference_perf(document: Document) -> Run:
    """Return the one load level of a report.

    Args:
        document: the report.

    Raises:
        InvalidInputError: a report of the server's own metrics, or of a run that answered
            nothing or did not stream.
    """
    if not document.find("load_summary"):
        raise InvalidInputError(
            document.place,
            [
                "load_summary is empty: this is the report of the server's own metrics; give "
                "stage_0_lifecycle_metrics.json or summary_lifecycle_metrics.json"
            ],
        )
    completed = document.whole("successes.count")
    failed = document.whole("failures.count")
    if completed == 0:
        raise InvalidInputError(
            document.place, [f"no request was answered, {failed} failed; measure again"]
        )
    rate = document.number("successes.throughput.requests_per_sec")
    output_tokens = document.number("successes.output_len.mean", "successes.output_tokens.mean")
    with problems_of(document.place):
        load = ServedLoad(
            concurrency=rate * document.number("successes.latency.request_latency.mean"),
            input_tokens=document.number(
                "successes.prompt_len.mean", "successes.prompt_tokens.mean"
            ),
            output_tokens=output_tokens,
            requests_per_second=rate,
            output_tokens_per_second=document.number("successes.throughput.output_tokens_per_sec"),
            ttft_ms=_median_ms(document, "time_to_first_token"),
            tpot_ms=None if output_tokens <= 1 else _median_ms(document, "time_per_output_token"),
            completed=completed,
            failed=failed,
            duration_seconds=_duration_seconds(document, completed, rate),
        )
    one_stage = document.find("load_summary.requested_rate") is not None
    if not one_stage:
        _refuse_several_stages(document)
    detail = "one stage" if one_stage else "summary over all stages"
    return Run(place=document.place, tool=TOOL, detail=detail, model=None, loads=(load,))


def _refuse_several_stages(document: Document) -> None:
    """Refuse a summary beside reports of several stages: the load changed between them."""
    if Path(document.place).with_name(SECOND_STAGE).exists():
        raise InvalidInputError(
            document.place,
            [
                f"{SECOND_STAGE} beside it says that the load changed during the run, so the "
                "summary belongs to no load level; read each stage by itself"
            ],
        )


def _median_ms(document: Document, metric: str) -> float:
    path = f"successes.latency.{metric}"
    seconds = document.number(
        f"{path}.median", f"{path}.p50", f"{path}.mean", written_by=STREAMING
    )
    return MILLISECONDS_PER_SECOND * seconds


def _duration_seconds(document: Document, completed: int, rate: float) -> float:
    """Return the length of the run; older releases write it only as a count and a rate [s]."""
    if document.find("benchmark_time_seconds") is not None:
        return document.number("benchmark_time_seconds")
    if rate <= 0:
        raise InvalidInputError(
            document.place, [f"successes.throughput.requests_per_sec = {rate:g}: must be above 0"]
        )
    return completed / rate
