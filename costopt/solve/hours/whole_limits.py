"""Limits on a plan over hours as a whole: what may be paid, and how many types may run."""

from dataclasses import dataclass

import numpy as np

from costopt.solve.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Budget:
    """What may be paid over the horizon in every scenario, at prices that need not be minimised.

    Commitments count whole, charges of other usage do not.

    Attributes:
        name: what the limit is called in messages.
        price_per_hour: paid for an hour of one instance that no commitment covers; 0 for what
            the budget does not count (offers,) [currency/h].
        quantities: paid for one instance committed (commitments,) [currency].
        spends: paid for committing 1 currency/h (plans,) [currency per currency/h].
        resources: paid for one unit committed (products,) [currency].
        amounts: paid for one amount of a resource that is not covered (resources,) [currency/h].
        upper: most that may be paid in any scenario [currency].
    """

    name: str
    price_per_hour: FloatArray
    quantities: FloatArray
    spends: FloatArray
    resources: FloatArray
    amounts: FloatArray
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TypeLimit:
    """How many distinct types may run over all hours.

    Attributes:
        group: type of each offer (offers,).
        most: types in use, at most [1].
    """

    group: IntArray
    most: int

    def in_use(self, counts: IntArray) -> IntArray:
        """Types with an instance in some hour, ascending.

        Args:
            counts: instances of each offer (offers, hours) [1].
        """
        return np.unique(self.group[counts.any(axis=1)])

    def busiest(self, weight: FloatArray) -> BoolArray:
        """Offers of the types with the largest sums of a weight, as many as may run (offers,).

        Args:
            weight: of each offer, at least 0 (offers,).
        """
        total = np.bincount(self.group, weight)
        best = np.argsort(-total, kind="stable")[: self.most]
        return np.isin(self.group, best)
