"""Keys that name offers: up to four parts, each with wildcards and with alternatives."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.catalog.narrow import NO_NAMES, Mask, matching_names
from costopt.errors import InvalidInputError

KEY_PARTS: Final = ("provider", "region", "instance_type", "purchase_option")
"""Parts of a key that names offers, from the left."""

KEY_COLUMNS: Final = (*KEY_PARTS, "kind")
"""Columns that a key may speak of; a fifth part names one commitment."""

NARROWEST_FIRST: Final = ("instance_type", "region", "kind", "purchase_option", "provider")
"""Columns in the order in which few rows are left soonest."""

BETWEEN_ALTERNATIVES: Final = "|"
"""Separates the names or patterns of which one must match."""

WAYS_TO_PAY: Final = frozenset(
    {
        "on_demand", "spot", "reserved", "savings_plan", "committed_use", "subscription",
        "capacity_block", "owned",
    }
)  # fmt: skip
"""Purchase options that a key may name, whether or not the catalogue has them."""

NEVER_MEET: Final = "{!r} names no offer: its parts never meet"

SHORT_QUOTA_KEYS: Final[Mapping[int, tuple[str, ...]]] = {
    1: KEY_PARTS[2:3],
    2: (KEY_PARTS[0], KEY_PARTS[2]),
}
"""Parts of a short quota key -> the columns that they name."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OfferNames:
    """Names in the columns of a key, each column's once.

    Attributes:
        names: column -> its names.
        codes: column -> position of each row's name among them (rows,).
        count: rows.
    """

    names: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, NDArray[np.intp]]
    count: int

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "OfferNames":
        """Collect the names of rows; a column that is not there can be in no key."""
        names: dict[str, tuple[str, ...]] = {}
        codes: dict[str, NDArray[np.intp]] = {}
        for column in KEY_COLUMNS:
            if column in rows:
                codes[column], unique = pd.factorize(rows[column])
                names[column] = tuple(unique)
        return cls(names=names, codes=codes, count=len(rows))

    def rows(self, columns: Mapping[str, str]) -> Mask:
        """Return which rows a key names; none is an answer too.

        Args:
            columns: column -> pattern, as ``key_columns`` and ``quota_columns`` give them.
        """
        left: NDArray[np.intp] | slice = slice(None)
        for column in sorted(columns, key=NARROWEST_FIRST.index):
            if columns[column] != "*":
                hits = _hits(self.names[column], columns[column])[self.codes[column][left]]
                left = np.flatnonzero(hits) if isinstance(left, slice) else left[hits]
        mask = np.zeros(self.count, dtype=np.bool_)
        mask[left] = True
        return mask

    def known(self, column: str, others: Mapping[str, frozenset[str]]) -> frozenset[str]:
        """Return every name of a column, here or known without an offer."""
        always = WAYS_TO_PAY if column == "purchase_option" else NO_NAMES
        return frozenset(self.names[column]) | others.get(column, NO_NAMES) | always


def alternatives(pattern: str) -> tuple[str, ...]:
    """Return the patterns of which one must match.

    >>> alternatives("p4d.*|p5.*")
    ('p4d.*', 'p5.*')
    """
    return tuple(pattern.split(BETWEEN_ALTERNATIVES))


def key_columns(key: str) -> dict[str, str]:
    """Split a key of offers, read from the left; parts that are left out name everything.

    >>> key_columns("aws/*/p5.*")
    {'provider': 'aws', 'region': '*', 'instance_type': 'p5.*'}

    Raises:
        InvalidInputError: there are more parts than columns.
    """
    parts = key.split("/")
    if len(parts) > len(KEY_PARTS):
        raise InvalidInputError("key", [f"{key!r} has more parts than {'/'.join(KEY_PARTS)}"])
    return dict(zip(KEY_PARTS, parts, strict=False))


def quota_columns(key: str) -> dict[str, str]:
    """Split a key of ``Limits.quota``, whose short forms name an instance type.

    >>> quota_columns("aws/p5.*")
    {'provider': 'aws', 'instance_type': 'p5.*'}

    Raises:
        InvalidInputError: there are more parts than columns.
    """
    parts = key.split("/")
    if len(parts) > len(KEY_COLUMNS):
        raise InvalidInputError("quota", [f"{key!r} has more parts than {'/'.join(KEY_PARTS)}"])
    return dict(zip(SHORT_QUOTA_KEYS.get(len(parts), KEY_COLUMNS), parts, strict=False))


def known_quota_rows(names: OfferNames, key: str, known: Mapping[str, frozenset[str]]) -> Mask:
    """Return which offers of the whole catalogue a quota counts; a type may have no price here.

    Args:
        names: of the offers.
        key: of the quota.
        known: column -> names that there are, with or without an offer here.

    Raises:
        UnknownNameError: a part of the key matches nothing.
        InvalidInputError: the key has too many parts, or its parts never meet.
    """
    columns = quota_columns(key)
    every_part_is_here = True
    for column, pattern in columns.items():
        known_matches(column, pattern, names.known(column, known))
        every_part_is_here &= bool(_hits(names.names[column], pattern).any())
    rows = names.rows(columns)
    if every_part_is_here and not rows.any():
        raise InvalidInputError("key", [NEVER_MEET.format(key)])
    return rows


@lru_cache(maxsize=4096)
def known_matches(column: str, pattern: str, known: frozenset[str]) -> frozenset[str]:
    """Return the known names that one of the alternatives matches.

    Raises:
        UnknownNameError: an alternative matches nothing; the nearest known names are listed.
    """
    return matching_names(column.replace("_", " "), alternatives(pattern), known)


@lru_cache(maxsize=4096)
def only_known(pattern: str, known: frozenset[str]) -> str:
    """Return a pattern without the alternatives that match nothing; empty where none does.

    >>> only_known("p5.*|p9.*", frozenset({"p5.48xlarge"}))
    'p5.*'
    """
    names = tuple(sorted(known))
    kept = [one for one in alternatives(pattern) if one == "*" or _hits(names, one).any()]
    return BETWEEN_ALTERNATIVES.join(kept)


@lru_cache(maxsize=4096)
def _hits(names: tuple[str, ...], pattern: str) -> Mask:
    """Return which names match a pattern (names,)."""
    wanted = _compiled(pattern)
    found = np.array([wanted.fullmatch(name.lower()) is not None for name in names], dtype=bool)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("|".join(translate(one.lower()) for one in alternatives(pattern)))
