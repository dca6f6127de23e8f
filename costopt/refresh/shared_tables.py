"""Tables that all providers share, renewed by the costopt that is installed."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

import pandas as pd

from costopt.catalog.columns import Table
from costopt.catalog.dates import newest_day
from costopt.catalog.schema import (
    ACCELERATOR_ALIASES,
    ACCELERATORS,
    EXCHANGE_RATES,
    FINDINGS,
    INSTANCE_TYPES,
    REGIONS,
    TABLES,
)
from costopt.catalog.snapshot import bundled_snapshot
from costopt.catalog.store.part import SHARED_TABLES
from costopt.refresh.frames import join_frames
from costopt.refresh.last_good import LastGood
from costopt.refresh.places import UNPLACED_COUNTRY

REVIEWED: Final = tuple(sorted((SHARED_TABLES - {FINDINGS.name}) | {REGIONS.name}))
"""Tables that people review and a release brings; no provider tells them."""

ACCUMULATING: Final = frozenset({EXCHANGE_RATES.name, REGIONS.name})
"""Of them, those where a row that the release lacks still says something of its own."""


class SharedTables(StrEnum):
    """Where the shared tables of a version come from."""

    BUNDLED = "bundled"
    RENEWED = "renewed"
    KEPT = "kept"


def with_newer_shared(
    last_good: LastGood, bundled: Mapping[str, pd.DataFrame] | None = None
) -> tuple[LastGood, SharedTables]:
    """Take the reviewed tables of the installed costopt where they are newer than the store's.

    A table whose newest date is later takes the place of the store's; of one with the same date,
    rows that the store lacks are added; an older one changes nothing, so that two machines with
    different releases cannot undo each other. An accelerator that an instance type of the store
    has stays in any case, and so do regions and exchange rates that the release lacks.

    Args:
        last_good: the catalogue before.
        bundled: reviewed tables of the installed release; its snapshot's when left out.
    """
    if last_good.started_from is None:
        return last_good, SharedTables.BUNDLED
    release = dict(_bundled() if bundled is None else bundled)
    regions = release[REGIONS.name]
    release[REGIONS.name] = regions[regions["provider"].isin(list(last_good.entries))]
    renewed = {
        name: rows
        for name in REVIEWED
        if (rows := _newer(TABLES[name], last_good.tables[name], release[name])) is not None
    }
    if not renewed:
        return last_good, SharedTables.KEPT
    tables = _with_needed({**last_good.tables, **renewed}, last_good)
    return replace(last_good, tables=tables), SharedTables.RENEWED


def _bundled() -> dict[str, pd.DataFrame]:
    snapshot = bundled_snapshot()
    return {name: snapshot.table(name) for name in REVIEWED}


def _newer(table: Table, old: pd.DataFrame, release: pd.DataFrame) -> pd.DataFrame | None:
    """Return a table with what the release knows better; None where that is nothing."""
    placed = old
    if table is REGIONS:
        placed = old[old["country"] != UNPLACED_COUNTRY]
    before = "" if placed.empty else newest_day(placed["as_of"])
    now = "" if release.empty else newest_day(release["as_of"])
    if now < before:
        return None
    lacking = _without(table, release, placed)
    if now == before:
        if lacking.empty:
            return None
        return join_frames(table, (_without(table, old, lacking), lacking))
    more = _without(table, old, release)
    return join_frames(table, (release, more if table.name in ACCUMULATING else more.head(0)))


def _with_needed(
    tables: Mapping[str, pd.DataFrame], last_good: LastGood
) -> dict[str, pd.DataFrame]:
    """Add the accelerators that instance types have and the release lacks, with their aliases."""
    types = tables[INSTANCE_TYPES.name]
    needed = {*types["accelerator"], *types["cpu_rate"]} - set(tables[ACCELERATORS.name]["name"])
    before = last_good.tables[ACCELERATORS.name]
    aliases = last_good.tables[ACCELERATOR_ALIASES.name]
    own_aliases = _without(
        ACCELERATOR_ALIASES,
        aliases[aliases["accelerator"].isin(needed)],
        tables[ACCELERATOR_ALIASES.name],
    )
    return {
        **tables,
        ACCELERATORS.name: join_frames(
            ACCELERATORS, (tables[ACCELERATORS.name], before[before["name"].isin(needed)])
        ),
        ACCELERATOR_ALIASES.name: join_frames(
            ACCELERATOR_ALIASES, (tables[ACCELERATOR_ALIASES.name], own_aliases)
        ),
    }


def _without(table: Table, rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose key no other row has."""
    key = list(table.key)
    return rows[~pd.MultiIndex.from_frame(rows[key]).isin(pd.MultiIndex.from_frame(others[key]))]
