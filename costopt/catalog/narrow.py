"""Narrowing by name: wildcards, lists, aliases, and the nearest name when nothing matches."""

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.errors import InvalidInputError, UnknownNameError

Mask: TypeAlias = NDArray[np.bool_]
"""One truth value for each row of a table."""


def matching_names(
    kind: str, patterns: Sequence[str], known: Collection[str], hint: str = ""
) -> frozenset[str]:
    """Known names that at least one pattern matches, ignoring case.

    Args:
        kind: what the names are, for messages.
        patterns: names, which may hold ``*`` and ``?``.
        known: every name there is.
        hint: what to write instead, for messages.

    Raises:
        UnknownNameError: a pattern matches nothing; the nearest known names are listed.
        InvalidInputError: there is no pattern.
    """
    if not patterns:
        raise InvalidInputError(
            kind, ["an empty list would leave nothing; leave the condition out, or name some"]
        )
    lowered = {name: name.lower() for name in known}
    found: set[str] = set()
    for pattern in patterns:
        wanted = pattern.lower()
        hits = {name for name, lower in lowered.items() if fnmatchcase(lower, wanted)}
        if not hits:
            raise UnknownNameError(kind, pattern, known, hint)
        found |= hits
    return frozenset(found)


def matches(
    column: "pd.Series[str]", kind: str, patterns: Sequence[str] | None, hint: str = ""
) -> Mask:
    """Return which rows hold a name that a pattern matches; all rows without patterns.

    Raises:
        UnknownNameError: a pattern matches no name of the column.
        InvalidInputError: there is no pattern.
    """
    if patterns is None:
        return np.ones(len(column), dtype=np.bool_)
    known = frozenset(column.unique()) - {""}
    return column.isin(matching_names(kind, patterns, known, hint)).to_numpy(dtype=np.bool_)
