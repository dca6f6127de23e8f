"""How far predictions are from measurements, in all and by parts of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from costopt.performance.measurements.memory_words import family_of
from costopt.performance.measurements.peak_rows import METRIC as PEAK_METRIC
from costopt.performance.scoring.contradictions import SERVING_WORKLOADS
from costopt.performance.scoring.table import MEASURED, Measurements, TableKind

if TYPE_CHECKING:
    import pandas as pd

SCORE_COLUMNS: Final = (
    "by", "name", "scored", "refused", "median_error_percent", "p90_error_percent",
    "bias_percent", "coverage_percent", "far_under_percent",
)  # fmt: skip
"""Columns of a table of scores: see ``scores_of``."""

FAR_UNDER: Final = -0.1
"""Relative error below which a prediction is far under. Source: acceptance bound of peak VRAM."""

_PARTS: Final[Mapping[TableKind, Mapping[str, str]]] = {
    TableKind.PERFORMANCE: {
        "figure": "figure",
        "workload": "workload",
        "metric": "metric",
        "accelerator": "accelerator",
        "model": "model",
    },
    TableKind.MEMORY: {
        "figure": "figure",
        "workload": "method",
        "metric": "quantity",
        "accelerator": "accelerator",
        "model": "model",
    },
}
"""What scores are told by -> the column that says it."""

_LATENCIES: Final[Mapping[str, str]] = {"ttft_ms": "TTFT", "tpot_ms": "TPOT"}


def scores_of(measurements: Measurements, results: pd.DataFrame) -> pd.DataFrame:
    """Scores of all rows, and by figure, workload, metric, accelerator and model.

    The error of a row is ``predicted / measured - 1``. Columns: the median and the 90th
    percentile of its absolute value, the median of itself (bias), the share of measured values
    inside the band, and the share of predictions that are under by more than 10 %, all in
    percent; NaN where no row was scored.

    Args:
        measurements: rows as read.
        results: ``predicted``, ``low``, ``high`` and ``reason`` of each row.
    """
    import pandas as pd

    rows = measurements.rows
    measured = rows[MEASURED[measurements.kind]]
    table = pd.DataFrame(
        {
            "error": results["predicted"] / measured - 1.0,
            "inside": (measured >= results["low"]) & (measured <= results["high"]),
            "scored": results["reason"] == "",
        }
    )
    parts = {"all": pd.Series(["all"] * len(rows)), "figure": _figures(measurements)}
    for by, column in _PARTS[measurements.kind].items():
        if column in rows:
            parts[by] = rows[column]
    records = [
        _record(by, str(name), table.loc[members.index])
        for by, names in parts.items()
        for name, members in names.groupby(names, sort=True)
    ]
    return pd.DataFrame.from_records(records, columns=list(SCORE_COLUMNS))


def _record(by: str, name: str, part: pd.DataFrame) -> tuple[str | int | float, ...]:
    scored = part[part["scored"]]
    error = scored["error"].to_numpy(dtype=float)
    if not len(error):
        return (by, name, 0, len(part), *[np.nan] * 5)
    return (
        by,
        name,
        len(scored),
        len(part) - len(scored),
        float(np.median(np.abs(error)) * 100.0),
        float(np.percentile(np.abs(error), 90.0) * 100.0),
        float(np.median(error) * 100.0),
        float(scored["inside"].mean() * 100.0),
        float(np.mean(error < FAR_UNDER) * 100.0),
    )


def _figures(measurements: Measurements) -> pd.Series[str]:
    """What each row is a figure of, in the words of the published scores."""
    import pandas as pd

    rows = measurements.rows
    if measurements.kind is TableKind.MEMORY:
        names = [_family(quantity) for quantity in rows["quantity"]]
    else:
        names = [
            _figure(workload, metric)
            for workload, metric in zip(rows["workload"], rows["metric"], strict=True)
        ]
    return pd.Series(names, index=rows.index)


def _family(quantity: str) -> str:
    try:
        return f"{family_of(quantity)}".replace("_", " ")
    except LookupError:
        return "unknown quantity"


def _figure(workload: str, metric: str) -> str:
    if metric == PEAK_METRIC:
        return "peak VRAM"
    if metric in _LATENCIES:
        return _LATENCIES[metric]
    serves = workload in SERVING_WORKLOADS
    if metric == "samples_per_s" and serves:
        return "samples throughput"
    return "serving throughput" if serves else "training throughput"
