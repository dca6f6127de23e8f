"""Rows that the shipped constants were fitted to, which flatter the model that is scored."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import numpy as np

from costopt.performance.arrays import Flags
from costopt.performance.scoring.table import MEASURED, REQUIRED, Measurements


def in_sample(measurements: Measurements) -> Flags:
    """Rows with the name and the figure of a row of the tables that constants were fitted to."""
    rows, kind = measurements.rows, measurements.kind
    named = zip(rows[REQUIRED[kind][0]], rows[MEASURED[kind]], strict=True)
    known = _calibration_rows()
    return np.array([(kind.value, str(name), _text(value)) in known for name, value in named])


@cache
def _calibration_rows() -> frozenset[tuple[str, str, str]]:
    """Kind, name and figure of each row of those tables."""
    place = resources.files("costopt.performance.scoring").joinpath("calibration_rows.csv")
    lines = csv.DictReader(place.read_text(encoding="utf-8").splitlines())
    return frozenset((row["kind"], row["name"], row["value"]) for row in lines)


def _text(value: float) -> str:
    return f"{value:.10g}"
