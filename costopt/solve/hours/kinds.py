"""Kinds of hours: hours that are equal in everything that decides are decided once."""

from dataclasses import dataclass

import numpy as np

from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourKinds:
    """Distinct hours, and how often each occurs.

    Given the commitments, every hour is decided by itself, so equal hours have an equal best
    fleet and merging them loses nothing. Hours that are tied to their neighbours stay apart.

    Attributes:
        kind: kind of each hour (hours,).
        example: an hour of each kind (kinds,).
        weight: hours of each kind in each scenario (kinds, scenarios) [h].
        expected_weight: the same, averaged over the scenarios (kinds,) [h].
    """

    kind: IntArray
    example: IntArray
    weight: FloatArray
    expected_weight: FloatArray

    def __len__(self) -> int:
        """Return the number of kinds."""
        return len(self.example)


def hour_kinds(problem: HourlyProblem) -> HourKinds:
    """Merge equal hours, unless something ties hours to each other."""
    if problem.hours_are_coupled or problem.changes is not None:
        kind = example = np.arange(problem.hour_count)
    else:
        _, example, kind = np.unique(
            what_decides(problem), axis=1, return_index=True, return_inverse=True
        )
    weight = np.zeros((len(example), len(problem.probability)))
    np.add.at(weight, (np.ravel(kind), problem.scenario), problem.weight)
    return HourKinds(
        kind=np.ravel(kind),
        example=example,
        weight=weight,
        expected_weight=weight @ problem.probability,
    )


def what_decides(problem: HourlyProblem) -> FloatArray:
    """Everything that differs between hours, demand first (features, hours)."""
    features: list[FloatArray | BoolArray] = [problem.demand_factor]
    if len(problem.spends):
        features += [problem.spends.owned, problem.spends.other_usage]
    for commitments in (problem.quantities, problem.resources):
        if commitments.available is not None:
            features.append(commitments.available)
    return np.concatenate([*features, np.zeros((1, problem.hour_count))])
