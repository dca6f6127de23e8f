"""What runs already, and what it costs to start or stop an instance."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, NamedTuple, Self

import pandas as pd
from pydantic import AfterValidator, Field, PlainSerializer, Strict

from costopt.errors import UnknownNameError
from costopt.written import LARGEST_COUNT, Name, NotNegative, Written

PURCHASE_OPTIONS: Final = frozenset(
    {"on_demand", "spot", "reserved", "savings_plan", "committed_use", "subscription",
     "capacity_block", "owned"}
)  # fmt: skip
"""Ways in which what runs may be paid for: those of a plan, and what an account owns."""

OWN_KIND_OF_CAPACITY: Final = frozenset({"spot", "capacity_block"})
"""Ways to pay that need instances of their own; all others are bills for the same instances."""

FIRM: Final = "firm"
"""Capacity of instances whose bill alone may change."""


def capacity_of(purchase_option: str) -> str:
    """Return which capacity an instance is: spot, capacity_block, or firm."""
    return purchase_option if purchase_option in OWN_KIND_OF_CAPACITY else FIRM


def _known_option(name: str) -> str:
    if name not in PURCHASE_OPTIONS:
        raise ValueError(str(UnknownNameError("purchase option", name, PURCHASE_OPTIONS)))
    return name


def _whole_or_part(count: float) -> int | float:
    """Return whole numbers as such, so that they are written without decimals."""
    return int(count) if float(count).is_integer() else count


Instances = Annotated[
    float,
    Strict(),
    Field(gt=0, le=LARGEST_COUNT),
    AfterValidator(_whole_or_part),
    PlainSerializer(_whole_or_part, return_type=int | float),
]
"""A number of instances; a part of one where it runs in a part of the hours."""


class RunningInstances(Written):
    """Equal instances that run already.

    Attributes:
        provider: cloud.
        region: the provider's own name.
        zone: empty where it does not matter.
        instance_type: the provider's own name.
        purchase_option: how they are paid for.
        count: how many; a part of one for what runs in a part of the hours, beside a demand
            profile [1].
    """

    provider: Name
    region: Name
    zone: str = ""
    instance_type: Name
    purchase_option: Annotated[str, AfterValidator(_known_option)]
    count: Instances


class SwitchingCost(Written):
    """What one change costs, in the plan's currency.

    Attributes:
        start: for each instance that is started: image, model download, warm-up, double running
            [plan currency].
        stop: for each instance that is stopped: draining, checkpoints [plan currency].
    """

    start: NotNegative = 0.0
    stop: NotNegative = 0.0

    @classmethod
    def each_way(cls, amount: float) -> Self:
        """Charge the same for a start and for a stop."""
        return cls(start=amount, stop=amount)

    def total(self, started: float, stopped: float) -> float:
        """Cost of a change [plan currency]."""
        return self.start * started + self.stop * stopped


class InstanceKind(NamedTuple):
    """Instances that are the same to whoever runs something on them, whatever pays for them.

    Attributes:
        provider: cloud.
        region: the provider's own name.
        zone: empty for firm capacity, whose price is that of the region.
        instance_type: the provider's own name.
        capacity: spot, capacity_block, or firm.
    """

    provider: str
    region: str
    zone: str
    instance_type: str
    capacity: str


def kind_of(
    provider: str, region: str, zone: str, instance_type: str, purchase_option: str
) -> InstanceKind:
    """Return which instances an offer, or a row of a fleet, stands for."""
    capacity = capacity_of(purchase_option)
    where = "" if capacity == FIRM else zone
    return InstanceKind(provider, region, where, instance_type, capacity)


def kinds_of_offers(offers: pd.DataFrame) -> pd.MultiIndex:
    """Return the kind of instance of each offer, as an index (offers,)."""
    option = offers["purchase_option"]
    capacity = option.where(option.isin(OWN_KIND_OF_CAPACITY), FIRM)
    columns = [
        offers["provider"],
        offers["region"],
        offers["zone"].where(capacity != FIRM, ""),
        offers["instance_type"],
        capacity,
    ]
    return pd.MultiIndex.from_arrays(columns, names=InstanceKind._fields)


def running_kinds(
    fleet: Iterable[RunningInstances], offers: pd.DataFrame
) -> Mapping[InstanceKind, float]:
    """Count what runs by kind, in the zones that the offers tell apart.

    Where the offers have a price for the region only, an instance of any of its zones counts as
    one of the region.

    Args:
        fleet: that runs.
        offers: of the catalogue.

    Returns:
        kind -> instances [1].
    """
    known = set(kinds_of_offers(offers).unique())
    counts: dict[InstanceKind, float] = {}
    for one in fleet:
        exact = kind_of(one.provider, one.region, one.zone, one.instance_type, one.purchase_option)
        regional = exact._replace(zone="")
        kind = regional if exact not in known and regional in known else exact
        counts[kind] = counts.get(kind, 0) + one.count
    return dict(sorted(counts.items()))
