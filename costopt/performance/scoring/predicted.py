"""What the model says to each row of a table, and why it says nothing to some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.bands import Band
from costopt.performance.reasons import Origin

NOT_TOLD: Final = "a figure that the prediction needs is not published or not in the row"
"""Why a row has no prediction where nothing else stands against it."""


@dataclass(slots=True)
class Predicted:
    """Predictions of a table, filled part by part; lists and arrays of one entry per row.

    Attributes:
        expected: in the unit of the row; NaN where refused.
        low: lower end of the 80 % band.
        high: upper end of the 80 % band.
        origin: what it rests on; empty where refused.
        reason: why it was refused; empty where it was not.
    """

    expected: Floats
    low: Floats
    high: Floats
    origin: list[str]
    reason: list[str]

    @classmethod
    def nothing(cls, reasons: tuple[str, ...]) -> Predicted:
        """No prediction yet; rows with a reason stay refused."""
        blank = np.full(len(reasons), np.nan)
        return cls(blank.copy(), blank.copy(), blank.copy(), [""] * len(reasons), list(reasons))

    def fill(self, row: int, expected: float, ends: tuple[float, float], origin: str) -> None:
        """Enter the prediction of one row; one that is no positive number is refused."""
        if not np.isfinite(expected) or expected <= 0.0:
            self.reason[row] = NOT_TOLD
            return
        self.expected[row] = expected
        self.low[row], self.high[row] = expected * ends[0], expected * ends[1]
        self.origin[row] = origin


def band_ends_of(band: Band, row: int, *, falls: bool) -> tuple[float, float]:
    """Factors of the band of a rate, or of a time that falls where the rate rises."""
    low, high = float(band.low_factor[row]), float(band.high_factor[row])
    return (1.0 / high, 1.0 / low) if falls else (low, high)


def origin_word(band: Band, row: int) -> str:
    """What a prediction rests on, in the words of plans."""
    return Origin(int(band.origin[row])).name.lower()
