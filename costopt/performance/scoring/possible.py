"""Figures that no software can reach on the hardware: a wrong unit, or another kind of run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.constants import Constants
from costopt.performance.efficiency import matmul_ceiling
from costopt.performance.hardware import Hardware
from costopt.performance.measurements import serving_rows, training_rows
from costopt.performance.measurements.sample_rows import SampleRows
from costopt.performance.measurements.serving_rows import ServingRows
from costopt.performance.measurements.serving_runs import ServingRun
from costopt.performance.measurements.training_rows import TrainingRows
from costopt.performance.measurements.training_runs import TrainingRun
from costopt.performance.reasons import REASON_TEXT, Reason
from costopt.units import MILLISECONDS_PER_SECOND, SECONDS_PER_MINUTE

TIMES: Final = ("tpot_ms", "ttft_ms", "minutes_to_train")
"""Metrics that are the better the lower they are."""

_PEAKS_ALLOW: Final = "the published peaks allow: check its unit"


def impossible_serving(runs: Sequence[ServingRun], rows: ServingRows) -> list[str]:
    """Say of each measurement of serving why it cannot be; empty where it can.

    A token takes at least one reading of the weights that it visits, at the published bandwidth;
    a prompt, and a rate, at least its operations at the published peak. Requests in flight give
    at most one token each in the time of such a reading. Drafted tokens and shared prompts get
    below that, and are not what is predicted either.

    Args:
        runs: measurements as understood.
        rows: the same, stacked.
    """
    hardware = Hardware.of([run.placement for run in runs])
    peak = np.array([hardware.take(np.array([row])).peak_for(run.formats.weights)[0]
                     for row, run in enumerate(runs)])  # fmt: skip
    bounds = _serving_bounds(rows, peak, hardware.bandwidth_bytes_per_second)
    return _beyond(
        [serving_rows.METRICS[code] for code in rows.metric],
        rows.values,
        bounds,
        f"{_PEAKS_ALLOW}, and whether tokens were drafted or prompts shared",
    )


def impossible_training(
    runs: Sequence[TrainingRun], rows: TrainingRows, constants: Constants
) -> list[str]:
    """Say of each measurement of training why it cannot be; empty where it can.

    A token takes at least the operations of its passes, at the best rate that was measured of
    large matrix products.

    Args:
        runs: measurements as understood.
        rows: the same, stacked.
        constants: the reviewed constants.
    """
    hardware = Hardware.of([run.placement for run in runs])
    useful_flops = np.array([run.useful_flops for run in runs])
    peak = useful_flops / rows.useful_flops_per_peak
    return _beyond(
        [training_rows.METRICS[code] for code in rows.metric],
        rows.values,
        _training_bounds(rows, peak * matmul_ceiling(hardware, constants), constants),
        "large matrix products reach on these accelerators: check its unit, and what was trained",
    )


def impossible_samples(rows: SampleRows, published: Floats, constants: Constants) -> list[str]:
    """Say of each measurement of samples why it cannot be; empty where it can.

    Args:
        rows: measurements, stacked.
        published: the same rates in the units of the table [1/s].
        constants: the reviewed constants.
    """
    peak = np.array([run.hardware.peak_for(run.weights)[0] for run in rows.runs])
    flops = np.array([run.work.flops for run in rows.runs])
    share = np.where(rows.variable, constants["benchmark.sentence_share"], 1.0)
    bounds = peak / (flops * share) * published / rows.values
    return _beyond(["samples_per_s"] * len(rows), published, bounds, _PEAKS_ALLOW)


def unpublished_figures(runs: Sequence[ServingRun]) -> list[str]:
    """Say of each measurement of serving which figure of the accelerator nobody published."""
    told = []
    for run in runs:
        hardware = Hardware.of([run.placement])
        name, weights = run.placement.accelerator.name, run.formats.weights
        reason = ""
        if np.isnan(hardware.peak_for(weights)[0]):
            rates = " and ".join(weights.compute_formats)
            reason = f"{REASON_TEXT[Reason.NO_RATE]}: {name} has none for {rates}"
        elif np.isnan(hardware.bandwidth_bytes_per_second[0]):
            reason = f"{REASON_TEXT[Reason.NO_BANDWIDTH]}: {name}"
        told.append(reason)
    return told


def _beyond(metrics: Sequence[str], values: Floats, bounds: Floats, allowed_by: str) -> list[str]:
    told = []
    for metric, value, bound in zip(metrics, values, bounds, strict=True):
        beyond = value < bound if metric in TIMES else value > bound
        word = "least" if metric in TIMES else "most"
        reason = f"{metric} is {value:g}, and {bound:.3g} is the {word} that {allowed_by}"
        told.append(reason if beyond else "")
    return told


def _serving_bounds(rows: ServingRows, peak: Floats, bandwidth: Floats) -> Floats:
    """Least time or highest rate that the hardware allows, in the unit of the metric."""
    work = rows.work
    visited = (work.dense_bytes + work.routed_bytes * work.touched_share)[:, 0]
    reading_seconds = visited / bandwidth
    token_seconds = work.step_flops[:, 0] / peak
    prompt_seconds = work.prefill_flops[:, 0] / peak
    after_the_first = rows.output_tokens - 1.0
    latency_seconds = prompt_seconds + after_the_first * reading_seconds
    # a blank concurrency is NaN and bounds nothing
    answers = rows.replicas * np.fmin(
        1.0 / (prompt_seconds + after_the_first * token_seconds),
        rows.concurrency / latency_seconds,
    )
    bounds = {
        "output_tokens_per_s": answers * rows.output_tokens,
        "total_tokens_per_s": answers * (rows.input_tokens + rows.output_tokens),
        "tpot_ms": reading_seconds * MILLISECONDS_PER_SECOND,
        "ttft_ms": prompt_seconds * MILLISECONDS_PER_SECOND,
        "samples_per_s": answers,
    }
    codes = [serving_rows.METRICS.index(name) for name in bounds]
    return np.select([rows.metric == code for code in codes], [*bounds.values()])


def _training_bounds(rows: TrainingRows, reached: Floats, constants: Constants) -> Floats:
    """Highest rate or least time of a gang that multiplies at ``reached`` [FLOP/s]."""
    flops = rows.work.passes * (rows.work.linear_flops + rows.work.attention_flops)
    share = np.where(rows.variable, constants["benchmark.training_sentence_share"], 1.0)
    tokens = reached / (flops * share)
    samples = tokens / rows.layout.sequence_length
    bounds = {
        "train_tokens_per_s": tokens,
        "mfu": tokens * rows.useful_flops_per_peak,
        "samples_per_s": samples,
        "minutes_to_train": rows.samples_to_target / samples / SECONDS_PER_MINUTE,
    }
    codes = [training_rows.METRICS.index(name) for name in bounds]
    return np.select([rows.metric == code for code in codes], [*bounds.values()])
