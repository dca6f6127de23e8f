"""The report of a run as JSON values: what came, what changed, what was found."""

from enum import StrEnum
from typing import Any, Final

import pandas as pd

from costopt.catalog.finding import join_findings
from costopt.catalog.store.moment import iso_text
from costopt.catalog.store.part import NewVersion
from costopt.refresh.account_renewal import AccountState
from costopt.refresh.combine import Combined
from costopt.refresh.flags import NOT_REFRESHED, QUARANTINED
from costopt.refresh.harvest import Harvest, ProviderHarvest, RegionHarvest
from costopt.refresh.last_good import finding_id

MOST_MOVES: Final = 50
"""Largest moves of prices that a report lists [1]."""

CHANGES: Final = ("added", "removed", "moved")


class RefreshOutcome(StrEnum):
    """What became of a run."""

    FRESH = "fresh"
    STALE = "published_with_stale_parts"
    NOTHING = "nothing_published"


def outcome_of(harvest: Harvest, combined: Combined, account: AccountState) -> RefreshOutcome:
    """Return what becomes of a run: stale parts are those that were asked for and are not new.

    Args:
        harvest: what was told.
        combined: the catalogue after.
        account: the account after.
    """
    if not combined.fresh:
        return RefreshOutcome.NOTHING
    whole = all(
        held.asked and not held.error and not held.failed() for held in harvest.providers.values()
    )
    silent = any(not one.accepted for one in combined.silent)
    stale = combined.stopped or account.failed or silent
    return RefreshOutcome.FRESH if whole and not stale else RefreshOutcome.STALE


def run_report(
    harvest: Harvest,
    combined: Combined,
    account: AccountState,
    version: NewVersion,
    diff: pd.DataFrame,
) -> dict[str, Any]:
    """Return the report of a run.

    Args:
        harvest: what was told.
        combined: the catalogue after.
        account: the account after.
        version: what is published.
        diff: offers that were added, removed or moved.
    """
    counts = diff.groupby(["provider", "region", "change"]).size()
    offers = combined.tables["offers"]
    rows = offers.groupby(["provider", "region"]).size()
    parts = {part.provider: part for part in version.parts}
    told = {}
    for provider, held in harvest.providers.items():
        regions = {
            region: {
                **_region(
                    held.regions.get(region), held, combined.stopped.get((provider, region))
                ),
                "rows": int(rows.get((provider, region), 0)),
                **{name: int(counts.get((provider, region, name), 0)) for name in CHANGES},
            }
            for region in sorted({*held.asked, *held.regions})
        }
        own = diff[diff["provider"] == provider]
        part = parts[provider]
        made = [(one.calls, one.retries) for one in held.regions.values()]
        made += [(one.calls, one.retries) for one in held.account.values()]
        told[provider] = {
            "status": part.status.value,
            "error": held.error,
            "seconds": held.seconds,
            "calls": held.calls + sum(calls for calls, _ in made),
            "retries": held.retries + sum(retries for _, retries in made),
            "stale_since": None if part.stale_since is None else iso_text(part.stale_since),
            "stale_regions": {name: iso_text(at) for name, at in part.stale_regions.items()},
            "unlisted_regions": _unlisted(offers, provider, held),
            **_total(own, offers[offers["provider"] == provider]),
            "regions": regions,
        }
    return {
        "providers": told,
        "account": account.report(harvest),
        "findings": _findings(join_findings((combined.run_findings, account.findings))),
        "findings_by_check": _by_check(combined.findings),
        "largest_moves": _moves(diff),
    }


def _region(
    region: RegionHarvest | None, held: ProviderHarvest, stopped: str | None
) -> dict[str, Any]:
    if region is None:
        return {"status": "failed", "error": held.error or "its process ended before"}
    problem = region.error or stopped or ""
    found = 0 if region.findings is None else len(region.findings)
    return {
        "status": "failed" if region.error else "stopped" if stopped else "fresh",
        "error": problem,
        "told": len(region.tables["offers"]) if region.tables else 0,
        "findings": found,
        "seconds": region.seconds,
        "calls": region.calls,
        "retries": region.retries,
    }


def _total(diff: pd.DataFrame, offers: pd.DataFrame) -> dict[str, int]:
    """Count the offers of a provider, and what changed in them."""
    flags = offers["flags"].str.split(";")
    changes = diff["change"].value_counts()
    return {
        "rows": len(offers),
        **{name: int(changes.get(name, 0)) for name in CHANGES},
        **{
            flag: int(flags.map(lambda codes, flag=flag: flag in codes).sum())
            for flag in (QUARANTINED, NOT_REFRESHED)
        },
    }


def _unlisted(offers: pd.DataFrame, provider: str, held: ProviderHarvest) -> list[str]:
    """Return the regions with offers that the provider does not list."""
    if held.listed is None:
        return []
    known = set(offers.loc[offers["provider"] == provider, "region"])
    return sorted(known - set(held.listed))


def _findings(findings: pd.DataFrame) -> list[dict[str, str]]:
    """Return findings with the names by which somebody may accept them."""
    names = ("check", "severity", "table", "row", "detail")
    return [
        {"id": finding_id(values[0], values[3]), **dict(zip(names, values, strict=True))}
        for values in findings[list(names)].astype("str").itertuples(index=False, name=None)
    ]


def _by_check(findings: pd.DataFrame) -> dict[str, int]:
    return {str(check): int(count) for check, count in findings["check"].value_counts().items()}


def _moves(diff: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the largest moves; those of unknown size, in another currency, come last."""
    moved = diff[diff["change"] == "moved"]
    order = moved["moved_fraction"].abs().sort_values(ascending=False, na_position="last").index
    listed = moved.loc[order].head(MOST_MOVES).drop(columns="change")
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in listed.to_dict("records")
    ]
