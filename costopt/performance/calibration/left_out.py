"""Measurements beside what fits without them predict, row by row, and the file that keeps them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import StringIO
from typing import Final, Self

import numpy as np

from costopt.performance.arrays import Flags, Floats, Integers, Texts
from costopt.performance.bands import FIRST_TOKEN, MEMORY, Work, told_band

FILE_NAME: Final = "left_out.csv"

_TOLD: Final = told_band(Work.TRAINING)

FIGURES: Final[Mapping[str, tuple[str, str]]] = {
    "serving": (Work.SERVING, Work.SERVING),
    "tpot": (Work.SERVING, Work.SERVING),
    "ttft": (Work.SERVING, FIRST_TOKEN),
    "samples": (Work.SAMPLES, Work.SAMPLES),
    "pretraining": (Work.TRAINING, Work.TRAINING),
    "pretraining_told": (Work.TRAINING, _TOLD),
    "adapters": (Work.TRAINING, Work.TRAINING),
    "adapters_told": (Work.TRAINING, _TOLD),
    "memory": (MEMORY, f"{MEMORY}.peak"),
    "memory_training": (MEMORY, f"{MEMORY}.peak_training"),
}
"""What a row can be a figure of -> kind of work, and kind of band of its error.

Told are micro-batch and recomputation.
"""

PRETRAINING: Final = ("pretraining", "pretraining_told")
ADAPTERS: Final = ("adapters", "adapters_told")
TRAINING: Final = (*PRETRAINING, *ADAPTERS)
PEAKS: Final = ("memory", "memory_training")
"""Figures that are scored together."""

IN_SAMPLE: Final = "in_sample"
SPLITS: Final = ("group", "accelerator", "architecture", "source")
"""What was left out of a fit together with a row; a group is a model family on an accelerator."""

ROOFLINE: Final = "roofline"
"""Column of a roofline that was fitted without the group of each row."""

COLUMNS: Final = (IN_SAMPLE, *SPLITS, ROOFLINE)

_TEXTS: Final = ("id", "figure", "family", "accelerator", "architecture", "source")
_WRITTEN: Final = {IN_SAMPLE: "in_sample_error_percent"} | {
    split: f"without_{split}_error_percent" for split in SPLITS
}
"""Column -> its name in the file; the roofline is told in the report alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutRows:
    """Measurements and their predictions; arrays of shape (R,).

    Attributes:
        ids: of the rows.
        figures: names in ``FIGURES``.
        families: model family; empty for memory.
        accelerators: names; empty for memory.
        architectures: chip generations; empty for memory.
        sources: repository that published each row.
        over: column in ``COLUMNS`` -> predicted over measured; NaN for memory under a roofline,
            and without that column as read from the file [1].
    """

    ids: Texts
    figures: Texts
    families: Texts
    accelerators: Texts
    architectures: Texts
    sources: Texts
    over: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Flags | Integers) -> Self:
        """The rows at these positions, in this order."""
        return type(self)(
            ids=self.ids[rows],
            figures=self.figures[rows],
            families=self.families[rows],
            accelerators=self.accelerators[rows],
            architectures=self.architectures[rows],
            sources=self.sources[rows],
            over={name: column[rows] for name, column in self.over.items()},
        )

    def of(self, *figures: str) -> Self:
        """The rows that are figures of one of these."""
        return self.take(np.isin(self.figures, figures))

    @property
    def works(self) -> Texts:
        """Kind of work of each row."""
        return np.array([FIGURES[figure][0] for figure in self.figures.tolist()], dtype=np.str_)

    @property
    def bands(self) -> Texts:
        """Kind of band of each row's error, without what a prediction rests on."""
        return np.array([FIGURES[figure][1] for figure in self.figures.tolist()], dtype=np.str_)

    @property
    def groups(self) -> Texts:
        """Model family and accelerator; for memory, the source."""
        joined = np.char.add(np.char.add(self.families, "|"), self.accelerators)
        return np.where(self.accelerators == "", self.sources, joined)

    def errors(self, column: str) -> Floats:
        """Predicted over measured less one [1]."""
        return self.over[column] - 1.0


def stacked(parts: Sequence[LeftOutRows]) -> LeftOutRows:
    """The rows of several parts, in their order."""
    return LeftOutRows(
        ids=np.concatenate([part.ids for part in parts]),
        figures=np.concatenate([part.figures for part in parts]),
        families=np.concatenate([part.families for part in parts]),
        accelerators=np.concatenate([part.accelerators for part in parts]),
        architectures=np.concatenate([part.architectures for part in parts]),
        sources=np.concatenate([part.sources for part in parts]),
        over={name: np.concatenate([part.over[name] for part in parts]) for name in COLUMNS},
    )


def as_csv(rows: LeftOutRows) -> str:
    """The file of left-out rows as text."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_TEXTS, *_WRITTEN.values()])
    names = (
        rows.ids, rows.figures, rows.families, rows.accelerators, rows.architectures, rows.sources,
    )  # fmt: skip
    errors = [[f"{error * 100.0:.1f}" for error in rows.errors(name)] for name in _WRITTEN]
    writer.writerows(zip(*(column.tolist() for column in names), *errors, strict=True))
    return text.getvalue()


def from_csv(text: str) -> LeftOutRows:
    """Rows as they were written."""
    records = list(csv.DictReader(text.splitlines()))
    texts = {name: np.array([record[name] for record in records]) for name in _TEXTS}
    return LeftOutRows(
        ids=texts["id"],
        figures=texts["figure"],
        families=texts["family"],
        accelerators=texts["accelerator"],
        architectures=texts["architecture"],
        sources=texts["source"],
        over={
            name: np.array([1.0 + float(record[written]) / 100.0 for record in records])
            for name, written in _WRITTEN.items()
        },
    )


@cache
def shipped_left_out() -> LeftOutRows:
    """The rows that the shipped constants were judged by."""
    place = resources.files("costopt.performance.calibration").joinpath(FILE_NAME)
    return from_csv(place.read_text(encoding="utf-8"))
