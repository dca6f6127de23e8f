"""SpotPromises: what must still run when spot pools are taken back, of workload and request."""

from dataclasses import dataclass
from typing import Final

from costopt.workload.limits import FailureGroup, Limits

COARSENESS: Final[tuple[FailureGroup, ...]] = ("pool", "zone", "region")
"""Failure groups, the finest first: losing any k of one covers any k of those before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotPromises:
    """What a service must keep when spot capacity is taken back; nothing is re-routed.

    Attributes:
        losses: failure groups that may be lost at once [1]; 0 = nothing is promised for losses.
        served_fraction: of every request-size bucket, at least, after any such loss [0..1].
        failure_group: what is lost together.
        min_groups: failure groups that carry a part of the requests, at least, once any does [1].
        availability: P(capacity >= demand), at least [0..1]; 0 = nothing is promised.
    """

    losses: int = 0
    served_fraction: float = 0.0
    failure_group: FailureGroup = "pool"
    min_groups: int = 0
    availability: float = 0.0

    @property
    def max_lost_fraction(self) -> float:
        """Most of any bucket that the groups lost at once may carry [0..1]."""
        return 1.0 - self.served_fraction if self.losses else 1.0

    @property
    def names_groups(self) -> bool:
        """Whether it matters which instances are lost together."""
        return self.losses > 0 or self.min_groups > 1

    @classmethod
    def of(cls, own: Limits, shared: Limits) -> "SpotPromises":
        """Join the limits of a workload and of the request: the stricter of each counts.

        The larger number of losses, the larger share served, the coarser failure group, the
        larger number of groups and the larger availability: a plan that keeps these keeps each
        of the two, because any k pools lie in at most k zones, and these in at most k regions.

        Args:
            own: limits of the workload.
            shared: limits of the request.
        """
        both = (own, shared)
        of_losses = [one for one in both if one.survive_pool_losses and one.served_after_loss]
        grouped = [*of_losses, *(one for one in both if one.min_pools)]
        group = max(
            (one.failure_group for one in grouped), key=COARSENESS.index, default=COARSENESS[0]
        )
        return cls(
            losses=max((one.survive_pool_losses or 0 for one in of_losses), default=0),
            served_fraction=max((one.served_after_loss or 0.0 for one in of_losses), default=0.0),
            failure_group=group,
            min_groups=max(one.min_pools or 0 for one in both),
            availability=max(one.availability or 0.0 for one in both),
        )
