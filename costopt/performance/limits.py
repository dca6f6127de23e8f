"""Latency limits of serving, and the checks of what callers hand in."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.errors import InvalidInputError
from costopt.performance.arrays import Floats
from costopt.performance.work import RequestSizes

_PERCENTILES: Final = (50.0, 100.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyLimits:
    """Limits that a rate has to keep; None where there is none.

    Attributes:
        max_ttft_ms: time to first token [ms].
        max_tpot_ms: time per output token of a request [ms].
        percentile: share of requests that must meet the limit on the first token, and of the time
            in which the batch is small enough for the limit on each further one [%].
    """

    max_ttft_ms: float | None = None
    max_tpot_ms: float | None = None
    percentile: float = 95.0

    @property
    def is_batch(self) -> bool:
        """True without any limit: only throughput counts."""
        return self.max_ttft_ms is None and self.max_tpot_ms is None

    @property
    def share(self) -> float:
        """Share of requests that must meet the limits [0..1]."""
        return self.percentile / 100.0


def check_requests(requests: RequestSizes) -> None:
    """Refuse sizes that are not of one shape, finite and at least one token.

    Raises:
        InvalidInputError: what is wrong with them.
    """
    prompt, answer = requests.input_tokens, requests.output_tokens
    if prompt.ndim != 1 or prompt.shape != answer.shape or not prompt.size:
        raise InvalidInputError(
            "requests", ["input_tokens and output_tokens must be one row of the same length"]
        )
    for name, values in (("input_tokens", prompt), ("output_tokens", answer)):
        if not np.all(np.isfinite(values)) or np.any(values < 1.0):
            raise InvalidInputError("requests", [f"{name} must be at least 1 in every bucket"])


def check_limits(limits: LatencyLimits, max_utilisation: float) -> None:
    """Refuse limits that are not positive, and shares outside their range.

    Raises:
        InvalidInputError: what is wrong with them.
    """
    problems = [
        f"{name} is {value} and must be above 0"
        for name in ("max_ttft_ms", "max_tpot_ms")
        if (value := getattr(limits, name)) is not None and not value > 0.0
    ]
    if not _PERCENTILES[0] <= limits.percentile < _PERCENTILES[1]:
        problems.append(f"percentile is {limits.percentile} and must be in [50, 100)")
    problems += utilisation_problems(max_utilisation)
    if problems:
        raise InvalidInputError("latency limits", problems)


def utilisation_problems(max_utilisation: float) -> list[str]:
    """What is wrong with a planned utilisation; empty where nothing is."""
    if 0.0 < max_utilisation <= 1.0:
        return []
    return [f"max_utilisation is {max_utilisation} and must be above 0 and at most 1"]


def check_arrivals(arrivals: Floats, rows: int, buckets: int) -> None:
    """Refuse arrival rates of the wrong shape, negative or not finite.

    Raises:
        InvalidInputError: what is wrong with them.
    """
    if arrivals.shape != (rows, buckets):
        raise InvalidInputError(
            "arrivals", [f"shape {arrivals.shape} must be ({rows}, {buckets})"]
        )
    if not np.all(np.isfinite(arrivals)) or np.any(arrivals < 0.0):
        raise InvalidInputError("arrivals", ["rates must be finite and not negative"])
