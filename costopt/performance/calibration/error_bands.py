"""80 % bands from the errors of left-out rows, and how many rows a band holds."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from costopt.performance.arrays import Flags, Floats, Texts
from costopt.performance.bands import FIRST_TOKEN, MEMORY, ends_of
from costopt.performance.calibration.left_out import PEAKS, LeftOutRows
from costopt.performance.constants import Constant

BAND_ENDS: Final = (10.0, 90.0)
"""Percentiles of measured over predicted between which a band lies [%]."""

MEMORY_BAND_ENDS: Final = (7.0, 93.0)
"""The same of memory, which is not predicted anew without a source [%].

Made of all sources but one, such bands hold 79 % of the rows of the one; 10 and 90 % hold 74 %.
"""

ANALYTIC_AT_LEAST: Final = (1.0 / 3.0, 1.5)
"""Narrowest band where neither accelerator nor architecture was measured.

Source: a planning choice. The architectures that can be left out in turn all have mature software;
those without any measurement (CPUs, young accelerators) are those without it, and the table's own
spread between software tiers on one accelerator is two to four times.
"""

_SPLIT_OF: Final = {
    "calibrated": "group",
    "scaled": "accelerator",
    "analytic": "architecture",
}
"""What a prediction rests on -> what was left out of the rows that its band is made of, or
their source."""

_OWN: Final = "costopt calibration"


def fitted_bands(rows: LeftOutRows) -> dict[str, Constant]:
    """Every band of a fitted figure, by what it rests on."""
    bands = {}
    sisters = has_sister(rows)
    for kind in np.unique(rows.bands[~np.isin(rows.figures, PEAKS)]).tolist():
        for origin, split in _SPLIT_OF.items():
            asked = rows.bands == kind
            part = rows.take(asked & sisters if origin == "scaled" else asked)
            if len(part):
                name = f"band.{kind}.{origin}"
                told = f"rows whose {split} or source was left out"
                least = _least(kind) if origin == "analytic" else (1.0, 1.0)
                ratios = [measured_over_predicted(part, left) for left in (split, "source")]
                bands[name] = band(name, ratios, told, least)
    return bands


def memory_band(kind: str, ratio: Floats) -> Constant:
    """Band of one kind of memory figures; nothing is fitted anew, so nothing is left out.

    Args:
        kind: what the figures are.
        ratio: measured over predicted of each row [1].
    """
    name, told = f"band.{MEMORY}.{kind}", f"{kind} rows"
    return band(name, [ratio], told, (1.0, 1.0), MEMORY_BAND_ENDS)


def band(
    name: str,
    ratios: Sequence[Floats],
    told: str,
    least: tuple[float, float],
    ends: tuple[float, float] = BAND_ENDS,
) -> Constant:
    """Band around a prediction: percentiles of measured over predicted, no narrower than told.

    What a user plans next is another family or accelerator, and measured by another source; so of
    several ways to leave rows out, each end is that of the way that reaches further.

    Args:
        name: of the constant.
        ratios: measured over predicted of each row, for each way to leave rows out [1].
        told: which rows they are.
        least: ends that it has at least [1].
        ends: percentiles [%].
    """
    found = np.array([np.percentile(ratio, ends) for ratio in ratios])
    return Constant(
        name=name,
        value=float(np.median(ratios[0])),
        unit="measured over predicted",
        low=min(float(found[:, 0].min()), least[0]),
        high=max(float(found[:, 1].max()), least[1]),
        rows=len(ratios[0]),
        error_percent=None,
        fitted=True,
        source=f"{_OWN}: {told}, {ends[0]:g} % and {ends[1]:g} %",
    )


def measured_over_predicted(rows: LeftOutRows, column: str) -> Floats:
    """Measured over predicted as a band counts it: a time per token as the rate that it is [1]."""
    over = rows.over[column]
    return np.where(rows.figures == "tpot", over, 1.0 / over)


def has_sister(rows: LeftOutRows) -> Flags:
    """Rows whose architecture was measured on another accelerator too, for this kind of work."""
    chips = np.char.add(np.char.add(rows.works, "|"), rows.architectures)
    count = {name: len(np.unique(rows.accelerators[chips == name])) for name in np.unique(chips)}
    return np.array([count[name] > 1 for name in chips], dtype=np.bool_)


def held(rows: LeftOutRows, split: str, bands: Mapping[str, Constant]) -> Flags:
    """Rows whose measured value lies in the band of what was predicted without them.

    Args:
        rows: all of a kind of work, so that sisters are seen.
        split: what was left out.
        bands: constants with the ends of every band.

    Raises:
        CatalogFileError: a band has no ends.
    """
    names = bands_without(rows, split)
    inside = np.zeros(len(rows), dtype=np.bool_)
    for name in np.unique(names):
        here = names == name
        ratio = measured_over_predicted(rows.take(here), split)
        low, high = ends_of(bands[name])
        inside[here] = (ratio >= low) & (ratio <= high)
    return inside


def bands_without(rows: LeftOutRows, split: str) -> Texts:
    """Name of the band that each row has where its part of the split was left out."""
    if split == "accelerator":
        origins = np.where(has_sister(rows), "scaled", "analytic")
    else:
        origins = np.full(len(rows), "analytic" if split == "architecture" else "calibrated")
    names = np.char.add("band.", rows.bands)
    by_origin = np.char.add(np.char.add(names, "."), origins)
    return np.where(np.isin(rows.figures, PEAKS), names, by_origin)


def _least(kind: str) -> tuple[float, float]:
    low, high = ANALYTIC_AT_LEAST
    return (1.0 / high, 1.0 / low) if kind == FIRST_TOKEN else (low, high)
