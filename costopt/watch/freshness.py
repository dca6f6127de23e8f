"""Since when each price of a store was not renewed, and what of it is too old to plan with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.catalog.dates import age_days
from costopt.catalog.finding import row_keys
from costopt.catalog.schema import OFFERS
from costopt.catalog.store.version_manifest import VersionManifest
from costopt.plan.beside import CatalogStamp, Exclusion
from costopt.plan.plan import Plan

KEPT_FLAGS: Final = frozenset({"not_refreshed", "quarantined"})
"""Flags of offers whose last good price was kept while others of their region were renewed."""

COPY: Final = r"#\d+$"
"""Ending of the key of an offer that is listed a second time."""

NOT_RENEWED: Final = "not_renewed"
"""Code of the reason for which such offers take no part in a new plan."""


def is_kept(offers: pd.DataFrame) -> "pd.Series[bool]":
    """Return which offers are last good ones, while others of their region were renewed."""
    kept = {text: not KEPT_FLAGS.isdisjoint(text.split(";")) for text in offers["flags"].unique()}
    return offers["flags"].map(kept).astype("bool")


def renewed_days(manifest: VersionManifest) -> dict[str, str]:
    """Return provider, or provider/region -> day since which its prices were not renewed.

    A provider that could be asked counts from that day, so that a store that nobody refreshes
    any more ages as a whole.
    """
    days: dict[str, str] = {}
    for name, entry in manifest.providers.items():
        since = entry.stale_since or entry.fetched_at
        if since is not None:
            days[name] = since.date().isoformat()
        days |= {f"{name}/{region}": at.date().isoformat()
                 for region, at in entry.stale_regions.items()}  # fmt: skip
    return days


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old the prices of a store are on a day.

    Attributes:
        today: ISO day.
        max_stale_days: days that a price may be carried over [days].
        renewed: provider, provider/region, or the key of an offer that was kept -> day since
            which it was not renewed; what is not named counts as renewed today, and a kept offer
            by the date of its price.
    """

    today: str
    max_stale_days: float
    renewed: Mapping[str, str] = field(default_factory=dict)

    def since(self, offers: pd.DataFrame) -> "pd.Series[str]":
        """Return the day since which each offer was not renewed; today where it was.

        Args:
            offers: rows of an offers table.
        """
        days = {
            (provider, region): self.renewed.get(
                f"{provider}/{region}", self.renewed.get(provider, self.today)
            )
            for provider, region in offers[["provider", "region"]]
            .drop_duplicates()
            .itertuples(index=False, name=None)
        }
        places = zip(offers["provider"], offers["region"], strict=True)
        since = pd.Series([days[place] for place in places], index=offers.index, dtype="str")
        kept = is_kept(offers)
        keys = row_keys(OFFERS, offers[kept]).str.replace(COPY, "", regex=True)
        dated = zip(keys, offers.loc[kept, "as_of"], strict=True)
        told = [self.renewed.get(key, day) for key, day in dated]
        return since.mask(kept, pd.Series(told, index=keys.index, dtype="str"))

    def stale_days(self, offers: pd.DataFrame) -> NDArray[np.float64]:
        """Return for how many days each offer was not renewed [days]."""
        return age_days(self.since(offers), self.today)

    def fresh_part(self, catalog: Catalog) -> Catalog:
        """Return the catalogue without offers that are too old to plan with."""
        offers = catalog.offers
        fresh = self.stale_days(offers) <= self.max_stale_days
        return catalog if fresh.all() else catalog.with_offers(offers[fresh])

    def of_whole(self, plan: Plan, part: Catalog, whole: Catalog) -> Plan:
        """Return a plan made from the fresh part as one of the whole catalogue.

        What was kept out stands among what was left out, so that the plan can be checked against
        the catalogue that is published.
        """
        if part is whole:
            return plan
        out = whole.offers[self.stale_days(whole.offers) > self.max_stale_days]
        gone = set(out["instance_type"]) - set(part.offers["instance_type"])
        left_out = Exclusion(
            reason=NOT_RENEWED,
            text=f"their prices were not renewed for {self.max_stale_days:g} days",
            offers=len(out),
            instance_types=len(gone),
        )
        stamp = CatalogStamp(place=whole.place, as_of=whole.as_of, fingerprint=whole.fingerprint)
        return plan.model_copy(
            update={
                "catalog": stamp,
                "offers": len(whole),
                "exclusions": (*plan.exclusions, left_out),
            }
        )
