"""From list prices to what an account pays, step by step, with the trail of each offer."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

import numpy as np
import pandas as pd

from costopt.account.records import PriceStep
from costopt.catalog.finding import in_words
from costopt.catalog.narrow import NO_NAMES, Mask, matching_names
from costopt.catalog.own_prices import AGAINST_ON_DEMAND, KEY_PARTS, without_flags
from costopt.errors import InvalidInputError
from costopt.workload.limits import PurchaseOption

CHARGES: Final = ["recurring_per_hour", "upfront", "effective_per_hour"]
"""Columns that a discount scales alike."""

PURCHASE_OPTIONS: Final = frozenset(get_args(PurchaseOption))
"""Ways to pay that a key may name, whether or not the catalogue has them."""


def steps_that_count(
    steps: Sequence[PriceStep], spend: float, today: str
) -> tuple[PriceStep, ...]:
    """Return the steps in force, in order: not expired, and of tiers the highest one reached.

    Args:
        steps: of the account, in order.
        spend: of the account in a month [its currency].
        today: ISO day from which expiry counts.
    """
    alive = [step for step in steps if step.expires is None or step.expires >= today]
    reached: dict[str, float] = {}
    for step in alive:
        if step.from_spend is not None and step.from_spend <= spend:
            reached[step.key] = max(step.from_spend, reached.get(step.key, 0.0))
    return tuple(
        step
        for step in alive
        if step.from_spend is None or step.from_spend == reached.get(step.key)
    )


def own_prices(
    offers: pd.DataFrame, steps: Sequence[PriceStep], known: Mapping[str, frozenset[str]]
) -> pd.DataFrame:
    """Return the offers at what the account pays; each trail reads list -> steps -> paid.

    Args:
        offers: the offers table at list prices.
        steps: that are in force, in order.
        known: column -> names that there are, with or without an offer here.

    Raises:
        UnknownNameError: a part of a key matches no name at all.
        InvalidInputError: a fee meets offers in another currency.
    """
    changed = offers.copy()
    listed = changed["effective_per_hour"].copy()
    words = pd.Series("", index=changed.index, dtype="str")
    for step in steps:
        rows = key_rows(changed, step.key, known)
        text = _take(changed, rows, step, listed)
        words[rows] = words[rows] + f" -> {text} ({step.name})"
    touched = (words != "").to_numpy(dtype=np.bool_)
    unit = " " + changed.loc[touched, "currency"] + "/h"
    before = in_words("list {:.10g}", listed[touched]) + unit
    after = in_words(" -> paid {:.10g}", changed.loc[touched, "effective_per_hour"]) + unit
    trail = changed.loc[touched, "trail"]
    earlier = trail.where(trail == "", trail + " -> ")
    changed.loc[touched, "trail"] = earlier + before + words[touched] + after
    changed.loc[touched, "flags"] = without_flags(changed.loc[touched, "flags"], AGAINST_ON_DEMAND)
    return changed


def _take(changed: pd.DataFrame, rows: Mask, step: PriceStep, listed: "pd.Series[float]") -> str:
    """Take one step on some rows, and say it in words."""
    if step.step == "fixed_fee":
        others = changed.loc[rows & (changed["currency"] != step.currency).to_numpy()]
        if len(others):
            one = others.iloc[0]
            raise InvalidInputError(
                "account",
                [
                    f"the fee {step.name!r} is in {step.currency} and {step.key} names "
                    f"{one['instance_type']} in {one['region']}, priced in {one['currency']}; "
                    "narrow its key"
                ],
            )
        changed.loc[rows, ["recurring_per_hour", "effective_per_hour"]] += step.amount
        return f"+{step.amount:.10g} {step.currency}/h"
    if step.step == "floor":
        paid = changed.loc[rows, "effective_per_hour"]
        least = listed[rows] * step.amount / 100
        changed.loc[rows, CHARGES] = changed.loc[rows, CHARGES].mul(
            (least / paid).clip(lower=1), axis=0
        )
        return f"at least {step.amount:.10g} % of list"
    changed.loc[rows, CHARGES] *= 1 - step.amount / 100
    reached = "" if step.from_spend is None else f" from {step.from_spend:,.10g} a month on"
    return f"{step.amount:.10g} % off{reached}"


def key_rows(offers: pd.DataFrame, key: str, known: Mapping[str, frozenset[str]]) -> Mask:
    """Return which offers a key names; none of a narrowed catalogue is an answer too.

    Raises:
        UnknownNameError: a part of the key matches no name at all.
    """
    mask = np.ones(len(offers), dtype=np.bool_)
    for column, pattern in zip(KEY_PARTS, key.split("/"), strict=False):
        here = frozenset(offers[column].unique())
        others = PURCHASE_OPTIONS if column == "purchase_option" else known.get(column, NO_NAMES)
        names = here | others
        found = matching_names(column.replace("_", " "), (pattern,), names)
        mask &= offers[column].isin(found).to_numpy(dtype=np.bool_)
    return mask
