"""Readings of ``nvidia-smi --query-gpu=... --format=csv``, with units in header or cells."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Final

from costopt.errors import InvalidInputError
from costopt.profile.monitoring.readings import MIB, PERCENT, Readings, checked
from costopt.units import GB, GIB

COMMAND: Final = (
    "nvidia-smi --query-gpu=timestamp,index,utilization.gpu,memory.used,memory.total "
    "--format=csv -l 1"
)
"""Writes what is needed."""

IDENTITY: Final = ("uuid", "gpu_uuid", "pci.bus_id", "gpu_bus_id", "index")
"""Columns that tell accelerators apart, the safest first."""

BYTES: Final[Mapping[str, float]] = {"B": 1, "KiB": 1024, "MiB": MIB, "GiB": GIB, "GB": GB}
"""Unit of memory -> bytes in it [B]."""

HEADER_CELL: Final = re.compile(r"^(?P<name>[^\[]+?)\s*(?:\[(?P<unit>[^\]]+)\])?$")
CELL: Final = re.compile(r"^(?P<figure>-?\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z%]+)?$")


def is_nvidia_smi(text: str) -> bool:
    """Whether a text is a table of ``nvidia-smi``."""
    return "utilization.gpu" in text.lstrip().split("\n", maxsplit=1)[0]


def read_nvidia_smi(text: str, accelerators: int, place: str) -> dict[str, Readings]:
    """Return the readings of each accelerator.

    Args:
        text: of the file.
        accelerators: of the deployment [1].
        place: the file, for messages.

    Raises:
        InvalidInputError: a column or a unit is missing, or a cell is no figure.
    """
    rows = csv.reader(StringIO(text, newline=""), skipinitialspace=True)
    columns = _columns(next(rows), place)
    key = next((name for name in IDENTITY if name in columns), None)
    if key is None and accelerators > 1:
        raise InvalidInputError(
            place, [f"no column tells the accelerators apart; log with {COMMAND}"]
        )
    figures: dict[str, list[tuple[float, float, float]]] = {}
    for row in _whole_rows(rows, len(columns), place):
        cells = dict(zip(columns, row, strict=True))
        name = cells[key] if key else "0"
        figures.setdefault(name, []).append(_figures(cells, columns, place))
    if not figures:
        raise InvalidInputError(place, ["there is no reading below the header"])
    return {name: _readings(name, one, place) for name, one in figures.items()}


def _columns(header: Sequence[str], place: str) -> dict[str, str]:
    """Return the columns with the unit that the header gives each; empty where it gives none."""
    columns: dict[str, str] = {}
    for cell in header:
        found = HEADER_CELL.match(cell.strip())
        if found is None:
            raise InvalidInputError(place, [f"column {cell!r} is not one of nvidia-smi's"])
        columns[found["name"]] = found["unit"] or ""
    needed = ("utilization.gpu", "memory.used", "memory.total")
    if missing := [name for name in needed if name not in columns]:
        raise InvalidInputError(
            place, [f"there is no column {', '.join(missing)}; log with {COMMAND}"]
        )
    return columns


def _whole_rows(rows: Iterator[list[str]], width: int, place: str) -> Iterator[list[str]]:
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != width:
            raise InvalidInputError(
                place,
                [f"line {number} has {len(row)} cells, the header {width}: it was cut short"],
            )
        yield [cell.strip() for cell in row]


def _figures(
    cells: Mapping[str, str], columns: Mapping[str, str], place: str
) -> tuple[float, float, float]:
    """Return busy share [0..1], memory in use and all memory [GiB] of one row."""
    busy, unit = _figure("utilization.gpu", cells, columns, place)
    if unit != "%":
        raise InvalidInputError(place, [f"utilization.gpu is in {unit!r}, and must be in %"])
    memory = []
    for name in ("memory.used", "memory.total"):
        figure, unit = _figure(name, cells, columns, place)
        if unit not in BYTES:
            raise InvalidInputError(
                place, [f"{name} is in {unit!r}; known units: {', '.join(BYTES)}"]
            )
        memory.append(figure * BYTES[unit] / GIB)
    return busy / PERCENT, memory[0], memory[1]


def _figure(
    name: str, cells: Mapping[str, str], columns: Mapping[str, str], place: str
) -> tuple[float, str]:
    found = CELL.match(cells[name])
    if found is None:
        raise InvalidInputError(
            place,
            [
                f"{name} = {cells[name]!r} is no figure; an accelerator that is split (MIG) does "
                "not tell it, DCGM does"
            ],
        )
    unit = found["unit"] or columns[name]
    if not unit:
        raise InvalidInputError(place, [f"{name} has no unit, neither in its header nor its cell"])
    return float(found["figure"]), unit


def _readings(name: str, figures: Sequence[tuple[float, float, float]], place: str) -> Readings:
    one = Readings(
        busy_fractions=[busy for busy, _, _ in figures],
        used_gib=[used for _, used, _ in figures],
        total_gib=max(total for _, _, total in figures),
    )
    return checked(name, one, place)
