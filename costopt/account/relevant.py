"""What of an account concerns some offers."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from costopt.account.commitments import (
    AnyCommitment,
    InstanceCommitment,
    ResourceCommitment,
    SpendCommitment,
)
from costopt.account.records import NegotiatedPrice, Quota
from costopt.catalog.offer_keys import OfferNames, key_columns

PLACE_PARTS = 3
"""Parts of a price's key that name a type in a region; all its ways to pay are kept together."""


def only_relevant(
    prices: Sequence[NegotiatedPrice],
    quotas: Sequence[Quota],
    owned: Sequence[AnyCommitment],
    offers: pd.DataFrame,
) -> dict[str, tuple[Any, ...]]:
    """Return field of an account -> the records that concern one of the offers.

    Args:
        prices: of the account.
        quotas: of the account.
        owned: commitments of every kind.
        offers: rows of the offers table.
    """
    names = OfferNames.of(offers)
    places = offers[["provider", "region", "instance_type"]].drop_duplicates()
    here = {"/".join(place).lower() for place in places.itertuples(index=False, name=None)}
    kept = [one for one in owned if names.rows(key_columns(one.key)).any()]
    return {
        "prices": tuple(one for one in prices if _place(one) in here),
        "quotas": tuple(one for one in quotas if names.rows(key_columns(one.key)).any()),
        "commitments": tuple(one for one in kept if isinstance(one, InstanceCommitment)),
        "spend_commitments": tuple(one for one in kept if isinstance(one, SpendCommitment)),
        "resource_commitments": tuple(one for one in kept if isinstance(one, ResourceCommitment)),
    }


def _place(price: NegotiatedPrice) -> str:
    """Return provider, region and instance type of a price, in small letters."""
    return "/".join(price.key.lower().split("/")[:PLACE_PARTS])
