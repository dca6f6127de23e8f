"""Narrowing by name: wildcards, lists, aliases, and the nearest name when nothing matches."""

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.errors import InvalidInputError, UnknownNameError

Mask: TypeAlias = NDArray[np.bool_]
"""One truth value for each row of a table."""

MOST_NAMED: Final = 3
"""Names without a price that a message lists."""

NO_NAMES: Final[frozenset[str]] = frozenset()


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
    column: "pd.Series[str]",
    kind: str,
    patterns: Sequence[str] | None,
    hint: str = "",
    known: Collection[str] = NO_NAMES,
) -> Mask:
    """Return which rows hold a name that a pattern matches; all rows without patterns.

    Args:
        column: names of offers.
        kind: what the names are, for messages.
        patterns: names, which may hold ``*`` and ``?``; None does not limit.
        hint: what to write instead, for messages.
        known: names that there are without an offer here.

    Raises:
        UnknownNameError: a pattern matches no name.
        InvalidInputError: there is no pattern, or all that match are without an offer here.
    """
    if patterns is None:
        return np.ones(len(column), dtype=np.bool_)
    here = frozenset(column.unique()) - {""}
    found = matching_names(kind, patterns, here.union(known), hint)
    refuse_unpriced(kind, found, found & here)
    return column.isin(found).to_numpy(dtype=np.bool_)


def refuse_unpriced(kind: str, found: Collection[str], priced: Collection[str]) -> None:
    """Refuse names that are known, when none of them has a price here.

    Raises:
        InvalidInputError: none has.
    """
    if priced:
        return
    listed = sorted(found)
    names = ", ".join(listed[:MOST_NAMED])
    if len(listed) > MOST_NAMED:
        names += f" and {len(listed) - MOST_NAMED} more"
    have = "has" if len(listed) == 1 else "have"
    raise InvalidInputError(
        kind, [f"{names} {have} no price here; name another, or leave the condition out"]
    )
