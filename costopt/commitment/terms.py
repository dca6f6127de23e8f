"""What an offer costs over a horizon: whole terms only, cash now, and what outlives it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ROUNDING_HOURS: Final = 1e-6
"""A horizon may miss a whole number of terms by this much and still count as whole [h]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonCost:
    """Cost of one instance of each offer over a horizon; arrays of shape (offers,).

    Attributes:
        total: charged for the horizon, terms in whole [currency].
        per_hour: total spread over the horizon [currency/h].
        cash_now: due at the start: the upfront charge of the first term, or all of what has no
            term and is paid in advance [currency].
        locked_in_hours: hours of the last term that outlive the horizon [h].
        locked_in: part of total that pays for those hours, whenever it is due [currency].
    """

    total: Floats
    per_hour: Floats
    cash_now: Floats
    locked_in_hours: Floats
    locked_in: Floats


def cost_over_horizon(
    recurring_per_hour: Floats,
    upfront: Floats,
    term_hours: Floats,
    horizon_hours: Floats | float,
    *,
    prepaid: Flags | bool = False,
) -> HorizonCost:
    """Charge ``r * H`` without a term, and ``n (u + r T)`` with ``n = ceil(H / T)`` terms.

    A commitment is paid for its whole term whether it is used or not, so a horizon that ends
    inside a term pays to the end of it. When the horizon is a whole number of terms this is the
    amortised price. What the horizon does not use of the last term is locked in: its hours at the
    amortised price ``r + u / T``, however much of it is paid at the start.

    Args:
        recurring_per_hour: r, hourly charge of the whole instance [currency/h].
        upfront: u, paid once for each term [currency].
        term_hours: T; NaN for an offer without a term [h].
        horizon_hours: H, one horizon, or one for each offer [h].
        prepaid: True for what is paid in advance, as capacity blocks are.

    Source: terms of AWS Reserved Instances and Savings Plans, Google Cloud committed use
    discounts and Azure reservations: charged for the full term, used or not.
    """
    horizon = np.broadcast_to(np.asarray(horizon_hours, dtype=np.float64), term_hours.shape)
    has_term = ~np.isnan(term_hours)
    term = np.where(has_term, term_hours, 1.0)
    terms = np.where(has_term, np.ceil((horizon - ROUNDING_HOURS) / term), 0.0)
    charged_hours = np.where(has_term, terms * term, horizon)
    total = recurring_per_hour * charged_hours + upfront * terms
    beyond = np.where(has_term, charged_hours - horizon, 0.0).clip(min=0.0)
    return HorizonCost(
        total=total,
        per_hour=total / horizon,
        cash_now=np.where(has_term, upfront, np.where(prepaid, total, 0.0)),
        locked_in_hours=beyond,
        locked_in=beyond * (recurring_per_hour + np.where(has_term, upfront / term, 0.0)),
    )
