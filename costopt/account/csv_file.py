"""An account as rows of facts, in a CSV file or at hand: one sentence for each fault."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final

from costopt.account.commitments import InstanceCommitment, ResourceCommitment, SpendCommitment
from costopt.account.records import NegotiatedPrice, PriceStep, Quota
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.written import Written

NUMBERS: Final = frozenset(
    {
        "amount", "from_spend", "paid_per_hour", "recurring_per_hour", "upfront", "term_years",
        "spend_per_hour", "used_per_hour", "memory_gib", "used_memory_gib",
    }
)  # fmt: skip
"""Columns of numbers with decimals."""

WHOLE_NUMBERS: Final = frozenset(
    {"limit", "used", "count", "vcpus", "used_vcpus", "accelerators", "used_accelerators"}
)
"""Columns of whole numbers."""

RECORDS: Final[Mapping[str, tuple[str, type[Written]]]] = {
    "price": ("prices", NegotiatedPrice),
    "discount": ("steps", PriceStep),
    "quota": ("quotas", Quota),
    "commitment": ("commitments", InstanceCommitment),
    "spend_commitment": ("spend_commitments", SpendCommitment),
    "resource_commitment": ("resource_commitments", ResourceCommitment),
}
"""Fact -> field of the account that its rows go to, and their record."""

READ_OF: Final = ("origin", "as_of")
"""Columns that say where and when a fact was read."""

FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("name", "as_of"),
    "spend": ("amount",),
    **{
        fact: (*(name for name in record.model_fields if name not in READ_OF), *READ_OF)
        for fact, (_, record) in RECORDS.items()
    },
}
"""What a row may state in its column ``fact`` -> the columns that it may fill."""

COLUMNS: Final = ("fact", *dict.fromkeys(name for names in FACTS.values() for name in names))
"""Columns of the file, in any order; those that no row fills may be left out."""

ONLY_ONCE: Final[Mapping[str, Mapping[str, str]]] = {
    "account": {"name": "account_id", "as_of": "as_of"},
    "spend": {"amount": "spend_per_month"},
}
"""Fact that a file states once -> column -> field of the account."""


def read_account(path: str | Path) -> dict[str, Any]:
    """Read the fields of an account from a file.

    Args:
        path: of the CSV file.

    Raises:
        InvalidInputError: the file cannot be read, or rows break a rule; one sentence for each.
    """
    where = str(path)
    lines = _rows(_text(Path(path)), where)
    return read_rows(((f"line {line}", cells) for line, cells in lines), where)


def read_rows(rows: Iterable[tuple[str, Mapping[str, Any]]], where: str) -> dict[str, Any]:
    """Read the fields of an account from rows.

    Args:
        rows: what a row is called in messages, and its cells by column.
        where: what the rows are of, for messages.

    Raises:
        InvalidInputError: rows break a rule; one sentence for each.
    """
    fields: dict[str, Any] = {}
    problems: list[str] = []
    for place, cells in rows:
        filled = {name: cell for name, cell in cells.items() if cell is not None and cell != ""}
        try:
            _add(fields, filled)
        except (InvalidInputError, UnknownNameError) as error:
            told = error.problems if isinstance(error, InvalidInputError) else (str(error),)
            origin = f" ({filled['origin']})" if filled.get("origin") else ""
            problems += [f"{place}{origin}: {text}" for text in told]
    if not problems and not any(fields.get(name) for name, _ in RECORDS.values()):
        problems = [f"there is no row with a fact that changes a plan: {', '.join(RECORDS)}"]
    if problems:
        raise InvalidInputError(where, problems)
    return fields


def _text(path: Path) -> str:
    """Read the file as text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        problem = f"it cannot be read ({error.strerror}); name a CSV file"
    except UnicodeDecodeError:
        problem = "this is not a text file in UTF-8; save it as CSV in UTF-8"
    raise InvalidInputError(str(path), [problem])


def _rows(text: str, where: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells of each row.

    Raises:
        InvalidInputError: a column is unknown or missing, or a row has more cells than columns.
    """
    reader = csv.DictReader(StringIO(text, newline=""), strict=True)
    try:
        _check_header(reader.fieldnames or (), where)
        for cells in reader:
            if None in cells:
                raise InvalidInputError(
                    where, [f"line {reader.line_num}: more cells than the header has columns"]
                )
            yield reader.line_num, {name: (cell or "").strip() for name, cell in cells.items()}
    except csv.Error as error:
        raise InvalidInputError(
            where, [f"line {reader.line_num}: not valid CSV ({error})"]
        ) from None


def _check_header(names: object, where: str) -> None:
    """Refuse a header with an unknown or repeated column, or without ``fact``."""
    header = list(names) if isinstance(names, list | tuple) else []
    if "fact" not in header:
        raise InvalidInputError(
            where, [f"the first line must name columns, fact among them: {', '.join(COLUMNS)}"]
        )
    problems = [str(UnknownNameError("column", n, COLUMNS)) for n in header if n not in COLUMNS]
    problems += [f"column {n!r} stands twice" for n in set(header) if header.count(n) > 1]
    if problems:
        raise InvalidInputError(where, problems)


def _add(fields: dict[str, Any], cells: dict[str, Any]) -> None:
    """Add the fact of one row to the fields of the account."""
    fact = str(cells.pop("fact", ""))
    if fact not in FACTS:
        raise UnknownNameError("fact", fact, FACTS)
    strange = [name for name in cells if name not in FACTS[fact]]
    if strange:
        raise InvalidInputError(
            fact,
            [f"a row of fact {fact} takes no {', '.join(strange)}; only {', '.join(FACTS[fact])}"],
        )
    values = {name: _value(name, cell) for name, cell in cells.items()}
    if fact in RECORDS:
        field, record = RECORDS[fact]
        fields.setdefault(field, []).append(record(**values))
        return
    if not values or any(ONLY_ONCE[fact][name] in fields for name in values):
        raise InvalidInputError(fact, [f"give one row of fact {fact}, with something in it"])
    fields.update({ONLY_ONCE[fact][name]: value for name, value in values.items()})


def _value(name: str, cell: Any) -> Any:
    """Read one cell in the type of its column; what is a number already stays one."""
    if name in NUMBERS:
        read: Callable[[str], float | int] = float
        kind = "a number such as 9.5"
    elif name in WHOLE_NUMBERS:
        read, kind = int, "a whole number"
    else:
        return cell
    if not isinstance(cell, str):
        is_whole = isinstance(cell, float) and cell.is_integer() and name in WHOLE_NUMBERS
        return int(cell) if is_whole else cell
    try:
        return read(cell)
    except ValueError:
        raise InvalidInputError(name, [f"{name} = {cell!r} is not {kind}"]) from None
