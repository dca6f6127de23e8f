"""Predicting the rows of a table of memory figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from costopt.catalog.catalog import Catalog
from costopt.errors import CostoptError
from costopt.model import ModelSpec
from costopt.performance.bands import MEMORY, band_ends
from costopt.performance.measurements.memory_cases import memory_result
from costopt.performance.measurements.memory_words import FigureFamily, band_named_for, family_of
from costopt.performance.scoring.predicted import Predicted
from costopt.performance.scoring.table import Measurements

ORIGIN_OF: Final[Mapping[FigureFamily, str]] = {
    FigureFamily.ARITHMETIC: "analytic",
    FigureFamily.PEAK: "calibrated",
    FigureFamily.BUDGET: "calibrated",
    FigureFamily.RULE_OF_THUMB: "analytic",
}
"""Family -> what its predictions rest on; working memory was fitted to published peaks."""


def predicted_memory(measurements: Measurements, catalog: Catalog) -> Predicted:
    """Predict what can be predicted of a table of memory figures.

    Args:
        measurements: rows as read.
        catalog: looks up models by name or alias.
    """
    predicted = Predicted.nothing(measurements.reasons)
    models: dict[str, ModelSpec] = {}
    for position, row in enumerate(measurements.rows.to_dict("records")):
        if predicted.reason[position]:
            continue
        try:
            models.setdefault(row["model"], catalog.model(row["model"]))
            family = family_of(row["quantity"])
        except CostoptError as error:
            predicted.reason[position] = str(error)
            continue
        result = memory_result(row, models)
        predicted.reason[position] = result.reason
        if not result.reason:
            ends = band_ends(f"{MEMORY}.{band_named_for(family, result.method)}")
            predicted.fill(position, result.predicted_gib, ends, ORIGIN_OF[family])
    return predicted
