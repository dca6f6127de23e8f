"""Prices over time as price levels: how long each held, and by how much the next one differs."""

from collections.abc import Hashable, Mapping
from typing import Any, Final, TypeAlias

import pandas as pd

from costopt.cli.catalog_table import Column, cut, payments_in_short, price_cell, table_lines
from costopt.plan.words import counted, signed_percent

SERIES: Final = [
    "instance_type",
    "purchase_option",
    "kind",
    "term_years",
    "payment",
    "provider",
    "region",
    "zone",
    "basis",
]
"""What tells one series of prices from another."""

BASES: Final = {"offer": "", "region": "", "zone": "", "lowest_zone": ", its cheapest zone"}
"""What a price is of, where the region and the zone do not say it."""

CARRIED: Final = "carried"
INDENT: Final = "  "

Level: TypeAlias = Mapping[Hashable, Any]
"""One row of ``price_levels``."""


def price_levels(past: pd.DataFrame) -> pd.DataFrame:
    """Join sightings of the same price that follow each other in a series.

    Args:
        past: rows of a history, oldest first.

    Returns:
        One row for each level, by series and then by time: the columns of ``SERIES``, ``since``
        (version or day), ``until`` (day), ``price``, ``currency``, ``moved_fraction`` against
        the level before (null for the first, and after another currency), ``seen`` (sightings)
        and ``carried`` (how many of these are an old price seen again).
    """
    is_compiled = past["created_at"] == ""
    told = past.assign(
        series=past.groupby(SERIES, dropna=False).ngroup(),
        first=past["as_of"].where(is_compiled, past["version"]),
        day=past["as_of"].where(is_compiled, past["created_at"].str[:10]),
        is_carried=past["status"] == CARRIED,
    ).sort_values("series", kind="stable", ignore_index=True)
    compared = told[["series", "currency", "effective_per_hour"]]
    starts = ~(compared == compared.shift()).all(axis="columns")
    levels = told.groupby(starts.cumsum()).agg(
        **{name: (name, "first") for name in ("series", *SERIES, "currency")},
        since=("first", "first"),
        until=("day", "last"),
        price=("effective_per_hour", "first"),
        seen=("day", "size"),
        carried=("is_carried", "sum"),
    )
    before = levels.groupby("series")[["price", "currency"]].shift()
    moved = (levels["price"] / before["price"] - 1).where(before["currency"] == levels["currency"])
    return levels.assign(moved_fraction=moved).reset_index(drop=True)


def history_lines(shown: pd.DataFrame, width: int) -> list[str]:
    """Return the levels below a heading, those of each series below its name."""
    room = width - len(INDENT)
    columns = (
        Column(heading="since", cells=shown["since"].tolist(), is_name=True),
        Column(heading="until", cells=shown["until"].tolist()),
        Column(heading="per hour", cells=[price_cell(*one) for one in _priced(shown)]),
        Column(heading="moved", cells=[_moved(part) for part in shown["moved_fraction"]]),
        Column(heading="seen", cells=[_seen(*one) for one in _sightings(shown)]),
    )
    heading, *lines = table_lines(columns, room)
    titles = [
        cut(_title(row, payment), width)
        for row, payment in zip(shown.to_dict("records"), payments_in_short(shown), strict=True)
    ]
    told, last = [f"{INDENT}{heading}"], -1
    for title, line, series in zip(titles, lines, shown["series"], strict=True):
        if series != last:
            told.append(title)
        told.append(f"{INDENT}{line}")
        last = series
    return told


def history_legend(shown: pd.DataFrame, levels: pd.DataFrame, sightings: int) -> str:
    """Say what the table holds of what there is."""
    carried = "; carried: an old price seen again" if shown["carried"].any() else ""
    return (
        f"{len(shown):,} of {counted(len(levels), 'price level')} in "
        f"{levels['series'].nunique():,} series, the newest; prices of the whole instance, "
        f"upfront charges spread over the term"
        f"{carried}. --csv prints all {sightings:,} sightings."
    )


def _title(row: Level, payment: str) -> str:
    place = " ".join(row[name] for name in ("provider", "region", "zone") if row[name])
    basis = BASES.get(row["basis"], f", {row['basis']}")
    return f"{row['instance_type']}, {payment}: {place}{basis}"


def _priced(shown: pd.DataFrame) -> list[tuple[float, str]]:
    return list(zip(shown["price"], shown["currency"], strict=True))


def _sightings(shown: pd.DataFrame) -> list[tuple[int, int]]:
    return list(zip(shown["seen"], shown["carried"], strict=True))


def _seen(seen: int, carried: int) -> str:
    return f"{seen:,} ({carried:,} carried)" if carried else f"{seen:,}"


def _moved(fraction: float) -> str:
    return "-" if pd.isna(fraction) else signed_percent(fraction)
