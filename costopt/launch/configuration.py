"""A configuration file as text: YAML of nested mappings, texts, numbers and truths."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

PLAIN: Final = re.compile(r"[A-Za-z][\w.-]*(/[\w.-]+)*")
"""Texts that YAML reads as they stand, unless they are words of its own."""

WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
"""Plain texts that YAML 1.1 reads as truth or as nothing, in any case."""


def yaml_text(settings: Mapping[str, object]) -> str:
    """Return settings as YAML, one line for each.

    >>> print(yaml_text({"model": "a/b", "steps": 3, "name": "no", "zero": {"stage": 3}}))
    model: a/b
    steps: 3
    name: "no"
    zero:
      stage: 3

    Args:
        settings: texts, numbers, truths and mappings of such by name.
    """
    return "\n".join(_lines(settings, ""))


def _lines(settings: Mapping[str, object], indent: str) -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}:"
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{indent}{name}: {_scalar(value)}"


def _scalar(value: object) -> str:
    """Write texts that YAML could take for something else in quotation marks."""
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    return json.dumps(value)
