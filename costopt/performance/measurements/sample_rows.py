"""Published measurements of samples per second, and what the forward model says to them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.model import ModelSpec
from costopt.performance.arrays import Flags, Floats, Texts
from costopt.performance.constants import Constants
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.measurements.understood import understood
from costopt.performance.measurements.words import sample_format
from costopt.performance.sample_times import batch_times, lanes
from costopt.performance.sample_work import SampleWork, sample_work
from costopt.precision import WeightFormat

if TYPE_CHECKING:
    import pandas as pd

LARGEST_BATCH: Final = 1024.0
"""Batch of a run that queues everything [1]. Source: MLPerf entries of TensorRT, 256 to 2,048."""

_UNET_PASSES: Final = 40.0
"""Passes of the UNet for one image: 20 steps with and without the text.

Source: MLPerf Inference 4.1, stable diffusion XL.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRun:
    """One measurement, understood."""

    work: SampleWork
    weights: WeightFormat
    hardware: Hardware


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRows:
    """Measurements of samples; arrays of shape (R,).

    Attributes:
        ids: of the rows.
        values: samples in the model's own unit, per accelerator [1/s].
        families: model family.
        accelerators: name of the accelerator.
        architectures: chip generation.
        batch: samples worked off together [1].
        served: Poisson arrivals under a latency limit.
        variable: sentences of many lengths, without the padding to 384 tokens.
        runs: what was run, one for each row.
    """

    ids: Texts
    values: Floats
    families: Texts
    accelerators: Texts
    architectures: Texts
    batch: Floats
    served: Flags
    variable: Flags
    runs: tuple[SampleRun, ...]

    def __len__(self) -> int:
        return len(self.ids)


def sample_rows(
    table: pd.DataFrame, models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> tuple[SampleRows, dict[str, str]]:
    """Read inference measurements of samples; others come back with the reason.

    Returns:
        The rows, and id -> reason of those that were refused.
    """
    asked = (table["metric"] == "samples_per_s") & table["workload"].str.startswith("inference")
    read, refused = understood(table[asked], lambda row: (row, _run(row, models, accelerators)))
    kept = [row for row, _ in read]
    batch = np.array([float(row["batch_or_concurrency"]) for row in kept])
    counts = np.array([float(row["n_accelerators"]) for row in kept])
    values = np.array([float(row["value"]) for row in kept])
    passes = [
        _UNET_PASSES if models[str(row["model_ref"])].kind == "diffusion-unet" else 1.0
        for row in kept
    ]
    names = np.array([str(row["accelerator"]) for row in kept])
    encoders = np.array(
        [models[str(row["model_ref"])].kind == "encoder" for row in kept], dtype=np.bool_
    )
    mlperf = np.array([str(row["source"]).startswith("mlcommons") for row in kept], dtype=np.bool_)
    rows = SampleRows(
        ids=np.array([str(row["id"]) for row in kept]),
        values=values * np.array(passes) / counts,
        families=np.array([models[str(row["model_ref"])].family for row in kept]),
        accelerators=names,
        architectures=np.array([accelerators[name].architecture for name in names]),
        batch=np.where(np.isnan(batch), LARGEST_BATCH, batch),
        served=np.array([row["workload"] == "inference_server" for row in kept], dtype=np.bool_),
        variable=encoders & mlperf,
        runs=tuple(run for _, run in read),
    )
    return rows, refused


def predicted_samples(rows: SampleRows, constants: Constants) -> Floats:
    """Samples per second and accelerator of each row, shape (R,).

    MLPerf's sentences are shorter than the 384 tokens they may have, and entries do not compute
    the padding; ``benchmark.sentence_share`` is their mean work over that of 384 tokens.
    """
    one = np.ones(1)
    seconds = np.array(
        [
            (
                batch_times(run.work, run.hardware, run.weights, constants).seconds(one * batch)
                / lanes(run.hardware)
            )[0]
            for run, batch in zip(rows.runs, rows.batch, strict=True)
        ]
    )
    work = np.where(rows.variable, constants["benchmark.sentence_share"], 1.0)
    served = np.where(rows.served, constants["samples.served_share"], 1.0)
    return np.asarray(rows.batch / (seconds * work) * served)


def _run(
    row: Mapping[Hashable, Any],
    models: Mapping[str, ModelSpec],
    accelerators: Mapping[str, Accelerator],
) -> SampleRun:
    if row["model_ref"] not in models:
        raise UnknownNameError("model", str(row["model"]), models)
    model = models[str(row["model_ref"])]
    if model.kind == "decoder":
        raise InvalidInputError(
            "measurement", ["a generating model answers requests, not samples"]
        )
    accelerator = accelerators[str(row["accelerator"])]
    weights = sample_format(str(row["precision"]), accelerator)
    tokens = float(row["input_tokens"])
    work = sample_work(model, weights, tokens if np.isfinite(tokens) else None)
    return SampleRun(
        work=work, weights=weights, hardware=Hardware.of([Placement(accelerator=accelerator)])
    )
