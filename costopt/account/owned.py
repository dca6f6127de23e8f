"""What a commitment covers, as offers that cost nothing more until it expires."""

from typing import Final

import pandas as pd

from costopt.account.commitments import AnyCommitment, InstanceCommitment, SpendCommitment
from costopt.catalog.dates import days_between
from costopt.catalog.finding import in_words
from costopt.catalog.schema import OFFERS

OWNED: Final = "owned"
"""Purchase option of capacity that is paid for already."""

ON_DEMAND: Final = "on_demand"
"""Purchase option at which an instance goes on once its commitment has expired."""

HOURS_PER_DAY: Final = 24.0
"""Hours in a day [h]."""


def owned_offers(one: AnyCommitment, beside: pd.DataFrame, today: str) -> pd.DataFrame:
    """Write what one commitment covers as offers, which go on at the prices of those beside.

    Their ``term_hours`` are those left, ``recurring_per_hour`` is charged after them. The
    ``effective_per_hour`` of what draws on committed spend is the rate by which it draws.

    Args:
        one: in force.
        beside: on-demand offers of the types and regions that it covers.
        today: ISO day.
    """
    after = beside["effective_per_hour"]
    money = " " + beside["currency"] + "/h"
    then = in_words(" -> then {:.10g}", after) + money + " on demand"
    trail = _sunk(one, beside) + " -> paid 0" + money + f" until {one.expires}" + then
    earlier = beside["trail"]
    return beside.assign(
        purchase_option=OWNED,
        kind=one.name,
        zone=one.zone if isinstance(one, InstanceCommitment) else "",
        term_hours=(days_between(today, one.expires) + 1) * HOURS_PER_DAY,
        recurring_per_hour=after,
        upfront=0.0,
        effective_per_hour=beside.get("draws_per_hour", after),
        valid_until=one.expires,
        flags="",
        trail=trail.where(earlier == "", trail + " (" + earlier + ")"),
    )[list(OFFERS.column_names)]


def _sunk(one: AnyCommitment, beside: pd.DataFrame) -> "pd.Series[str]":
    """Say what of the account's money each instance runs on."""
    name = one.name if one.name.startswith(one.kind) else f"{one.kind} {one.name}"
    if isinstance(one, SpendCommitment):
        of_it = f" of {one.spend_per_hour:.10g} {one.currency}/h are drawn"
        draws = in_words("{:.10g}", beside["draws_per_hour"])
        return f"{name}: " + draws + of_it
    paid = "it is paid for already"
    if one.paid_per_hour is not None:
        whole = "" if isinstance(one, InstanceCommitment) else " for all of it"
        paid = f"{one.paid_per_hour:.10g} {one.currency}/h{whole} are sunk"
    return pd.Series(f"{name}: {paid}", index=beside.index, dtype="str")
