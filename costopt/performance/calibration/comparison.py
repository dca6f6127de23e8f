"""What the model is compared with: published targets, aiconfigurator, and picks by price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.performance.arrays import Floats
from costopt.performance.calibration.left_out import (
    IN_SAMPLE,
    PEAKS,
    ROOFLINE,
    TRAINING,
    LeftOutRows,
)
from costopt.performance.calibration.published import Published
from costopt.performance.calibration.tables import errors_of, markdown, median_and_ninetieth
from costopt.performance.scoring.regret import Regret, decision_regret
from costopt.performance.scoring.table import read_measurements
from costopt.units import MILLISECONDS_PER_SECOND

Bound = tuple[float, float]
"""Median and 90th percentile of the absolute error [%]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What was set out to be reached for one figure.

    Attributes:
        title: what a person calls it.
        figures: what it is made of.
        must: bound that must hold; None where none was set.
        aim: bound that is aimed at.
        roofline: error of a fitted roofline.
    """

    title: str
    figures: tuple[str, ...]
    must: Bound | None = None
    aim: Bound | None = None
    roofline: Bound | None = None


_TARGETS: Final = (
    _Target(
        title="serving throughput", figures=("serving",), must=(18, 50), aim=(10, 30),
        roofline=(21, 61),
    ),
    _Target(title="TPOT", figures=("tpot",), must=(16, 43), aim=(9, 25), roofline=(19, 52)),
    _Target(title="TTFT", figures=("ttft",), must=(40, 120), aim=(25, 60), roofline=(57, 151)),
    _Target(
        title="training throughput", figures=TRAINING, must=(15, 40), aim=(9, 25),
        roofline=(18, 51),
    ),
    _Target(title="peak VRAM", figures=PEAKS, must=(15, 45), aim=(10, 30), roofline=(21, 64)),
    _Target(title="samples throughput", figures=("samples",)),
)  # fmt: skip

_JUDGED_BY: Final = ("group", "accelerator", "source")
"""What is left out to judge by; memory is not fitted anew, and judged as it is."""

_UNDER: Final = -0.1
_UNDER_AT_MOST_PERCENT: Final = 20.0
"""Share of peaks that may be under by more than 10 % [%]."""

_AICONFIGURATOR: Final = "ai-dynamo/aiconfigurator"
_REPORTED: Final[Mapping[str, tuple[Bound, Bound]]] = {
    "TTFT": ((48, 90), (49, 133)),
    "TPOT": ((14, 77), (16, 43)),
    "implied throughput": ((15, 53), (15, 68)),
}
"""Errors of aiconfigurator, and of a fitted roofline, over 718 fixed-concurrency configurations
of H100, H200, B200 and B300 with vLLM, TensorRT-LLM and SGLang."""


def targets(rows: LeftOutRows) -> str:
    """Errors that were reached beside those that were set out to reach."""
    lines = []
    for target in _TARGETS:
        part = rows.of(*target.figures)
        told = _judged_by(target)
        reached = [errors_of(part, split) if split in told else "" for split in _JUDGED_BY]
        bounds = [_bound(bound) for bound in (target.must, target.aim, target.roofline)]
        own = errors_of(part, ROOFLINE) if told else ""
        in_sample = errors_of(part, IN_SAMPLE)
        lines.append([target.title, str(len(part)), in_sample, *reached, *bounds, own])
    head = (
        "figure", "rows", "in sample", "group left out", "accelerator left out",
        "source left out", "must", "aim", "roofline, reported", "roofline, these rows",
    )  # fmt: skip
    return markdown(head, lines)


def not_met(rows: LeftOutRows) -> str:
    """Which of the bounds that must hold, and which of those that are aimed at, are missed."""
    must = [_missed(target, target.must, rows) for target in _TARGETS]
    aim = [_missed(target, target.aim, rows) for target in _TARGETS]
    under = float(np.mean(rows.of(*PEAKS).errors(IN_SAMPLE) < _UNDER)) * 100.0
    verdict = "" if under <= _UNDER_AT_MOST_PERCENT else ": not met"
    return "\n".join(
        [
            f"- Must, not met: {'; '.join(filter(None, must)) or 'none'}.",
            f"- Aim, not met: {'; '.join(filter(None, aim)) or 'none'}.",
            f"- Peak VRAM is under by more than 10 % in {under:.0f} % of rows; at most "
            f"{_UNDER_AT_MOST_PERCENT:.0f} % may be{verdict}.",
        ]
    )


def _missed(target: _Target, bound: Bound | None, rows: LeftOutRows) -> str:
    """Where a figure misses a bound; empty where it does nowhere, or has none."""
    part, beyond = rows.of(*target.figures), []
    for column in _judged_by(target) or (IN_SAMPLE,):
        reached = np.percentile(np.abs(part.errors(column)) * 100.0, (50.0, 90.0))
        if bound is not None and np.any(reached > bound):
            where = "in sample" if column == IN_SAMPLE else f"{column} left out"
            beyond.append(f"{where} {errors_of(part, column)}")
    return f"{target.title} ({_bound(bound)}) {', '.join(beyond)}" if beyond else ""


def _judged_by(target: _Target) -> tuple[str, ...]:
    return () if target.figures == PEAKS else _JUDGED_BY


def _bound(bound: Bound | None) -> str:
    return "" if bound is None else f"{bound[0]:g} / {bound[1]:g}"


def beside_aiconfigurator(rows: LeftOutRows, told: Mapping[str, Published]) -> str:
    """Errors on the configurations that the table shares with aiconfigurator's own."""
    part = rows.take(rows.sources == _AICONFIGURATOR)
    columns = ("group", "accelerator", ROOFLINE)
    lines, behind = [], []
    for name, reported in _REPORTED.items():
        errors = [_shared_errors(part, told, name, column) for column in columns]
        cells = [median_and_ninetieth(one) for one in errors]
        lines.append([name, str(len(errors[0])), *cells, *(_bound(bound) for bound in reported)])
        reached = [np.percentile(one * 100.0, (50.0, 90.0)) for one in errors[:2] if len(one)]
        if any(np.any(one >= np.min(reported, axis=0)) for one in reached):
            behind.append(name)
    head = (
        "figure", "rows", "group left out", "accelerator left out", "roofline, these rows",
        "aiconfigurator, reported", "roofline, reported",
    )  # fmt: skip
    names = ", ".join(behind) or "none"
    ahead = f"Behind one of the two reported at the median or at the 90th percentile: {names}."
    return f"{markdown(head, lines)}\n\n{ahead}"


