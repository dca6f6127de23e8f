"""Written: what a person writes, checked once, with one sentence for each broken rule."""

import re
from collections.abc import Iterable, Mapping, Sequence, Sized
from numbers import Integral
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
)
from pydantic_core import ErrorDetails

from costopt.errors import InvalidInputError, nearest_names

LARGEST_COUNT: Final = 10**15
"""Largest whole number that is taken; floating point still tells its neighbours apart [1]."""

Positive = Annotated[float, Strict(), Field(gt=0)]
"""A number above zero; text and true/false are refused rather than converted."""

NotNegative = Annotated[float, Strict(), Field(ge=0)]
"""A number of at least zero."""

Fraction = Annotated[float, Strict(), Field(ge=0, le=1)]
"""A number from 0 to 1."""

Utilisation = Annotated[float, Strict(), Field(gt=0, le=1)]
"""Highest share of an instance's rate that is planned with; the rest absorbs bursts."""


def _as_int(value: object) -> object:
    """Let whole numbers of numpy and pandas stand for Python's; leave the rest to pydantic."""
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value


Count = Annotated[int, Strict(), Field(gt=0, le=LARGEST_COUNT), BeforeValidator(_as_int)]
"""A whole number above zero."""

CountOrZero = Annotated[int, Strict(), Field(ge=0, le=LARGEST_COUNT), BeforeValidator(_as_int)]
"""A whole number of at least zero."""

Name = Annotated[str, Strict(), Field(min_length=1)]
"""A name that is not empty."""


def _as_tuple(value: object) -> object:
    """Let one name stand for a list of one; leave everything else to pydantic."""
    return (value,) if isinstance(value, str) else value


def _some(values: Sized) -> Sized:
    """Refuse a list or table without an entry."""
    if not len(values):
        raise ValueError("must not be empty")
    return values


Some = AfterValidator(_some)
"""Makes a field refuse a list or table without an entry."""

OneOrSeveral = BeforeValidator(_as_tuple)
"""Lets a field of names take one name without a list."""

Several = AfterValidator(tuple)
"""Keeps a list as a tuple, which cannot be changed."""

Names = Annotated[Sequence[Name], Some, OneOrSeveral, Several]
"""One name or several; where the field says so, with the wildcards ``*`` and ``?``."""


class Written(BaseModel):
    """Base of all records that people write: frozen, no unknown fields, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            try:
                super().__init__(**data)
            except ValidationError as error:
                raise InvalidInputError(
                    type(self).__name__, describe_errors(type(self), error)
                ) from None


def describe_errors(record: type[BaseModel], error: ValidationError) -> list[str]:
    """Return one sentence for each thing that pydantic refused."""
    sentences: list[str] = []
    for detail in error.errors(include_url=False):
        nested = detail.get("ctx", {}).get("error")
        if isinstance(nested, InvalidInputError):
            place = _place(detail["loc"])
            sentences += [
                f"{place}: {problem}" if place else problem for problem in nested.problems
            ]
        else:
            sentences.append(_sentence(record, detail))
    return sentences


def _sentence(record: type[BaseModel], detail: ErrorDetails) -> str:
    """Say what is wrong with one field, what it was, and what is allowed."""
    place, kind, given = _place(detail["loc"]), detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return _unknown_field(record, detail["loc"])
    if kind == "missing":
        return f"{place} is required"
    if kind in ("value_error", "assertion_error"):
        message = str(detail["ctx"]["error"])
        return f"{place}: {message}" if place else message
    if kind == "json_invalid":
        return f"not valid JSON: {detail['ctx']['error']}"
    if kind == "union_tag_invalid":
        place, given = f"{place}.kind", detail["ctx"]["tag"]
    return f"{place} = {_shown(given)}: {_rule(detail)}" if place else _rule(detail)


def _rule(detail: ErrorDetails) -> str:
    """Say what is allowed, with the nearest allowed name where there is a list of them."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in ("literal_error", "union_tag_invalid"):
        listed = str(context.get("expected", context.get("expected_tags")))
        names = re.findall(r"'([^']*)'", listed) or [listed]
        given = str(context.get("tag", detail["input"]))
        near = nearest_names(given, names, count=1)
        hint = f"did you mean {near[0]}? " if near else ""
        return f"{hint}allowed: {', '.join(names)}"
    rule = _RULES.get(kind)
    return rule.format(**context) if rule else detail["msg"]


_RULES: Mapping[str, str] = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "tuple_type": "must be a list",
    "is_instance_of": "must be a list",
    "dict_type": "must be a table of names and values",
    "model_type": "must be a table of names and values",
    "model_attributes_type": "must be a table of names and values",
}


def _unknown_field(record: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """Name the nearest fields, or all of them when none is near; only those of the record."""
    place, name = _place(location[:-1]), str(location[-1])
    if place:
        return f"{place}: unknown field {name!r}"
    known = list(record.model_fields)
    near = nearest_names(name, known)
    hint = f"did you mean {', '.join(near)}?" if near else f"allowed: {', '.join(known)}"
    return f"unknown field {name!r}; {hint}"


def _place(location: Iterable[int | str]) -> str:
    """Write a location the way a person would: ``traffic.sizes[2].input_tokens``."""
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f"{'.' if place else ''}{part}"
    return place


def _shown(value: object) -> str:
    """Return a short form of what was given."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
