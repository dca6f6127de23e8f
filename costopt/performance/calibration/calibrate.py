"""From measurements to the file of constants: fit, leave out, bands, scores."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np

from costopt.performance.arrays import Flags, Floats
from costopt.performance.bands import FIRST_TOKEN, MEMORY
from costopt.performance.calibration.facts import memory_results, peak_results
from costopt.performance.calibration.fit import (
    LeftOut,
    Parameter,
    Problem,
    fitted_values,
    left_out,
    read_parameters,
)
from costopt.performance.calibration.kinds import Kind, read_kinds
from costopt.performance.calibration.transfer import transfer_constants
from costopt.performance.constants import COLUMNS, Constant, Constants
from costopt.performance.measurements.memory_cases import MemoryResult
from costopt.performance.measurements.memory_words import MEMORY_BANDS

BAND_ENDS: Final = {"rate": (10.0, 90.0), "time": (10.0, 90.0), "memory": (7.0, 93.0)}
"""Percentiles of measured over predicted between which a band lies, by what is measured [%].

Memory is not predicted anew without a group: these ends hold 84 % of all peaks, and 78 % of those
of sources that took no part in the band.
"""

ANALYTIC_AT_LEAST: Final = (1.0 / 3.0, 1.5)
"""Narrowest band where neither accelerator nor architecture was measured.

Source: a planning choice. The architectures that can be left out in turn all have mature software;
those without any measurement (CPUs, young accelerators) are those without it, and the table's own
spread between software tiers on one accelerator is two to four times.
"""

_BAND_OF_SPLIT: Final = {
    "calibrated": "group",
    "scaled": "accelerator",
    "analytic": "architecture",
}

_OWN: Final = "costopt calibration"


def calibrated_constants(folder: Path) -> list[Constant]:
    """Refit every constant and score the fit.

    Args:
        folder: holds ``perf_calibration.csv``, ``accelerators.csv`` and ``models.csv``;
            ``memory_cases.csv`` is scored where it is there.

    Returns:
        Constants, sorted by name: fitted and chosen values, bands, scores and how many
        measurements each accelerator has.
    """
    parameters = read_parameters()
    known = {parameter.name: parameter.start for parameter in parameters}
    constants: dict[str, Constant] = {}
    for kind in read_kinds(folder):
        constants.update(_fitted_kind(kind, parameters, known))
    for parameter in parameters:
        constants.setdefault(parameter.name, _chosen(parameter))
    if (folder / "memory_cases.csv").is_file():
        constants.update(_memory_scores([*memory_results(folder), *peak_results(folder)]))
    return [constants[name] for name in sorted(constants)]


def as_csv(constants: Sequence[Constant]) -> str:
    """The file of constants as text."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
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
) -> dict[str, Constant]:
    free = kind.parameters(parameters)
    measured = kind.measured
    problem = Problem(predict=kind.predict, measured=measured, parameters=free, known=known)
    best = fitted_values(problem)
    outcomes = {split: left_out(problem, groups, best) for split, groups in kind.groups.items()}
    predicted = kind.predict(Constants({**known, **best}))
    in_sample = np.log(predicted / measured.values)
    error = _median_percent(outcomes["group"].log_errors[kind.metrics["throughput"]])
    fitted = {
        parameter.name: Constant(
            name=parameter.name,
            value=best[parameter.name],
            unit=parameter.unit,
            low=float(outcomes["group"].values[parameter.name].min()),
            high=float(outcomes["group"].values[parameter.name].max()),
            rows=len(measured.values),
            error_percent=error,
            fitted=True,
            source=f"fitted; {parameter.source}",
        )
        for parameter in free
    }
    return {
        **fitted,
        **_bands(kind, outcomes),
        **_first_token_bands(kind, outcomes),
        **_profile_bands(kind, outcomes),
        **_scores(kind, {"in_sample": in_sample} | _errors(outcomes)),
        **_coverage(kind),
    }


def _errors(outcomes: Mapping[str, LeftOut]) -> dict[str, Floats]:
    return {f"left_out_{split}": outcome.log_errors for split, outcome in outcomes.items()}


