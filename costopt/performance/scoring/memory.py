"""Predicting the rows of a table of memory figures."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from costopt.catalog.catalog import Catalog
from costopt.errors import CostoptError
from costopt.model import ModelSpec
from costopt.performance.bands import MEMORY, band_ends
from costopt.performance.measurements.memory_cases import memory_result
from costopt.performance.measurements.memory_words import FigureFamily, band_named_for, family_of
from costopt.performance.scoring.contradictions import beyond_context
from costopt.performance.scoring.possible_memory import Room, impossible_peak
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
        reason = result.reason or beyond_context(
            models[row["model"]], float(row["seq"]), checked=False
        )
        if not reason and family is FigureFamily.PEAK:
            reason = impossible_peak(row, models, _largest(row, catalog))
        predicted.reason[position] = reason
        if not reason:
            ends = band_ends(f"{MEMORY}.{band_named_for(family, result.method)}")
            predicted.fill(position, result.predicted_gib, ends, ORIGIN_OF[family])
    return predicted


def _largest(row: Mapping[Hashable, Any], catalog: Catalog) -> Room:
    """Memory of the largest accelerators, as many as a figure is of: rows do not name theirs."""
    count = float(row["gpus"]) if row["quantity"] == "peak_total" else 1.0
    memory = float(catalog.accelerators["memory_gib"].max())
    return Room(memory_gib=count * memory, where="the largest accelerators")
