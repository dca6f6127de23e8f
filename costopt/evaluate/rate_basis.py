"""What the rate of each line rests on: origin and band, around the rate that is planned with."""

from collections.abc import Sequence

from costopt.candidate.confidence import planned_factor
from costopt.candidate.layout import placement
from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import types_of
from costopt.performance.bands import Work, band_of
from costopt.performance.hardware import Hardware
from costopt.performance.reasons import Origin
from costopt.plan.line import Band, PlanLine


def rate_bases(
    catalog: Catalog, lines: Sequence[PlanLine], work: Work, confidence: float
) -> list[tuple[str, Band]]:
    """Return origin and band of each line's rate, the planned rate being 1.

    Args:
        catalog: where types and accelerators are described.
        lines: of one workload.
        work: kind of work, which decides the band.
        confidence: probability with which the planned speed is reached [0..1].
    """
    kinds = types_of(catalog, lines)
    found = band_of(Hardware.of([placement(catalog, kind, 1) for kind in kinds]), work)
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
