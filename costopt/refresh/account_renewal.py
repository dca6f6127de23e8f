"""The account of a version: facts that were told in the place of what they renew."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from costopt.catalog.finding import join_findings
from costopt.catalog.schema import FINDINGS, OFFERS
from costopt.fetch.fetched import Row
from costopt.refresh.account_rows import PRICE, Fact, origin_of, with_unique_names
from costopt.refresh.combine import Combined
from costopt.refresh.flags import QUARANTINED
from costopt.refresh.frames import frame_of
from costopt.refresh.harvest import Harvest, ProviderHarvest

ACCOUNT: Final = "account"

ACCOUNT_NOT_TOLD: Final = "account_not_told"
"""Check of a cloud whose account nobody can ask: no credentials, or an adapter that cannot."""

POOL: Final = ("provider", "region", "instance_type", "purchase_option")
"""Columns whose values are the parts of the key of a price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """The account after a run.

    Attributes:
        asked: whether the run asked for it.
        facts: in the columns of the account's file; None where there never was an account.
        failed: origin -> why its facts were not read.
        findings: of this run.
    """

    asked: bool
    facts: tuple[Fact, ...] | None
    failed: Mapping[str, str]
    findings: pd.DataFrame

    def report(self, harvest: Harvest) -> dict[str, Any]:
        """Return what a report says of the account: counts, and never an amount."""
        facts = self.facts or ()
        return {
            "asked": self.asked,
            "facts": len(facts),
            "facts_by_kind": _counted(fact["fact"] for fact in facts),
            "origins": {
                origin: {
                    "facts": sum(fact.get("origin") == origin for fact in facts),
                    "as_of": max(
                        (fact["as_of"] for fact in facts if fact.get("origin") == origin),
                        default=None,
                    ),
                    **told,
                }
                for origin, told in sorted(_questions(harvest, self.failed).items())
            },
        }


def renewed_account(
    last_good: tuple[Fact, ...] | None, harvest: Harvest, combined: Combined
) -> AccountState:
    """Put what was told of the account over the last good facts.

    What was not asked for, or failed, keeps its facts with the day on which they were read. A
    price stays when its region is not fresh, when the offer that it is of was not told again, or
    when the list price beside it is held back.

    Args:
        last_good: facts of the version before; None for none.
        harvest: what was told.
        combined: the catalogue after.
    """
    if not harvest.account:
        return AccountState(asked=False, facts=last_good, failed={}, findings=_findings([], ""))
    told: list[Fact] = []
    findings: list[pd.DataFrame] = []
    failed: dict[str, str] = {}
    read: set[str] = set()
    before = last_good or ()
    own = {origin.split("/")[0] for origin in _days(before)}
    unsigned = {
        name
        for name, held in harvest.providers.items()
        if held.is_signed_out() and name not in own
    }
    for provider, held in harvest.providers.items():
        if provider in unsigned:
            continue
        for region, account in held.account_told().items():
            read.add(origin_of(provider, region))
            told += account.facts
        failed |= {origin_of(provider, name): why for name, why in held.account_failed().items()}
        findings += [one.findings for one in held.account.values() if one.findings is not None]
    kept = [fact for fact in before if fact["fact"] != PRICE and fact.get("origin") not in read]
    prices, doubtful = _prices(before, harvest, combined)
    failed |= _lost_prices(harvest)
    facts = with_unique_names((*kept, *told, *prices))
    days = _days(before)
    rows = [
        *(_silent(name) for name, held in harvest.providers.items() if _tells_nothing(held)),
        *(_unsigned(name, harvest.providers[name]) for name in sorted(unsigned)),
        *(_failed(origin, why, _day_of(origin, days)) for origin, why in failed.items()),
        *doubtful,
    ]
    return AccountState(
        asked=True,
        facts=facts,
        failed=failed,
        findings=join_findings((_findings(rows, harvest.day), *findings)),
    )


