"""Predicting the rows of a table of performance with the shipped constants."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from costopt.accelerator import Accelerator
from costopt.catalog.catalog import Catalog
from costopt.errors import CostoptError
from costopt.model import ModelSpec
from costopt.performance.bands import (
    FIRST_TOKEN,
    MEMORY,
    Work,
    band_ends,
    band_named,
    told_band,
)
from costopt.performance.constants import Constants
from costopt.performance.dimensions import GENERATING
from costopt.performance.measurements import peak_rows, serving_rows, training_rows
from costopt.performance.measurements.memory_words import FigureFamily
from costopt.performance.measurements.sample_rows import predicted_samples, sample_rows
from costopt.performance.measurements.serving_scenario import predicted_serving
from costopt.performance.scoring.contradictions import SERVING_WORKLOADS, contradiction
from costopt.performance.scoring.memory import ORIGIN_OF
from costopt.performance.scoring.possible import (
    TIMES,
    impossible_samples,
    impossible_serving,
    impossible_training,
    unpublished_figures,
)
from costopt.performance.scoring.possible_memory import Room, impossible_peak
from costopt.performance.scoring.predicted import Predicted, band_ends_of, origin_word
from costopt.performance.scoring.table import Measurements

if TYPE_CHECKING:
    import pandas as pd


_WEIGHTS: Final = "the weights alone do not fit into the memory"

_Named = TypeVar("_Named")


def predicted_performance(
    measurements: Measurements, catalog: Catalog, constants: Constants
) -> Predicted:
    """Predict what can be predicted of a table of performance.

    Args:
        measurements: rows as read.
        catalog: looks up models and accelerators by name or alias.
        constants: what the model is predicted with.
    """
    rows = measurements.rows.assign(id=[str(row) for row in range(len(measurements.rows))])
    rows["model_ref"] = rows["model_ref"].where(rows["model_ref"] != "", rows["model"])
    models, no_model = _looked_up(catalog.model, rows["model_ref"])
    accelerators, no_accelerator = _looked_up(catalog.accelerator, rows["accelerator"])
    predicted = Predicted.nothing(measurements.reasons)
    for position, row in enumerate(rows.to_dict("records")):
        if not predicted.reason[position]:
            predicted.reason[position] = (
                no_model.get(row["model_ref"], "")
                or no_accelerator.get(row["accelerator"], "")
                or contradiction(row, models[row["model_ref"]], accelerators[row["accelerator"]])
            )
    sound = rows[[not reason for reason in predicted.reason]]
    generating = {name for name, model in models.items() if model.kind in GENERATING}
    serving = sound["workload"].isin(SERVING_WORKLOADS)
    peaks = sound["metric"] == peak_rows.METRIC
    sampled = (sound["metric"] == "samples_per_s") & ~sound["model_ref"].isin(generating)
    facts = _Facts(models=models, accelerators=accelerators, constants=constants)
    _serving(sound[serving & ~peaks & ~sampled], facts, predicted)
    _samples(sound[serving & sampled], facts, predicted)
    _training(sound[~serving & ~peaks], facts, predicted)
    _peaks(sound[peaks], facts, predicted)
    return predicted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What rows are predicted from."""

    models: Mapping[str, ModelSpec]
    accelerators: Mapping[str, Accelerator]
    constants: Constants


def _looked_up(
    look_up: Callable[[str], _Named], names: pd.Series[str]
) -> tuple[dict[str, _Named], dict[str, str]]:
    """What names stand for, and why some stand for nothing."""
    known, unknown = {}, {}
    for name in names.unique():
        try:
            known[str(name)] = look_up(str(name))
        except CostoptError as error:
            unknown[str(name)] = str(error)
    return known, unknown


def _serving(rows: pd.DataFrame, facts: _Facts, predicted: Predicted) -> None:
    runs, refused = serving_rows.serving_runs(rows, facts.models, facts.accelerators)
    _refuse(predicted, refused)
    if not runs:
        return
    stacked = serving_rows.stacked_serving(runs)
    answers = predicted_serving(stacked, facts.constants)
    unpublished = unpublished_figures(runs)
    impossible = impossible_serving(runs, stacked)
    rate = band_named(stacked.accelerators, stacked.architectures, Work.SERVING)
    first = band_named(stacked.accelerators, stacked.architectures, Work.SERVING, FIRST_TOKEN)
    for position, run in enumerate(runs):
        row = int(str(run.row["id"]))
        predicted.reason[row] = (
            _no_room(float(stacked.held[position]), float(stacked.concurrency[position]))
            or unpublished[position]
            or impossible[position]
        )
        if predicted.reason[row]:
            continue
        metric = str(run.row["metric"])
        band = first if metric == "ttft_ms" else rate
        ends = band_ends_of(band, position, falls=metric in TIMES)
        predicted.fill(row, float(answers[position]), ends, origin_word(band, position))


