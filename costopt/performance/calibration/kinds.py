"""The three kinds of work that are calibrated, each with its rows, parameters and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from costopt.performance.arrays import Texts
from costopt.performance.calibration.facts import read_accelerators, read_models, read_table
from costopt.performance.calibration.fit import Measured, Parameter, Predict
from costopt.performance.calibration.roofline import (
    roofline_samples,
    roofline_serving,
    roofline_training,
)
from costopt.performance.calibration.transfer import Setups, read_setups
from costopt.performance.measurements.sample_rows import predicted_samples, sample_rows
from costopt.performance.measurements.serving_rows import FITTED_METRICS as SERVING_METRICS
from costopt.performance.measurements.serving_rows import serving_rows
from costopt.performance.measurements.serving_scenario import predicted_serving
from costopt.performance.measurements.training_rows import FITTED_METRICS as TRAINING_METRICS
from costopt.performance.measurements.training_rows import predicted_training, training_rows

if TYPE_CHECKING:
    import pandas as pd

    from costopt.accelerator import Accelerator
    from costopt.model import ModelSpec

FIRST_TOKEN_WEIGHT: Final = 0.5
"""How much a time to first token counts in the fit; clients differ too much for more."""

_COLUMNS: Final = (
    "id", "workload", "model", "precision", "accelerator", "n_accelerators", "tensor_parallel",
    "pipeline_parallel", "batch_or_concurrency", "input_tokens", "output_tokens", "metric",
    "value", "software", "source", "notes", "model_ref",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of work with its measurements; arrays of shape (R,).

    Attributes:
        name: serving, samples or training.
        prefixes: beginnings of the names of its parameters.
        ids: of the rows.
        figures: what each row is a figure of, in the words of ``left_out.FIGURES``.
        sources: repository that published each row.
        measured: values and groups.
        predict: predictions of all rows from constants.
        roofline: the same of the fitted roofline.
        refused: id -> reason of rows that could not be read.
        setups: what each row is of, as a profile would say it.
    """

    name: str
    prefixes: tuple[str, ...]
    ids: Texts
    figures: Texts
    sources: Texts
    measured: Measured
    predict: Predict
    roofline: Predict
    refused: Mapping[str, str]
    setups: Setups

    def parameters(self, every: Sequence[Parameter]) -> tuple[Parameter, ...]:
        """Parameters that are fitted to this kind."""
        return tuple(
            parameter
            for parameter in every
            if parameter.spread > 0 and parameter.name.startswith(self.prefixes)
        )

    @property
    def groups(self) -> Mapping[str, Texts]:
        """Ways to leave rows out together: by family and accelerator, and coarser."""
        joined = np.char.add(np.char.add(self.measured.families, "|"), self.measured.accelerators)
        return {
            "group": joined,
            "accelerator": self.measured.accelerators,
            "architecture": self.measured.architectures,
            "source": self.sources,
        }


def read_kinds(folder: Path) -> tuple[Kind, ...]:
    """Measurements of all kinds, from the tables of a folder.

    Raises:
        CatalogFileError: a table or column is missing.
    """
    accelerators, models = read_accelerators(folder), read_models(folder)
    table = read_table(folder, "perf_calibration", _COLUMNS)
    return (
        _serving(table, models, accelerators),
        _samples(table, models, accelerators),
        _training(table, models, accelerators),
    )


def source_of(source: str) -> str:
    """Repository that a source lies in, the first word of what says where it was read."""
    return source.split(" ", 1)[0]


def _sources(table: pd.DataFrame, ids: Texts) -> Texts:
    sources = table.set_index(table["id"].astype(str))["source"]
    return np.array([source_of(sources[identity]) for identity in ids])


def _serving(
    table: pd.DataFrame, models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> Kind:
    asked = table["workload"].str.startswith("inference") & table["metric"].isin(SERVING_METRICS)
    rows, refused = serving_rows(table[asked], models, accelerators)
    first = rows.metric == SERVING_METRICS.index("ttft_ms")
    between = rows.metric == SERVING_METRICS.index("tpot_ms")
    return Kind(
        name="serving",
        prefixes=("serving.", "benchmark.together"),
        ids=rows.ids,
        figures=np.select([first, between], ["ttft", "tpot"], "serving"),
        sources=_sources(table, rows.ids),
        measured=Measured(
            values=rows.values,
            weights=np.where(first, FIRST_TOKEN_WEIGHT, 1.0),
            families=rows.families,
            accelerators=rows.accelerators,
            architectures=rows.architectures,
        ),
        predict=lambda constants: predicted_serving(rows, constants),
        roofline=roofline_serving(rows),
        refused=refused,
        setups=read_setups(table, rows.ids, rows.architectures),
    )


def _samples(
    table: pd.DataFrame, models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> Kind:
    rows, refused = sample_rows(table, models, accelerators)
    return Kind(
        name="samples",
        prefixes=("samples.", "benchmark.sentence"),
        ids=rows.ids,
        figures=np.full(len(rows), "samples"),
        sources=_sources(table, rows.ids),
        measured=Measured(
            values=rows.values,
            weights=np.ones(len(rows)),
            families=rows.families,
            accelerators=rows.accelerators,
            architectures=rows.architectures,
        ),
        predict=lambda constants: predicted_samples(rows, constants),
        roofline=roofline_samples(rows),
        refused=refused,
        setups=read_setups(table, rows.ids, rows.architectures),
    )


def _training(
    table: pd.DataFrame, models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> Kind:
    asked = table[table["metric"].isin(TRAINING_METRICS)]
    rows, refused = training_rows(asked, models, accelerators)
    trained = np.where(rows.methods == "full", "pretraining", "adapters")
    return Kind(
        name="training",
        prefixes=("training.", "benchmark.training"),
        ids=rows.ids,
        figures=np.char.add(trained, np.where(rows.told, "_told", "")),
        sources=_sources(table, rows.ids),
        measured=Measured(
            values=rows.values,
            weights=np.ones(len(rows)),
            families=rows.families,
            accelerators=rows.accelerators,
            architectures=rows.architectures,
        ),
        predict=lambda constants: predicted_training(rows, constants),
        roofline=roofline_training(rows),
        refused=refused,
        setups=read_setups(table, rows.ids, rows.architectures),
    )
