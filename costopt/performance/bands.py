"""What a prediction rests on, and the band that its error leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

import numpy as np

from costopt.errors import CatalogFileError
from costopt.performance.arrays import Floats, Integers, Texts
from costopt.performance.constants import FILE_NAME, Constant, constants_table
from costopt.performance.hardware import NO_PROFILE, Hardware
from costopt.performance.reasons import PROFILED, Origin


class Work(StrEnum):
    """Kinds of work that are calibrated apart."""

    SERVING = "serving"
    SAMPLES = "samples"
    TRAINING = "training"


_BAND_NAMES: Final = {
    Origin.MEASURED: "profile_measured",
    Origin.PROFILE_SCALED: "profile_scaled",
    Origin.PROFILE_SISTER: "profile_sister",
    Origin.CALIBRATED: "calibrated",
    Origin.SCALED: "scaled",
    Origin.ANALYTIC: "analytic",
}


_PUBLISHED: Final = (Origin.CALIBRATED, Origin.SCALED, Origin.ANALYTIC)
"""What a prediction rests on without a profile; codes that follow one another."""


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

    @classmethod
    def joined(cls, parts: Sequence[tuple[Sequence[int], Self]]) -> Self:
        """One band from parts and the positions of their rows, which together are all of them."""
        order = np.argsort(np.concatenate([rows for rows, _ in parts]))
        every = cls(
            origin=np.concatenate([part.origin for _, part in parts]),
            low_factor=np.concatenate([part.low_factor for _, part in parts]),
            high_factor=np.concatenate([part.high_factor for _, part in parts]),
        )
        return every.take(order)


FIRST_TOKEN: Final = "first_token"
"""Kind of band of the time to first token, whose error is not that of a rate."""

MEMORY: Final = "memory"
"""Kind of band of memory figures."""


def told_band(work: str) -> str:
    """Kind of band of a rate whose measurement tells what is assumed of others."""
    return f"{work}_told"


def band_of(hardware: Hardware, work: Work) -> Band:
    """Origin and band of a rate on each row: by a profile of one's own, else ``band_named``."""
    published = band_named(hardware.names, hardware.architectures, work)
    own = hardware.profiled != NO_PROFILE
    if not own.any():
        return published
    ends = np.array([band_ends(f"{work}.{_BAND_NAMES[code]}") for code in PROFILED])
    rows = np.where(own, hardware.profiled, 0)
    return Band(
        origin=np.where(own, hardware.profiled, published.origin),
        low_factor=np.where(own, ends[rows, 0], published.low_factor),
        high_factor=np.where(own, ends[rows, 1], published.high_factor),
    )


def band_named(names: Texts, architectures: Texts, work: Work, kind: str = "") -> Band:
    """Origin and band on each accelerator.

    Calibrated where the accelerator itself has measurements of this kind of work, scaled where
    another of its architecture has, analytic otherwise. The band is that of rows which took no
    part in the fit: of a family and accelerator, of an accelerator, of an architecture left out.

    Args:
        names: of the accelerators.
        architectures: chip generation of each.
        work: kind of work.
        kind: what the band is of; a rate of this work when left out.
    """
    measured = [
        name.split(".", 3)[2:]
        for name in constants_table()
        if name.startswith(f"measured.{work}.")
    ]
    itself = np.isin(names, [accelerator for _, accelerator in measured])
    sister = np.isin(architectures, [architecture for architecture, _ in measured])
    origin = np.where(
        itself, Origin.CALIBRATED, np.where(sister, Origin.SCALED, Origin.ANALYTIC)
    ).astype(np.int64)
    ends = np.array([band_ends(f"{kind or work}.{_BAND_NAMES[code]}") for code in _PUBLISHED])
    rows = origin - _PUBLISHED[0]
    return Band(origin=origin, low_factor=ends[rows, 0], high_factor=ends[rows, 1])


def band_ends(name: str) -> tuple[float, float]:
    """Lower and upper end of a band in the file of constants, as factors [1].

    Raises:
        CatalogFileError: the file has no ends for it.
    """
    return ends_of(constants_table()[f"band.{name}"])


def ends_of(band: Constant) -> tuple[float, float]:
    """Lower and upper end of a band, as factors [1].

    Raises:
        CatalogFileError: it has none.
    """
    if band.low is None or band.high is None:
        raise CatalogFileError(FILE_NAME, f"{band.name} has no ends", "Install costopt again.")
    return band.low, band.high
