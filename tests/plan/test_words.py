"""Figures as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costopt.plan.words import (
    age_in_words,
    counted,
    hours_in_words,
    milliseconds,
    money,
    payment_in_short,
    payment_in_words,
    percent,
    signed_percent,
)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (30_692.31, "USD", "$30,692"),
        (99.994, "USD", "$99.99"),
        (1.5, "EUR", "€1.50"),
        (0.0712, "GBP", "£0.0712"),
        (12, "CNY", "¥12.00"),
        (12, "CHF", "CHF 12.00"),
        (-250, "USD", "-$250"),
        (0, "USD", "$0"),
    ],
)
def test_money_has_its_sign_and_more_decimals_the_smaller_it_is(
    amount: float, currency: str, text: str
) -> None:
    assert money(amount, currency) == text


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_money_is_never_off_by_more_than_half_a_percent(amount: float) -> None:
    read = float(money(amount, "USD").removeprefix("$").replace(",", ""))
    assert read == pytest.approx(amount, rel=0.006)


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0, "0 %"), (1e-6, "<1 %"), (0.63, "63 %"), (0.995, ">99 %"), (1, "100 %"), (1.5, "150 %")],
)
def test_only_nothing_is_0_percent_and_only_all_is_100(fraction: float, text: str) -> None:
    assert percent(fraction) == text


def test_a_difference_has_its_sign() -> None:
    assert signed_percent(0.188) == "+18.8 %"
    assert signed_percent(-0.188) == "-18.8 %"


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0.005, "18 s"), (0.5, "30 min"), (1, "1 h"), (71.9, "71.9 h"), (72, "3 days")],
)
def test_a_duration_is_in_the_unit_that_fits_it(hours: float, text: str) -> None:
    assert hours_in_words(hours) == text


@pytest.mark.parametrize(("days", "text"), [(0, "0 d"), (89, "89 d"), (365.25, "12 mo")])
def test_an_age_is_in_days_then_in_months(days: float, text: str) -> None:
    assert age_in_words(days) == text


def test_latencies_below_a_tenth_of_a_second_have_a_decimal() -> None:
    assert (milliseconds(49.61), milliseconds(1234.5)) == ("49.6 ms", "1,234 ms")


def test_ways_to_pay_have_a_long_and_a_short_form() -> None:
    assert payment_in_words("reserved", 1, "all") == "1-year reserved, all upfront"
    assert payment_in_short("reserved", 1, "all") == "1y reserved (all)"
    assert payment_in_words("on_demand", None, "") == payment_in_short("on_demand", None, "")
    assert payment_in_words("subscription", 1 / 12, "") == "1-month subscription"


def test_one_thing_is_not_several() -> None:
    assert (counted(1, "offer"), counted(2_000, "offer")) == ("1 offer", "2,000 offers")
