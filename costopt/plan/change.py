"""What a plan starts, stops and keeps of what runs already, and what that costs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from costopt.plan.line import PlanLine, PlanRecord
from costopt.plan.shared_node import rented
from costopt.workload.fleet import FIRM, InstanceKind, kind_of

SAME: Final = 1e-6
"""Instances by which two means over the hours may differ by rounding alone [1]."""


class KindCount(PlanRecord):
    """Equal instances, whatever pays for them.

    Attributes:
        provider: cloud.
        region: the provider's own name.
        zone: empty for firm capacity.
        instance_type: the provider's own name.
        capacity: spot, capacity_block, or firm.
        count: how many; of a plan over time the mean over the hours [1].
    """

    provider: str
    region: str
    zone: str
    instance_type: str
    capacity: str
    count: int | float

    @classmethod
    def of(cls, kind: InstanceKind, count: float) -> Self:
        """Count instances of a kind."""
        return cls(**kind._asdict(), count=count)

    @property
    def words(self) -> str:
        """Such as 2 x g5.xlarge spot in aws us-east-1."""
        capacity = "" if self.capacity == FIRM else f" {self.capacity.replace('_', ' ')}"
        where = f"{self.provider} {self.region} {self.zone}".strip()
        count = f"{self.count:,}" if isinstance(self.count, int) else f"{self.count:,.3g}"
        return f"{count} x {self.instance_type}{capacity} in {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What lies between two fleets.

    Attributes:
        started: only in the second.
        stopped: only in the first.
        kept: in both.
    """

    started: tuple[KindCount, ...]
    stopped: tuple[KindCount, ...]
    kept: tuple[KindCount, ...]

    @classmethod
    def between(
        cls, before: Mapping[InstanceKind, float], after: Mapping[InstanceKind, float]
    ) -> Self:
        """Hold one fleet against another, kind by kind.

        Args:
            before: kind -> instances that run [1].
            after: kind -> instances that are wanted [1].
        """
        kinds = sorted({*before, *after})
        beyond = {kind: after.get(kind, 0) - before.get(kind, 0) for kind in kinds}
        both = {kind: min(after.get(kind, 0), before.get(kind, 0)) for kind in kinds}
        return cls(
            started=tuple(KindCount.of(k, more) for k, more in beyond.items() if more > SAME),
            stopped=tuple(KindCount.of(k, -more) for k, more in beyond.items() if more < -SAME),
            kept=tuple(KindCount.of(k, count) for k, count in both.items() if count),
        )


class PlanChange(PlanRecord):
    """The way from what runs already to a plan.

    Attributes:
        started: instances that the plan starts.
        stopped: instances that run and that it stops.
        kept: instances that go on; a change of the bill alone moves nothing.
        switching_cost: of all starts and stops, beside the plan's cost_total [plan currency].
        staying_cost: of everything that runs, over the horizon or until the jobs are done; of a
            plan over time, of the best plan found that runs nothing else, with what changing its
            numbers costs; None where it cannot stay [plan currency].
        cheapest_cost: the same of the cheapest plan if changes were free; sought where nothing
            changes, None elsewhere [plan currency].
        cheapest_switching_cost: of getting to that plan [plan currency].
        notes: what of the fleet cannot go on, and why; one sentence each.
    """

    started: tuple[KindCount, ...]
    stopped: tuple[KindCount, ...]
    kept: tuple[KindCount, ...]
    switching_cost: float
    staying_cost: float | None = None
    cheapest_cost: float | None = None
    cheapest_switching_cost: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        """True where nothing is started and nothing stopped."""
        return not self.started and not self.stopped


def kinds_of_lines(lines: Iterable[PlanLine]) -> Mapping[InstanceKind, int]:
    """Count the instances of lines by kind, whatever runs on them and pays for them.

    Args:
        lines: of a plan.
    """
    counts: Counter[InstanceKind] = Counter()
    every = tuple(lines)
    for line, count in zip(every, rented(every), strict=True):
        offer = line.offer
        kind = kind_of(
            offer.provider, offer.region, offer.zone, offer.instance_type, offer.purchase_option
        )
        counts[kind] += count
    return counts


def kinds_over_time(
    lines: Iterable[PlanLine], horizon_hours: float
) -> Mapping[InstanceKind, float]:
    """Count the instances of a plan over time by kind, as a mean over its hours.

    An instance that runs in a third of the hours counts as a third.

    Args:
        lines: of the plan; ``hours`` says how long each instance of one runs.
        horizon_hours: of the plan [h].
    """
    counts: dict[InstanceKind, float] = {}
    for line in lines:
        offer = line.offer
        kind = kind_of(
            offer.provider, offer.region, offer.zone, offer.instance_type, offer.purchase_option
        )
        counts[kind] = counts.get(kind, 0.0) + line.count * line.hours / horizon_hours
    return counts


def total_count(counted: Sequence[KindCount]) -> float:
    """Count instances over all kinds [1]."""
    return sum(one.count for one in counted)


def listed(counted: Sequence[KindCount]) -> str:
    """Name what is counted, such as 2 x g5.xlarge in aws us-east-1 + 1 x g6.xlarge in ...."""
    return " + ".join(one.words for one in counted)
