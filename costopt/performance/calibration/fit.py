"""Fitting constants: robust least squares on logarithms, and the same with groups left out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np

from costopt.errors import MissingDependencyError
from costopt.performance.arrays import Flags, Floats, Texts
from costopt.performance.constants import Constants

SCALE: Final = 0.15
"""Error on the logarithm at which a measurement starts to count less (Cauchy loss).

Source: a planning choice near the median error; figures of one table that another contradicts are
further off than that and must not pull.
"""

_STEP: Final = 1e-3
_ENOUGH: Final = 1e-5

Predict = Callable[[Constants], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One constant before the fit.

    Attributes:
        name: dotted name.
        unit: unit of its value.
        start: reviewed value before the fit.
        spread: how far the fit may move it, as a standard deviation on the logarithm; 0 keeps it.
        source: where the start comes from.
    """

    name: str
    unit: str
    start: float
    spread: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is fitted to: values, how much each counts, and which groups they belong to.

    Attributes:
        values: as published.
        weights: 1 for a full measurement, less for a noisy kind.
        families: model family of each row.
        accelerators: accelerator of each row.
        architectures: chip generation of each row.
    """

    values: Floats
    weights: Floats
    families: Texts
    accelerators: Texts
    architectures: Texts


MODEL: Final = "parameters.csv"
BASELINE: Final = "roofline.csv"
"""Files of parameters: of the model, and of the roofline that it is compared with."""


def read_parameters(file_name: str = MODEL) -> tuple[Parameter, ...]:
    """The reviewed starting points, in the order of their file."""
    place = resources.files("costopt.performance.calibration").joinpath(file_name)
    return tuple(
        Parameter(
            name=row["name"],
            unit=row["unit"],
            start=float(row["start"]),
            spread=float(row["spread"]),
            source=row["source"],
        )
        for row in csv.DictReader(place.read_text(encoding="utf-8").splitlines())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is fitted to what.

    Attributes:
        predict: predictions of all rows from constants.
        measured: what was measured.
        parameters: to be fitted, each with a spread above 0.
        known: every other constant.
    """

    predict: Predict
    measured: Measured
    parameters: Sequence[Parameter]
    known: Mapping[str, float]


def fitted_values(
    problem: Problem,
    *,
    rows: Flags | None = None,
    start: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Values of the parameters that fit the measurements best.

    Minimises ``sum log(1 + (w ln(p/m) / s)^2) + sum (ln(x/x0) / spread)^2``.

    Args:
        problem: what is fitted to what.
        rows: rows that count; all of them when left out.
        start: where to begin; the reviewed starts when left out.

    Raises:
        MissingDependencyError: scipy is not installed.
    """
    try:
        from scipy.optimize import least_squares
    except ImportError as missing:
        raise MissingDependencyError("scipy", "calibration") from missing
    measured = problem.measured
    names = [parameter.name for parameter in problem.parameters]
    centre = np.log([parameter.start for parameter in problem.parameters])
    spread = np.array([parameter.spread for parameter in problem.parameters])
    begin = centre if start is None else np.log([start[name] for name in names])
    chosen = np.ones(len(measured.values), dtype=np.bool_) if rows is None else rows

    def residuals(logarithms: Floats) -> Floats:
        trial = Constants({**problem.known, **dict(zip(names, np.exp(logarithms), strict=True))})
        predicted = problem.predict(trial)[chosen]
        error = np.log(predicted / measured.values[chosen])
        scaled = measured.weights[chosen] * error / SCALE
        bounded = np.sign(scaled) * np.sqrt(np.log1p(scaled**2))
        return np.concatenate([bounded, (logarithms - centre) / spread])

    steps = np.full(len(names), _STEP)
    solution = least_squares(
        residuals, begin, x_scale=0.2, diff_step=steps, ftol=_ENOUGH, xtol=_ENOUGH
    )
    return {name: float(np.exp(value)) for name, value in zip(names, solution.x, strict=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Predictions of rows whose group took no part in the fit.

    Attributes:
        log_errors: ``ln(predicted / measured)`` of each row.
        values: for each parameter, its value in each of the fits.
    """

    log_errors: Floats
    values: Mapping[str, Floats]


def left_out(problem: Problem, groups: Texts, best: Mapping[str, float]) -> LeftOut:
    """Fit once without each group and predict that group.

    Args:
        problem: what is fitted to what.
        groups: group of each row.
        best: values fitted to all rows, where each fit begins.
    """
    measured = problem.measured
    errors = np.full(len(measured.values), np.nan)
    values: dict[str, list[float]] = {parameter.name: [] for parameter in problem.parameters}
    for group in np.unique(groups):
        inside = groups == group
        fit = fitted_values(problem, rows=~inside, start=best)
        predicted = problem.predict(Constants({**problem.known, **fit}))[inside]
        errors[inside] = np.log(predicted / measured.values[inside])
        for name, value in fit.items():
            values[name].append(value)
    return LeftOut(
        log_errors=errors, values={name: np.array(column) for name, column in values.items()}
    )
