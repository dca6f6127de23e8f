"""From list prices to what an account pays, with the arithmetic in view."""

from typing import Any

import pandas as pd
import pytest

from costopt.account.account import Account
from costopt.account.records import PriceStep
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError

P5 = "aws/us-east-1/p5.4xlarge/on_demand"


def step(kind: str, amount: float, **more: Any) -> PriceStep:
    """One step on p5.4xlarge, unless another key is given."""
    return PriceStep(**{"key": P5, "step": kind, "amount": amount, "name": "deal", **more})


def paid(three: Catalog, *steps: PriceStep, **more: Any) -> "pd.Series[Any]":
    """The p5.4xlarge offer, at 6.88 in the list, at what the account pays."""
    offers = Account(steps=steps, **more).priced(three).offers
    return offers[offers["instance_type"] == "p5.4xlarge"].iloc[0]


def test_percent_fee_and_floor_are_taken_in_the_order_given(three: Catalog) -> None:
    """6.88 x 0.9 = 6.192; + 0.1 = 6.292; 95 % of 6.88 is 6.536, which is more."""
    steps = (step("percent", 10), step("fixed_fee", 0.1, currency="USD"), step("floor", 95))
    found = paid(three, *steps)
    assert found["effective_per_hour"] == pytest.approx(6.536)
    assert found["recurring_per_hour"] == pytest.approx(6.536)
    assert found["trail"] == (
        "list 6.88 USD/h -> 10 % off (deal) -> +0.1 USD/h (deal) -> at least 95 % of list (deal) "
        "-> paid 6.536 USD/h"
    )


def test_the_order_of_a_fee_and_a_discount_matters(three: Catalog) -> None:
    """(6.88 + 1) x 0.5 = 3.94, and 6.88 x 0.5 + 1 = 4.44."""
    fee, half = step("fixed_fee", 1.0, currency="USD"), step("percent", 50)
    assert paid(three, fee, half)["effective_per_hour"] == pytest.approx(3.94)
    assert paid(three, half, fee)["effective_per_hour"] == pytest.approx(4.44)


def test_a_floor_below_the_price_changes_nothing(three: Catalog) -> None:
    assert paid(three, step("floor", 50))["effective_per_hour"] == 6.88


@pytest.mark.parametrize(
    ("spend", "price"), [(0.0, 6.88), (999.0, 6.88), (1000.0, 6.536), (60000.0, 6.192)]
)
def test_only_the_highest_tier_that_the_spend_reaches_counts(
    three: Catalog, spend: float, price: float
) -> None:
    """5 % from 1,000 a month on, 10 % from 50,000 on: 6.88 x 0.95 = 6.536, x 0.9 = 6.192."""
    tiers = (step("tier", 5, from_spend=1000.0), step("tier", 10, from_spend=50000.0))
    found = paid(three, *tiers, spend_per_month=spend)
    assert found["effective_per_hour"] == pytest.approx(price)


@pytest.mark.parametrize(("expires", "price"), [("2026-08-21", 6.88), ("2026-08-22", 3.44)])
def test_a_discount_counts_up_to_its_last_day(three: Catalog, expires: str, price: float) -> None:
    assert paid(three, step("percent", 50, expires=expires))["effective_per_hour"] == price


def test_upfront_and_hourly_charges_of_a_term_are_discounted_alike(bundled: Catalog) -> None:
    terms = bundled.filter(providers=["aws"], purchase_options=["reserved"])
    offers = Account(steps=(step("percent", 20, key="aws"),)).priced(terms).offers
    for column in ("recurring_per_hour", "upfront", "effective_per_hour"):
        assert offers[column].to_numpy() == pytest.approx(0.8 * terms.offers[column].to_numpy())
    assert offers["trail"].str.startswith("list ").all()


def test_offers_outside_a_key_keep_their_list_price_without_a_trail(three: Catalog) -> None:
    offers = Account(steps=(step("percent", 9),)).priced(three).offers
    others = offers[offers["instance_type"] != "p5.4xlarge"]
    assert sorted(others["effective_per_hour"]) == [1.861, 10.49264]
    assert set(others["trail"]) == {""}


def test_pricing_leaves_the_list_catalogue_as_it_was(three: Catalog) -> None:
    before = three.fingerprint
    Account(steps=(step("percent", 9),)).priced(three)
    assert three.fingerprint == before


def test_a_fee_never_meets_a_price_in_another_currency(three: Catalog) -> None:
    with pytest.raises(InvalidInputError, match=r"is in CNY and .* priced in USD; narrow its key"):
        paid(three, step("fixed_fee", 1.0, currency="CNY"))


def test_a_misspelt_key_names_the_nearest_and_a_narrowed_catalogue_is_no_fault(
    three: Catalog,
) -> None:
    with pytest.raises(UnknownNameError, match=r"'p5\.4xlrge'\. Did you mean p5\.4xlarge"):
        paid(three, step("percent", 9, key="aws/*/p5.4xlrge"))
    elsewhere = step("percent", 9, key="gcp/europe-west4/a3-highgpu-8g/spot")
    assert paid(three, elsewhere)["effective_per_hour"] == 6.88


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"step": "percent", "amount": 100.0}, "a discount must be below 100 %"),
        ({"step": "floor", "amount": 101.0}, "a floor is at most 100 % of the list"),
        ({"step": "fixed_fee", "amount": 1.0}, "a fixed_fee needs currency"),
        ({"step": "tier", "amount": 1.0}, "a tier needs from_spend"),
        ({"step": "percent", "amount": 1.0, "currency": "USD"}, "a percent takes no currency"),
        ({"step": "percent", "amount": -1.0}, "amount"),
        ({"step": "percent", "amount": 1.0, "key": "aws//p5"}, "must be up to four parts"),
        ({"step": "percent", "amount": 1.0, "expires": "2026-13-01"}, "must be a day such as"),
        ({"step": "percent", "amount": 1.0, "expires": "2026"}, "must be a day such as"),
    ],
)
def test_a_step_that_cannot_be_meant_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        PriceStep(**{"key": "aws", **fields})
