"""The short report of a build: rows, findings by check, and what was left out and why."""

from typing import Final

import pandas as pd

from costopt.catalog.building.assemble import BuiltSnapshot

LISTED_LEFT_OUT: Final = 20
"""Rows left out that the report lists one by one; the findings table has them all."""


def build_report(snapshot: BuiltSnapshot, place: str, compared_with: str | None) -> str:
    """Return the text that the build shows.

    Args:
        snapshot: what was built.
        place: where it was written.
        compared_with: where the last good snapshot lies; None where there was none.
    """
    manifest = snapshot.manifest
    rows = sum(entry.rows for entry in manifest.tables.values())
    megabytes = sum(entry.size_bytes for entry in manifest.tables.values()) / 1e6
    lines = [
        f"Catalogue of {manifest.as_of or 'no date'} written to {place}: "
        f"{len(manifest.tables)} tables, {rows:,} rows, {megabytes:.1f} MB.",
        *(f"  {entry.rows:>7,}  {name}" for name, entry in sorted(manifest.tables.items())),
        f"Compared with the last good snapshot in {compared_with}."
        if compared_with
        else "Not compared with a last good snapshot; name one with --previous.",
        f"Findings: {len(snapshot.findings):,}.",
        *_counts(snapshot.findings),
        *_left_out(snapshot.findings),
    ]
    return "\n".join(lines) + "\n"


def _counts(findings: pd.DataFrame) -> list[str]:
    counts = findings.groupby(["severity", "check", "table"]).size().reset_index(name="found")
    return [
        f"  {found:>7,}  {severity:<8}  {check} ({table})"
        for severity, check, table, found in counts.itertuples(index=False)
    ]


def _left_out(findings: pd.DataFrame) -> list[str]:
    gone = findings[findings["severity"] == "left_out"]
    listed = gone.head(LISTED_LEFT_OUT)
    lines = [
        f"  {table} {row}: {detail}."
        for table, row, detail in zip(
            listed["table"], listed["row"], listed["detail"], strict=True
        )
    ]
    more = len(gone) - len(listed)
    if more:
        lines.append(f"  and {more:,} more in the findings table.")
    return [f"Rows left out: {len(gone):,}.", *lines]
