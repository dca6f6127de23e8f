"""Pool: how many instances of one spot pool are there at a time, which come and go together."""

from collections.abc import Sequence
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def instances_there(available_fraction: float, correlation: float, rented: int) -> Floats:
    """P(exactly i of n instances are there), for i = 0..n: the beta-binomial distribution.

    ``C(n, i) prod_{j<i} (A + j g) prod_{j<n-i} (1 - A + j g) / prod_{j<n} (1 + j g)`` with
    ``g = rho / (1 - rho)``. Two instances are then there together with correlation ``rho``;
    without correlation it is the binomial distribution, and at ``rho = 1`` all or none are there.

    Source: J. G. Skellam, "A probability distribution derived from the binomial distribution by
    regarding the probability of success as variable between the sets of trials", Journal of the
    Royal Statistical Society B 10 (1948).

    Args:
        available_fraction: ``A``, share of time an instance is there [0..1].
        correlation: ``rho``, between two instances of the pool [0..1].
        rented: ``n``, instances asked for [1].

    Returns:
        Shape (rented + 1,) [0..1].

    Example:
        >>> instances_there(0.75, 0.0, 2).tolist()
        [0.0625, 0.375, 0.5625]
    """
    if correlation == 1:
        together = np.zeros(rented + 1)
        together[0] += 1 - available_fraction
        together[rented] += available_fraction
        return together if rented else np.ones(1)
    step = np.arange(rented) * (correlation / (1 - correlation))
    there = _log_products(available_fraction + step)
    gone = _log_products(1 - available_fraction + step)
    ways = _log_products(np.arange(1.0, rented + 1))
    log_choices = ways[-1] - ways - ways[::-1]
    chance: Floats = np.exp(log_choices + there + gone[::-1] - _log_products(1 + step)[-1])
    return chance


def chance_of_at_least(available_fraction: float, correlation: float, rented: int) -> Floats:
    """P(at least m of n instances are there), for m = 0..n (rented + 1,) [0..1].

    Args:
        available_fraction: share of time an instance is there [0..1].
        correlation: between two instances of the pool [0..1].
        rented: instances asked for [1].

    Example:
        >>> chance_of_at_least(0.75, 0.0, 2).tolist()
        [1.0, 0.9375, 0.5625]
    """
    chance = instances_there(available_fraction, correlation, rented)
    tail: Floats = np.minimum(np.cumsum(chance[::-1])[::-1], 1.0)
    return tail


def chance_of_each(
    available_fraction: float, correlation: float, rented: Sequence[int], needed: Sequence[int]
) -> float:
    """P(every part of a pool keeps what it needs) when a loss hits any instances alike [0..1].

    Given that ``t`` of all ``n`` are there, every choice of them is as likely: the share of the
    choices that leave each part its ``m`` is ``prod_l sum_{i >= m_l} C(n_l, i)``, as far as it
    has ``t`` instances, over ``C(n, t)``.

    Args:
        available_fraction: share of time an instance is there [0..1].
        correlation: between two instances of the pool [0..1].
        rented: instances of each part [1].
        needed: of them, that each part needs [1].

    Example:
        >>> chance_of_each(0.75, 0.0, [1, 2], [1, 1])
        0.703125
    """
    if len(rented) == 1:
        return float(chance_of_at_least(available_fraction, correlation, rented[0])[needed[0]])
    good = np.ones(1, dtype=object)
    for instances, least in zip(rented, needed, strict=True):
        ways = [comb(instances, there) for there in range(instances + 1)]
        ways[:least] = [0] * least
        good = np.convolve(good, np.array(ways, dtype=object))
    total = sum(rented)
    share = [float(ways / comb(total, there)) for there, ways in enumerate(good)]
    return float(instances_there(available_fraction, correlation, total) @ share)


def _log_products(factors: ArrayLike) -> Floats:
    """Logarithm of the product of the first 0, 1, 2 .. factors; -inf where one is 0."""
    with np.errstate(divide="ignore"):
        return np.concatenate([[0.0], np.cumsum(np.log(np.asarray(factors, dtype=np.float64)))])
