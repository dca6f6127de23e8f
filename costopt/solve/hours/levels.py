"""Levels of demand: a long series in few kinds of hours, from above and from below."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.solve.hours.kinds import HourKinds, what_decides
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.problem import FloatArray, IntArray

MOST_LEVELS: Final = 192
"""Levels that bound a long series; a range of 6 to 1 then has steps of about 1 %."""

PLANNED_LEVELS: Final = 320
"""Levels that a long series is planned in, each at its highest demand."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """A series brought to levels.

    Attributes:
        level: level of each hour (hours,).
        terms: levels with an equal number differ in demand only, scenarios apart (levels,).
        above: every hour at the highest demand of its level: what serves it serves the series.
        mean: every hour at the mean demand of its level: its linear program costs no more than
            the series' own, since that is convex in demand (Jensen's inequality).
    """

    level: IntArray
    terms: IntArray
    above: HourlyProblem
    mean: HourlyProblem


def levels_of(problem: HourlyProblem, kinds: HourKinds, *, most: int) -> Levels:
    """Bring a series to levels, apart for what else differs between hours.

    Hours of one scenario, with equal availability, owned plans and other usage, are cut into
    steps of demand, summed over the blocks in units of each block's mean.

    Args:
        problem: a problem whose hours are not tied to each other.
        kinds: its kinds of hours.
        most: levels wanted; more where hours differ otherwise.
    """
    group = _group(problem, kinds)
    groups = int(group.max()) + 1
    mean = problem.demand_factor.mean(axis=1, keepdims=True)
    size = (problem.demand_factor / np.where(mean > 0, mean, 1)).sum(axis=0)
    step = _steps(size, group, max(most // groups, 1))
    # An hour without demand shares no level with one that has some.
    idle = problem.demand_factor > 0
    code = np.stack([group, step, *idle.astype(np.int64)])
    _, example, level = np.unique(code, axis=1, return_index=True, return_inverse=True)
    level = np.ravel(level)
    weight = np.bincount(level, problem.weight).astype(np.float64)
    above = np.zeros((len(problem.blocks), len(example)))
    total = np.zeros_like(above)
    for block, factor in enumerate(problem.demand_factor):
        np.maximum.at(above[block], level, factor)
        np.add.at(total[block], level, factor * problem.weight)
    centre = np.where(weight > 0, total / np.where(weight > 0, weight, 1), above)
    return Levels(
        level=level,
        terms=group[example],
        above=_at(problem, example, weight, above),
        mean=_at(problem, example, weight, centre),
    )


def _steps(size: FloatArray, group: IntArray, steps: int) -> IntArray:
    """Step of each hour in its group, narrow where hours are many (hours,).

    A step of width ``h`` at density ``p`` wastes ``p h^2 / 2``, each hour planned at the step's
    top. For a given number of steps the sum is least at ``h`` in proportion to ``p^(-1/2)``.
    """
    groups = int(group.max()) + 1
    low, high = np.full(groups, np.inf), np.zeros(groups)
    np.minimum.at(low, group, size)
    np.maximum.at(high, group, size)
    place = (size - low[group]) / np.where(high > low, high - low, 1.0)[group] * steps
    cell = np.minimum(place.astype(np.int64), steps - 1)
    many = np.zeros((groups, steps))
    np.add.at(many, (group, cell), 1)
    share = np.sqrt(many)
    before = np.cumsum(share, axis=1) - share
    reached = before[group, cell] + share[group, cell] * (place - cell)
    step = (reached / share.sum(axis=1)[group] * steps).astype(np.int64)
    return np.asarray(np.minimum(step, steps - 1))


def _group(problem: HourlyProblem, kinds: HourKinds) -> IntArray:
    """Number of the hours that differ in demand only (hours,)."""
    features = what_decides(problem)[len(problem.blocks) :, kinds.example]
    _, terms = np.unique(features, axis=1, return_inverse=True)
    both = np.stack([np.ravel(terms)[kinds.kind], problem.scenario])
    _, group = np.unique(both, axis=1, return_inverse=True)
    return np.asarray(np.ravel(group))


def _at(
    problem: HourlyProblem, example: IntArray, weight: FloatArray, factor: FloatArray
) -> HourlyProblem:
    """The problem in hours that stand for others (levels)."""
    quantities, spends, resources = problem.quantities, problem.spends, problem.resources
    if quantities.available is not None:
        quantities = replace(quantities, available=quantities.available[:, example])
    if resources.available is not None:
        resources = replace(resources, available=resources.available[:, example])
    if len(spends):
        spends = replace(
            spends,
            owned=spends.owned[:, example],
            other_usage=spends.other_usage[:, example],
        )
    scenarios = problem.scenarios
    if scenarios is not None:
        scenarios = replace(scenarios, scenario=scenarios.scenario[example])
    return replace(
        problem,
        weight=weight,
        demand_factor=factor,
        quantities=quantities,
        spends=spends,
        resources=resources,
        scenarios=scenarios,
    )
