"""Combining a harvest with the last good catalogue: what is good replaces, the rest stays."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from costopt.catalog.checking.change import on_demand_currency_changed, on_demand_jumped
from costopt.catalog.checking.settings import CheckSettings
from costopt.catalog.checks import CHANGES, leave_out, remark
from costopt.catalog.finding import join_findings, row_keys, without_left_out
from costopt.catalog.schema import FINDINGS, INSTANCE_TYPES, INTERRUPTIONS, OFFERS
from costopt.fetch.fetched import Row
from costopt.provider import Provider
from costopt.refresh.flags import (
    NOT_REFRESHED,
    OPTION_NOT_TOLD,
    OWN_FLAGS,
    QUARANTINED,
    flagged,
    with_flags,
    without_checks,
)
from costopt.refresh.frames import frame_of, join_frames
from costopt.refresh.hardware import merged_types
from costopt.refresh.harvest import Harvest
from costopt.refresh.last_good import LastGood, finding_id
from costopt.refresh.places import with_new_notices, with_new_regions
from costopt.refresh.scope import Mask, Scope, collapsed_regions, in_places, refused_rows
from costopt.refresh.silence import (
    Silence,
    silence_findings,
    silent_options,
    unlisted_regions,
)

Place = tuple[str, str]
"""A provider and one of its regions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a harvest is judged.

    Attributes:
        checks: thresholds of the catalogue's checks.
        collapse_fraction: share of its offers that a region may lose [1].
        regions: patterns of regions that the run asks for.
        families: patterns that the run asks for.
        day: of the run, ISO 8601.
    """

    checks: CheckSettings
    collapse_fraction: float
    regions: tuple[str, ...]
    families: tuple[str, ...]
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """The catalogue after a run.

    Attributes:
        tables: every table of the schema.
        fresh: places whose rows are new.
        stopped: place -> why its rows were not taken.
        findings: of this run, with those of rows that were carried over.
        run_findings: of this run alone, without remarks on what a catalogue always says.
        scope: what the run covered.
        silent: regions, and options of regions, that were told before and not in this run.
    """

    tables: Mapping[str, pd.DataFrame]
    fresh: frozenset[Place]
    stopped: Mapping[Place, str]
    findings: pd.DataFrame
    run_findings: pd.DataFrame
    scope: Scope
    silent: tuple[Silence, ...]


def combine(
    last_good: LastGood, harvest: Harvest, adapters: Mapping[str, Provider], rules: Rules
) -> Combined:
    """Check what was told and put it in the place of what it renews.

    Args:
        last_good: the catalogue before.
        harvest: what the providers told.
        adapters: those that were asked, by provider.
        rules: how it is judged.
    """
    told = harvest.table(OFFERS.name)
    base = {**last_good.tables, **_foundation(last_good, harvest, told, adapters, rules)}
    hardware = base.pop("hardware_findings")
    del base[FINDINGS.name]
    old_offers = base[OFFERS.name]
    checked, gates = leave_out(
        {
            **base,
            OFFERS.name: told,
            INTERRUPTIONS.name: harvest.table(INTERRUPTIONS.name),
        },
        rules.checks,
    )
    scope = Scope(told=told, types=base[INSTANCE_TYPES.name], families=rules.families)
    stopped = collapsed_regions(
        scope, old_offers, checked[OFFERS.name], harvest, rules.collapse_fraction
    )
    fresh = _fresh_places(harvest, stopped)
    good = checked[OFFERS.name][in_places(checked[OFFERS.name], fresh)]
    jumps = _jumps(last_good, {**base, OFFERS.name: good}, rules)
    options, rows_of_silent = silent_options(scope, last_good, fresh, rules.day)
    silent = (*options, *unlisted_regions(last_good, harvest, rules.regions, rules.day))
    offers = _offers(
        without_checks(old_offers, set(last_good.tables[FINDINGS.name]["check"]) - OWN_FLAGS),
        without_left_out(OFFERS, good, jumps),
        Kept(
            in_fresh=in_places(old_offers, fresh),
            replaced=scope.replaced(old_offers),
            refused=refused_rows(old_offers, join_findings((gates, jumps)), harvest.findings()),
            silent=rows_of_silent,
        ),
    )
    interruptions = _interruptions(base, checked[INTERRUPTIONS.name], scope, fresh)
    tables = {**base, OFFERS.name: offers, INTERRUPTIONS.name: interruptions}
    changes = [check(last_good.tables, tables, rules.checks) for check in CHANGES]
    of_run = (
        hardware,
        gates,
        jumps,
        *changes,
        harvest.findings(),
        silence_findings(silent, rules.day),
        _stops(harvest, stopped, rules),
    )
    remarks = remark(tables, rules.checks)
    run_findings = _unique(of_run)
    findings = _unique((run_findings, remarks, _old_refusals(last_good, fresh)))
    tables[OFFERS.name] = flagged(offers, join_findings((remarks, *changes, jumps)))
    return Combined(
        tables={**tables, FINDINGS.name: findings},
        fresh=frozenset(fresh),
        stopped=stopped,
        findings=findings,
        run_findings=run_findings,
        scope=scope,
        silent=silent,
    )


def _foundation(
    last_good: LastGood,
    harvest: Harvest,
    told: pd.DataFrame,
    adapters: Mapping[str, Provider],
    rules: Rules,
) -> dict[str, pd.DataFrame]:
    """Return the tables that offers lean on: hardware, regions, notices; and their findings."""
    regions, unplaced = with_new_regions(last_good.tables["regions"], told, adapters, rules.day)
    before = last_good.tables[INSTANCE_TYPES.name]
    merged, odd = merged_types(harvest.table(INSTANCE_TYPES.name), before)
    trial = {name: rows for name, rows in last_good.tables.items() if name != FINDINGS.name}
    trial |= {"regions": regions, INSTANCE_TYPES.name: merged, OFFERS.name: told.head(0)}
    checked, refused = leave_out(trial, rules.checks)
    good = checked[INSTANCE_TYPES.name]
    known = row_keys(INSTANCE_TYPES, before)
    restored = before[~known.isin(row_keys(INSTANCE_TYPES, good))]
    return {
        "regions": regions,
        "spot_notices": with_new_notices(last_good.tables["spot_notices"], adapters),
        INSTANCE_TYPES.name: join_frames(INSTANCE_TYPES, (good, restored)),
        "hardware_findings": join_findings(
            (odd, unplaced, refused[refused["table"] == INSTANCE_TYPES.name])
        ),
    }


def _fresh_places(harvest: Harvest, stopped: Mapping[Place, str]) -> set[Place]:
    return {
        (provider, region)
        for provider, held in harvest.providers.items()
        for region in held.told()
        if (provider, region) not in stopped
    }


def _jumps(last_good: LastGood, tables: Mapping[str, pd.DataFrame], rules: Rules) -> pd.DataFrame:
    """Return prices that moved too far, or into another currency.

    One that somebody accepts, at about the price that was looked at, becomes a warning.
    """
    moved = (on_demand_jumped, on_demand_currency_changed)
    jumps = join_findings(check(last_good.tables, tables, rules.checks) for check in moved)
    jumps = jumps.assign(severity="left_out")
    offers = tables[OFFERS.name]
    prices = offers["effective_per_hour"].set_axis(row_keys(OFFERS, offers))
    until, is_accepted = [], []
    for check, row in zip(jumps["check"], jumps["row"], strict=True):
        said = last_good.accepted.get(finding_id(check, row))
        tolerance = rules.checks.on_demand_move_fraction
        until.append(said.until if said else "")
        is_accepted.append(
            said is not None and said.covers(rules.day, float(prices[row]), tolerance)
        )
    return _with_acceptance(jumps, until, pd.Series(is_accepted, index=jumps.index, dtype="bool"))


def _with_acceptance(
    jumps: pd.DataFrame, until: list[str], is_accepted: "pd.Series[bool]"
) -> pd.DataFrame:
    """Say of each jump whether it is accepted or the last good price stays."""
    words = pd.Series([f"; accepted until {day}" for day in until], index=jumps.index, dtype="str")
    kept = "; the last good price stays"
    return jumps.assign(
        severity=jumps["severity"].where(~is_accepted, "warning"),
        detail=jumps["detail"] + words.where(is_accepted, kept),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Which last good offers stay, and why.

    Attributes:
        in_fresh: in a region that is fresh.
        replaced: of a type and option that were told again.
        refused: stands in for a price that is not usable.
        silent: of an option that their region tells no more.
    """

    in_fresh: Mask
    replaced: Mask
    refused: Mask
    silent: Mask


