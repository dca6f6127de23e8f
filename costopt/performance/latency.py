"""Latency under load: how long requests wait for admission and for their prompt's turn.

A request waits twice. First for a place: where memory or the engine admits ``c`` requests, the
probability to wait is ``rho^(sqrt(2 (c + 1)) - 1)`` with ``rho`` the load relative to the rate at
``c``, and the wait beyond is exponential. Source: Sakasegawa 1977, as in Whitt, Approximations for
the GI/G/m queue (1993).

Then for its turn: prompts are read one after the other, a single server with service time ``S``
(Poisson arrivals), ``E[W] = lambda E[S^2] / (2 (1 - rho))``, and a tail that is taken as
exponential, ``P(W > x) = rho exp(-rho x / E[W])``. Source: Pollaczek-Khinchine formula; for the
tail, Abate, Choudhury and Whitt, Exponential approximations for tail probabilities (1995).

The sum of both waits has a closed tail; time to first token adds the prompt's own turn and, beside
other requests, one step.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.throughput import HALVINGS

_SAME_MEANS: Final = 1e-6
_BUSIEST: Final = 1.0 - 1e-9
_NEVER: Final = 1e-12
_INSTANT_SECONDS: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A wait that is 0 or exponential; arrays of one shape.

    Attributes:
        probability: of waiting at all [0..1].
        mean_seconds: of the wait, given that there is one [s].
    """

    probability: Floats
    mean_seconds: Floats


def admission_wait(load: Floats, places: Floats, rate_at_places: Floats) -> Wait:
    """Wait for one of ``places`` at ``load``, relative to the rate when all are taken.

    >>> wait = admission_wait(np.array(0.8), np.array(4.0), np.array(2.0))
    >>> round(float(wait.probability), 3)  # 0.8 ** (10 ** 0.5 - 1)
    0.617
    >>> round(float(wait.mean_seconds), 3)  # 1 / (2 * 0.2)
    2.5
    """
    bounded = np.clip(load, 0.0, _BUSIEST)
    probability = bounded ** (np.sqrt(2.0 * (np.maximum(places, 1.0) + 1.0)) - 1.0)
    mean = 1.0 / (np.maximum(rate_at_places, _NEVER) * (1.0 - bounded))
    return Wait(probability=probability, mean_seconds=mean)


def turn_wait(utilisation: Floats, mean_turn_square: Floats, rate: Floats) -> Wait:
    """Wait for a prompt's turn.

    Args:
        utilisation: share of time in which prompts are read, below 1 [0..1].
        mean_turn_square: ``E[S^2]`` over the requests [s^2].
        rate: of the requests [1/s].
    """
    busy = np.clip(utilisation, 0.0, _BUSIEST)
    mean = rate * mean_turn_square / (2.0 * (1.0 - busy))
    given_a_wait = mean / np.maximum(busy, _NEVER)
    return Wait(probability=busy, mean_seconds=np.maximum(given_a_wait, _INSTANT_SECONDS))


def exceeds(first: Wait, second: Wait, seconds: Floats) -> Floats:
    """Probability that both waits together take longer than ``seconds`` [0..1].

    With probabilities ``p``, ``q`` and means ``m``, ``n``: ``p (1 - q) e^(-x/m) + q (1 - p)
    e^(-x/n) + p q (m e^(-x/m) - n e^(-x/n)) / (m - n)``; below 0 it is 1.
    """
    p, q = first.probability, second.probability
    m, n = first.mean_seconds, second.mean_seconds
    apart = np.abs(m - n) > _SAME_MEANS * np.maximum(m, n)
    n = np.where(apart, n, m * (1.0 + 2.0 * _SAME_MEANS))
    x = np.maximum(seconds, 0.0)
    by_first, by_second = np.exp(-x / m), np.exp(-x / n)
    both = (m * by_first - n * by_second) / (m - n)
    beyond = p * (1.0 - q) * by_first + q * (1.0 - p) * by_second + p * q * both
    return np.where(np.asarray(seconds) < 0.0, 1.0, beyond)


def quantile_seconds(first: Wait, second: Wait, share: float) -> Floats:
    """Wait that ``share`` of the requests do not exceed [s]; 0 where fewer wait at all.

    Args:
        first: one wait.
        second: the other, independent of it.
        share: such as 0.95 [0..1].
    """
    rarely = 1.0 - share
    ceiling = -np.log(rarely / 2.0) * (first.mean_seconds + second.mean_seconds)
    low, high = np.zeros_like(ceiling), ceiling
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        often = exceeds(first, second, middle) > rarely
        low = np.where(often, middle, low)
        high = np.where(often, high, middle)
    return np.where(exceeds(first, second, np.zeros_like(low)) <= rarely, 0.0, high)
