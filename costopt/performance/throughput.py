"""Throughput: the largest number of running requests that limits and memory allow."""

from collections.abc import Callable
from statistics import NormalDist
from typing import Final

import numpy as np

from costopt.performance.arrays import Flags, Floats
from costopt.performance.engine import EngineTimes

HALVINGS: Final = 36
"""Steps of bisection: the result is within 2^-36 of the cap."""


def largest(allowed: Callable[[Floats], Flags], cap: Floats) -> Floats:
    """Largest value in [0, cap] that is allowed, where allowing never comes back [1].

    All cells are bisected together. Where nothing above 0 is allowed the result is 0.
    """
    low = np.zeros_like(cap)
    high = cap
    low = np.where(allowed(cap), cap, low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        good = allowed(middle)
        low = np.where(good, middle, low)
        high = np.where(good, high, middle)
    return low


def largest_in_time(times: EngineTimes, max_tpot_seconds: float | None, cap: Floats) -> Floats:
    """Most running requests whose tokens come in time; ``cap`` without a limit [1]."""
    if max_tpot_seconds is None:
        return cap

    def allowed(running: Floats) -> Flags:
        return times.token_interval_seconds(running) <= max_tpot_seconds

    return largest(allowed, cap)


def largest_readable(times: EngineTimes, cap: Floats) -> Floats:
    """Most running requests whose prompts can be read as fast as they come [1]."""
    return largest(times.reads_prompts, cap)


def concurrency_at_rate(times: EngineTimes, rate: Floats, cap: Floats) -> Floats:
    """Running requests when requests arrive at ``rate``; ``cap`` where they cannot pass [1]."""

    def allowed(running: Floats) -> Flags:
        return times.rate(running) <= rate

    return largest(allowed, cap)


def crowded(running: Floats, share: float, cap: Floats) -> Floats:
    """Running requests that a share of the time does not exceed, ``N + z sqrt(N)`` up to cap [1].

    Requests that arrive at random and run side by side are Poisson around their mean.

    Args:
        running: on the mean, N [1].
        share: of the time [0.5..1].
        cap: places; further requests wait [1].

    Source: stationary distribution of an M/G/infinity queue, in its normal approximation.
    """
    return np.minimum(running + NormalDist().inv_cdf(share) * np.sqrt(running), cap)


def mean_below(most: Floats, share: float) -> Floats:
    """Mean whose ``crowded`` number of running requests is ``most`` [1]."""
    spread = NormalDist().inv_cdf(share)
    mean: Floats = ((np.sqrt(spread**2 + 4.0 * most) - spread) / 2.0) ** 2
    return mean
