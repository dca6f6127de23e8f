"""The reviewed constants of the performance model, read once from one file."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from costopt.errors import CatalogFileError, UnknownNameError

FILE_NAME: Final = "constants.csv"
COLUMNS: Final = (
    "name", "value", "unit", "low", "high", "rows", "error_percent", "fitted", "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """One constant.

    Attributes:
        name: dotted name.
        value: what the model uses [unit].
        unit: unit of the value.
        low: lower end: of a fitted constant over the left-out groups, of a band its 10 % end.
        high: the other end.
        rows: measurements that it rests on [1].
        error_percent: median absolute error of the kind of prediction it serves, on rows whose
            group was left out of the fit [%]; None where nothing was fitted.
        fitted: True where calibration set it, False where it is published or chosen.
        source: where it comes from.
    """

    name: str
    value: float
    unit: str
    low: float | None
    high: float | None
    rows: int
    error_percent: float | None
    fitted: bool
    source: str


class Constants:
    """Values of constants by name; an unknown name is an error, never a default."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = MappingProxyType(dict(values))

    def __getitem__(self, name: str) -> float:
        if name not in self._values:
            raise UnknownNameError("constant", name, self._values)
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values


@cache
def constants_table() -> Mapping[str, Constant]:
    """Every constant by name.

    Raises:
        CatalogFileError: the file is not in its written-out columns.
    """
    place = resources.files("costopt.performance").joinpath(FILE_NAME)
    reader = csv.DictReader(place.read_text(encoding="utf-8").splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise CatalogFileError(
            FILE_NAME, "its columns are not the expected ones", "Install costopt again."
        )
    constants = [_constant(row) for row in reader]
    return MappingProxyType({constant.name: constant for constant in constants})


@cache
def shipped_constants() -> Constants:
    """Values of the shipped constants."""
    return Constants({name: constant.value for name, constant in constants_table().items()})


def _constant(row: Mapping[str, str]) -> Constant:
    return Constant(
        name=row["name"],
        value=float(row["value"]),
        unit=row["unit"],
        low=float(row["low"]) if row["low"] else None,
        high=float(row["high"]) if row["high"] else None,
        rows=int(row["rows"]),
        error_percent=float(row["error_percent"]) if row["error_percent"] else None,
        fitted=row["fitted"] == "yes",
        source=row["source"],
    )
