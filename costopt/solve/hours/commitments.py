"""Commitments in arrays: paid whether used or not, hour by hour, without carry-over."""

from dataclasses import dataclass

import numpy as np

from costopt.solve.problem import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantityCommitments:
    """Whole instances paid for the horizon: reserved instances, subscriptions, owned ones.

    An offer that names one of these in `HourlyProblem.quantity` runs on its instances; all such
    offers together take at most what is committed, in every hour.

    Attributes:
        cost: of one instance over the horizon; 0 = already paid (commitments,) [currency].
        upper: most instances that can be committed; ``inf`` = no limit (commitments,) [1].
        available: True in the hours in which its instances may be used (commitments, hours);
            None = in all.
    """

    cost: FloatArray
    upper: FloatArray
    available: BoolArray | None = None

    @classmethod
    def none(cls) -> "QuantityCommitments":
        """Return no commitments of this kind."""
        return cls(cost=np.zeros(0), upper=np.zeros(0))

    def __len__(self) -> int:
        """Return the number of commitments."""
        return len(self.cost)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpendCommitments:
    """Money per hour committed to, against which usage is billed at a lower rate: savings plans.

    The plans stand in the order in which the provider applies them. Usage covered by a plan
    takes its rate from what is committed and costs nothing beside.

    Attributes:
        cost: of committing 1 currency/h over the horizon (plans,) [currency per currency/h].
        upper: most that can be committed anew; ``inf`` = no limit (plans,) [currency/h].
        owned: already committed and paid, by hour, 0 once it has ended (plans, hours)
            [currency/h].
        rate: of one instance under the plan; NaN = not eligible (plans, offers) [currency/h].
        other_usage: what the company runs beside the plan (lines, hours) [units].
        other_price: of one unit without a plan (lines,) [currency/h].
        other_rate: of one unit under the plan; NaN = not eligible (plans, lines) [currency/h].
    """

    cost: FloatArray
    upper: FloatArray
    owned: FloatArray
    rate: FloatArray
    other_usage: FloatArray
    other_price: FloatArray
    other_rate: FloatArray

    @classmethod
    def none(cls) -> "SpendCommitments":
        """Return no commitments of this kind."""
        return cls(
            cost=np.zeros(0),
            upper=np.zeros(0),
            owned=np.zeros((0, 0)),
            rate=np.zeros((0, 0)),
            other_usage=np.zeros((0, 0)),
            other_price=np.zeros(0),
            other_rate=np.zeros((0, 0)),
        )

    def __len__(self) -> int:
        """Return the number of plans."""
        return len(self.cost)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResourceCommitments:
    """Amounts of resources paid for the horizon: resource-based committed use discounts.

    What offers need of a resource costs nothing beside as far as the commitments go; the rest
    is billed at the resource's price, which is part of the offer's price.

    Attributes:
        cost: of one unit over the horizon; 0 = already paid (products,) [currency].
        upper: most units that can be committed; ``inf`` = no limit (products,) [1].
        amounts: what one unit holds of each resource (products, resources) [amount].
        price: of one amount without a commitment (resources,) [currency/h].
        needs: what one instance needs and may be covered; 0 = not eligible
            (offers, resources) [amount].
        available: True in the hours in which the product may be used (products, hours);
            None = in all.
    """

    cost: FloatArray
    upper: FloatArray
    amounts: FloatArray
    price: FloatArray
    needs: FloatArray
    available: BoolArray | None = None

    @classmethod
    def none(cls) -> "ResourceCommitments":
        """Return no commitments of this kind."""
        return cls(
            cost=np.zeros(0),
            upper=np.zeros(0),
            amounts=np.zeros((0, 0)),
            price=np.zeros(0),
            needs=np.zeros((0, 0)),
        )

    def __len__(self) -> int:
        """Return the number of products."""
        return len(self.cost)
