"""The report on accuracy: ``docs/accuracy.md``, generated from a refit and its left-out rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.performance.bands import MEMORY
from costopt.performance.calibration.comparison import (
    beside_aiconfigurator,
    not_met,
    regrets,
    targets,
)
from costopt.performance.calibration.facts import read_table
from costopt.performance.calibration.figure import FILE_NAME as FIGURE_NAME
from costopt.performance.calibration.left_out import PEAKS, LeftOutRows
from costopt.performance.calibration.published import Published
from costopt.performance.calibration.tables import TITLES, Judged, markdown
from costopt.performance.constants import Constant, Constants
from costopt.performance.scoring.memory import predicted_memory
from costopt.performance.scoring.performance import predicted_performance
from costopt.performance.scoring.table import read_measurements

FILE_NAME: Final = "accuracy.md"

WORST: Final = 20
"""Rows that are shown where the model is worst [1]."""

LARGE: Final = 40
"""Rows of an accelerator or source whose coverage is told [1]."""

_FINGERPRINT_CHARACTERS: Final = 16

_PAGE: Final = """\
# Accuracy

How far predictions are from published measurements. This page, its figure and the files that it
names are written by `python -m costopt.performance.calibration FACTS`; nothing here is edited by
hand.

{fingerprints}

**Left out** means: the constants were fitted again without every row of that model family on that
accelerator (group), of that accelerator, of that architecture, or of that source (a repository),
and only then those rows were predicted. Errors are median / 90th percentile of
|predicted / measured - 1| in percent; bias is the median of predicted / measured - 1; "in the
band" is the share of measured values inside the 80 % band of what was predicted without them.
Each row is in `costopt/performance/calibration/left_out.csv`.

Training runs differ by what their source tells of micro-batch and recomputation: where the layout
is assumed, as in a plan, errors are larger, and the band is wider, than where it is told.

Memory is not fitted anew: its terms rest on published byte counts, and the few constants that
were fitted to rows of these tables are reviewed with the code. Its errors are therefore those in
sample, whatever a table says was left out.

## Reached

{targets}

{not_met}

"Reported" is the error of a fitted roofline in the statement of the targets; "these rows" is a
roofline of our own (for each software tier a share of the bandwidth, a share of the compute peak
and a fixed time of each layer), fitted and left out by group in the same way on the same rows.

## Beside aiconfigurator

The {shared} rows that the table shares with aiconfigurator's published sample of measurements,
left out. What is reported for aiconfigurator and for a fitted roofline was taken over all 718
fixed-concurrency configurations of H100, H200, B200 and B300 with vLLM, TensorRT-LLM and SGLang,
not over this sample. Implied throughput is
concurrency x output tokens / (TTFT + (output tokens - 1) x TPOT).

{aiconfigurator}

## Predicted against measured

![Predicted against measured, six panels on logarithmic scales]({figure})

Every point was predicted without its group. The line is equality; dashed, the ends of the 80 %
band; dotted, those of the band of training runs whose layout is told, and of peaks of training.

## The 80 % bands

Without the group:

{without_group}

Without the accelerator:

{without_accelerator}

Without the source, under the same bands:

{without_source}

Accelerators and sources with {large} rows or more of one figure, without the group:

{large_accelerators}

{large_sources}

## Decision regret

Over workloads that were measured on three or more accelerators with a price: how much more the
accelerator that looks cheapest by left-out predictions costs than the one that is, at each one's
lowest on-demand price.

{regret}

## By workload

{by_workload}

## By metric

{by_metric}

## By accelerator, without it

{by_accelerator}

## By architecture, without it

{by_architecture}

## By source, without it

{by_source}

## Where the model is worst

The {worst} rows furthest off without their group.

{worst_rows}

## Refused

Of {asked} rows of performance and memory {scored} ({share:.1f} %) are predicted. The others:

{refused}

## By model family and accelerator, without the group

{by_group}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the report is made of.

    Attributes:
        folder: the compiled tables.
        catalog: prices, models and accelerators.
        rows: every measurement beside what fits without it predict.
        constants: by name.
        told: what the tables say of each measurement.
        constants_text: the file of constants.
        rows_text: the file of left-out rows.
    """

    folder: Path
    catalog: Catalog
    rows: LeftOutRows
    constants: Mapping[str, Constant]
    told: Mapping[str, Published]
    constants_text: str
    rows_text: str


def fingerprint(text: str) -> str:
    """Beginning of the SHA-256 of a file's text."""
    return sha256(text.encode("utf-8")).hexdigest()[:_FINGERPRINT_CHARACTERS]


