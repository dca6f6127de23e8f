"""Figures that no software can reach on the hardware: a wrong unit, or another kind of run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.hardware import Hardware
from costopt.performance.measurements.serving_rows import METRICS, ServingRows
from costopt.performance.measurements.serving_runs import ServingRun
from costopt.units import MILLISECONDS_PER_SECOND

_TIMES: Final = ("tpot_ms", "ttft_ms")


def impossible_figures(runs: Sequence[ServingRun], rows: ServingRows) -> list[str]:
    """Say of each measurement why it cannot be; empty where it can.

    A token takes at least one reading of the weights that it visits, at the published bandwidth;
    a prompt, and a rate, at least its operations at the published peak. Drafted tokens and shared
    prompts get below that, and are not what is predicted either.

    Args:
        runs: measurements as understood.
        rows: the same, stacked.
    """
    hardware = Hardware.of([run.placement for run in runs])
    peak = np.array([hardware.take(np.array([row])).peak_for(run.formats.weights)[0]
                     for row, run in enumerate(runs)])  # fmt: skip
    bounds = _bounds(rows, peak, hardware.bandwidth_bytes_per_second)
    told = []
    for value, bound, code in zip(rows.values, bounds, rows.metric, strict=True):
        metric = METRICS[code]
        beyond = value < bound if metric in _TIMES else value > bound
        word = "least" if metric in _TIMES else "most"
        told.append(
            f"{metric} is {value:g}, and {bound:.3g} is the {word} that the published peaks "
            "allow: check its unit, and whether tokens were drafted or prompts shared"
            if beyond
            else ""
        )
    return told


def _bounds(rows: ServingRows, peak: Floats, bandwidth: Floats) -> Floats:
    """Least time or highest rate that the hardware allows, in the unit of the metric."""
    work = rows.work
    visited = (work.dense_bytes + work.routed_bytes * work.touched_share)[:, 0]
    token_seconds = work.step_flops[:, 0] / peak
    prompt_seconds = work.prefill_flops[:, 0] / peak
    tokens_per_second = rows.replicas / token_seconds
    answer_seconds = token_seconds * rows.output_tokens + prompt_seconds
    bounds = {
        "output_tokens_per_s": tokens_per_second,
        "total_tokens_per_s": tokens_per_second,
        "tpot_ms": visited / bandwidth * MILLISECONDS_PER_SECOND,
        "ttft_ms": prompt_seconds * MILLISECONDS_PER_SECOND,
        "samples_per_s": rows.replicas / answer_seconds,
    }
    return np.select([rows.metric == METRICS.index(name) for name in bounds], [*bounds.values()])
