"""Result files of ``vllm bench serve``.

Rates are per second, summaries in milliseconds; the lists ``ttfts`` and ``itls``, in seconds,
are not read. Source of the fields: vllm-project/vllm, ``vllm/benchmarks/serve.py``.
"""

from typing import Final

from costopt.errors import InvalidInputError
from costopt.profile.consistency import MOST_FAILED_FRACTION
from costopt.profile.measured import ServedLoad
from costopt.profile.readers.document import Document
from costopt.profile.readers.run import Run, problems_of, stated_values
from costopt.units import MILLISECONDS_PER_SECOND

TOOL: Final = "vllm bench serve"

OWN_FIELDS: Final = ("duration", "completed", "request_throughput", "total_token_throughput")
"""Fields that every result has, and no other tool's file."""

SUMMARIES: Final = "vllm bench serve writes it with --percentile-metrics ttft,tpot,itl,e2el"


def is_vllm(document: Document) -> bool:
    """Whether a JSON object is a result of ``vllm bench serve``."""
    return all(name in document.values for name in OWN_FIELDS)


def read_vllm(document: Document) -> Run:
    """Return the one load level of a result.

    Args:
        document: the result.

    Raises:
        InvalidInputError: the run answered nothing, was no steady load of a model that
            generates, or lacks a summary.
    """
    completed, failed = _counts(document)
    _refuse_other_work(document)
    output_tokens = document.number("total_output_tokens") / completed
    rate = document.number("request_throughput")
    with problems_of(document.place):
        load = ServedLoad(
            concurrency=rate * _mean_latency_seconds(document, output_tokens),
            input_tokens=document.number("total_input_tokens") / completed,
            output_tokens=output_tokens,
            requests_per_second=rate,
            output_tokens_per_second=document.number("output_throughput"),
            ttft_ms=_streamed(document, "ttft", "median_ttft_ms", "mean_ttft_ms"),
            tpot_ms=None
            if output_tokens <= 1
            else _streamed(document, "tpot", "median_tpot_ms", "mean_tpot_ms"),
            completed=completed,
            failed=failed,
            duration_seconds=document.number("duration"),
        )
    return Run(
        place=document.place,
        tool=TOOL,
        detail=_detail(document),
        model=document.text("model_id"),
        loads=(load,),
        stated={
            name: value
            for name, value in stated_values(document.values, document.place).items()
            if name != "model"
        },
    )


def _counts(document: Document) -> tuple[int, int]:
    """Return how many requests were answered, at least one, and how many were not."""
    completed = document.whole("completed")
    if document.find("failed") is None:
        asked = document.whole("num_prompts", written_by="so is failed; measure again")
        failed = max(asked - completed, 0)
    else:
        failed = document.whole("failed")
    if completed == 0:
        errors = document.find("errors")
        told = [text for text in errors if text] if isinstance(errors, list) else []
        last = str(told[0]).strip().splitlines()[-1] if told else "the file keeps no reason"
        raise InvalidInputError(
            document.place, [f"no request was answered, {failed} failed ({last}); measure again"]
        )
    _refuse_missing(document, completed + failed)
    return completed, failed


def _refuse_missing(document: Document, told: int) -> None:
    """Refuse a result whose requests are neither answered nor failed."""
    if document.find("num_prompts") is None:
        return
    asked = document.whole("num_prompts")
    if asked - told > MOST_FAILED_FRACTION * asked:
        raise InvalidInputError(
            document.place,
            [
                f"completed + failed = {told}, but num_prompts = {asked}: the run was cut short, "
                "or its figures are of another one; measure again"
            ],
        )


def _refuse_other_work(document: Document) -> None:
    """Refuse pooling models, and a load that changed while it was measured."""
    if document.find("total_output_tokens") is None:
        raise InvalidInputError(
            document.place,
            [
                "total_output_tokens is missing: this is a run of a pooling model, which "
                "generates nothing; give its samples_per_second to Profile.from_utilisation"
            ],
        )
    if (strategy := document.text("ramp_up_strategy")) is not None:
        raise InvalidInputError(
            document.place,
            [
                f"the load was raised during the run (ramp_up_strategy = {strategy}), so its "
                "figures belong to no load level; measure again without --ramp-up-strategy"
            ],
        )


def _streamed(document: Document, metric: str, *paths: str) -> float:
    """Return the summary of a latency that only streamed answers have [ms]."""
    found = document.number(*paths, written_by=SUMMARIES)
    if found == 0:
        raise InvalidInputError(
            document.place,
            [
                f"{paths[0]} = 0: the answers were not streamed, so {metric} was not measured; "
                "measure again with a streaming backend such as --backend vllm or openai-chat"
            ],
        )
    return found


def _mean_latency_seconds(document: Document, output_tokens: float) -> float:
    """Return the mean time from request to end of answer, put together where it is missing."""
    if document.find("mean_e2el_ms") is not None:
        return document.number("mean_e2el_ms") / MILLISECONDS_PER_SECOND
    decode_ms = 0.0
    if output_tokens > 1:
        mean_tpot_ms = document.number("mean_tpot_ms", written_by=SUMMARIES)
        decode_ms = mean_tpot_ms * (output_tokens - 1)
    mean_ttft_ms = document.number("mean_ttft_ms", written_by=SUMMARIES)
    return (mean_ttft_ms + decode_ms) / MILLISECONDS_PER_SECOND


def _detail(document: Document) -> str:
    speculative = document.find("spec_decode_acceptance_rate") is not None
    told = (
        document.text("date"),
        document.text("backend"),
        "with speculative decoding" if speculative else None,
    )
    return ", ".join(text for text in told if text)
