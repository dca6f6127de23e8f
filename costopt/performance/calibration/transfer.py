"""How far a profile carries: each published measurement taken as a profile for the others.

What a measurement says of another is its own measured over predicted rate, both predicted by a
fit that saw neither. On its own accelerator the whole ratio is taken, on a sister a power of it.
What then is left of measured over predicted is the band. Each measurement counts once, however
many speak of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from costopt.performance.arrays import Flags, Floats, Integers, Texts
from costopt.performance.constants import Constant
from costopt.performance.profiled import LENGTH_TOLERANCE, LOAD_TOLERANCE, SISTER_SHARE

if TYPE_CHECKING:
    import pandas as pd

LEAST_PAIRED: Final = 20
"""Measurements with another like it below which a band is chosen instead of measured [1]."""

CHOSEN_BAND: Final = (0.9, 1.1)
"""Band of what was measured itself, where too few measurements were repeated.

Source: a planning choice: what repeated serving measurements leave, within a tenth either way.
"""

_ENDS: Final = (0.1, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setups:
    """What each measurement is of, in the words of its table; arrays of shape (R,).

    Attributes:
        work: model, format, software and metric: what a profile and a workload must share.
        layouts: accelerators that work as one.
        accelerators: name of the accelerator.
        architectures: chip generation; empty unknown.
        lengths: prompt and answer; -1 where not told, shape (R, 2) [tokens].
        load: requests for each accelerator, or accelerators of a gang; inf for a full queue [1].
    """

    work: Texts
    layouts: Texts
    accelerators: Texts
    architectures: Texts
    lengths: Floats
    load: Floats


def read_setups(table: pd.DataFrame, ids: Texts, architectures: Texts) -> Setups:
    """Describe measurements by the columns of their table.

    Args:
        table: rows of ``perf_calibration``.
        ids: of the measurements, in their order.
        architectures: chip generation of each.
    """
    rows = table.set_index(table["id"].astype(str)).loc[list(ids)]
    words = ["workload", "model_ref", "precision", "software", "metric"]
    counts = rows["n_accelerators"].to_numpy(dtype=np.float64)
    asked = rows["batch_or_concurrency"].fillna(np.inf).to_numpy(dtype=np.float64)
    trains = ~rows["workload"].str.startswith("inference").to_numpy()
    lengths = rows[["input_tokens", "output_tokens"]].to_numpy(dtype=np.float64)
    layout = ["tensor_parallel", "pipeline_parallel"]
    return Setups(
        work=_joined(rows, words),
        layouts=_joined(rows, layout),
        accelerators=rows["accelerator"].to_numpy(dtype=np.str_),
        architectures=architectures,
        lengths=np.where(np.isnan(lengths), -1.0, lengths),
        load=np.where(trains, counts, asked / counts),
    )


def _joined(rows: pd.DataFrame, columns: list[str]) -> Texts:
    """Text of several columns, of each row."""
    told = rows[columns].itertuples(index=False)
    return np.array(["|".join(map(str, row)) for row in told], dtype=np.str_)


def transfer_constants(name: str, setups: Setups, ratios: Mapping[str, Floats]) -> list[Constant]:
    """Bands of rates that rest on a profile.

    Args:
        name: kind of work.
        setups: what each measurement is of.
        ratios: measured over predicted rate of each; NaN where a row is no rate; by what the fit
            did not see: ``group`` (family and accelerator) and ``architecture``.
    """
    same = _pairs(setups, ~np.isnan(ratios["group"]), setups.accelerators)
    near = _near(setups, *same)
    within = _band("measured", name, [rows[near] for rows in same], ratios["group"], 1.0)
    if within.rows < LEAST_PAIRED:
        within = _chosen(within)
    scaled = _band("scaled", name, [rows[~near] for rows in same], ratios["group"], 1.0)
    scaled = _at_least_as_wide(scaled, within)
    chips = _pairs(setups, ~np.isnan(ratios["group"]), setups.architectures)
    other = setups.accelerators[chips[0]] != setups.accelerators[chips[1]]
    known = setups.architectures[chips[0]] != ""
    kept = [rows[other & known] for rows in chips]
    sister = _band("sister", name, kept, ratios["architecture"], SISTER_SHARE)
    return [within, scaled, _at_least_as_wide(sister, scaled)]


def _pairs(setups: Setups, rated: Flags, places: Texts) -> tuple[Integers, Integers]:
    """Profile and measurement of each pair that shares work and place."""
    _, key = np.unique(np.char.add(np.char.add(setups.work, "@"), places), return_inverse=True)
    rows = np.flatnonzero(rated)
    alike = key.reshape(-1)[rows][:, None] == key.reshape(-1)[rows]
    np.fill_diagonal(alike, val=False)
    profile, measurement = np.nonzero(alike)
    return rows[profile], rows[measurement]


def _near(setups: Setups, profile: Integers, measurement: Integers) -> Flags:
    """Pairs of one layout whose lengths and loads count as the same."""
    lengths = _factor(setups.lengths[profile], setups.lengths[measurement]).max(
        axis=1, initial=1.0
    )
    loads = _factor(setups.load[profile], setups.load[measurement])
    layout = setups.layouts[profile] == setups.layouts[measurement]
    return np.asarray(layout & (lengths <= LENGTH_TOLERANCE) & (loads <= LOAD_TOLERANCE))


def _factor(one: Floats, other: Floats) -> Floats:
    """How many times the larger of two figures is the smaller; 1 where both say nothing [1]."""
    equal = one == other
    told = (one > 0.0) & (other > 0.0) & np.isfinite(one) & np.isfinite(other)
    apart = np.maximum(one, other) / np.where(told, np.minimum(one, other), 1.0)
    return np.where(equal, 1.0, np.where(told, apart, np.inf))


def _band(origin: str, name: str, pairs: list[Integers], ratios: Floats, share: float) -> Constant:
    """Band of rates that were corrected by a power of the ratio of others."""
    left, weights = _left(np.log(ratios), pairs, share), _weights(pairs)
    low, middle, high = (_quantile(left, weights, part) for part in (_ENDS[0], 0.5, _ENDS[1]))
    return Constant(
        name=f"band.{name}.profile_{origin}",
        value=middle,
        unit="measured over predicted rate",
        low=min(low, 1.0),
        high=max(high, 1.0),
        rows=len(np.unique(pairs[1])),
        error_percent=None,
        fitted=True,
        source=f"costopt calibration: {_CORRECTED} {_MEANING[origin]}, 10 % and 90 %",
    )


def _weights(pairs: list[Integers]) -> Floats:
    """Weight of each pair, so that every measurement counts once."""
    return np.asarray(1.0 / np.bincount(pairs[1])[pairs[1]])


_CORRECTED: Final = "each measurement corrected by others"

_MEANING: Final = {
    "measured": "of its own configuration",
    "scaled": "on its accelerator",
    "sister": "on sister accelerators",
}


def _left(logarithms: Floats, pairs: list[Integers], share: float) -> Floats:
    """What correcting by a power of the profile's ratio leaves of the measurement's."""
    profile, measurement = pairs
    return np.asarray(logarithms[measurement] - share * logarithms[profile])


def _quantile(logarithms: Floats, weights: Floats, part: float) -> float:
    """Weighted quantile, as a factor [1]."""
    if not len(logarithms):
        return 1.0
    order = np.argsort(logarithms)
    passed = np.cumsum(weights[order]) / weights.sum()
    at = min(int(np.searchsorted(passed, part)), len(order) - 1)
    return float(np.exp(logarithms[order[at]]))


def _chosen(band: Constant) -> Constant:
    """Band of planning choice, where too few measurements were repeated."""
    return Constant(
        name=band.name,
        value=1.0,
        unit=band.unit,
        low=CHOSEN_BAND[0],
        high=CHOSEN_BAND[1],
        rows=band.rows,
        error_percent=None,
        fitted=False,
        source=f"a planning choice: only {band.rows} measurements were repeated; as in serving",
    )


def _at_least_as_wide(band: Constant, inner: Constant) -> Constant:
    """Return a band that is nowhere narrower than one that rests on more."""
    ends = (band.low or 1.0, inner.low or 1.0), (band.high or 1.0, inner.high or 1.0)
    return Constant(
        name=band.name,
        value=band.value,
        unit=band.unit,
        low=min(ends[0]),
        high=max(ends[1]),
        rows=band.rows,
        error_percent=None,
        fitted=True,
        source=band.source,
    )