def _prices(
    before: tuple[Fact, ...], harvest: Harvest, combined: Combined
) -> tuple[list[Fact], list[Row]]:
    """Return the prices of the account, and findings about those that cannot be used."""
    old = [fact for fact in before if fact["fact"] == PRICE]
    good = {
        place
        for place in combined.fresh
        if not harvest.providers[place[0]].regions[place[1]].price_error
    }
    new = [
        fact
        for provider, region in sorted(good)
        for fact in harvest.providers[provider].regions[region].prices
    ]
    offers = combined.tables[OFFERS.name]
    held_back = set(_keys(offers[offers["flags"].str.contains(QUARANTINED)]))
    currencies = dict(zip(_keys(offers), offers["currency"], strict=True))
    usable, odd = [], []
    for fact in new:
        key = fact["key"]
        if key in held_back:
            odd.append(_held_back(key, "the list price beside it is held back"))
        elif currencies.get(key, fact["currency"]) != fact["currency"]:
            odd.append(_held_back(key, f"it is in {fact['currency']}, the list price is not"))
        else:
            usable.append(fact)
    pools = pd.DataFrame([fact["key"].split("/") for fact in old], columns=list(POOL))
    in_fresh = pd.MultiIndex.from_frame(pools[["provider", "region"]]).isin(list(good))
    renewed = in_fresh & combined.scope.replaced(pools)
    stay = [
        fact
        for fact, is_renewed in zip(old, renewed, strict=True)
        if not is_renewed or fact["key"] in held_back
    ]
    names = {_price_key(fact) for fact in usable}
    return [*usable, *(fact for fact in stay if _price_key(fact) not in names)], odd


def _lost_prices(harvest: Harvest) -> dict[str, str]:
    """Return origin -> why the account's own prices there cannot be used."""
    return {
        origin_of(provider, region): one.price_error
        for provider, held in harvest.providers.items()
        for region, one in held.regions.items()
        if one.price_error
    }


def _keys(offers: pd.DataFrame) -> "pd.Series[str]":
    keys = offers[POOL[0]]
    for name in POOL[1:]:
        keys = keys + "/" + offers[name]
    return keys


def _price_key(fact: Fact) -> tuple[str, ...]:
    return tuple(fact.get(name, "") for name in ("key", "zone", "kind", "term_years", "payment"))


def _held_back(key: str, why: str) -> Row:
    return {
        "check": "account_price_held_back",
        "severity": "left_out",
        "row": key,
        "detail": f"the account's own price is not taken: {why}",
    }


def _silent(provider: str) -> Row:
    return {
        "check": ACCOUNT_NOT_TOLD,
        "severity": "warning",
        "row": provider,
        "detail": "its adapter does not read accounts; write quotas and commitments into a CSV",
    }


def _unsigned(provider: str, held: ProviderHarvest) -> Row:
    return {
        "check": ACCOUNT_NOT_TOLD,
        "severity": "warning",
        "row": provider,
        "detail": held.account[""].error if "" in held.account else "there are no credentials",
    }


def _failed(origin: str, why: str, day: str | None) -> Row:
    kept = (
        f"the facts read on {day} stay"
        if day
        else "there are no facts of before, so its quotas and commitments are unknown"
    )
    return {
        "check": "account_failed",
        "severity": "warning",
        "row": origin,
        "detail": f"{why}; {kept}",
    }


def _tells_nothing(held: ProviderHarvest) -> bool:
    return held.listed is not None and not held.tells_account


def _day_of(origin: str, days: Mapping[str, str]) -> str | None:
    """Return the day of an origin; for a cloud without facts of its own, its regions' oldest."""
    of_regions = [day for name, day in days.items() if name.startswith(f"{origin}/")]
    return days.get(origin) or min(of_regions, default=None)


def _days(facts: tuple[Fact, ...]) -> dict[str, str]:
    """Return origin -> day on which its quotas and commitments were read."""
    return {fact["origin"]: fact["as_of"] for fact in facts if fact["fact"] != PRICE}


def _findings(rows: list[Row], day: str) -> pd.DataFrame:
    whole = [{**row, "table": ACCOUNT, "source": "refresh", "as_of": day} for row in rows]
    return frame_of(FINDINGS, whole, "findings of the account").astype("str")


def _counted(names: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def _questions(harvest: Harvest, failed: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return origin -> how its question ended."""
    asked = {
        origin_of(provider, region): {
            "status": "failed" if one.error else "fresh",
            "error": one.error,
            "seconds": one.seconds,
            "calls": one.calls,
            "retries": one.retries,
        }
        for provider, held in harvest.providers.items()
        for region, one in held.account.items()
        if not one.error or origin_of(provider, region) in failed
    }
    lost = {origin: {"status": "failed", "error": why} for origin, why in failed.items()}
    return {**lost, **asked}
