"""JobCandidates: every way to run one job, or to rent plain hardware; one is taken."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.layout import InstanceType, Layout
from costopt.candidate.misses import Miss
from costopt.candidate.reasons import Excluded

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NO_OFFER = -1
"""Row of an offer that an alternative does not use."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gangs:
    """Alternatives of one job; arrays of shape (alternatives,).

    Attributes:
        offer: row of the offer that the firm nodes are rented from; of the spot offer when all
            nodes are spot.
        spot_offer: row of the spot offer; NO_OFFER without spot nodes.
        nodes: instances of the gang [1].
        spot_nodes: how many of them are spot [1].
        spot_work_fraction: part of the work that the spot nodes do [0..1].
        hours: from the start until the job is done [h].
        firm_hours: that each firm node is charged for [h].
        spot_hours: that each spot node is charged for [h].
        cost_total: of the whole job [plan currency].
        layout: index of the layout.
        rate: planned rate of the gang while it runs [1/s].
        low_factor: low end of the 80 % band over the expected rate [1].
        high_factor: high end of the same band [1].
        planned_factor: planned over expected rate [1].
        origin: ``Origin`` codes.
    """

    offer: Integers
    spot_offer: Integers
    nodes: Integers
    spot_nodes: Integers
    spot_work_fraction: Floats
    hours: Floats
    firm_hours: Floats
    spot_hours: Floats
    cost_total: Floats
    layout: Integers
    rate: Floats
    low_factor: Floats
    high_factor: Floats
    planned_factor: Floats
    origin: Integers

    def __len__(self) -> int:
        """Return the number of alternatives."""
        return len(self.offer)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Gangs":
        """Alternatives at these positions, or where this is true."""
        return Gangs(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def joined(self, other: "Gangs") -> "Gangs":
        """Return these alternatives and the others."""
        return Gangs(
            **{
                field.name: np.concatenate([getattr(self, field.name), getattr(other, field.name)])
                for field in fields(self)
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Payers:
    """Offers that share the firm nodes of alternatives; arrays of shape (payers,) but the last.

    Attributes:
        gang: alternative whose firm nodes the payer may pay for.
        offer: row of the offer that it stands for.
        cost: of one node until the gang is done [plan currency].
        own_cost: of each alternative beside what payers pay: of its spot nodes, or all of it
            where nobody shares it (alternatives,) [plan currency].
    """

    gang: Integers
    offer: Integers
    cost: Floats
    own_cost: Floats

    @classmethod
    def none(cls, gangs: Gangs) -> "Payers":
        """Return no payers: all firm nodes of a gang are of its offer."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(gang=nothing, offer=nothing, cost=np.zeros(0), own_cost=gangs.cost_total)

    def __len__(self) -> int:
        """Return the number of payers."""
        return len(self.gang)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JobCandidates:
    """Every way to run one job, or to rent plain hardware: alternatives, one is taken.

    Attributes:
        workload: name of the workload.
        rate_unit: what the rates count.
        horizon_hours: over which a cost is spread beside those of services [h].
        offers: offers that take part, one row each.
        types: instance types of the offers.
        type_of_offer: index of each offer's type (offers,).
        layout_at: index of a layout -> the layout.
        gangs: the alternatives; their cost is that with all firm nodes of one offer.
        payers: offers that share firm nodes of them.
        excluded: reason of every offer of the catalogue.
        misses: of each instance type, empty where it runs (types,).
    """

    workload: str
    rate_unit: str
    horizon_hours: float
    offers: pd.DataFrame
    types: tuple[InstanceType, ...]
    type_of_offer: Integers
    layout_at: Callable[[int], Layout]
    gangs: Gangs
    payers: Payers
    excluded: Excluded
    misses: tuple[Miss, ...]
