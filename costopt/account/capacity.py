"""Commitments of an account beside a catalogue: what they cover, how much, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from costopt.account.commitments import (
    AnyCommitment,
    InstanceCommitment,
    ResourceCommitment,
    SpendCommitment,
)
from costopt.account.keys import key_rows, limit_key
from costopt.account.owned import ON_DEMAND, OWNED, owned_offers
from costopt.catalog.catalog import Catalog
from costopt.catalog.offer_keys import OfferNames
from costopt.workload.counted import UNIT_OF, CountedLimit

NEEDS: Final = ("vcpus", "memory_gib", "accelerator_count")
"""Columns of what an instance takes of a commitment to resources."""

PLACE: Final = ["provider", "region", "instance_type"]
"""Columns of one instance type in one region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedCapacity:
    """Commitments of an account beside a catalogue.

    Attributes:
        offers: one row for each instance type in a region that a commitment covers.
        limits: how much of them each commitment still covers.
        notes: one sentence for each commitment that cannot be used.
    """

    offers: pd.DataFrame
    limits: tuple[CountedLimit, ...]
    notes: tuple[str, ...]


def owned_capacity(
    commitments: Sequence[AnyCommitment], listed: Catalog, paid: pd.DataFrame, today: str
) -> OwnedCapacity:
    """Write what each commitment in force covers as offers of the same types and regions.

    Whole instances alone are covered, each by one commitment.

    Args:
        commitments: of the account.
        listed: the catalogue at list prices; the rates of savings plans are those of the list,
            because that is what is drawn on a plan.
        paid: the offers table at the account's prices.
        today: ISO day; what has expired before it is not used.

    Raises:
        UnknownNameError: a part of a key that a person wrote matches no name at all.
    """
    if not commitments:
        return OwnedCapacity(offers=paid.head(0), limits=(), notes=())
    beside = _Beside(listed, paid)
    notes: list[str] = []
    rows: list[pd.DataFrame] = []
    limits: list[CountedLimit] = []
    for one in commitments:
        found, why = beside.covered(one, today)
        if why:
            notes.append(f"{one.name} ({one.key}) {why}")
            continue
        rows.append(owned_offers(one, found, today))
        limits += beside.limits(one)
    return OwnedCapacity(
        offers=pd.concat(rows, ignore_index=True) if rows else paid.head(0),
        limits=tuple(limits),
        notes=tuple(notes),
    )


def with_owned(offers: pd.DataFrame, owned: OwnedCapacity) -> pd.DataFrame:
    """Return the offers with those that are paid for already."""
    if owned.offers.empty:
        return offers
    return pd.concat([offers, owned.offers], ignore_index=True).astype(offers.dtypes.to_dict())


class _Beside:
    """The catalogue that commitments stand beside: what they cover, and why they may not."""

    def __init__(self, listed: Catalog, paid: pd.DataFrame) -> None:
        types = listed.table("instance_types")
        facts = types[["provider", "instance_type", *NEEDS]]
        self.on_demand = paid[paid["purchase_option"] == ON_DEMAND].merge(
            facts, on=["provider", "instance_type"], how="left"
        )
        self.listed = listed.offers
        self.known = listed.known_names
        self.names = OfferNames.of(self.on_demand)

    def covered(self, one: AnyCommitment, today: str) -> tuple[pd.DataFrame, str]:
        """Return the on-demand offers that instances go on at; or why there are none.

        Those of a commitment to spend have ``draws_per_hour``, the rate at which they draw on it.
        """
        if one.expires < today:
            return self.on_demand, f"expired on {one.expires}: what ran on it is charged again"
        if not any(one.amounts_left.values()):
            return self.on_demand, _used_up(one)
        rows = key_rows(self.names, one.key, self.known, one.origin)
        found = self.on_demand[rows]
        if isinstance(one, InstanceCommitment):
            found = found.assign(elsewhere=found["zone"] != one.zone)
            found = found.sort_values(["elsewhere", "zone"]).head(1)
        else:
            found = found.sort_values("zone").drop_duplicates(PLACE)
        if found.empty:
            return found, (
                "is left out: the catalogue has no on-demand price to go on with after "
                f"{one.expires}"
            )
        if isinstance(one, SpendCommitment):
            return self._drawing(one, found)
        return self._fitting(one, found) if isinstance(one, ResourceCommitment) else (found, "")

    def _drawing(self, one: SpendCommitment, found: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Keep what has a rate of the plan in its currency, and draws no more than is left.

        Where the payment is not told, the dearest rate counts: what is drawn is never too little.
        """
        offers = self.listed
        of_plan = (offers["purchase_option"] == one.kind) & (offers["kind"] == one.plan)
        of_plan &= (offers["term_years"] == one.term_years) & (offers["currency"] == one.currency)
        if one.payment:
            of_plan &= offers["payment"] == one.payment
        rates = offers.loc[of_plan, [*PLACE, "zone", "effective_per_hour"]]
        rates = rates.sort_values(["zone", "effective_per_hour"], ascending=[True, False])
        rates = rates.drop_duplicates(PLACE)
        rates = rates.rename(columns={"effective_per_hour": "draws_per_hour"})
        rated = found.merge(rates.drop(columns="zone"), on=PLACE, how="inner")
        if rated.empty:
            upfront = f", {one.payment} upfront" if one.payment else ""
            return rated, (
                f"is left out: the catalogue has no {one.currency} rate of plan {one.plan} "
                f"({one.term_years:g}-year{upfront}) by which an instance would draw on it"
            )
        rated = rated[rated["draws_per_hour"] <= one.left]
        return rated, "" if len(rated) else _covers_none(one)

    def _fitting(self, one: ResourceCommitment, found: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Keep the types of which every need is known and one instance is covered whole."""
        fits = pd.Series(data=True, index=found.index)
        for name, amount in one.amounts_left.items():
            fits &= found[UNIT_OF[name].column] <= amount
        return found[fits], "" if fits.any() else _covers_none(one)

    def limits(self, one: AnyCommitment) -> list[CountedLimit]:
        """Return how much of its offers a commitment still covers."""
        key = limit_key(self.names, one.key, self.known, one.origin)
        return [
            CountedLimit(unit=UNIT_OF[name], key=f"{key}/{OWNED}/{one.name}", allowed=amount)
            for name, amount in one.amounts_left.items()
        ]


def _used_up(one: AnyCommitment) -> str:
    """Say that all of a commitment is in use."""
    if isinstance(one, InstanceCommitment):
        return f": all {one.count:,} instances are in use"
    if isinstance(one, SpendCommitment):
        return f": all {one.spend_per_hour:,.10g} {one.currency}/h are in use"
    return ": all of it is in use"


def _covers_none(one: AnyCommitment) -> str:
    """Say that what is left of a commitment covers no whole instance."""
    amounts = ", ".join(UNIT_OF[name].amount(left) for name, left in one.amounts_left.items())
    if isinstance(one, SpendCommitment):
        amounts = f"{one.left:,.10g} {one.currency}/h"
    return f"is left out: {amounts} left cover no whole instance"
