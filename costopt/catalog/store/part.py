"""What goes into a version: the part of each provider, and the tables that all share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import pandas as pd

from costopt.catalog.schema import TABLES
from costopt.errors import InvalidInputError

PROVIDER_TABLES: Final = frozenset(
    name for name, table in TABLES.items() if "provider" in table.key
)
"""Tables that a version keeps in one file for each provider."""

SHARED_TABLES: Final = frozenset(TABLES) - PROVIDER_TABLES
"""Tables that a version keeps in one file."""

ACCOUNT: Final = "account"
"""What the manifest calls the document of an account, which is no table of the schema."""

ACCOUNT_FILE: Final = "account.csv"
"""Name of that document in a version."""

_PROVIDER_NAME: Final = re.compile(r"[a-z0-9_]+")


class PartStatus(StrEnum):
    """How a provider stands in a version."""

    FRESH = "fresh"
    CARRIED = "carried"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPart:
    """The rows of one provider.

    Attributes:
        provider: its short name.
        status: fresh; carried over from an earlier version; missing, so without rows.
        fetched_at: when its rows were asked for (UTC); None when missing.
        stale_since: since when it could not be asked (UTC); None when fresh.
        stale_regions: region that alone was carried over -> since when (UTC).
        tables: name of a table of ``PROVIDER_TABLES`` -> its rows of this provider.
    """

    provider: str
    status: PartStatus
    fetched_at: datetime | None
    stale_since: datetime | None = None
    stale_regions: Mapping[str, datetime] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version to publish.

    Attributes:
        created_at: when it was made (UTC).
        started_from: id of the version that ``latest`` named when the work began; None when
            there was none.
        parts: one for each provider.
        shared: every table of ``SHARED_TABLES`` -> its rows.
        account: CSV of the account that belongs to the prices, with a header; None without one.
    """

    created_at: datetime
    started_from: str | None
    parts: tuple[ProviderPart, ...]
    shared: Mapping[str, pd.DataFrame]
    account: bytes | None = None


def fresh_parts(
    tables: Mapping[str, pd.DataFrame], fetched_at: datetime
) -> tuple[ProviderPart, ...]:
    """Divide the tables of a catalogue into one fresh part for each provider in them.

    Args:
        tables: name of a table -> rows of all providers; other tables are passed over.
        fetched_at: when the rows were asked for (UTC).
    """
    held = {name: rows for name, rows in tables.items() if name in PROVIDER_TABLES}
    providers = sorted({name for rows in held.values() for name in rows["provider"].unique()})
    return tuple(
        ProviderPart(
            provider=provider,
            status=PartStatus.FRESH,
            fetched_at=fetched_at,
            tables={name: rows[rows["provider"] == provider] for name, rows in held.items()},
        )
        for provider in providers
    )


def refuse_odd_parts(new: NewVersion) -> None:
    """Refuse parts that contradict themselves or each other, and tables in the wrong place.

    Raises:
        InvalidInputError: a sentence for everything that is wrong.
    """
    problems = [problem for part in new.parts for problem in _problems(part)]
    names = [part.provider for part in new.parts]
    problems += [
        f"{name} has two parts" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    problems += [
        f"table {name} is {'lacking' if name in SHARED_TABLES else 'not one that all share'}"
        for name in sorted(SHARED_TABLES ^ set(new.shared))
    ]
    if problems:
        raise InvalidInputError("version to publish", problems)


def _problems(part: ProviderPart) -> list[str]:
    name = part.provider
    missing, fresh = part.status is PartStatus.MISSING, part.status is PartStatus.FRESH
    odd_tables = ", ".join(sorted(set(part.tables) - PROVIDER_TABLES))
    foreign = [
        table
        for table, rows in part.tables.items()
        if table in PROVIDER_TABLES and not (rows["provider"] == name).all()
    ]
    broken = {
        f"provider {name!r} is not in small letters, digits and _": (
            _PROVIDER_NAME.fullmatch(name) is None
        ),
        f"{name} is missing and has tables": missing and bool(part.tables),
        f"{name} is {part.status} without offers": not missing and "offers" not in part.tables,
        f"{name} is {part.status} without fetched_at": not missing and part.fetched_at is None,
        f"{name} is fresh and has stale_since": fresh and part.stale_since is not None,
        f"{name} is {part.status} without stale_since": not fresh and part.stale_since is None,
        f"{name} has tables that do not go by provider: {odd_tables}": bool(odd_tables),
        f"{name} has rows of another provider in {', '.join(foreign)}": bool(foreign),
    }
    return [problem for problem, is_so in broken.items() if is_so]
