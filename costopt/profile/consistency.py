"""Whether the figures of one load level can be true together, and which of them cannot."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from costopt.units import MILLISECONDS_PER_SECOND

if TYPE_CHECKING:
    from costopt.profile.measured import ServedLoad

SAME_RATE: Final = 1.25
"""Factor within which two ways to count one rate agree; tools count tokens in flight apart."""

SAME_COUNT: Final = 1.5
"""Factor within which answered requests and rate times duration agree; short runs end ragged."""

FEW_REQUESTS: Final = 2
"""Requests by which a count may always differ: one at each end of the measurement [1]."""

SAME_CONCURRENCY: Final = 3.0
"""Factor within which concurrency and Little's law agree: latencies are medians, not means."""

SHORTEST_TTFT_MS: Final = 1.0
"""Below it, a time to first token is in another unit: a network round trip takes longer [ms]."""

SHORTEST_TPOT_MS: Final = 0.1
"""Below it, a time per token is in another unit: it would be 10,000 tokens/s per user [ms]."""

TTFT_IN_PASSES: Final = 1 / 3
"""Smallest time to first token, in times per output token: a prompt is one pass at least [1].

A third leaves room for prefill on accelerators of its own, whose passes are shorter.
"""

MOST_FAILED_FRACTION: Final = 0.1
"""Share of failed requests above which the rate of the others is not the deployment's [0..1]."""


def near(one: float, other: float, factor: float) -> bool:
    """Whether two positive figures differ by at most a factor.

    >>> near(100, 80, 1.25), near(100, 79, 1.25)
    (True, False)
    """
    return max(one, other) <= factor * min(one, other)


def contradictions(load: "ServedLoad") -> list[str]:
    """Return one sentence for each pair of figures that cannot both be true.

    Args:
        load: one load level, each of its figures valid by itself.
    """
    return [*_rates(load), *_units(load), *_concurrency(load), *_failures(load)]


def _rates(load: "ServedLoad") -> Iterator[str]:
    tokens = load.requests_per_second * load.output_tokens
    if not near(load.output_tokens_per_second, tokens, SAME_RATE):
        yield (
            f"output_tokens_per_second = {load.output_tokens_per_second:g}, but "
            f"requests_per_second x output_tokens = {load.requests_per_second:g} x "
            f"{load.output_tokens:g} = {tokens:g}: one of the three is in another unit, counts "
            "prompts too, or is of another run"
        )
    answered = load.requests_per_second * load.duration_seconds
    few = abs(load.completed - answered) <= FEW_REQUESTS
    if not few and not near(load.completed, answered, SAME_COUNT):
        yield (
            f"completed = {load.completed}, but requests_per_second x duration_seconds = "
            f"{load.requests_per_second:g} x {load.duration_seconds:g} = {answered:g}: is the "
            "duration in seconds, and the rate per second?"
        )


def _units(load: "ServedLoad") -> Iterator[str]:
    ttft, tpot = load.ttft_ms, load.tpot_ms
    if tpot is not None and tpot < SHORTEST_TPOT_MS:
        yield f"tpot_ms = {tpot:g} is too short for any accelerator: give milliseconds"
    if ttft is None:
        return
    if ttft < SHORTEST_TTFT_MS:
        yield f"ttft_ms = {ttft:g} is too short for any accelerator: give milliseconds"
    elif ttft < TTFT_IN_PASSES * (one_pass := tpot or _token_ms(load)):
        told = f"tpot_ms = {tpot:g}" if tpot else f"{one_pass:g} ms by the concurrency"
        yield (
            f"ttft_ms = {ttft:g} is shorter than one pass through the model ({told}): one of "
            "the two is in another unit, such as seconds"
        )
    if ttft > MILLISECONDS_PER_SECOND * load.duration_seconds:
        yield (
            f"ttft_ms = {ttft:g} is longer than the whole measurement of "
            f"{load.duration_seconds:g} s"
        )


def _token_ms(load: "ServedLoad") -> float:
    """Return the time per token that concurrency and rate leave each request [ms]."""
    seconds = load.concurrency / load.requests_per_second / load.output_tokens
    return MILLISECONDS_PER_SECOND * seconds / SAME_CONCURRENCY


def _concurrency(load: "ServedLoad") -> Iterator[str]:
    if load.ttft_ms is None or load.tpot_ms is None:
        return
    latency_ms = load.ttft_ms + load.tpot_ms * max(load.output_tokens - 1, 0)
    in_system = load.requests_per_second * latency_ms / MILLISECONDS_PER_SECOND
    if not near(load.concurrency, in_system, SAME_CONCURRENCY):
        yield (
            f"concurrency = {load.concurrency:g}, but {load.requests_per_second:g} requests/s "
            f"that take ttft_ms + tpot_ms x (output_tokens - 1) = {latency_ms:g} ms each are "
            f"{in_system:g} in the system (Little's law): units are mixed, or the concurrency is "
            "a limit that the load never reached"
        )


def _failures(load: "ServedLoad") -> Iterator[str]:
    asked = load.completed + load.failed
    if load.failed > MOST_FAILED_FRACTION * asked:
        yield (
            f"{load.failed} of {asked} requests failed: the rate of the others is not what the "
            "deployment sustains; measure again until at most "
            f"{100 * MOST_FAILED_FRACTION:g} % fail"
        )
