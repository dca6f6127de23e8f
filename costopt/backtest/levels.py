"""Levels to commit at, from a series of past usage."""

import numpy as np

from costopt.commitment.apply import Floats

ROUNDING = 1e-9
"""How far rounding may move a share of hours [1]."""


def reached_level(used: Floats, fraction: float) -> float:
    """Give the largest level that usage reaches in at least a fraction of the hours.

    Args:
        used: by hour [1 or currency/h].
        fraction: of the hours [0..1].
    """
    highest_first = np.sort(used)[::-1]
    needed = max(int(np.ceil(fraction * len(used) - ROUNDING)), 1)
    return float(highest_first[needed - 1])


def whole_level(used: Floats, fraction: float) -> float:
    """Give the largest whole ``k`` with ``P(X >= k) >= f``.

    With ``f = r / o`` it is the cheapest in the long run: the last unit is used in the share
    ``P(X >= k)`` of the hours, where it saves the on-demand price ``o``; it costs ``r`` in all.

    Args:
        used: ``X``, by hour [1].
        fraction: ``f``; above 1 nothing reaches it [1].

    Source: newsvendor model (critical fractile), Arrow, Harris and Marschak, "Optimal inventory
    policy", Econometrica 19 (1951).
    """
    return float(np.floor(reached_level(used, fraction) + ROUNDING)) if fraction <= 1 else 0.0


def newsvendor_spend(units: Floats, rates: Floats, on_demand_per_hour: Floats) -> float:
    """Give the largest ``c`` whose last unit of money saves at least itself on average.

    In an hour, money goes to usage by ``o / r``, highest first; the mean over hours of the
    ``o / r`` at which ``c`` arrives falls as ``c`` grows, and is 0 once all usage is covered.

    Args:
        units: usage by hour (hours, skus) [1].
        rates: ``r``, of one unit under the plan (skus,) [currency/h].
        on_demand_per_hour: ``o``, likewise; above the rate (skus,) [currency/h].

    Source: the same condition as for quantities; fractional knapsack, Dantzig, "Discrete-variable
    extremum problems", Operations Research 5 (1957).
    """
    if not len(rates):
        return 0.0
    worth = on_demand_per_hour / rates
    order = np.argsort(-worth, kind="stable")
    filled = np.cumsum(units[:, order] * rates[order], axis=1)
    drop = worth[order] - np.append(worth[order][1:], 0.0)
    level = filled.ravel()
    falls = np.broadcast_to(drop / len(units), filled.shape).ravel()
    upward = np.argsort(level, kind="stable")
    # what is left of the mean worth just before each level, where money still goes to that usage
    before = worth[order[0]] - np.concatenate([[0.0], np.cumsum(falls[upward])[:-1]])
    paying = np.flatnonzero(before >= 1 - ROUNDING)
    return float(level[upward][paying[-1]])
