"""Ages of facts: days and months between ISO dates."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.errors import InvalidInputError
from costopt.units import DAYS_PER_MONTH

Days: TypeAlias = NDArray[np.float64]
"""One number of days for each row of a table."""


def first_days(dates: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """Parse ISO dates; ``YYYY-MM`` stands for its first day, ``YYYY`` for its first of January.

    Raises:
        InvalidInputError: a date is none of the three.
    """
    padded = dates.where(dates.str.len() != 4, dates + "-01")
    padded = padded.where(padded.str.len() != 7, padded + "-01")
    days = pd.to_datetime(padded, format="%Y-%m-%d", errors="coerce")
    if days.isna().any():
        raise InvalidInputError("date", [_no_date(dates[days.isna()].iloc[0])])
    return days


def newest_day(dates: "pd.Series[str]") -> str:
    """Newest of the dates, as an ISO day."""
    return str(first_days(dates).max().date().isoformat())


def age_days(dates: "pd.Series[str]", reference: str) -> Days:
    """Days from each date to the reference day; dates after it count as 0 days old."""
    elapsed = pd.Timestamp(reference) - first_days(dates)
    return np.asarray(elapsed.dt.days.clip(lower=0).to_numpy(dtype=np.float64))


def days_between(earlier: str, later: str) -> int:
    """Whole days from one ISO date to another; negative when they are the other way round."""
    return (_first_day(later) - _first_day(earlier)).days


def _first_day(written: str) -> datetime:
    """Parse one date as ``first_days`` does, without a table for it."""
    padded = written + {4: "-01-01", 7: "-01"}.get(len(written), "")
    try:
        return datetime.strptime(padded, "%Y-%m-%d")
    except ValueError:
        raise InvalidInputError("date", [_no_date(written)]) from None


def _no_date(written: str) -> str:
    return f"{written!r} is not YYYY, YYYY-MM or YYYY-MM-DD"


def too_old(
    options: "pd.Series[str]", ages: Days, max_age_months: Mapping[str, float]
) -> NDArray[np.bool_]:
    """Return which rows are older than their purchase option allows.

    A purchase option without a limit is never too old.
    """
    allowed = options.map(dict(max_age_months)).to_numpy(dtype=np.float64)
    return np.asarray(ages > allowed * DAYS_PER_MONTH)


def stale(
    offers: pd.DataFrame, ages: Days, reference: str, max_age_months: Mapping[str, float]
) -> NDArray[np.bool_]:
    """Return which prices are older than allowed, or past their last day.

    Args:
        offers: rows with purchase_option and valid_until.
        ages: age of each row [days].
        reference: date of the catalogue, ISO 8601.
        max_age_months: purchase option -> age at which a price is left out [months].
    """
    past = np.zeros(len(offers), dtype=np.bool_)
    dated = (offers["valid_until"] != "").to_numpy(dtype=np.bool_)
    past[dated] = first_days(offers.loc[dated, "valid_until"]) < pd.Timestamp(reference)
    return np.asarray(past | too_old(offers["purchase_option"], ages, max_age_months))


def age_table(offers: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Rows, oldest and newest date and ages in days, by provider and purchase option."""
    aged = offers.assign(age_days=age_days(offers["as_of"], reference))
    grouped = aged.groupby(["provider", "purchase_option"], observed=True)
    return grouped.agg(
        offers=("region", "size"),
        oldest=("as_of", "min"),
        newest=("as_of", "max"),
        median_age_days=("age_days", "median"),
        oldest_age_days=("age_days", "max"),
    ).reset_index()
