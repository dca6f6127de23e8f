"""What people pass to a catalogue's methods, checked: names, figures, and figures by key."""

from collections.abc import Mapping
from math import isfinite
from numbers import Real
from typing import Any

from costopt.errors import InvalidInputError


def names_of(subject: str, name: str, value: Any) -> tuple[str, ...] | None:
    """Return one name or several as a tuple; None stays None.

    Raises:
        InvalidInputError: it is neither a name nor a collection of names.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple | set | frozenset) and all(
        isinstance(one, str) for one in value
    ):
        return tuple(value)
    raise InvalidInputError(subject, [f"{name} = {value!r}: must be a name, or a list of names"])


def figure_of(subject: str, name: str, value: Any) -> float:
    """Return a number as a float.

    Raises:
        InvalidInputError: it is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidInputError(
            subject, [f"{name} = {value!r}: must be a number, such as 0.5, not in quotes"]
        )
    return float(value)


def figure_from_zero(subject: str, name: str, value: Any) -> float | None:
    """Return a number of at least 0, or None.

    Raises:
        InvalidInputError: it is not a number, below 0, or not finite.
    """
    if value is None:
        return None
    figure = figure_of(subject, name, value)
    if not (isfinite(figure) and figure >= 0):
        raise InvalidInputError(subject, [f"{name} = {figure}: must be a number of at least 0"])
    return figure


def figures_by_key(name: str, value: Any) -> dict[str, float]:
    """Return figures by the keys of offers; None is none of them.

    Raises:
        InvalidInputError: it is not a mapping from text to numbers.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidInputError(name, [f"{value!r} must map keys such as 'aws/*/p5.*' to numbers"])
    return {key: figure_of(name, key, figure) for key, figure in value.items()}


def text_of(name: str, value: Any, meaning: str) -> str:
    """Return a text that says something.

    Raises:
        InvalidInputError: it is not a text, or empty.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(name, [meaning])
    return value
