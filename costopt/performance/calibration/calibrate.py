"""From measurements to the file of constants: fit, leave out, bands, scores."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.bands import MEMORY
from costopt.performance.calibration.error_bands import (
    fitted_bands,
    measured_over_predicted,
    memory_band,
)
from costopt.performance.calibration.facts import memory_results, peak_results
from costopt.performance.calibration.fit import (
    BASELINE,
    Parameter,
    Problem,
    fitted_values,
    left_out,
    read_parameters,
)
from costopt.performance.calibration.kinds import Kind, read_kinds, source_of
from costopt.performance.calibration.left_out import (
    ADAPTERS,
    COLUMNS,
    FIGURES,
    IN_SAMPLE,
    PEAKS,
    PRETRAINING,
    ROOFLINE,
    SPLITS,
    TRAINING,
    LeftOutRows,
    stacked,
)
from costopt.performance.calibration.transfer import transfer_constants
from costopt.performance.constants import COLUMNS as CONSTANT_COLUMNS
from costopt.performance.constants import Constant, Constants
from costopt.performance.measurements.memory_cases import MemoryResult
from costopt.performance.measurements.memory_words import MEMORY_BANDS, FigureFamily, family_of

_SCORED: Final = {
    "serving.throughput": ("serving",),
    "serving.tpot": ("tpot",),
    "serving.ttft": ("ttft",),
    "samples.throughput": ("samples",),
    "training.throughput": TRAINING,
    "training.pretraining": PRETRAINING,
    "training.adapters": ADAPTERS,
}
"""Name of a score -> figures that it counts."""

_OWN: Final = "costopt calibration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a refit gives.

    Attributes:
        constants: sorted by name: fitted and chosen values, bands, scores and how many
            measurements each accelerator has.
        rows: every measurement beside what fits without it predict.
        refused: id -> reason of measurements that could not be read.
    """

    constants: tuple[Constant, ...]
    rows: LeftOutRows
    refused: Mapping[str, str]


def refitted(folder: Path) -> Calibration:
    """Refit every constant, and predict every measurement by fits without it.

    Args:
        folder: holds ``perf_calibration.csv``, ``memory_cases.csv``, ``accelerators.csv`` and
            ``models.csv``.
    """
    parameters = read_parameters()
    known = {parameter.name: parameter.start for parameter in parameters}
    constants: dict[str, Constant] = {}
    parts = []
    kinds = read_kinds(folder)
    for kind in kinds:
        fitted, part = _fitted_kind(kind, parameters, known)
        constants |= fitted | _coverage(kind)
        parts.append(part)
    results = [*memory_results(folder), *peak_results(folder)]
    rows = stacked([*parts, _peaks(results)])
    for parameter in parameters:
        constants.setdefault(parameter.name, _chosen(parameter))
    constants |= fitted_bands(rows) | _scores(rows) | _memory_scores(results)
    return Calibration(
        constants=tuple(constants[name] for name in sorted(constants)),
        rows=rows,
        refused={name: told for kind in kinds for name, told in kind.refused.items()},
    )


