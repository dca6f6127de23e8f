"""Ages: days between dates as sources write them, and which prices are too old."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.catalog.age_limits import MAX_AGE_MONTHS, WARNING_AGE_DAYS, WARNING_AGE_MONTHS
from costopt.catalog.catalog import Catalog
from costopt.catalog.dates import age_days, days_between, first_days, newest_day, stale, too_old
from costopt.errors import InvalidInputError

quick = settings(max_examples=60, deadline=None, derandomize=True)

MakeTable = Callable[[str, Sequence[Mapping[str, str]]], pd.DataFrame]

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def dates(*written: str) -> "pd.Series[str]":
    return pd.Series(written, dtype="str")


def test_month_counts_as_its_first_day_and_year_as_its_first_of_january() -> None:
    days = first_days(dates("2026-08-22", "2026-08", "2026"))
    assert days.dt.strftime("%Y-%m-%d").tolist() == ["2026-08-22", "2026-08-01", "2026-01-01"]


def test_no_dates_give_no_days() -> None:
    assert first_days(dates()).empty


@pytest.mark.parametrize(
    "written", ["", "2026-13", "2026-02-30", "22.08.2026", "2026/08/22", "26-08", "2026-8-1x"]
)
def test_date_that_cannot_be_read_is_named(written: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{written}' is not YYYY, YYYY-MM or YYYY-MM-DD"):
        first_days(dates("2026-08-22", written))


def test_newest_day_is_found_between_days_and_months() -> None:
    assert newest_day(dates("2026-07-31", "2026-08", "2025-12-31")) == "2026-08-01"


def test_age_counts_days_and_never_below_zero() -> None:
    # 2026-08-22 is 21 days after the 1st; 2024 was a leap year, so 366 + 365 + 233 days
    ages = age_days(dates("2026-08", "2026-08-22", "2026-09-01", "2024-01-01"), "2026-08-22")
    assert ages.tolist() == [21, 0, 0, 366 + 365 + 233]


def test_days_between_two_dates_are_negative_the_other_way_round() -> None:
    assert days_between("2026-08", "2026-08-22") == 21
    assert days_between("2026-08-22", "2026-08") == -21


@quick
@given(earlier=DAYS, later=DAYS)
def test_days_between_agree_with_the_calendar(earlier: date, later: date) -> None:
    assert days_between(earlier.isoformat(), later.isoformat()) == (later - earlier).days


@quick
@given(reference=DAYS, older=st.integers(0, 3000))
def test_age_agrees_with_the_calendar(reference: date, older: int) -> None:
    then = (reference - timedelta(days=older)).isoformat()
    assert age_days(dates(then), reference.isoformat()).tolist() == [older]


def test_default_ages_are_those_that_were_decided() -> None:
    assert dict(MAX_AGE_MONTHS) == {
        "on_demand": 36,
        "spot": 18,
        "reserved": 36,
        "savings_plan": 36,
        "committed_use": 36,
        "subscription": 36,
        "capacity_block": 3,
        "exchange_rate": 24,
    }
    assert (WARNING_AGE_MONTHS, WARNING_AGE_DAYS) == (12, 30)


@pytest.mark.parametrize(
    ("option", "last_day"),
    # 18 x 30.4375 = 547.875, 36 x 30.4375 = 1,095.75 and 3 x 30.4375 = 91.3125 days
    [("spot", 547), ("on_demand", 1095), ("reserved", 1095), ("capacity_block", 91)],
)
def test_price_is_too_old_the_day_after_its_last_whole_day(option: str, last_day: int) -> None:
    ages = np.array([last_day, last_day + 1], dtype=np.float64)
    assert too_old(dates(option, option), ages, MAX_AGE_MONTHS).tolist() == [False, True]


def test_option_without_a_limit_is_never_too_old() -> None:
    assert not too_old(dates("low_priority"), np.array([1e6]), MAX_AGE_MONTHS).any()


@pytest.mark.parametrize(
    ("valid_until", "is_past"),
    [("2026-08-21", True), ("2026-08-22", False), ("2026-08", True), ("2026-09", False)],
)
def test_price_is_good_on_its_last_day_and_stale_after_it(
    make_table: MakeTable, valid_until: str, is_past: bool
) -> None:
    row = {"purchase_option": "on_demand", "recurring_per_hour": "1", "valid_until": valid_until}
    offers = make_table("offers", [row, row | {"purchase_option": "reserved", "valid_until": ""}])
    found = stale(offers, np.zeros(2), "2026-08-22", MAX_AGE_MONTHS)
    assert found.tolist() == [is_past, False]


def test_price_is_stale_by_its_age_alone(make_table: MakeTable) -> None:
    options = [
        {"purchase_option": name, "recurring_per_hour": "1"} for name in ("reserved", "spot")
    ]
    offers = make_table("offers", options)
    # 18 months are 547.9 days, 36 are 1,095.8
    assert stale(offers, np.array([600.0, 600.0]), "2026-08-22", MAX_AGE_MONTHS).tolist() == [
        False, True,
    ]  # fmt: skip
    assert stale(offers, np.array([600.0, 600.0]), "2026-08-22", {"spot": 24.0}).tolist() == [
        False, False,
    ]  # fmt: skip


def test_catalogue_is_dated_by_its_newest_offer(small: Catalog) -> None:
    assert small.as_of == "2026-08-22"


def test_narrowed_catalogue_keeps_the_date_of_the_whole_one(small: Catalog) -> None:
    # its own newest offer is of 2026-08-01; its age stays 21 days
    narrow = small.filter(providers="gcp")
    assert narrow.offers["as_of"].max() == "2026-08-01"
    assert narrow.as_of == "2026-08-22"
    assert narrow.age["oldest_age_days"].tolist() == [21, 21, 21]


def test_repriced_catalogue_keeps_the_date_too(small: Catalog) -> None:
    narrow = small.filter(providers="gcp").with_prices(discounts={"gcp": 0.1})
    assert narrow.as_of == "2026-08-22"


def test_age_table_counts_offers_by_cloud_and_way_to_pay(small: Catalog) -> None:
    assert small.age["offers"].sum() == len(small)
    (spot,) = small.age.query("provider == 'aws' and purchase_option == 'spot'").to_dict("records")
    # from 2026-02-01 to 2026-08-22: 28 + 31 + 30 + 31 + 30 + 31 + 21 = 202 days; the other 21
    assert (spot["offers"], spot["oldest"], spot["newest"]) == (2, "2026-02", "2026-08-01")
    assert (spot["oldest_age_days"], spot["median_age_days"]) == (202, (202 + 21) / 2)


def test_age_table_without_offers_has_all_its_columns(small: Catalog) -> None:
    empty = small.filter(max_price_per_hour=0.01)
    assert empty.age.empty
    assert list(empty.age.columns) == list(small.age.columns)


def test_bundled_ages_are_measured_against_the_newest_offer(bundled: Catalog) -> None:
    newest = max(written for written in bundled.offers["as_of"] if len(written) == 10)
    assert bundled.as_of == newest
    assert bundled.age["oldest_age_days"].min() >= 0
    assert (bundled.age["newest"] <= newest).all()
