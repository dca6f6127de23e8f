"""HourlyChanges: what ran before, and what moving away from it costs."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.solve.problem import BoolArray, FloatArray, IntArray

NOT_COUNTED: Final = -2
"""Kind of an offer whose instances may come and go: they are not the plan's own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourlyChanges:
    """A fleet that ran before, and the price of leaving it.

    An instance counts by the part of the hours in which it runs: ``n_k`` is the mean number of
    instances of kind ``k`` over the horizon and the scenarios, and
    ``a max(n_k - r_k, 0) + b max(r_k - n_k, 0)`` is charged once for each kind. With the same
    counts in every hour this is what a plan for one rate is charged. A mean leaves no loophole: an
    instance-hour that moves costs the same in whichever hour it is, and an instance that is kept
    for an hour a day counts as that hour.

    Attributes:
        kind: kind of each offer's instances; -1 = none ran, -2 = of others (offers,).
        running: ``r``, mean number of instances of each kind that ran (kinds,) [1].
        start_cost: ``a``, of each instance started [currency].
        stop_cost: ``b``, of each instance stopped [currency].
    """

    kind: IntArray
    running: FloatArray
    start_cost: float
    stop_cost: float

    @property
    def has_run(self) -> BoolArray:
        """Offers of whose instances some ran (offers,)."""
        return np.asarray(self.kind >= 0)

    @property
    def counted(self) -> IntArray:
        """Offers whose instances count (offers,)."""
        return np.flatnonzero(self.kind > NOT_COUNTED)

    def only(self, kept: IntArray) -> "HourlyChanges":
        """The same for some of the offers."""
        return replace(self, kind=self.kind[kept])

    def mean_counts(self, counts: IntArray, hours: FloatArray) -> FloatArray:
        """Mean instances of each kind, then of all that did not run before (kinds + 1,) [1].

        Args:
            counts: instances of each offer (offers, hours) [1].
            hours: how often each hour comes, expected over the scenarios (hours,) [h].
        """
        mean = np.zeros(len(self.running) + 1)
        np.add.at(mean, self.kind[self.counted], (counts @ hours / hours.sum())[self.counted])
        return mean

    def cost(self, counts: IntArray, hours: FloatArray) -> float:
        """What the way to these counts costs [currency].

        Args:
            counts: instances of each offer (offers, hours) [1].
            hours: how often each hour comes, expected over the scenarios (hours,) [h].
        """
        beyond = self.mean_counts(counts, hours) - np.append(self.running, 0.0)
        started, stopped = np.maximum(beyond, 0).sum(), np.maximum(-beyond, 0).sum()
        return float(self.start_cost * started + self.stop_cost * stopped)
