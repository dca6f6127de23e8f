"""Unit prices that an account has negotiated, in place of the list prices of the same offers."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from costopt.account.records import DAYS_PER_YEAR, NegotiatedPrice
from costopt.catalog.finding import in_words
from costopt.errors import InvalidInputError

TEXT_COLUMNS: Final = (
    "provider", "region", "instance_type", "purchase_option", "zone", "kind", "payment",
)  # fmt: skip
"""Columns that name one offer beside the days of its term, as ``NegotiatedPrice.offer`` does."""


def with_negotiated(
    offers: pd.DataFrame, prices: Sequence[NegotiatedPrice]
) -> tuple[pd.DataFrame, "pd.Series[str]"]:
    """Return the offers at their negotiated prices, and what each of them is, in words.

    A price of an offer that is not here is passed over: the catalogue may be narrowed. A
    negotiated price is a fact of its own, so that its name is its source.

    Args:
        offers: the offers table at list prices.
        prices: one for an offer at most.

    Returns:
        The offers; and price and name of each, empty where there is none.

    Raises:
        InvalidInputError: a price is in another currency than its offer.
    """
    changed = offers.copy()
    agreed = pd.Series("", index=changed.index, dtype="str")
    if not prices:
        return changed, agreed
    rows, chosen = _meeting(offers, prices)
    _refuse_other_currency(offers.loc[rows], chosen)
    told = pd.DataFrame(
        {
            "recurring_per_hour": [one.recurring_per_hour for one in chosen],
            "upfront": [one.upfront for one in chosen],
        },
        index=rows,
        dtype="float64",
    )
    spread = (told["upfront"] / offers.loc[rows, "term_hours"]).where(told["upfront"] > 0, 0.0)
    told["effective_per_hour"] = told["recurring_per_hour"] + spread
    changed.loc[rows, list(told.columns)] = told
    source = pd.Series([one.name for one in chosen], index=rows, dtype="str")
    changed.loc[rows, "source"] = source
    dated = [one.as_of or "" for one in chosen]
    as_of = pd.Series(dated, index=rows, dtype="str")
    changed.loc[rows, "as_of"] = as_of.where(as_of != "", offers.loc[rows, "as_of"])
    amount = in_words("{:.10g} ", told["effective_per_hour"]) + offers.loc[rows, "currency"]
    agreed[rows] = amount + "/h (" + source + ")"
    return changed, agreed


def _meeting(
    offers: pd.DataFrame, prices: Sequence[NegotiatedPrice]
) -> tuple["pd.Index[int]", list[NegotiatedPrice]]:
    """Return the rows that have a negotiated price, and the price of each."""
    here = offers[list(TEXT_COLUMNS)].apply(lambda names: names.str.lower())
    days = (offers["term_years"].fillna(0.0) * DAYS_PER_YEAR).round()
    here = here.assign(days=days, row=offers.index)
    told = pd.DataFrame([one.offer for one in prices], columns=[*TEXT_COLUMNS, "days"])
    told = told.astype(here[[*TEXT_COLUMNS, "days"]].dtypes.to_dict())
    both = here.merge(told.assign(price=np.arange(len(told))), on=[*TEXT_COLUMNS, "days"])
    return pd.Index(both["row"]), [prices[at] for at in both["price"]]


def _refuse_other_currency(offers: pd.DataFrame, prices: Sequence[NegotiatedPrice]) -> None:
    """Refuse prices in another currency than the offers that they are for."""
    wrong = [
        (one, str(currency))
        for one, currency in zip(prices, offers["currency"], strict=True)
        if one.currency != currency
    ]
    if not wrong:
        return
    one, currency = wrong[0]
    more = f" ({len(wrong) - 1:,} more prices likewise)" if len(wrong) > 1 else ""
    raise InvalidInputError(
        "account",
        [
            f"the price of {one.key} ({one.name}) is in {one.currency} and its offer in "
            f"{currency}{more}; plan from a catalogue of the account's own site, or leave "
            "these prices out"
        ],
    )
