"""The rate that is planned with: a quantile of the predicted band."""

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from costopt.performance.bands import Band, Work, band_of
from costopt.performance.hardware import Hardware
from costopt.performance.reasons import Origin

Floats = NDArray[np.float64]

BAND_QUANTILE = NormalDist().inv_cdf(0.9)
"""Standard deviations from the median to either end of an 80 % band: 1.2816."""


def planned_factor(
    low_factor: Floats, high_factor: Floats, origin: NDArray[np.int64], confidence: float
) -> Floats:
    """Factor on the expected rate that is reached with a probability of ``confidence``.

    Each side of the band is taken as half of a log-normal distribution, so 0.5 gives 1, 0.9 the
    low end and 0.1 the high end. A rate that rests on published peaks alone (analytic) never
    counts for more than its low end: such a type enters a plan only if it wins there.

    Args:
        low_factor: low end of the 80 % band over the expected rate [1].
        high_factor: high end over the expected rate [1].
        origin: ``Origin`` codes.
        confidence: probability that the rate is reached [0..1].
    """
    deviations = NormalDist().inv_cdf(confidence) / BAND_QUANTILE
    chosen = low_factor**deviations if deviations >= 0 else high_factor ** (-deviations)
    return np.where(origin == Origin.ANALYTIC, np.minimum(chosen, low_factor), chosen)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedHardware:
    """Hardware at the speed that is planned with.

    Attributes:
        hardware: with its speed scaled by ``factor``.
        band: origin and band of the unscaled rates.
        factor: planned over expected rate (rows,) [1].
    """

    hardware: Hardware
    band: Band
    factor: Floats


def planned_hardware(hardware: Hardware, work: Work, confidence: float) -> PlannedHardware:
    """Slow hardware down (or speed it up) to the quantile that is planned with.

    Latency limits then hold at the planned speed, not only at the expected one.

    Args:
        hardware: one row per replica.
        work: kind of work, which decides the band.
        confidence: probability that the rate is reached [0..1].
    """
    band = band_of(hardware, work)
    factor = planned_factor(band.low_factor, band.high_factor, band.origin, confidence)
    planned = replace(hardware, speed=hardware.speed * factor)
    return PlannedHardware(hardware=planned, band=band, factor=factor)
