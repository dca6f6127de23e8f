"""What the rate of each line rests on: origin and band, around the rate that is planned with."""

from costopt.candidate.confidence import planned_factor
from costopt.performance.bands import Band as RateBand
from costopt.performance.reasons import Origin
from costopt.plan.line import Band


def rate_bases(found: RateBand, confidence: float) -> list[tuple[str, Band]]:
    """Return origin and band of each line's rate, the planned rate being 1.

    Args:
        found: origin and band of the expected rates (lines,).
        confidence: probability with which the planned speed is reached [0..1].
    """
    planned = planned_factor(found.low_factor, found.high_factor, found.origin, confidence)
    return [
        (
            Origin(origin).name.lower(),
            Band(low=low / factor, expected=1.0 / factor, high=high / factor),
        )
        for origin, low, high, factor in zip(
            found.origin.tolist(),
            found.low_factor.tolist(),
            found.high_factor.tolist(),
            planned.tolist(),
            strict=True,
        )
    ]
