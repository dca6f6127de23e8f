"""What a prediction rests on, and the band that its error leaves."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

import numpy as np

from costopt.errors import CatalogFileError
from costopt.performance.arrays import Floats, Integers
from costopt.performance.constants import FILE_NAME, constants_table
from costopt.performance.hardware import Hardware
from costopt.performance.reasons import Origin


class Work(StrEnum):
    """Kinds of work that are calibrated apart."""

    SERVING = "serving"
    SAMPLES = "samples"
    TRAINING = "training"


_BAND_NAMES: Final = {
    Origin.CALIBRATED: "calibrated",
    Origin.SCALED: "scaled",
    Origin.ANALYTIC: "analytic",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The 80 % band of a rate around its expected value; arrays of shape (n,).

    Attributes:
        origin: ``Origin`` codes.
        low_factor: lower end over the expected rate [1].
        high_factor: upper end over the expected rate [1].
    """

    origin: Integers
    low_factor: Floats
    high_factor: Floats

    def take(self, rows: Integers) -> Self:
        """Bands of the rows at these positions, in this order."""
        return type(self)(
            origin=self.origin[rows],
            low_factor=self.low_factor[rows],
            high_factor=self.high_factor[rows],
        )


def band_of(hardware: Hardware, work: Work) -> Band:
    """Origin and band of a rate on each row.

    Calibrated where the accelerator itself has measurements of this kind of work, scaled where
    another of its architecture has, analytic otherwise. The band is that of rows which took no
    part in the fit: of a family and accelerator, of an accelerator, of an architecture left out.
    """
    measured = [
        name.split(".", 3)[2:]
        for name in constants_table()
        if name.startswith(f"measured.{work}.")
    ]
    itself = np.isin(hardware.names, [accelerator for _, accelerator in measured])
    sister = np.isin(hardware.architectures, [architecture for architecture, _ in measured])
    origin = np.where(
        itself, Origin.CALIBRATED, np.where(sister, Origin.SCALED, Origin.ANALYTIC)
    ).astype(np.int64)
    ends = np.array([_ends(f"band.{work}.{_BAND_NAMES[code]}") for code in Origin])
    return Band(origin=origin, low_factor=ends[origin, 0], high_factor=ends[origin, 1])


def _ends(name: str) -> tuple[float, float]:
    """Lower and upper end of a band in the file of constants."""
    band = constants_table()[name]
    if band.low is None or band.high is None:
        raise CatalogFileError(FILE_NAME, f"{name} has no ends", "Install costopt again.")
    return band.low, band.high
