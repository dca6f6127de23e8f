"""What one instance of each offer costs over a number of hours, in the plan's currency."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.account.owned import OWNED
from costopt.commitment.terms import cost_over_horizon

Floats = NDArray[np.float64]

PRICE_COLUMNS = (
    "recurring_per_hour",
    "upfront",
    "term_hours",
    "payment",
    "purchase_option",
    "exchange_rate",
)
"""Columns that a price follows from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """What one instance of each offer costs; arrays of shape (offers,).

    Attributes:
        total: over the hours, whole terms charged [plan currency].
        per_hour: total spread over the hours [plan currency/h].
        cash_now: due at the start [plan currency].
        locked_in_hours: hours of a term that outlive the hours [h].
        locked_in: part of total that pays for those hours [plan currency].
    """

    total: Floats
    per_hour: Floats
    cash_now: Floats
    locked_in_hours: Floats
    locked_in: Floats


def priced(offers: pd.DataFrame, hours: Floats | float) -> Prices:
    """Price one instance of each offer over a number of hours.

    What is owned costs nothing more in the hours left of it, and its price on demand after them.

    Args:
        offers: rows with PRICE_COLUMNS.
        hours: one number for all offers, or one for each [h].
    """
    term_hours = offers["term_hours"].to_numpy(dtype=np.float64)
    owned = (offers["purchase_option"] == OWNED).to_numpy(dtype=np.bool_)
    charged = np.where(owned, np.clip((hours - term_hours) / hours, 0.0, None), 1.0)
    rate = offers["exchange_rate"].to_numpy(dtype=np.float64)
    cost = cost_over_horizon(
        offers["recurring_per_hour"].to_numpy(dtype=np.float64) * rate,
        offers["upfront"].to_numpy(dtype=np.float64) * rate,
        np.where(owned, np.nan, term_hours),
        hours,
        prepaid=(offers["payment"] == "all").to_numpy(dtype=np.bool_),
    )
    return Prices(
        total=cost.total * charged,
        per_hour=cost.per_hour * charged,
        cash_now=cost.cash_now,
        locked_in_hours=cost.locked_in_hours,
        locked_in=cost.locked_in,
    )
