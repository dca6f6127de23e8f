"""Checks against the last good snapshot: jumps of prices, and rows or regions that went away."""

from typing import Final

import pandas as pd

from costopt.catalog.checking.settings import CheckSettings, Tables
from costopt.catalog.columns import Table
from costopt.catalog.dates import newest_day
from costopt.catalog.finding import (
    KEY_SEPARATOR,
    Severity,
    found,
    in_words,
    no_findings,
    row_keys,
)
from costopt.catalog.schema import INSTANCE_TYPES, OFFERS, REGIONS

PREVIOUS_SOURCE: Final = "the previous snapshot"

ROUNDING_DECIMALS: Final = 9
"""Decimals that a change is rounded to, so that one of exactly a threshold is not above it."""

_POOL: Final = ["provider", "region", "zone", "instance_type"]


def on_demand_jumped(previous: Tables, tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """On-demand prices so far from the last good ones that they are taken for errors."""
    offers, change = _on_demand_changes(previous, tables)
    rows = offers[change.abs() > settings.on_demand_jump_fraction]
    return _price_findings("on_demand_jumped", "left_out", tables, rows, change)


def on_demand_moved(previous: Tables, tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """On-demand prices that moved noticeably and are taken for true."""
    offers, change = _on_demand_changes(previous, tables)
    moved = change.abs() > settings.on_demand_move_fraction
    rows = offers[moved & (change.abs() <= settings.on_demand_jump_fraction)]
    return _price_findings("on_demand_moved", "warning", tables, rows, change)


def on_demand_currency_changed(previous: Tables, tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """On-demand prices in another currency than the last good ones, so that none compares."""
    offers = _beside_previous(previous, tables)
    changed = offers["currency_before"].notna() & (offers["currency_before"] != offers["currency"])
    rows = offers[changed]
    detail = "not compared: the last good price is in " + rows["currency_before"].astype("str")
    keys = row_keys(OFFERS, tables["offers"])
    return found("on_demand_currency_changed", "warning", OFFERS, rows, keys, detail)


def family_rows_changed(previous: Tables, tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Families whose number of offers lies outside what the last good one allows."""
    before, now = _with_family(previous), _with_family(tables)
    return _count_findings("family", INSTANCE_TYPES, before, now, settings)


def region_rows_changed(previous: Tables, tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Regions whose number of offers lies outside what the last good one allows."""
    before, now = previous["offers"], tables["offers"]
    still = pd.MultiIndex.from_frame(now[["provider", "region"]])
    gone = ~pd.MultiIndex.from_frame(before[["provider", "region"]]).isin(still)
    return _count_findings("region", REGIONS, before[~gone], now, settings)


def region_vanished(previous: Tables, tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Regions that had offers and have none: the set of regions shrank."""
    by = ["provider", "region"]
    before, now = previous["offers"], tables["offers"]
    counts = before.groupby(by).size().rename("offers").reset_index()
    still = pd.MultiIndex.from_frame(now[by])
    gone = counts[~pd.MultiIndex.from_frame(counts[by]).isin(still)]
    detail = in_words("none of its {:,} offers in the last good snapshot is left", gone["offers"])
    return _group_findings("region_vanished", REGIONS, gone[by], detail, before)


def _on_demand_changes(
    previous: Tables, tables: Tables
) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    """Return on-demand offers and the change of each against its last good price [1].

    The change is unknown where there was no price, or one in another currency.
    """
    offers = _beside_previous(previous, tables)
    same = offers["currency_before"] == offers["currency"]
    change = offers["effective_per_hour"] / offers["price_before"] - 1
    return offers, change.round(ROUNDING_DECIMALS).where(same)


def _beside_previous(previous: Tables, tables: Tables) -> pd.DataFrame:
    """Return on-demand offers with the price and currency of the last good snapshot."""
    now, before = (
        one["offers"][one["offers"]["purchase_option"] == "on_demand"]
        for one in (tables, previous)
    )
    known = before.drop_duplicates(_POOL).set_index(_POOL)[["effective_per_hour", "currency"]]
    found_before = known.reindex(pd.MultiIndex.from_frame(now[_POOL]))
    return now.assign(
        price_before=found_before["effective_per_hour"].to_numpy(),
        currency_before=found_before["currency"].to_numpy(),
    )


def _price_findings(
    check: str,
    severity: Severity,
    tables: Tables,
    rows: pd.DataFrame,
    change: "pd.Series[float]",
) -> pd.DataFrame:
    detail = (
        in_words("{:.10g}/h", rows["effective_per_hour"])
        + in_words(" after {:.10g}/h", rows["price_before"])
        + in_words(" in the last good snapshot, {:+.0%}", change.reindex(rows.index))
    )
    return found(check, severity, OFFERS, rows, row_keys(OFFERS, tables["offers"]), detail)


def _with_family(tables: Tables) -> pd.DataFrame:
    types = tables["instance_types"][["provider", "instance_type", "family"]]
    return tables["offers"].merge(types, on=["provider", "instance_type"], how="left")


def _count_findings(
    column: str, table: Table, before: pd.DataFrame, now: pd.DataFrame, settings: CheckSettings
) -> pd.DataFrame:
    """Return a finding for each group with too few or too many offers; new groups have none."""
    by = ["provider", column]
    earlier = before.groupby(by).size()
    counts = pd.DataFrame({"before": earlier, "now": now.groupby(by).size()})
    counts = counts.reindex(earlier.index).fillna({"now": 0})
    change = (counts["now"] / counts["before"] - 1).round(ROUNDING_DECIMALS)
    low, high = -settings.rows_lost_fraction, settings.rows_gained_fraction
    odd = counts[(change < low) | (change > high)].reset_index()
    detail = (
        in_words("{:,.0f} offers", odd["now"])
        + in_words(" after {:,.0f} in the last good snapshot", odd["before"])
        + f", outside {low:+.0%} to {high:+.0%}"
    )
    return _group_findings(f"{column}_rows_changed", table, odd[by], detail, before)


def _group_findings(
    check: str,
    table: Table,
    groups: pd.DataFrame,
    detail: "pd.Series[str]",
    before: pd.DataFrame,
) -> pd.DataFrame:
    """Return one warning for each provider and group, dated by the earlier offers."""
    if groups.empty:
        return no_findings()
    keys = groups["provider"] + KEY_SEPARATOR + groups[groups.columns[1]]
    rows = groups.assign(source=PREVIOUS_SOURCE, as_of=newest_day(before["as_of"]))
    return found(check, "warning", table, rows, keys, detail)
