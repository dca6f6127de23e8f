"""Labels of frames and mappings: inputs align by label, answers come back in the same form."""

import sys
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.solve.problem import FloatArray

SUBJECT: Final = "cheapest_mix"
"""Whose input the messages are about."""


class Form(StrEnum):
    """In which form a table came, and its answer goes back."""

    FRAME = "frame"
    MAPPING = "mapping"
    ARRAY = "array"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A table of numbers by type and bucket, and the form in which it came.

    Attributes:
        values: the numbers (types, buckets) or (types, rows, columns).
        types: label of each type; 0, 1, .. where none came in.
        buckets: label of each bucket; 0, 1, .. (or row and column) where none came in.
        form: in which form the table came.
        has_bucket_labels: True when the buckets came with labels.
        index: the frame's index, or None.
        columns: the frame's columns, or None.
    """

    values: FloatArray
    types: tuple[Hashable, ...]
    buckets: tuple[Hashable, ...]
    form: Form
    has_bucket_labels: bool = False
    index: Any = None
    columns: Any = None

    def by_type(self, values: NDArray[Any], name: str) -> Any:
        """Give one number for each type in the table's form."""
        if self.form is Form.FRAME:
            return sys.modules["pandas"].Series(values, index=self.index, name=name)
        if self.form is Form.MAPPING:
            return dict(zip(self.types, values.tolist(), strict=True))
        return values

    def by_type_and_bucket(self, values: NDArray[Any]) -> Any:
        """Give one number for each type and bucket in the table's form."""
        values = values.reshape(self.values.shape)
        if self.form is Form.FRAME:
            pandas = sys.modules["pandas"]
            return pandas.DataFrame(values, index=self.index, columns=self.columns)
        if self.form is Form.ARRAY:
            return values
        if not self.has_bucket_labels:
            return dict(zip(self.types, values, strict=True))
        rows = (dict(zip(self.buckets, row, strict=True)) for row in values.tolist())
        return dict(zip(self.types, rows, strict=True))


def read_table(field: str, value: Any) -> Table:
    """Read a frame, a mapping of rows, or an array, with the labels that it carries.

    Raises:
        InvalidInputError: the rows do not form a table, or a label stands twice.
        UnknownNameError: a row has a bucket that the first row has not.
    """
    if _is_pandas(value, "DataFrame"):
        return _read_frame(field, value)
    if isinstance(value, Mapping):
        return _read_mapping(field, value)
    values = numbers(field, value)
    _require_table(field, values)
    return Table(
        values=values,
        types=tuple(range(len(values))),
        buckets=_positions(values.shape[1:]),
        form=Form.ARRAY,
    )


def _read_frame(field: str, frame: Any) -> Table:
    types, buckets = tuple(frame.index), tuple(frame.columns)
    _require_unique(field, types)
    _require_unique(field, buckets)
    values = numbers(field, frame.to_numpy())
    _require_table(field, values)
    return Table(
        values=values,
        types=types,
        buckets=buckets,
        form=Form.FRAME,
        has_bucket_labels=True,
        index=frame.index,
        columns=frame.columns,
    )


def _read_mapping(field: str, rows: Mapping[Any, Any]) -> Table:
    types = tuple(rows)
    labelled = [_is_labelled(row) for row in rows.values()]
    if any(labelled) and not all(labelled):
        problem = f"{field} has bucket labels in some rows only; give them in every row or in none"
        raise InvalidInputError(SUBJECT, [problem])
    named = [(f"{field} of {kind!r}", row) for kind, row in rows.items()]
    buckets = tuple(label for label, _ in named[0][1].items()) if any(labelled) else ()
    values = numbers(
        field,
        [
            aligned(name, row, "bucket", buckets) if any(labelled) else numbers(name, row)
            for name, row in named
        ],
    )
    _require_table(field, values)
    return Table(
        values=values,
        types=types,
        buckets=buckets if any(labelled) else _positions(values.shape[1:]),
        form=Form.MAPPING,
        has_bucket_labels=any(labelled),
    )


def aligned(
    field: str,
    value: Any,
    kind: str,
    labels: tuple[Hashable, ...],
    *,
    default: float | None = None,
) -> FloatArray:
    """Give one number for each label, in the order of the labels.

    A Series or mapping is aligned by its own labels, never by position. Anything else has no
    labels and stands in the order of `labels`.

    Args:
        field: name of the input in messages.
        value: the input.
        kind: what a label names, in messages.
        labels: the labels, in order.
        default: number for labels that are absent; None = each label must be there.

    Raises:
        UnknownNameError: a label that is not among `labels`.
        InvalidInputError: a label is absent or stands twice, or the length differs.
    """
    if not _is_labelled(value):
        values = numbers(field, value)
        if values.shape != (len(labels),):
            problem = (
                f"{field} has shape {values.shape}; it must have one number for each {kind}, "
                f"{len(labels)} in all"
            )
            raise InvalidInputError(SUBJECT, [problem])
        return values
    _require_unique(field, [label for label, _ in value.items()])
    by_label = dict(value.items())
    known = set(labels)
    unknown = [label for label in by_label if label not in known]
    if unknown:
        hint = f"It stands in {field}."
        raise UnknownNameError(kind, str(unknown[0]), list(map(str, labels)), hint)
    missing = [label for label in labels if label not in by_label]
    if missing and default is None:
        problem = f"{field} has no number for {kind} {', '.join(map(repr, missing))}"
        raise InvalidInputError(SUBJECT, [problem])
    return numbers(field, [by_label.get(label, default) for label in labels])


def numbers(field: str, value: Any) -> FloatArray:
    """Give the value as an array of float64; text and truth values are no numbers.

    Raises:
        InvalidInputError: it holds something else than numbers, rows of unequal length, or
            labels, which an array would lose.
    """
    parts = [value, *value] if isinstance(value, list | tuple) else [value]
    if any(_is_labelled(part) or _is_pandas(part, "DataFrame") for part in parts):
        problem = f"{field} carries labels in a form that is not aligned; give arrays there"
        raise InvalidInputError(SUBJECT, [problem])
    problem = f"{field} must hold numbers only, in rows of equal length"
    try:
        array = np.asarray(value)
        texts = array.dtype.kind == "O" and any(isinstance(item, str) for item in array.flat)
        if array.dtype.kind in "iufO" and not texts:
            return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(SUBJECT, [problem]) from error
    raise InvalidInputError(SUBJECT, [problem])


def _is_pandas(value: Any, kind: str) -> bool:
    """Whether the value is a pandas object; without pandas in the process nothing is one."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, getattr(pandas, kind))


def _is_labelled(value: Any) -> bool:
    return isinstance(value, Mapping) or _is_pandas(value, "Series")


def _positions(shape: tuple[int, ...]) -> tuple[Hashable, ...]:
    return tuple(range(shape[0])) if len(shape) == 1 else tuple(np.ndindex(*shape))


def _require_table(field: str, values: FloatArray) -> None:
    if values.ndim not in (2, 3) or not values.size:
        problem = (
            f"{field} has shape {values.shape}; it must have one row of buckets, or one grid of "
            "rows and columns, for each type"
        )
        raise InvalidInputError(SUBJECT, [problem])


def _require_unique(field: str, labels: Sequence[Hashable]) -> None:
    repeated = [label for label, count in Counter(labels).items() if count > 1]
    if repeated:
        problem = f"{field} has the label {', '.join(map(repr, repeated))} more than once"
        raise InvalidInputError(SUBJECT, [problem])
