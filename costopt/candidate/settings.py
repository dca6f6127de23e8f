"""What candidates need to know of the request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSettings:
    """Settings of the request that price and rate candidates.

    Attributes:
        horizon_hours: over which services and requirements are priced [h].
        confidence: probability with which the planned rates are reached [0..1].
        max_spot_fraction: largest share of a bucket, or of a job's accelerator-hours, on spot
            [0..1].
    """

    horizon_hours: float
    confidence: float
    max_spot_fraction: float
