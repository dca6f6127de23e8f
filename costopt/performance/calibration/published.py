"""What the tables say of each measurement, in the words of the report."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from costopt.performance.calibration.facts import read_table
from costopt.performance.measurements.peak_rows import METRIC as PEAK_METRIC

_COLUMNS: Final = (
    "id", "workload", "model", "precision", "accelerator", "n_accelerators",
    "batch_or_concurrency", "input_tokens", "output_tokens", "metric", "value", "software",
    "date", "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One measurement.

    Attributes:
        identity: id or case.
        workload: kind of work, in the words of its table.
        metric: what was measured, with its unit.
        measured: as published, in the unit of the metric.
        configuration: model, precision, accelerators, sizes and software as a person says them.
        run: what is equal between several figures of one run.
        output_tokens: answer; NaN where not told [tokens].
        date: when it was published; empty where not told.
        source: where it was published.
    """

    identity: str
    workload: str
    metric: str
    measured: float
    configuration: str
    run: tuple[str, ...]
    output_tokens: float
    date: str
    source: str


def published(folder: Path) -> dict[str, Published]:
    """Every measurement of both tables by id.

    Args:
        folder: holds ``perf_calibration.csv`` and ``memory_cases.csv``.
    """
    rates = read_table(folder, "perf_calibration", _COLUMNS).to_dict("records")
    columns = ("case", "model", "method", "precision", "gpus", "expected_gib", "source")
    peaks = read_table(folder, "memory_cases", columns).to_dict("records")
    every = [_performance(row) for row in rates] + [_memory(row) for row in peaks]
    return {one.identity: one for one in every}


def _performance(row: Mapping[Hashable, Any]) -> Published:
    sizes = "/".join(_told(row[name]) for name in ("input_tokens", "output_tokens"))
    told = (
        f"{row['model']} {row['precision']}, {_told(row['n_accelerators'])} x "
        f"{row['accelerator']}, batch {_told(row['batch_or_concurrency'])}, tokens {sizes}, "
        f"{row['software']}"
    )
    alike = [name for name in _COLUMNS if name not in ("id", "metric", "value")]
    return Published(
        identity=str(row["id"]),
        workload=str(row["workload"]),
        metric=str(row["metric"]),
        measured=float(row["value"]),
        configuration=told,
        run=tuple(str(row[name]) for name in (*alike, "tensor_parallel", "notes")),
        output_tokens=float(row["output_tokens"]),
        date=row["date"] if isinstance(row["date"], str) else "",
        source=str(row["source"]),
    )


def _memory(row: Mapping[Hashable, Any]) -> Published:
    return Published(
        identity=str(row["case"]),
        workload=str(row["method"]),
        metric=PEAK_METRIC,
        measured=float(row["expected_gib"]),
        configuration=f"{row['model']} {row['precision']}, {_told(row['gpus'])} accelerators",
        run=(str(row["case"]),),
        output_tokens=float("nan"),
        date="",
        source=str(row["source"]),
    )


def _told(number: float) -> str:
    return "?" if number != number else f"{number:g}"