def _no_room(held: float, concurrency: float) -> str:
    """Why memory does not hold what was sent; empty where it does, or is not known."""
    if held < 1.0:
        return "the weights and the cache of one request do not fit into the memory"
    if concurrency > held:
        return (
            f"{concurrency:g} requests at a time are more than memory allows: the cache of "
            f"{int(held)} fits beside the weights"
        )
    return ""


def _samples(rows: pd.DataFrame, facts: _Facts, predicted: Predicted) -> None:
    stacked, refused = sample_rows(rows, facts.models, facts.accelerators)
    _refuse(predicted, refused)
    if not len(stacked):
        return
    answers = predicted_samples(stacked, facts.constants)
    band = band_named(stacked.accelerators, stacked.architectures, Work.SAMPLES)
    published = rows.set_index("id")["value"].loc[list(stacked.ids)].to_numpy(dtype=np.float64)
    impossible = impossible_samples(stacked, published, facts.constants)
    for position, identity in enumerate(stacked.ids):
        predicted.reason[int(identity)] = impossible[position]
        if impossible[position]:
            continue
        expected = answers[position] * published[position] / stacked.values[position]
        ends = band_ends_of(band, position, falls=False)
        predicted.fill(int(identity), float(expected), ends, origin_word(band, position))


def _training(rows: pd.DataFrame, facts: _Facts, predicted: Predicted) -> None:
    runs, refused = training_rows.training_runs(rows, facts.models, facts.accelerators)
    _refuse(predicted, refused)
    if not runs:
        return
    stacked = training_rows.stacked_training(runs)
    answers = training_rows.predicted_training(stacked, facts.constants)
    assumed = band_named(stacked.accelerators, stacked.architectures, Work.TRAINING)
    told = band_named(
        stacked.accelerators, stacked.architectures, Work.TRAINING, told_band(Work.TRAINING)
    )
    impossible = impossible_training(runs, stacked, facts.constants)
    for position, run in enumerate(runs):
        band = told if run.told else assumed
        row = int(str(run.row["id"]))
        too_large = run.weights_gib_per_accelerator > (run.placement.accelerator.usable_gib or 0.0)
        predicted.reason[row] = _WEIGHTS if too_large else impossible[position]
        if predicted.reason[row]:
            continue
        ends = band_ends_of(band, position, falls=str(run.row["metric"]) in TIMES)
        predicted.fill(row, float(answers[position]), ends, origin_word(band, position))


def _peaks(rows: pd.DataFrame, facts: _Facts, predicted: Predicted) -> None:
    for row in rows.to_dict("records"):
        result = peak_rows.peak_result(row, facts.models, facts.accelerators)
        position = int(row["id"])
        reason = result.reason or _impossible_peak(row, facts)
        predicted.reason[position] = reason
        if not reason:
            ends = band_ends(f"{MEMORY}.{result.banded}")
            predicted.fill(position, result.predicted_gib, ends, ORIGIN_OF[FigureFamily.PEAK])


def _impossible_peak(row: Mapping[Hashable, object], facts: _Facts) -> str:
    accelerator = facts.accelerators[str(row["accelerator"])]
    case = peak_rows.peak_case(row, facts.models)
    count = float(str(row["n_accelerators"])) if peak_rows.is_summed(row) else 1.0
    room = Room(
        memory_gib=count * (accelerator.memory_gib or np.inf),
        where=f"{count:g} {accelerator.name}",
    )
    quantity = "peak_total" if peak_rows.is_summed(row) else "peak_per_gpu"
    return impossible_peak({**case, "quantity": quantity}, facts.models, room)


def _refuse(predicted: Predicted, refused: Mapping[str, str]) -> None:
    for identity, reason in refused.items():
        predicted.reason[int(identity)] = reason
