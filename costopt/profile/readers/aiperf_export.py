"""Profile exports of AIPerf and of its forerunner GenAI-Perf: one load level each.

Every metric says its own unit, which is read and not assumed. Source of the fields:
ai-dynamo/aiperf, ``src/aiperf/common/models/export_models.py``, and
triton-inference-server/perf_analyzer, ``genai-perf/genai_perf/metrics``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from costopt.errors import InvalidInputError
from costopt.profile.measured import ServedLoad
from costopt.profile.readers.document import Document
from costopt.profile.readers.run import Run, problems_of
from costopt.units import MILLISECONDS_PER_SECOND, SECONDS_PER_MINUTE

MILLISECONDS: Final[Mapping[str, float]] = {
    "ns": 1e-6,
    "us": 1e-3,
    "ms": 1.0,
    "s": MILLISECONDS_PER_SECOND,
    "sec": MILLISECONDS_PER_SECOND,
    "seconds": MILLISECONDS_PER_SECOND,
    "min": SECONDS_PER_MINUTE * MILLISECONDS_PER_SECOND,
}
"""Unit of a duration -> milliseconds in it [ms]."""

PER_SECOND: Final = frozenset(
    {"requests/sec", "req/sec", "requests/s", "tokens/sec", "tokens/s", "per sec"}
)
"""Units of a rate per second."""

COUNTED: Final = frozenset({"requests", "count", "tokens", ""})
"""Units of a number of things."""

STREAMING: Final = "it is written for streamed answers only: measure again with --streaming"

COUNTS_REQUESTS: Final = "older releases of genai-perf do not write it; measure again with aiperf"


def is_aiperf(document: Document) -> bool:
    """Whether a JSON object is a profile export of AIPerf or GenAI-Perf."""
    metrics = ("request_throughput", "request_latency", "time_to_first_token")
    exported = any(document.find(f"{metric}.unit") is not None for metric in metrics)
    return exported or document.text("aiperf_version") is not None


def read_aiperf(document: Document) -> Run:
    """Return the one load level of a profile export.

    Args:
        document: the export.

    Raises:
        InvalidInputError: the run was cancelled or is incomplete, answered nothing or did not
            stream, or a metric is missing or in a unit that is not known.
    """
    _refuse_unfinished(document)
    completed = int(_counted(document, "request_count", written_by=COUNTS_REQUESTS))
    if completed == 0:
        raise InvalidInputError(document.place, ["no request was answered; measure again"])
    rate = _per_second(document, "request_throughput")
    output_tokens = _counted(document, "output_sequence_length")
    latency_seconds = _milliseconds(document, "request_latency", "avg") / MILLISECONDS_PER_SECOND
    with problems_of(document.place):
        load = ServedLoad(
            concurrency=rate * latency_seconds,
            input_tokens=_counted(document, "input_sequence_length"),
            output_tokens=output_tokens,
            requests_per_second=rate,
            output_tokens_per_second=_per_second(document, "output_token_throughput"),
            ttft_ms=_milliseconds(document, "time_to_first_token", "p50", "avg"),
            tpot_ms=None
            if output_tokens <= 1
            else _milliseconds(document, "inter_token_latency", "p50", "avg"),
            completed=completed,
            failed=_failed(document),
            duration_seconds=_duration_seconds(document, completed, rate),
        )
    version = document.text("aiperf_version")
    return Run(
        place=document.place,
        tool="aiperf" if version else "genai-perf",
        detail=version or "",
        model=_model(document),
        loads=(load,),
    )


def _refuse_unfinished(document: Document) -> None:
    reason = document.text("incomplete_reason")
    if document.find("was_cancelled") is True:
        raise InvalidInputError(
            document.place,
            ["the run was cancelled before its end (was_cancelled); measure again"],
        )
    if document.find("is_complete") is False:
        raise InvalidInputError(
            document.place,
            [f"the run is incomplete ({reason or 'is_complete is false'}); measure again"],
        )


def _failed(document: Document) -> int:
    """Return the requests that failed; AIPerf writes the metric only when there are some [1]."""
    if document.find("error_request_count") is None:
        return 0
    return int(_counted(document, "error_request_count"))


def _duration_seconds(document: Document, completed: int, rate: float) -> float:
    """Return the length of the run, which GenAI-Perf writes only as a count and a rate [s]."""
    if document.find("benchmark_duration") is None:
        return completed / rate
    return _milliseconds(document, "benchmark_duration", "avg") / MILLISECONDS_PER_SECOND


def _milliseconds(document: Document, metric: str, *statistics: str) -> float:
    found = _statistic(document, metric, statistics, STREAMING)
    unit = _unit(document, metric)
    if unit not in MILLISECONDS:
        raise _unknown_unit(document, metric, unit, MILLISECONDS)
    return found * MILLISECONDS[unit]


def _per_second(document: Document, metric: str) -> float:
    found = _statistic(document, metric, ("avg",), "")
    if found <= 0:
        raise InvalidInputError(
            document.place, [f"{metric}.avg = {found:g}: must be above 0; measure again"]
        )
    unit = _unit(document, metric)
    if unit not in PER_SECOND:
        raise _unknown_unit(document, metric, unit, PER_SECOND)
    return found


def _counted(document: Document, metric: str, written_by: str = "") -> float:
    found = _statistic(document, metric, ("avg",), written_by)
    unit = _unit(document, metric)
    if unit not in COUNTED:
        raise _unknown_unit(document, metric, unit, COUNTED)
    return found


def _statistic(
    document: Document, metric: str, statistics: tuple[str, ...], written_by: str
) -> float:
    paths = (f"{metric}.{statistic}" for statistic in statistics)
    return document.number(*paths, written_by=written_by)


def _unit(document: Document, metric: str) -> str:
    unit = document.find(f"{metric}.unit")
    if not isinstance(unit, str):
        raise InvalidInputError(document.place, [f"{metric}.unit is missing"])
    return unit


def _unknown_unit(
    document: Document, metric: str, unit: str, known: Mapping[str, float] | frozenset[str]
) -> InvalidInputError:
    listed = ", ".join(sorted(name for name in known if name))
    return InvalidInputError(
        document.place, [f"{metric}.unit = {unit!r} is not known; known: {listed}"]
    )


def _model(document: Document) -> str | None:
    """Return the one model that the input configuration names, wherever the release puts it."""
    names = dict.fromkeys(_names(document))
    if len(names) > 1:
        raise InvalidInputError(
            document.place,
            [
                f"the run asked several models ({', '.join(names)}), so its figures belong to "
                "none; measure each by itself"
            ],
        )
    return next(iter(names), None)


def _names(document: Document) -> Iterator[str]:
    for path in ("models.items", "endpoint.model_names", "model_names", "model"):
        found: Any = document.find(f"input_config.{path}")
        listed = found if isinstance(found, list) else [found]
        for item in listed:
            name = item.get("name") if isinstance(item, dict) else item
            if isinstance(name, str) and name:
                yield name
