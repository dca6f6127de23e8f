"""Usage and prices that tests of the walk share."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

PriceRows = Callable[..., pd.DataFrame]


def on_demand(sku: str, price: float) -> dict[str, Any]:
    return {
        "sku": sku,
        "purchase_option": "on_demand",
        "recurring_per_hour": price,
        "currency": "USD",
    }


def reserved(sku: str, price: float, **changed: Any) -> dict[str, Any]:
    row = {"purchase_option": "reserved", "term_years": 1.0, "payment": "no"}
    return on_demand(sku, price) | row | changed


def plan(sku: str, price: float, **changed: Any) -> dict[str, Any]:
    row = {"purchase_option": "savings_plan", "kind": "compute", "term_years": 1.0}
    return on_demand(sku, price) | row | {"payment": "no"} | changed


def hours_of(first: str, count: int) -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq="h", tz="UTC")


@pytest.fixture
def week_shape() -> pd.DataFrame:
    """Four weeks of the reference series: day curve, thinner at weekends; mean 8.8571."""
    hour = np.arange(672)
    weekend = 4 * ((hour // 24) % 7 >= 5)
    used = np.round(10 + 6 * np.sin(2 * np.pi * ((hour % 24) - 9) / 24) - weekend)
    return pd.DataFrame({"a": np.maximum(0.0, used)}, index=hours_of("2026-01-05", 672))


@pytest.fixture
def year() -> pd.DataFrame:
    """Fourteen months of two SKUs by day and night, growing."""
    index = hours_of("2024-01-01", 24 * 425)
    hour = np.arange(len(index))
    day = (hour % 24 >= 8) & (hour % 24 < 20)
    return pd.DataFrame(
        {"a": 4.0 + 3 * day + hour // 3000, "b": np.where(day, 6.0, 1.0)}, index=index
    )
