"""Tables of the report: errors of left-out rows by parts, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from costopt.performance.arrays import Flags, Floats, Texts
from costopt.performance.calibration.error_bands import held
from costopt.performance.calibration.left_out import IN_SAMPLE, SPLITS, LeftOutRows
from costopt.performance.constants import Constant

TITLES: Final = {
    "serving": "serving throughput",
    "tpot": "TPOT",
    "ttft": "TTFT",
    "samples": "samples throughput",
    "pretraining": "training throughput, all weights, layout assumed",
    "pretraining_told": "training throughput, all weights, layout told",
    "adapters": "training throughput, adapters, layout assumed",
    "adapters_told": "training throughput, adapters, layout told",
    "memory": "peak VRAM of generation",
    "memory_training": "peak VRAM of training",
}
"""Figure -> what a person calls it."""

_HEAD: Final = ("rows", "in sample", "left out", "bias", "in the band")


class Judged:
    """Left-out rows with what their bands hold.

    Attributes:
        rows: all of them.
        held: split -> rows whose measured value lies in the band.
    """

    __slots__ = ("held", "rows")

    def __init__(self, rows: LeftOutRows, bands: Mapping[str, Constant]) -> None:
        self.rows = rows
        self.held: dict[str, Flags] = {split: held(rows, split, bands) for split in SPLITS}

    def line(self, name: str, chosen: Flags, split: str) -> list[str]:
        """Name, count, errors in sample and left out, bias and coverage of some rows."""
        part = self.rows.take(chosen)
        return [
            name,
            str(len(part)),
            errors_of(part, IN_SAMPLE),
            errors_of(part, split),
            f"{np.median(part.errors(split)) * 100.0:+.0f} %",
            percent(self.held[split][chosen]),
        ]

    def by_figure(self, split: str) -> str:
        """A table with a line for each figure."""
        figures = self.rows.figures
        lines = [
            self.line(title, figures == figure, split)
            for figure, title in TITLES.items()
            if np.any(figures == figure)
        ]
        return markdown(("figure", *_HEAD), lines)

    def by(self, heading: str, names: Texts, split: str, chosen: Flags, least: int = 1) -> str:
        """A table with a line for each name and figure among the chosen rows.

        Args:
            heading: what the names are.
            names: of each row.
            split: what was left out.
            chosen: rows that take part.
            least: rows that a line must have to be told.
        """
        lines = []
        for name in np.unique(names[chosen]):
            for figure, title in TITLES.items():
                here = chosen & (names == name) & (self.rows.figures == figure)
                if np.sum(here) >= least:
                    lines.append([str(name), *self.line(title, here, split)])
        return markdown((heading, "figure", *_HEAD), lines)


def errors_of(rows: LeftOutRows, column: str) -> str:
    """Median and 90th percentile of the absolute error, as a person writes them [%]."""
    return median_and_ninetieth(np.abs(rows.errors(column)))


def median_and_ninetieth(absolute: Floats) -> str:
    """Two percentiles of absolute errors [1], written in percent; nothing where there are none."""
    if not len(absolute):
        return ""
    return f"{np.median(absolute) * 100.0:.1f} / {np.percentile(absolute, 90.0) * 100.0:.0f}"


def percent(flags: Flags) -> str:
    """Share of what is true [%]."""
    return f"{np.mean(flags) * 100.0:.0f} %"


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table; bars inside cells are written so that they do not end them."""
    rules = ["---" if place == 0 else "---:" for place in range(len(head))]
    told = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rules, *told])
