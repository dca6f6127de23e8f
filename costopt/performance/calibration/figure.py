"""The figure of the report: predicted against measured, one panel for each figure."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np

from costopt.errors import MissingDependencyError
from costopt.performance.bands import ends_of
from costopt.performance.calibration.error_bands import bands_without
from costopt.performance.calibration.left_out import PEAKS, TRAINING, LeftOutRows
from costopt.performance.calibration.published import Published
from costopt.performance.constants import Constant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE_NAME: Final = "accuracy-predicted-against-measured.png"

_PANELS: Final = (
    ("serving", "serving throughput [tokens/s]"),
    ("tpot", "time per output token [ms]"),
    ("ttft", "time to first token [ms]"),
    ("samples", "samples throughput [1/s]"),
    ("pretraining", "training rate [as published]"),
    ("memory", "peak memory [as published], in sample"),
)
_TOGETHER: Final = {"pretraining": TRAINING, "memory": PEAKS}
_COLOURS: Final = {
    "inference_offline": "#1b6ca8",
    "inference_online": "#e07b00",
    "inference_server": "#2a9d5c",
    "training": "#6a4c93",
    "finetune_full": "#c1121f",
    "finetune_lora": "#d63d8d",
    "qlora": "#8a6d1d",
    "memory cases": "#5c677d",
}
"""Workload -> colour of its points."""

_STYLES: Final = ("dashed", "dotted")
"""Lines at the ends of the bands of one panel, by name; which is which is said in the report."""

_INCHES: Final = (11.0, 7.4)
_DOTS_PER_INCH: Final = 80


def predicted_against_measured(
    rows: LeftOutRows, told: Mapping[str, Published], bands: Mapping[str, Constant]
) -> bytes:
    """The figure as PNG; equal rows give equal bytes.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise MissingDependencyError("matplotlib", "calibration") from missing
    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    panels = figure.subplots(2, 3)
    for panel, (name, title) in zip(panels.flat, _PANELS, strict=True):
        part = rows.of(*_TOGETHER.get(name, (name,)))
        _draw(panel, part, told)
        _draw_bands(panel, part, bands)
        panel.set_title(title, fontsize=10)
    for panel in panels[1]:
        panel.set_xlabel("measured")
    for panel in panels[:, 0]:
        panel.set_ylabel("predicted without its group")
    marks = [
        panels[0, 0].scatter([], [], s=18, color=colour, label=name.replace("_", " "))
        for name, colour in _COLOURS.items()
    ]
    figure.legend(
        handles=marks, loc="outside lower center", ncols=len(marks), fontsize=8, columnspacing=1.0
    )
    written = BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def _draw(panel: Axes, rows: LeftOutRows, told: Mapping[str, Published]) -> None:
    measured = np.array([told[identity].measured for identity in rows.ids.tolist()])
    workloads = np.array([told[identity].workload for identity in rows.ids.tolist()])
    known = np.where(np.isin(workloads, list(_COLOURS)), workloads, "memory cases")
    for name, colour in _COLOURS.items():
        here = known == name
        values = measured[here]
        panel.scatter(values, values * rows.over["group"][here], s=7, alpha=0.55, color=colour)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.tick_params(labelsize=8)
    panel.grid(visible=True, alpha=0.25)


def _draw_bands(panel: Axes, rows: LeftOutRows, bands: Mapping[str, Constant]) -> None:
    """The line of equality, and where measured values are at the ends of each band."""
    ends = np.array(panel.get_xlim())
    panel.plot(ends, ends, color="black", linewidth=0.9)
    for position, name in enumerate(np.unique(bands_without(rows, "group")).tolist()):
        for factor in ends_of(bands[name]):
            edge = ends * factor if "tpot" in rows.figures else ends / factor
            style = _STYLES[position]
            panel.plot(ends, edge, color="black", linewidth=0.8, linestyle=style)
    panel.set_xlim(ends[0], ends[1])
