"""Published training measurements, stacked for the forward model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.arrays import Flags, Floats, Integers, Texts
from costopt.performance.constants import Constants
from costopt.performance.hardware import Hardware
from costopt.performance.measurements.training_runs import METHODS, TrainingRun, training_run
from costopt.performance.measurements.understood import understood
from costopt.performance.tiers import Tier
from costopt.performance.training_times import (
    Layout,
    TrainingEfficiency,
    step_seconds,
    training_efficiency,
)
from costopt.performance.training_work import TrainingWork
from costopt.precision import WEIGHT_FORMATS, WeightFormat
from costopt.units import SECONDS_PER_MINUTE

if TYPE_CHECKING:
    import pandas as pd

METRICS: Final = ("train_tokens_per_s", "mfu", "samples_per_s", "minutes_to_train")
"""What a training measurement can be of; positions are the codes in ``TrainingRows.metric``."""

FITTED_METRICS: Final = METRICS[:3]
"""What constants are fitted to; times to a target repeat the rates of the same runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingGroup:
    """Rows whose efficiency is asked for together."""

    rows: Integers
    hardware: Hardware
    compute: WeightFormat
    tier: Tier
    slow_trainer: bool
    network_bytes_per_second: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRows:
    """Measurements of training; arrays of shape (R,).

    Attributes:
        ids: of the rows.
        values: as published.
        metric: positions in ``METRICS``.
        families: model family.
        accelerators: name of the accelerator.
        architectures: chip generation.
        methods: what was trained.
        variable: sentences of many lengths, without the padding.
        told: True where micro-batch and recomputation are told, not assumed.
        useful_flops_per_peak: operations of one token over the gang's dense peak [s].
        samples_to_target: samples seen until the target was met; NaN where not told [1].
        work: of one token.
        layout: how each gang worked.
        groups: rows that share formats and software.
    """

    ids: Texts
    values: Floats
    metric: Integers
    families: Texts
    accelerators: Texts
    architectures: Texts
    methods: Texts
    variable: Flags
    told: Flags
    useful_flops_per_peak: Floats
    samples_to_target: Floats
    work: TrainingWork
    layout: Layout
    groups: tuple[TrainingGroup, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def efficiency(self, constants: Constants) -> TrainingEfficiency:
        """Efficiency of each row, shape (R,)."""
        columns = {field.name: np.zeros(len(self)) for field in fields(TrainingEfficiency)}
        for group in self.groups:
            reached = training_efficiency(
                group.hardware,
                group.compute,
                group.tier,
                constants,
                group.network_bytes_per_second,
                frozen=group.slow_trainer,
            )
            for name, column in columns.items():
                column[group.rows] = getattr(reached, name)
        return TrainingEfficiency(**columns)


def training_rows(
    table: pd.DataFrame, models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> tuple[TrainingRows, dict[str, str]]:
    """Read training measurements; rows that cannot be read come back with the reason.

    Returns:
        The rows, and id -> reason of those that were refused.
    """
    runs, refused = training_runs(table, models, accelerators)
    return stacked_training(runs), refused


def training_runs(
    table: pd.DataFrame, models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> tuple[list[TrainingRun], dict[str, str]]:
    """Understand training measurements one by one.

    Returns:
        The runs, and id -> reason of those that were refused.
    """
    asked = table["metric"].isin(METRICS) & table["workload"].isin(tuple(METHODS))
    return understood(table[asked], lambda row: training_run(row, models, accelerators))


def predicted_training(rows: TrainingRows, constants: Constants) -> Floats:
    """Prediction for each row, in the units of its metric, shape (R,)."""
    layout = rows.layout
    share = np.where(rows.variable, constants["benchmark.training_sentence_share"], 1.0)
    seconds = step_seconds(rows.work, rows.efficiency(constants), layout) * share
    samples = layout.data * layout.micro_batch * layout.accumulation / seconds
    tokens = samples * layout.sequence_length
    useful = tokens * rows.useful_flops_per_peak
    minutes = rows.samples_to_target / samples / SECONDS_PER_MINUTE
    choices = [tokens, useful, samples, minutes]
    return np.select([rows.metric == code for code in range(3)], choices[:3], choices[3])


def stacked_training(runs: Sequence[TrainingRun]) -> TrainingRows:
    """Arrays of runs, in their order; there must be one at least."""
    hardware = Hardware.of([run.placement for run in runs])
    peaks = np.zeros(len(runs))
    keys: dict[tuple[str, Tier, bool], list[int]] = {}
    for position, run in enumerate(runs):
        keys.setdefault((run.compute.name, run.tier, run.slow_trainer), []).append(position)
    groups = []
    for (name, tier, slow_trainer), members in keys.items():
        rows = np.array(members)
        part = hardware.take(rows)
        peaks[rows] = part.peak_for(WEIGHT_FORMATS[name])
        networks = np.array([runs[member].network_bytes_per_second for member in members])
        groups.append(
            TrainingGroup(
                rows=rows,
                hardware=part,
                compute=WEIGHT_FORMATS[name],
                tier=tier,
                slow_trainer=slow_trainer,
                network_bytes_per_second=networks,
            )
        )
    count = np.array([float(run.row["n_accelerators"]) for run in runs])
    useful = np.array([run.useful_flops for run in runs])
    works, layouts = [run.work for run in runs], [run.layout for run in runs]
    return TrainingRows(
        ids=np.array([str(run.row["id"]) for run in runs]),
        values=np.array([float(run.row["value"]) for run in runs]),
        metric=np.array([METRICS.index(str(run.row["metric"])) for run in runs]),
        families=np.array([run.family for run in runs]),
        accelerators=hardware.names,
        architectures=hardware.architectures,
        methods=np.array([run.method for run in runs], dtype=np.str_),
        variable=np.array([run.variable for run in runs]),
        told=np.array([run.told for run in runs]),
        useful_flops_per_peak=useful / (count * peaks),
        samples_to_target=np.array([run.samples_to_target for run in runs]),
        work=TrainingWork(**_columns(works)),
        layout=Layout(**_columns(layouts)),
        groups=tuple(groups),
    )


def _columns(records: Sequence[TrainingWork] | Sequence[Layout]) -> dict[str, Any]:
    """Arrays of each field over the records."""
    return {
        field.name: np.array([getattr(record, field.name) for record in records])
        for field in fields(records[0])
    }
