"""``costopt catalog versions``: what a store holds, and how fresh each version was."""

from collections.abc import Iterator
from typing import Annotated, Final

import pandas as pd
import typer

from costopt.catalog.store.listing import Standing
from costopt.catalog.store.part import PartStatus
from costopt.cli import catalog_place
from costopt.cli.catalog_place import AsCsv, AsJson, StorePlace
from costopt.cli.catalog_table import (
    Column,
    refuse_two_forms,
    rows_for_machines,
    sentences,
    table_lines,
    width_of_output,
)
from costopt.plan.words import counted

INDENT: Final = "    "
MEGABYTE: Final = 1e6
"""Bytes in a megabyte, as file managers count."""

NOT_HISTORY: Final = (Standing.ROLLED_BACK, Standing.NEVER_SEEN, Standing.UNKNOWN)
"""Versions that ``costopt catalog history`` leaves out."""


def show_versions(
    store: StorePlace,
    limit: Annotated[int, typer.Option(min=1, help="Versions to show, the newest.")] = 20,
    csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Show the versions of a store, the newest first, and how each provider stands in them."""
    refuse_two_forms("versions", csv=csv, as_json=as_json)
    opened = catalog_place.published_store(store)
    rows = opened.version_table()
    if csv or as_json:
        typer.echo(rows_for_machines(rows, as_json=as_json))
        return
    width = width_of_output()
    names = list(dict.fromkeys(rows["version"]))
    for line in version_lines(rows[rows["version"].isin(names[:limit])], width):
        typer.echo(line)
    typer.echo(sentences(_legend(rows, len(names), limit, opened.place), width))


def version_lines(rows: pd.DataFrame, width: int) -> list[str]:
    """Return two lines for each version, below a heading: its size, and how fresh it is."""
    groups = [group for _, group in rows.groupby("version", sort=False)]
    firsts = [group.iloc[0] for group in groups]
    columns = (
        Column(heading="version", cells=[row["version"] for row in firsts], is_name=True),
        Column(heading="created (UTC)", cells=[_minute(row["created_at"]) for row in firsts]),
        Column(heading="rows", cells=[_figure(row["version_rows"]) for row in firsts]),
        Column(heading="MB", cells=[_megabytes(row["version_bytes"]) for row in firsts]),
    )
    heading, *upper = table_lines(columns, width)
    told = [heading]
    for line, row, group in zip(upper, firsts, groups, strict=True):
        standing = row["standing"].replace("_", " ")
        words = f"{standing}: {row['problem'] or '; '.join(outcomes(group))}"
        below = sentences(words, width - len(INDENT)).splitlines()
        told += [line, *(f"{INDENT}{part}" for part in below)]
    return told


def outcomes(providers: pd.DataFrame) -> Iterator[str]:
    """Say how the providers of one version stand, those that stand alike together."""
    stale = providers["stale_since"].str[:10]
    regions = providers["stale_regions"].str.count("=")
    words = [_outcome(*one) for one in zip(providers["status"], stale, regions, strict=True)]
    for text in dict.fromkeys(words):
        alike = [
            name for name, own in zip(providers["provider"], words, strict=True) if own == text
        ]
        yield f"{', '.join(alike)} {text}"


def _outcome(status: str, stale_since: str, stale_regions: int) -> str:
    if status == PartStatus.FRESH:
        held = f" but for {counted(stale_regions, 'region')}" if stale_regions else ""
        return f"fresh{held}"
    return f"{'stale' if status == PartStatus.CARRIED else 'missing'} since {stale_since}"


def _legend(rows: pd.DataFrame, versions: int, limit: int, place: str) -> str:
    standing = rows.drop_duplicates("version")["standing"]
    left_out = int(standing.isin(NOT_HISTORY).sum())
    shown = f"{min(limit, versions):,} of {counted(versions, 'version')} in {place}."
    if not left_out:
        return shown
    are = "are" if left_out > 1 else "is"
    why = "no part of its history: rolled back, or never seen by readers"
    return f"{shown} {left_out:,} {are} {why}."


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ") or "-"


def _figure(count: int) -> str:
    return "-" if pd.isna(count) else f"{count:,}"


def _megabytes(count: int) -> str:
    return "-" if pd.isna(count) else f"{count / MEGABYTE:,.1f}"