def accuracy_page(material: Material) -> str:
    """The report as Markdown."""
    rows, told = material.rows, material.told
    judged = Judged(rows, material.constants)
    every = np.ones(len(rows), dtype=np.bool_)
    fitted = ~np.isin(rows.figures, PEAKS)
    measured = [told[identity] for identity in rows.ids.tolist()]
    workloads = np.array([one.workload for one in measured])
    metrics = np.array([one.metric for one in measured])
    scored, asked, refused = _refusals(material)
    return _PAGE.format(
        fingerprints=_fingerprints(material),
        targets=targets(rows),
        not_met=not_met(rows),
        shared=int(np.sum(rows.sources == "ai-dynamo/aiconfigurator")),
        aiconfigurator=beside_aiconfigurator(rows, told),
        figure=FIGURE_NAME,
        without_group=judged.by_figure("group"),
        without_accelerator=judged.by_figure("accelerator"),
        without_source=judged.by_figure("source"),
        large=LARGE,
        large_accelerators=judged.by("accelerator", rows.accelerators, "group", fitted, LARGE),
        large_sources=judged.by("source", rows.sources, "group", every, LARGE),
        regret=regrets(material.folder, rows, material.catalog),
        by_workload=judged.by("workload", np.where(fitted, workloads, MEMORY), "group", every),
        by_metric=judged.by("metric", metrics, "group", every),
        by_accelerator=judged.by("accelerator", rows.accelerators, "accelerator", fitted),
        by_architecture=judged.by("architecture", rows.architectures, "architecture", fitted),
        by_source=judged.by("source", rows.sources, "source", every),
        worst=WORST,
        worst_rows=_worst(material),
        asked=asked,
        scored=scored,
        share=100.0 * scored / asked,
        refused=refused,
        by_group=judged.by("family and accelerator", rows.groups, "group", fitted),
    )


def _fingerprints(material: Material) -> str:
    newest = max(one.date for one in material.told.values())
    tables = {
        name: (material.folder / name).read_text(encoding="utf-8")
        for name in ("perf_calibration.csv", "memory_cases.csv")
    }
    lines = [
        [f"`{name}`", str(text.count("\n") - 1), f"`{fingerprint(text)}`"]
        for name, text in (
            *tables.items(),
            ("constants.csv", material.constants_text),
            ("left_out.csv", material.rows_text),
        )
    ]
    table = markdown(("file", "rows", "fingerprint"), lines)
    return f"{table}\n\nThe newest measurement is of {newest}."


def _worst(material: Material) -> str:
    rows, told = material.rows, material.told
    furthest = np.argsort(-np.abs(np.log(rows.over["group"])), kind="stable")[:WORST]
    lines = []
    for place in furthest.tolist():
        one, over = told[str(rows.ids[place])], float(rows.over["group"][place])
        lines.append(
            [
                one.identity,
                TITLES[str(rows.figures[place])],
                f"{one.workload}, {one.configuration}",
                f"{one.measured:.4g}",
                f"{one.measured * over:.4g}",
                f"{over:.2f}",
                one.source,
            ]
        )
    head = ("id", "figure", "what was run", "measured", "predicted", "ratio", "source")
    return markdown(head, lines)


def _refusals(material: Material) -> tuple[int, int, str]:
    """Rows that are predicted, all rows, and why the others are not."""
    values = Constants({name: constant.value for name, constant in material.constants.items()})
    rates = read_measurements(read_table(material.folder, "perf_calibration", ()))
    figures = read_measurements(read_table(material.folder, "memory_cases", ()))
    reasons = {
        "perf_calibration.csv": predicted_performance(rates, material.catalog, values).reason,
        "memory_cases.csv": predicted_memory(figures, material.catalog).reason,
    }
    lines = [
        [f"`{name}`: {reason}", str(count)]
        for name, told in reasons.items()
        for reason, count in Counter(told).most_common()
        if reason
    ]
    asked = sum(len(told) for told in reasons.values())
    scored = sum(told.count("") for told in reasons.values())
    return scored, asked, markdown(("why", "rows"), lines)