def _offers(old: pd.DataFrame, good: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    """Return good offers, and the old ones that nothing takes the place of, flagged."""
    renewed = row_keys(OFFERS, old).isin(row_keys(OFFERS, good)).to_numpy()
    left = kept.in_fresh & ~renewed
    untold = left & ~kept.refused & ~kept.replaced
    parts = (
        good,
        old[~kept.in_fresh],
        with_flags(old[left & kept.refused], QUARANTINED),
        with_flags(old[untold & ~kept.silent], NOT_REFRESHED),
        with_flags(old[untold & kept.silent], NOT_REFRESHED, OPTION_NOT_TOLD),
    )
    rows = join_frames(OFFERS, parts)
    return rows.sort_values(list(OFFERS.key), ignore_index=True, na_position="first")


def _interruptions(
    base: Mapping[str, pd.DataFrame], told: pd.DataFrame, scope: Scope, fresh: set[Place]
) -> pd.DataFrame:
    """Return told signals, and the old ones of other types and of regions that told none."""
    old = base[INTERRUPTIONS.name]
    new = told[in_places(told, fresh)]
    told_places = set(zip(new["provider"], new["region"], strict=True))
    renewed = in_places(old, told_places) & scope.covered(old)
    repeated = row_keys(INTERRUPTIONS, old).isin(row_keys(INTERRUPTIONS, new)).to_numpy()
    return join_frames(INTERRUPTIONS, (old[~renewed & ~repeated], new))


def _old_refusals(last_good: LastGood, fresh: set[Place]) -> pd.DataFrame:
    """Return why rows of providers that were carried over had been left out."""
    old = last_good.tables[FINDINGS.name]
    providers = {provider for provider, _ in fresh}
    own = old["row"].str.split("/").str[0].isin(providers)
    return old[(old["severity"] == "left_out") & ~own]


def _stops(harvest: Harvest, stopped: Mapping[Place, str], rules: Rules) -> pd.DataFrame:
    """Return a finding for every provider and region that keeps its last good rows."""
    told: list[tuple[str, str, str]] = [
        ("region_collapsed", "/".join(place), why) for place, why in stopped.items()
    ]
    for provider, held in harvest.providers.items():
        if held.error:
            told.append(("provider_failed", f"{provider}/*", held.error))
        told += [
            ("region_failed", f"{provider}/{name}", why) for name, why in held.failed().items()
        ]
    rows: list[Row] = [
        {
            "check": check,
            "severity": "warning",
            "table": "regions",
            "row": row,
            "detail": f"{why}; the last good rows stay",
            "source": "refresh",
            "as_of": rules.day,
        }
        for check, row, why in told
    ]
    return frame_of(FINDINGS, rows, "findings").astype("str")


def _unique(parts: tuple[pd.DataFrame, ...]) -> pd.DataFrame:
    """Return findings with one row for each key; the first one stays."""
    return join_findings(parts).drop_duplicates(list(FINDINGS.key), ignore_index=True)
