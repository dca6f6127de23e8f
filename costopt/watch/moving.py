"""What it takes to get from the instances that run to those of another plan."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from costopt.candidate.layout import Layout
from costopt.plan.line import OfferKey, PlanLine
from costopt.plan.shared_node import rented
from costopt.workload.fleet import capacity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and as what an instance runs; a change of the bill alone moves nothing.

    Attributes:
        workload: that it runs.
        provider: cloud.
        region: the provider's own name.
        zone: empty where the price is that of the region.
        instance_type: the provider's own name.
        capacity: spot, capacity_block, or firm.
        layout: how the workload lies on it.
    """

    workload: str
    provider: str
    region: str
    zone: str
    instance_type: str
    capacity: str
    layout: Layout


def place_of(line: PlanLine) -> Place:
    """Return where the instances of a line run."""
    offer = line.offer
    return Place(
        workload=line.workload,
        provider=offer.provider,
        region=offer.region,
        zone=offer.zone,
        instance_type=offer.instance_type,
        capacity=capacity_of(offer.purchase_option),
        layout=line.layout,
    )


def moved_total(before: Sequence[PlanLine], after: Sequence[PlanLine]) -> float:
    """Cost of the instances that are stopped, or of those started, whichever is more [currency].

    Args:
        before: lines that run.
        after: lines that would run.
    """
    old, new = _tally(before, place_of), _tally(after, place_of)
    return max(_beyond(old, new), _beyond(new, old))


def total_with_signed(after: Sequence[PlanLine], signed: Sequence[PlanLine]) -> float:
    """Cost of a plan for somebody whose signed terms go on, used or not [currency].

    Args:
        after: lines of the plan, at today's prices.
        signed: lines under a term, at the price agreed on.
    """
    bound, new = _tally(signed, _offer_of), _tally(after, _offer_of)
    charged_again = sum(
        min(new[offer].count, one.count) * new[offer].each
        for offer, one in bound.items()
        if offer in new
    )
    asked = sum(line.line_cost_total for line in after)
    return asked - charged_again + sum(one.total for one in bound.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Instances that count as the same.

    Attributes:
        count: how many [1].
        total: their cost [currency].
    """

    count: int
    total: float

    @property
    def each(self) -> float:
        """Cost of one of them [currency]."""
        return self.total / self.count


def _tally(
    lines: Iterable[PlanLine], key: Callable[[PlanLine], Place | OfferKey]
) -> dict[Place | OfferKey, _Group]:
    groups: dict[Place | OfferKey, _Group] = {}
    listed = tuple(lines)
    for line, count in zip(listed, rented(listed), strict=True):
        so_far = groups.get(key(line), _Group(count=0, total=0.0))
        groups[key(line)] = _Group(
            count=so_far.count + count, total=so_far.total + line.line_cost_total
        )
    return groups


def _offer_of(line: PlanLine) -> OfferKey:
    return line.offer


def _beyond(
    these: Mapping[Place | OfferKey, _Group], those: Mapping[Place | OfferKey, _Group]
) -> float:
    """Cost of the instances of one side that the other does not have."""
    none = _Group(count=0, total=0.0)
    return sum(
        max(group.count - those.get(place, none).count, 0) * group.each
        for place, group in these.items()
    )
