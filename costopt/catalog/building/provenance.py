"""The date of a row whose facts state none."""

from typing import Final

import pandas as pd

FACTS_COMPILED: Final = "2026-11"
"""Date of the compilation; rows that have no date, and whose source names none, carry it."""

COMPILED_NOTE: Final = (
    f"the source states no date: as_of is that of the compilation, {FACTS_COMPILED}"
)

_DATE_IN_TEXT: Final = r"(?<![\d.])(20\d{2}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)(?!\d)"


def newest_date_in(sources: "pd.Series[str]") -> "pd.Series[str]":
    """Newest ISO date that each text names, to the month or the day; empty without one.

    >>> newest_date_in(pd.Series(["list (2026-04 text), page (2025-12-05)", "page"])).tolist()
    ['2026-04', '']
    """
    dates = sources.str.extractall(_DATE_IN_TEXT)[0]
    day = dates.where(dates.str.len() > len("2026-04"), dates + "-01")
    order = day.sort_values(kind="stable").index
    newest = dates.loc[order].groupby(level=0).last()
    return newest.reindex(sources.index, fill_value="").astype("str")


def dated_by_source(rows: pd.DataFrame) -> pd.DataFrame:
    """Add ``as_of`` from the source of each row, and say so in ``note`` where there is none.

    Args:
        rows: rows with ``source`` and perhaps ``note``.
    """
    newest = newest_date_in(rows["source"])
    undated = newest == ""
    dated = rows.assign(as_of=newest.where(~undated, FACTS_COMPILED))
    if "note" not in rows.columns:
        return dated
    return dated.assign(note=dated["note"].where(~undated, joined(dated["note"], COMPILED_NOTE)))


def joined(texts: "pd.Series[str]", addition: "pd.Series[str] | str") -> "pd.Series[str]":
    """Append to texts after a semicolon; to empty texts without one."""
    return (texts + "; ").where(texts != "", "") + addition
