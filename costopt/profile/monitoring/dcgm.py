"""Readings of DCGM: the table of ``dcgmi dmon``, and the metrics of its Prometheus exporter.

Both count memory in MiB. Source: NVIDIA/dcgm-exporter, ``etc/default-counters.csv``; names of
the columns of ``dcgmi dmon``: NVIDIA/DCGM, ``dcgmlib/src/dcgm_fields.cpp``.
"""

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Final

from costopt.errors import InvalidInputError
from costopt.profile.monitoring.readings import MIB_PER_GIB, PERCENT, Readings, checked

COMMAND: Final = "dcgmi dmon -e 203,250,252 -d 1000"
"""Writes what is needed: share of time busy, all memory, memory in use."""

COLUMNS: Final[Mapping[str, str]] = {
    "GPUTL": "busy_percent",
    "GRACT": "busy_fraction",
    "FBUSD": "used",
    "FBFRE": "free",
    "FBTTL": "total",
}
"""Column of ``dcgmi dmon`` -> what it holds."""

METRICS: Final[Mapping[str, str]] = {
    "DCGM_FI_DEV_GPU_UTIL": "busy_percent",
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": "busy_fraction",
    "DCGM_FI_DEV_FB_USED": "used",
    "DCGM_FI_DEV_FB_FREE": "free",
    "DCGM_FI_DEV_FB_RESERVED": "reserved",
    "DCGM_FI_DEV_FB_TOTAL": "total",
}
"""Metric of the exporter -> what it holds."""

SAMPLE: Final = re.compile(
    r"^(?P<metric>[A-Za-z_:][\w:]*)\{(?P<labels>.*)\}\s+(?P<figure>\S+)(?:\s+-?\d+)?$"
)
LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

ENTITIES: Final = frozenset({"GPU", "GPU-I", "GPU-CI"})
"""First word of a row of ``dcgmi dmon``: an accelerator, or a part of one."""

Figures = dict[str, dict[str, list[float]]]


def is_dmon(text: str) -> bool:
    """Whether a text is a table of ``dcgmi dmon``."""
    return bool(re.search(r"^#?\s*Entity\b", text, re.MULTILINE))


def is_prometheus(text: str) -> bool:
    """Whether a text holds metrics of DCGM's exporter."""
    return bool(re.search(r"^DCGM_FI_\w+\{", text, re.MULTILINE))


def read_dmon(text: str, place: str) -> dict[str, Readings]:
    """Return the readings of each accelerator in a table of ``dcgmi dmon``.

    Args:
        text: of the file.
        place: the file, for messages.

    Raises:
        InvalidInputError: a column is missing, a row is cut short, or a cell is no figure.
    """
    figures: Figures = {}
    columns: list[str] = []
    for line in text.splitlines():
        words = line.replace("#", " ").split()
        if words[:1] == ["Entity"]:
            columns = words[1:]
        elif words and words[0] in ENTITIES:
            _add_row(figures, words, columns, place)
    return _of_each(figures, place, f"log with {COMMAND}")


def _add_row(figures: Figures, words: list[str], columns: list[str], place: str) -> None:
    """Add one row; DCGM answers N/A until it has its first sample, which is no reading."""
    name, cells = " ".join(words[:2]), words[2:]
    if len(cells) != len(columns):
        raise InvalidInputError(
            place,
            [
                f"a row of {name} has {len(cells)} cells, the header {len(columns)}: it was cut "
                "short"
            ],
        )
    told = {
        COLUMNS[column]: cell
        for column, cell in zip(columns, cells, strict=True)
        if column in COLUMNS
    }
    if "N/A" in told.values():
        return
    for what, cell in told.items():
        figures.setdefault(name, {}).setdefault(what, []).append(_number(cell, what, place))


def read_prometheus(text: str, place: str) -> dict[str, Readings]:
    """Return the readings of each accelerator in one scrape of the exporter, or several.

    Args:
        text: of the file.
        place: the file, for messages.

    Raises:
        InvalidInputError: a metric is missing, or a sample is no figure.
    """
    figures: Figures = {}
    for metric, labels, figure in _samples(text, place):
        if what := METRICS.get(metric):
            name = _accelerator(labels)
            number = _number(figure, metric, place)
            figures.setdefault(name, {}).setdefault(what, []).append(number)
    return _of_each(
        figures, place, "enable them in the counters file of dcgm-exporter, and scrape it again"
    )


def _samples(text: str, place: str) -> Iterator[tuple[str, dict[str, str], str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped.startswith("DCGM_FI_"):
            continue
        found = SAMPLE.match(stripped)
        if found is None:
            raise InvalidInputError(place, [f"line {number} is no sample of a metric: {stripped}"])
        yield found["metric"], dict(LABEL.findall(found["labels"])), found["figure"]


def _accelerator(labels: Mapping[str, str]) -> str:
    """Return what tells an accelerator, or a part of one, from the others."""
    identity = labels.get("UUID") or f"{labels.get('Hostname', '')} {labels.get('gpu', '')}"
    return f"{identity} {labels.get('GPU_I_ID', '')}".strip()


def _number(cell: str, what: str, place: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise InvalidInputError(place, [f"{what} = {cell!r} is no figure"])
    return number


def _of_each(figures: Figures, place: str, next_step: str) -> dict[str, Readings]:
    if not figures:
        raise InvalidInputError(place, [f"there is no reading of an accelerator; {next_step}"])
    return {
        name: checked(name, _readings(name, told, place, next_step), place)
        for name, told in figures.items()
    }


def _readings(name: str, told: Mapping[str, list[float]], place: str, next_step: str) -> Readings:
    busy = [percent / PERCENT for percent in told.get("busy_percent", ())]
    busy = busy or told.get("busy_fraction", [])
    missing = [] if busy else ["share of time busy (GPU_UTIL)"]
    if "used" not in told:
        missing.append("memory in use (FB_USED)")
    if "total" not in told and "free" not in told:
        missing.append("all memory (FB_TOTAL) or free memory (FB_FREE)")
    if missing:
        raise InvalidInputError(
            place, [f"accelerator {name}: {' and '.join(missing)} is not there; {next_step}"]
        )
    return Readings(
        busy_fractions=busy,
        used_gib=[used / MIB_PER_GIB for used in told["used"]],
        total_gib=_total_mib(told) / MIB_PER_GIB,
    )


def _total_mib(told: Mapping[str, list[float]]) -> float:
    """Return all memory of an accelerator; in use, free and reserved make it up [MiB]."""
    if "total" in told:
        return max(told["total"])
    parts = zip(told["used"], told["free"], strict=False)
    return max(used + free for used, free in parts) + max(told.get("reserved", [0.0]))