def as_csv(constants: Sequence[Constant]) -> str:
    """The file of constants as text."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CONSTANT_COLUMNS)
    for constant in constants:
        numbers = [constant.low, constant.high]
        error = constant.error_percent
        writer.writerow(
            [
                constant.name,
                _short(constant.value),
                constant.unit,
                *("" if number is None else _short(number) for number in numbers),
                constant.rows,
                "" if error is None else f"{error:.1f}",
                "yes" if constant.fitted else "no",
                constant.source,
            ]
        )
    return text.getvalue()


def _short(number: float) -> str:
    return f"{number:.4g}"


def _fitted_kind(
    kind: Kind, parameters: Sequence[Parameter], known: Mapping[str, float]
) -> tuple[dict[str, Constant], LeftOutRows]:
    """Fitted constants of a kind of work, and its rows as fits without them predict them."""
    free = kind.parameters(parameters)
    measured = kind.measured
    problem = Problem(predict=kind.predict, measured=measured, parameters=free, known=known)
    best = fitted_values(problem)
    outcomes = {split: left_out(problem, groups, best) for split, groups in kind.groups.items()}
    over = {split: np.exp(outcome.log_errors) for split, outcome in outcomes.items()}
    over[IN_SAMPLE] = kind.predict(Constants({**known, **best})) / measured.values
    rows = LeftOutRows(
        ids=kind.ids,
        figures=kind.figures,
        families=measured.families,
        accelerators=measured.accelerators,
        architectures=measured.architectures,
        sources=kind.sources,
        over=over | {ROOFLINE: _under_roofline(kind, free, known)},
    )
    rates = rows.take(~np.isin(rows.figures, ("ttft", "tpot")))
    fitted = {
        parameter.name: Constant(
            name=parameter.name,
            value=best[parameter.name],
            unit=parameter.unit,
            low=float(outcomes["group"].values[parameter.name].min()),
            high=float(outcomes["group"].values[parameter.name].max()),
            rows=len(rows),
            error_percent=float(np.median(np.abs(rates.errors("group"))) * 100.0),
            fitted=True,
            source=f"fitted; {parameter.source}",
        )
        for parameter in free
    }
    return fitted | _profile_bands(kind, rows), rows


def _profile_bands(kind: Kind, rows: LeftOutRows) -> dict[str, Constant]:
    """Bands of rates that rest on a profile: see ``transfer``."""
    ratios = {
        split: np.where(rows.figures == "ttft", np.nan, measured_over_predicted(rows, split))
        for split in ("group", "architecture")
    }
    return {band.name: band for band in transfer_constants(kind.name, kind.setups, ratios)}


def _under_roofline(kind: Kind, free: Sequence[Parameter], known: Mapping[str, float]) -> Floats:
    """Predicted over measured of a roofline that was fitted without the group of each row."""
    asked = [parameter for parameter in free if parameter.name.startswith("benchmark.")]
    own = read_parameters(BASELINE)
    asked += [one for one in own if one.name.startswith(f"roofline.{kind.name}.")]
    problem = Problem(predict=kind.roofline, measured=kind.measured, parameters=asked, known=known)
    best = fitted_values(problem)
    return np.exp(left_out(problem, kind.groups["group"], best).log_errors)


def _peaks(results: Sequence[MemoryResult]) -> LeftOutRows:
    """Peaks of memory as rows; nothing is fitted anew to them, so leaving out changes nothing."""
    peaks = [
        result
        for result in results
        if family_of(result.quantity) is FigureFamily.PEAK and not result.reason
    ]
    figure_of = {FIGURES[figure][1]: figure for figure in PEAKS}
    blank = np.full(len(peaks), "")
    over = np.array([1.0 + peak.relative_error for peak in peaks])
    unknown = np.full(len(peaks), np.nan)
    return LeftOutRows(
        ids=np.array([peak.case for peak in peaks]),
        figures=np.array([figure_of[f"{MEMORY}.{peak.banded}"] for peak in peaks]),
        families=blank,
        accelerators=blank,
        architectures=blank,
        sources=np.array([source_of(peak.source) for peak in peaks]),
        over={name: unknown if name == ROOFLINE else over for name in COLUMNS},
    )


def _scores(rows: LeftOutRows) -> dict[str, Constant]:
    """Median and 90th percentile of the absolute error, by metric and by what was left out."""
    scores = {}
    for metric, figures in _SCORED.items():
        part = rows.of(*figures)
        for column in (IN_SAMPLE, *SPLITS):
            told = column if column == IN_SAMPLE else f"left_out_{column}"
            name = f"score.{metric}.{told}"
            absolute = np.abs(part.errors(column)) * 100.0
            scores[name] = _score(name, absolute, "absolute error of the prediction")
    return scores


def _score(name: str, absolute: Floats, meaning: str) -> Constant:
    return Constant(
        name=name,
        value=float(np.median(absolute)),
        unit="% (high: 90th percentile)",
        low=None,
        high=float(np.percentile(absolute, 90.0)),
        rows=len(absolute),
        error_percent=None,
        fitted=False,
        source=f"{_OWN}: {meaning}",
    )


def _coverage(kind: Kind) -> dict[str, Constant]:
    """How many measurements each accelerator has: what calibrated and scaled rest on."""
    measured = kind.measured
    coverage = {}
    for accelerator in np.unique(measured.accelerators):
        rows = measured.accelerators == accelerator
        name = f"measured.{kind.name}.{measured.architectures[rows][0]}.{accelerator}"
        coverage[name] = Constant(
            name=name,
            value=float(rows.sum()),
            unit="rows",
            low=None,
            high=None,
            rows=int(rows.sum()),
            error_percent=None,
            fitted=False,
            source=f"{_OWN}: published measurements of this kind",
        )
    return coverage


def _memory_scores(results: Sequence[MemoryResult]) -> dict[str, Constant]:
    """Scores and bands of the memory model, by kind of figures; budgets are too few."""
    constants: dict[str, Constant] = {}
    for kind in MEMORY_BANDS:
        members = [result for result in results if result.banded == kind and not result.reason]
        errors = np.array([result.relative_error for result in members])
        if not len(errors):
            continue
        under = np.mean(errors < -0.1)
        meaning = f"absolute error; {under:.0%} of the rows are under by more than 10 %"
        score = _score(f"score.{MEMORY}.{kind}", np.abs(errors) * 100.0, meaning)
        around = memory_band(kind, 1.0 / (1.0 + errors))
        constants |= {score.name: score, around.name: around}
    return constants


def _chosen(parameter: Parameter) -> Constant:
    return Constant(
        name=parameter.name,
        value=parameter.start,
        unit=parameter.unit,
        low=None,
        high=None,
        rows=0,
        error_percent=None,
        fitted=False,
        source=parameter.source,
    )
