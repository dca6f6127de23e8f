"""Plain CSV: one row for each load level, in columns named as the fields of ServedLoad."""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any, Final

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.profile.measured import ServedLoad
from costopt.profile.readers.run import ASKED, Run, problems_of, stated_values

FIGURES: Final = tuple(ServedLoad.model_fields)
"""Columns of the figures of a load level."""

WHOLE: Final = frozenset({"completed", "failed"})
"""Columns of whole numbers."""

NEEDED: Final = tuple(
    name for name, about in ServedLoad.model_fields.items() if about.is_required()
)
"""Columns that must be there and filled."""

OPTIONAL_COLUMNS: Final = (*(name for name in FIGURES if name not in NEEDED), *ASKED)
"""Columns that may be there: the other figures, and what is known of the deployment."""


def read_table(text: str, place: str) -> Run:
    """Return one load level for each row of a table.

    Args:
        text: of the CSV file.
        place: the file, for messages.

    Raises:
        InvalidInputError: a column is unknown or missing, or a row breaks a rule; one sentence
            for each.
    """
    loads: list[ServedLoad] = []
    stated: dict[str, Any] | None = None
    problems: list[str] = []
    for line, cells in _rows(text, place):
        where = f"line {line}"
        try:
            with problems_of(where):
                told = stated_values(cells, where)
                loads.append(_load(cells, where))
        except InvalidInputError as error:
            problems += [f"{where}: {problem}" for problem in error.problems]
            continue
        if stated is not None and stated != told:
            problems.append(f"{where}: {told} is another deployment than {stated}; split the file")
        stated = told
    if not loads and not problems:
        problems = ["there is no row below the header"]
    if problems:
        raise InvalidInputError(place, problems)
    known = stated or {}
    return Run(
        place=place,
        tool="table of load levels",
        model=known.pop("model", None),
        loads=tuple(loads),
        stated=known,
    )


def _rows(text: str, place: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells of each row."""
    reader = csv.DictReader(StringIO(text, newline=""), strict=True, skipinitialspace=True)
    try:
        _check_header([name.strip() for name in reader.fieldnames or ()], place)
        for cells in reader:
            if None in cells or None in cells.values():
                raise InvalidInputError(
                    place,
                    [f"line {reader.line_num}: not as many cells as the header has columns"],
                )
            yield reader.line_num, {name.strip(): cell.strip() for name, cell in cells.items()}
    except csv.Error as error:
        raise InvalidInputError(
            place, [f"line {reader.line_num}: not valid CSV ({error})"]
        ) from None


def _check_header(names: list[str], place: str) -> None:
    """Refuse a header that is of another file, or has an unknown or lacks a needed column."""
    known = (*FIGURES, *ASKED)
    if not set(names) & set(FIGURES):
        raise InvalidInputError(
            place,
            [
                "neither a result file of vllm bench serve, GuideLLM, aiperf, genai-perf or "
                "inference-perf, nor a CSV file whose first line names the columns "
                f"{', '.join(NEEDED)} and, where known, {', '.join(OPTIONAL_COLUMNS)}; readings "
                "of nvidia-smi or DCGM go to Profile.from_utilisation"
            ],
        )
    problems = [
        str(UnknownNameError("column", name, known)) for name in names if name not in known
    ]
    problems += [f"column {name!r} stands twice" for name in known if names.count(name) > 1]
    if missing := [name for name in NEEDED if name not in names]:
        problems.append(f"the first line must also name {', '.join(missing)}")
    if problems:
        raise InvalidInputError(place, problems)


def _load(cells: Mapping[str, str], place: str) -> ServedLoad:
    figures = {name: cells[name] for name in FIGURES if cells.get(name)}
    if missing := [name for name in NEEDED if name not in figures]:
        raise InvalidInputError(place, [f"{name} is empty" for name in missing])
    return ServedLoad(**{name: _number(name, cell, place) for name, cell in figures.items()})


def _number(name: str, cell: str, place: str) -> Any:
    try:
        return int(cell) if name in WHOLE else float(cell)
    except ValueError:
        kind = "a whole number" if name in WHOLE else "a number such as 9.5"
        raise InvalidInputError(place, [f"{name} = {cell!r} is not {kind}"]) from None
