"""Configurations: how many spot instances of a pool to rent for how many that are counted on."""

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.interruption.pool import chance_of_at_least

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

EVERY_COUNT: Final = 12
"""Numbers up to which each is tried; larger ones are tried in steps [1]."""

STEP_RATIO: Final = 1.15
"""Ratio between the larger numbers that are tried; a pool rents at most so much more."""

MOST_COUNTED: Final = 512
"""Instances that one configuration counts on at most; more are several of them [1]."""

MOST_RENTED: Final = 4
"""Instances rented for each one that is counted on, and once more, at most [1]."""

LEAST_FALL: Final = 0.05
"""Part of a weight by which more spare instances must lower it to be tried."""

NO_WEIGHT: Final = 1e-4
"""Weight below which nothing more is tried: pools that are as good as always there [1]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Configurations:
    """Ways to rent one pool so that a number of instances is there; arrays of one shape.

    Sorted by what is counted on.

    Attributes:
        counted: instances whose capacity is planned with [1].
        rented: instances that are paid for, so that those are there [1].
        weight: ``-ln P(at least so many of those rented are there)`` [1].
    """

    counted: Integers
    rented: Integers
    weight: Floats


def numbers_tried(least: int, most: float) -> list[int]:
    """Whole numbers from the least to the first that reaches the most: each up to 12, then steps.

    Example:
        >>> numbers_tried(10, 17)
        [10, 11, 12, 14, 17]
    """
    tried = [least]
    while tried[-1] < most:
        larger = tried[-1] * STEP_RATIO if tried[-1] >= EVERY_COUNT else tried[-1] + 1
        tried.append(ceil(larger))
    return tried


def configurations(
    available_fraction: float, correlation: float, most: float, allowed: float
) -> Configurations:
    """List what to rent for each number counted on, the weights within what is allowed.

    Several configurations of one pool together keep what each of them counts on with at least
    the product of their chances, since instances of a pool are there together: weights add, and
    the sum is never below the weight of the pool as a whole. That one, with the same cost and
    capacity, is listed too, as far as the numbers are.

    More than is counted on is listed as far as each step lowers the weight by a twentieth. For
    the same numbers counted on, a plan costs at most what the best would cost if ``a ** 0.95``
    were promised, not ``a``. What is listed for less availability holds what is for more.

    Args:
        available_fraction: share of time an instance is there [0..1].
        correlation: between two instances of the pool [0..1].
        most: instances that the whole demand needs [1].
        allowed: weight of all pools in use together, at most [1].
    """
    found: list[tuple[int, int, float]] = []
    tails: dict[int, Floats] = {}
    for counted in numbers_tried(1, min(most, MOST_COUNTED)):
        rents = numbers_tried(counted, MOST_RENTED * (counted + 1))
        for rented in rents:
            if rented not in tails:
                tails[rented] = chance_of_at_least(available_fraction, correlation, rented)
        chances = np.array([tails[rented][counted] for rented in rents])
        with np.errstate(divide="ignore"):
            weights = np.maximum(-np.log(chances), 0.0)
        found += [
            (counted, rents[one], float(weights[one]))
            for one in _worth_renting(weights)
            if weights[one] <= allowed
        ]
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    return Configurations(
        counted=table[:, 0].astype(np.int64),
        rented=table[:, 1].astype(np.int64),
        weight=table[:, 2],
    )


def _worth_renting(weights: Floats) -> list[int]:
    """Places of the numbers to rent: the fewest, then each that lowers the weight enough."""
    worth = [0]
    for place, weight in enumerate(weights.tolist()):
        last = weights[worth[-1]]
        if last > NO_WEIGHT and weight <= (1 - LEAST_FALL) * last:
            worth.append(place)
    return worth
