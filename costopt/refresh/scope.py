"""Scope: which last good rows a run asked for again, and so replaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.catalog.finding import row_keys
from costopt.catalog.schema import OFFERS
from costopt.refresh.harvest import Harvest

Mask = NDArray[np.bool_]

PRICE_CHECKS = ("price_", "currency_", "term_unknown")
"""Beginnings of the checks by which adapters refuse a price, not a product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one run covers.

    Attributes:
        told: offers of the regions that answered, before any check.
        types: instance types, told and last good.
        families: patterns that the run asks for; empty for all with accelerators.
    """

    told: pd.DataFrame
    types: pd.DataFrame
    families: tuple[str, ...]

    def covered(self, rows: pd.DataFrame) -> Mask:
        """Return which rows are of an instance type that the run asks for."""
        wanted = self.types[self._wanted()]
        both = pd.concat(
            [_pairs(wanted, "instance_type"), _pairs(self.told, "instance_type")]
        ).drop_duplicates()
        return _within(rows, both)

    def replaced(self, offers: pd.DataFrame) -> Mask:
        """Return which offers are of a type that is covered and of an option that was told.

        An option of which a region told nothing, such as spot without credentials, is not
        replaced by nothing.
        """
        options = self.told[["provider", "region", "purchase_option"]].drop_duplicates()
        return self.covered(offers) & _within(offers, options)

    def _wanted(self) -> Mask:
        if not self.families:
            return (self.types["accelerator_count"] > 0).to_numpy()
        names = {
            name
            for column in ("instance_type", "family")
            for name in self.types[column].unique()
            if any(fnmatchcase(name.lower(), wish.lower()) for wish in self.families)
        }
        asked = self.types["instance_type"].isin(names) | self.types["family"].isin(names)
        return asked.to_numpy()


def collapsed_regions(
    scope: Scope,
    last_good: pd.DataFrame,
    good: pd.DataFrame,
    harvest: Harvest,
    collapse_fraction: float,
) -> dict[tuple[str, str], str]:
    """Return provider and region -> why, of those that lost too many of their offers.

    Args:
        scope: what the run covers.
        last_good: offers before.
        good: told offers that passed the gates.
        harvest: what was told.
        collapse_fraction: share of its offers that a region may lose [1].
    """
    by = ["provider", "region"]
    covered = last_good[scope.covered(last_good)]
    expected = covered[scope.replaced(covered)].groupby(by).size()
    before, told = covered.groupby(by).size(), scope.told.groupby(by).size()
    now = good.groupby(by).size()
    found = {}
    for provider, held in harvest.providers.items():
        silent = provider not in frozenset(scope.told["provider"])
        for region in held.told():
            place = (provider, region)
            if silent:
                found[place] = "no offer of what was asked came from any region"
                continue
            count, had = int(now.get(place, 0)), int(expected.get(place, 0))
            if not told.get(place, 0):
                had = int(before.get(place, 0))
            if had and count / had - 1 < -collapse_fraction:
                found[place] = f"{count:,} good offers after {had:,} in the last good catalogue"
    return found


def refused_rows(last_good: pd.DataFrame, gates: pd.DataFrame, told: pd.DataFrame) -> Mask:
    """Return which last good offers stand in for a price that was told and is not usable.

    Args:
        last_good: offers before.
        gates: findings of the gates.
        told: findings of the adapters.
    """
    refused = gates[(gates["table"] == OFFERS.name) & (gates["severity"] == "left_out")]
    keys = refused["row"].str.replace(r"#\d+$", "", regex=True)
    mask = row_keys(OFFERS, last_good).isin(keys).to_numpy()
    of_offers = told[(told["table"] == OFFERS.name) & (told["severity"] == "left_out")]
    prices = of_offers[of_offers["check"].str.startswith(PRICE_CHECKS)]
    pools = {pool for row in prices["row"] for pool in _pools(str(row))}
    names = ["provider", "region", "instance_type", "purchase_option"]
    return np.asarray(mask | pd.MultiIndex.from_frame(last_good[names]).isin(pools))


def _pools(row: str) -> set[tuple[str, str, str, str]]:
    """Return every pool that a finding may mean: adapters leave out parts of the key or not."""
    parts = row.split("/")
    if len(parts) < 4:
        return set()
    rest = [part for part in parts[2:] if part]
    return {(parts[0], parts[1], name, option) for name in rest for option in rest}


def _pairs(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return rows[["provider", column]].drop_duplicates()


def _within(rows: pd.DataFrame, keys: pd.DataFrame) -> Mask:
    """Return which rows have one of the keys."""
    named = pd.MultiIndex.from_frame(rows[list(keys.columns)])
    return np.asarray(named.isin(pd.MultiIndex.from_frame(keys)))


def in_places(
    rows: pd.DataFrame, places: Mapping[tuple[str, str], object] | set[tuple[str, str]]
) -> Mask:
    """Return which rows are of one of the places, each a provider and a region."""
    named = pd.MultiIndex.from_frame(rows[["provider", "region"]])
    return np.asarray(named.isin(list(places)))