def _bands(kind: Kind, outcomes: Mapping[str, LeftOut]) -> dict[str, Constant]:
    """Band of a rate by what it rests on: percentiles of measured over predicted rates."""
    bands = {}
    for kept, rated in kind.banded.items():
        for origin, split in _BAND_OF_SPLIT.items():
            rows = rated & (_has_sisters(kind) if origin == "scaled" else True)
            errors = outcomes[split].log_errors
            ratio = np.exp(np.where(kind.inverse, errors, -errors))[rows]
            least = ANALYTIC_AT_LEAST if origin == "analytic" else (1.0, 1.0)
            name = f"band.{kept}.{origin}"
            bands[name] = _band(name, ratio, "rate", f"rows whose {split} was left out", least)
    return bands


def _profile_bands(kind: Kind, outcomes: Mapping[str, LeftOut]) -> dict[str, Constant]:
    """Bands of rates that rest on a profile: see ``transfer``."""
    ratios = {}
    for split in ("group", "architecture"):
        errors = outcomes[split].log_errors
        ratio = np.exp(np.where(kind.inverse, errors, -errors))
        ratios[split] = np.where(kind.rated, ratio, np.nan)
    found = transfer_constants(kind.name, kind.setups, ratios)
    return {constant.name: constant for constant in found}


def _first_token_bands(kind: Kind, outcomes: Mapping[str, LeftOut]) -> dict[str, Constant]:
    """Band of a time to first token by what it rests on: measured over predicted times."""
    if "ttft" not in kind.metrics:
        return {}
    bands = {}
    for origin, split in _BAND_OF_SPLIT.items():
        rows = kind.metrics["ttft"] & (_has_sisters(kind) if origin == "scaled" else True)
        ratio = np.exp(-outcomes[split].log_errors)[rows]
        wide = (1.0 / ANALYTIC_AT_LEAST[1], 1.0 / ANALYTIC_AT_LEAST[0])
        least = wide if origin == "analytic" else (1.0, 1.0)
        name = f"band.{FIRST_TOKEN}.{origin}"
        bands[name] = _band(name, ratio, "time", f"rows whose {split} was left out", least)
    return bands


def _band(
    name: str, ratio: Floats, measure: str, rows: str, least: tuple[float, float]
) -> Constant:
    """Band around a prediction: percentiles of measured over predicted, no narrower than told."""
    below, above = BAND_ENDS[measure]
    low, high = (float(end) for end in np.percentile(ratio, (below, above)))
    return Constant(
        name=name,
        value=float(np.median(ratio)),
        unit=f"measured over predicted {measure}",
        low=min(low, least[0]),
        high=max(high, least[1]),
        rows=len(ratio),
        error_percent=None,
        fitted=True,
        source=f"{_OWN}: {rows}, {below:g} % and {above:g} %",
    )


def _has_sisters(kind: Kind) -> Flags:
    """Rows whose architecture was measured on another accelerator too."""
    architectures = kind.measured.architectures
    count = {
        name: len(np.unique(kind.measured.accelerators[architectures == name]))
        for name in np.unique(architectures)
    }
    return np.array([count[name] > 1 for name in architectures])


def _scores(kind: Kind, errors: Mapping[str, Floats]) -> dict[str, Constant]:
    """Median and 90th percentile of the absolute error, by metric and by what was left out."""
    scores = {}
    for split, logarithms in errors.items():
        for metric, rows in kind.metrics.items():
            name = f"score.{kind.name}.{metric}.{split}"
            absolute = np.abs(np.expm1(logarithms[rows])) * 100.0
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
        ratio = 1.0 / (1.0 + errors)
        band = _band(f"band.{MEMORY}.{kind}", ratio, "memory", f"{kind} rows", (1.0, 1.0))
        constants |= {score.name: score, band.name: band}
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


def _median_percent(logarithms: Floats) -> float:
    return float(np.median(np.abs(np.expm1(logarithms))) * 100.0)
