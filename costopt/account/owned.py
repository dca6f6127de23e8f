"""Commitments that an account owns, as offers that cost nothing more until they expire."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from costopt.account.prices import key_rows
from costopt.account.records import Commitment
from costopt.catalog.dates import days_between

OWNED: Final = "owned"
"""Purchase option of capacity that is paid for already."""

HOURS_PER_DAY: Final = 24.0
"""Hours in a day [h]."""

ON_DEMAND: Final = "on_demand"
"""Purchase option at which an instance goes on once its commitment has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedCapacity:
    """Commitments of an account beside a catalogue.

    Attributes:
        offers: one row for each commitment that can be used.
        left: key of ``Limits.quota`` -> instances that it still covers [1].
        notes: one sentence for each commitment that cannot be used.
    """

    offers: pd.DataFrame
    left: Mapping[str, int]
    notes: tuple[str, ...]


def owned_capacity(
    commitments: Sequence[Commitment],
    offers: pd.DataFrame,
    known: Mapping[str, frozenset[str]],
    today: str,
) -> OwnedCapacity:
    """Write each commitment in force as an offer of the same type and region.

    Args:
        commitments: of the account.
        offers: the offers table, at the account's prices.
        known: column -> names that there are, with or without an offer here.
        today: ISO day; what has expired before it is not used.

    Raises:
        UnknownNameError: a part of a key matches no name at all.
    """
    notes: list[str] = []
    rows: list[pd.DataFrame] = []
    left: dict[str, int] = {}
    for one in commitments:
        found = offers[key_rows(offers, f"{one.key}/{ON_DEMAND}", known)].sort_values("zone")
        why = list(_unusable(one, today, has_price=len(found) > 0))
        notes += why
        if not why:
            rows.append(_offer(one, found.head(1), today))
            left[f"{one.key}/{OWNED}/{one.name}"] = one.left
    return OwnedCapacity(
        offers=pd.concat(rows, ignore_index=True) if rows else offers.head(0),
        left=left,
        notes=tuple(notes),
    )


def _unusable(one: Commitment, today: str, *, has_price: bool) -> Iterator[str]:
    """Say why a commitment covers nothing, if so."""
    if one.expires < today:
        yield f"{one.name} ({one.key}) expired on {one.expires}: what ran on it is charged again"
    elif one.left == 0:
        yield f"{one.name} ({one.key}): all {one.count:,} instances are in use"
    elif not has_price:
        yield (
            f"{one.name} ({one.key}) is left out: the catalogue has no on-demand price to go on "
            f"with after {one.expires}"
        )


def _offer(one: Commitment, beside: pd.DataFrame, today: str) -> pd.DataFrame:
    """Write one commitment as an offer, which goes on at the price of the offer beside it.

    Its ``term_hours`` are those left, ``recurring_per_hour`` is charged after them.
    """
    row = beside.iloc[0]
    after = float(row["effective_per_hour"])
    hours = (days_between(today, one.expires) + 1) * HOURS_PER_DAY
    trail = (
        f"{one.kind} {one.name}: {one.paid_per_hour:.10g} {one.currency}/h are sunk -> paid "
        f"0 {row['currency']}/h until {one.expires} -> then {after:.10g} {row['currency']}/h on "
        "demand"
    )
    if row["trail"]:
        trail += f" ({row['trail']})"
    return beside.assign(
        purchase_option=OWNED,
        kind=one.name,
        zone="",
        term_hours=hours,
        recurring_per_hour=after,
        upfront=0.0,
        effective_per_hour=after,
        valid_until=one.expires,
        flags="",
        trail=trail,
    )


def with_owned(offers: pd.DataFrame, owned: OwnedCapacity) -> pd.DataFrame:
    """Return the offers with those that are paid for already."""
    if owned.offers.empty:
        return offers
    return pd.concat([offers, owned.offers], ignore_index=True).astype(offers.dtypes.to_dict())
