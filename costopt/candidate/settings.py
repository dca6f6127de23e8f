"""What candidates need to know of the request."""

from dataclasses import dataclass, field
from typing import Protocol

from costopt.profile.profile import Profile
from costopt.workload.spot_promises import SpotPromises


class RateSettings(Protocol):
    """What decides the speed that is planned with; a request has it, and CandidateSettings."""

    @property
    def confidence(self) -> float:
        """Probability with which the planned rates are reached [0..1]."""

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Runs that people measured themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSettings:
    """Settings of the request that price and rate candidates.

    Attributes:
        horizon_hours: over which services and requirements are priced [h].
        confidence: probability with which the planned rates are reached [0..1].
        max_spot_fraction: largest share of a bucket, or of a job's accelerator-hours, on spot
            [0..1].
        profiles: runs that people measured themselves.
        promises: what a service must keep when spot capacity is taken back.
        by_hour: whether what runs is chosen for each hour of a demand profile.
    """

    horizon_hours: float
    confidence: float
    max_spot_fraction: float
    profiles: tuple[Profile, ...] = ()
    promises: SpotPromises = field(default_factory=SpotPromises)
    by_hour: bool = False
