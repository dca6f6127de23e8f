"""Narrowing by name: wildcards, lists, aliases, and the nearest name when nothing matches."""

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.errors import UnknownNameError

Mask: TypeAlias = NDArray[np.bool_]
"""One truth value for each row of a table."""


def matching_names(kind: str, patterns: Sequence[str], known: Collection[str]) -> frozenset[str]:
    """Known names that at least one pattern matches, ignoring case.

    Raises:
        UnknownNameError: a pattern matches nothing; the nearest known names are listed.
    """
    lowered = {name: name.lower() for name in known}
    found: set[str] = set()
    for pattern in patterns:
        wanted = pattern.lower()
        hits = {name for name, lower in lowered.items() if fnmatchcase(lower, wanted)}
        if not hits:
            raise UnknownNameError(kind, pattern, known)
        found |= hits
    return frozenset(found)


def matches(column: "pd.Series[str]", kind: str, patterns: Sequence[str] | None) -> Mask:
    """Return which rows hold a name that a pattern matches; all rows without patterns.

    Raises:
        UnknownNameError: a pattern matches no name of the column.
    """
    if patterns is None:
        return np.ones(len(column), dtype=np.bool_)
    known = frozenset(column.unique()) - {""}
    return column.isin(matching_names(kind, patterns, known)).to_numpy(dtype=np.bool_)
