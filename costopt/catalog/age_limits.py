"""How old a price or rate may be before it is left out."""

from collections.abc import Mapping
from typing import Final

MAX_AGE_MONTHS: Final[Mapping[str, float]] = {
    "on_demand": 36.0,
    "spot": 18.0,
    "reserved": 36.0,
    "savings_plan": 36.0,
    "committed_use": 36.0,
    "subscription": 36.0,
    "capacity_block": 3.0,
    "exchange_rate": 24.0,
}
"""Months after which a price or rate is left out unless the request says otherwise.

Source: costopt policy (docs/decisions/0004); spot levels moved by a median 45 % in eight months
on Google Cloud, list prices by up to 45 % in one day on AWS.
"""

WARNING_AGE_MONTHS: Final = 12.0
"""Months after which an on-demand or commitment price is used with a warning."""

WARNING_AGE_DAYS: Final = 30.0
"""Days after which a plan says on its first line how old its prices are."""