def _shared_errors(
    rows: LeftOutRows, told: Mapping[str, Published], name: str, column: str
) -> Floats:
    """Absolute errors of one figure on the shared configurations [1]."""
    if name in ("TTFT", "TPOT"):
        return np.abs(rows.of(name.lower()).errors(column))
    return np.abs(_implied_throughput(rows, told, column) - 1.0)


def _implied_throughput(rows: LeftOutRows, told: Mapping[str, Published], column: str) -> Floats:
    """Predicted over measured ``N * o / (TTFT + (o - 1) * TPOT)`` of runs with both times."""
    runs: dict[tuple[str, ...], dict[str, int]] = {}
    for position, identity in enumerate(rows.ids.tolist()):
        figure = str(rows.figures[position])
        runs.setdefault(told[identity].run, {})[figure] = position
    over = []
    for figures in runs.values():
        if {"ttft", "tpot"} <= set(figures):
            first, between = figures["ttft"], figures["tpot"]
            later = told[str(rows.ids[first])].output_tokens - 1.0
            seconds = np.array(
                [told[str(rows.ids[place])].measured for place in (first, between)]
            ) / MILLISECONDS_PER_SECOND  # fmt: skip
            ratios = np.array([rows.over[column][first], rows.over[column][between]])
            weights = np.array([1.0, later])
            over.append(np.sum(weights * seconds) / np.sum(weights * seconds * ratios))
    return np.array(over)


def regrets(folder: Path, rows: LeftOutRows, catalog: Catalog) -> str:
    """How much dearer picks by left-out predictions are than the truly cheapest."""
    import pandas as pd

    table = pd.read_csv(folder / "perf_calibration.csv")
    measurements = read_measurements(table)
    identities = table["id"].astype(str)
    lines, newest = [], []
    for split in ("group", "accelerator", "source"):
        over = pd.Series(rows.over[split], index=rows.ids)
        predicted = measurements.rows["value"] * identities.map(over)
        reason = np.where(predicted.notna(), "", "no prediction without it")
        results = pd.DataFrame({"predicted": predicted, "reason": reason})
        found = decision_regret(measurements, results, catalog)
        if found is not None:
            lines.append(_regret(f"ours, {split} left out", found.model))
            newest = [_regret("always the newest", found.newest)]
    head = ("pick", "groups", "median", "90 %", "more than 10 % dearer")
    return markdown(head, [*lines, *newest])


def _regret(name: str, regret: Regret) -> list[str]:
    return [
        name,
        str(regret.groups),
        f"{regret.median_percent:.1f} %",
        f"{regret.p90_percent:.0f} %",
        f"{regret.above_10_percent:.0f} %",
    ]
