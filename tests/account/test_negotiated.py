"""Negotiated unit prices in place of the list price of the same offer."""

from typing import Any

import pandas as pd
import pytest

from costopt.account.account import Account
from costopt.account.records import NegotiatedPrice, PriceStep
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.requirement import Requirement

P5 = "aws/us-east-1/p5.4xlarge/on_demand"


def agreed(**changed: Any) -> NegotiatedPrice:
    """p5.4xlarge on demand at 6.00 USD/h, or as changed."""
    fields = {"key": P5, "recurring_per_hour": 6.0, "currency": "USD", "name": "trade price"}
    return NegotiatedPrice(**{**fields, **changed})


def paid(catalog: Catalog, *prices: NegotiatedPrice, **more: Any) -> "pd.Series[Any]":
    """The p5.4xlarge offer, at 6.88 in the list, at what the account pays."""
    offers = Account(prices=prices, **more).priced(catalog).offers
    return offers[offers["instance_type"] == "p5.4xlarge"].iloc[0]


def test_a_negotiated_price_replaces_the_list_price_and_the_trail_says_so(three: Catalog) -> None:
    found = paid(three, agreed())
    assert (found["recurring_per_hour"], found["effective_per_hour"]) == (6.0, 6.0)
    assert found["trail"] == "list 6.88 USD/h -> paid 6 USD/h (trade price)"
    assert found["source"] == "trade price"


def test_discounts_come_after_the_negotiated_price(three: Catalog) -> None:
    """6 x 0.9 = 5.4, and at least 80 % of the list price, 5.504."""
    steps = (
        PriceStep(key=P5, step="percent", amount=10.0, name="EDP"),
        PriceStep(key=P5, step="floor", amount=80.0, name="EDP"),
    )
    found = paid(three, agreed(), steps=steps)
    assert found["effective_per_hour"] == pytest.approx(5.504)
    assert found["trail"] == (
        "list 6.88 USD/h -> 6 USD/h (trade price) -> 10 % off (EDP) -> at least 80 % of list "
        "(EDP) -> paid 5.504 USD/h"
    )


def test_upfront_and_term_make_the_effective_price(bundled: Catalog) -> None:
    """1 $/h and 8,760 $ for 8,760 h are 2 $/h."""
    listed = bundled.offers
    rows = (listed["provider"] == "aws") & (listed["payment"] == "all")
    one = listed[rows & (listed["term_years"] == 1)].iloc[0]
    key = "/".join((one["provider"], one["region"], one["instance_type"], "reserved"))
    price = agreed(
        key=key.upper(), kind=one["kind"], zone=one["zone"], payment="all", term_years=1.0,
        recurring_per_hour=1.0, upfront=8760.0, currency=one["currency"],
    )  # fmt: skip
    offers = Account(prices=(price,)).priced(bundled).offers
    found = offers[offers["source"] == "trade price"]
    assert len(found) == 1
    assert found["effective_per_hour"].iloc[0] == pytest.approx(2.0)
    assert found["upfront"].iloc[0] == 8760.0


def test_the_price_of_an_offer_that_is_not_here_is_passed_over(three: Catalog) -> None:
    others = (
        agreed(key=P5.replace("on_demand", "spot")),
        agreed(zone="use1-az1"),
        agreed(key="gcp/europe-west4/a3-highgpu-8g/on_demand"),
    )
    assert paid(three, *others)["effective_per_hour"] == 6.88


def test_a_price_in_another_currency_than_its_offer_is_refused(three: Catalog) -> None:
    with pytest.raises(InvalidInputError, match=r"is in CNY and its offer in USD"):
        paid(three, agreed(currency="CNY"))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"key": "aws/us-east-1/p5.*/on_demand"}, "without wildcards; a price is of one offer"),
        ({"key": "aws/us-east-1/p5.4xlarge"}, "without wildcards; a price is of one offer"),
        ({"recurring_per_hour": 0.0}, "would cost nothing"),
        ({"upfront": 10.0}, "has an upfront charge and no term_years"),
    ],
)
def test_a_price_that_cannot_be_meant_is_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        agreed(**changed)


def test_two_prices_for_one_offer_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="two prices are for"):
        Account(prices=(agreed(), agreed(key=P5.upper(), recurring_per_hour=5.0)))


def test_a_plan_carries_only_the_prices_of_its_candidates_and_still_holds(
    bundled: Catalog, three: Catalog, seventy: Requirement
) -> None:
    """2 x 6.00 = 12.00 < 7 x 1.861 = 13.027; thousands of other prices stay behind."""
    on_demand = bundled.offers[bundled.offers["purchase_option"] == "on_demand"]
    others = tuple(
        agreed(
            key=f"{row['provider']}/{row['region']}/{row['instance_type']}/on_demand",
            zone=row["zone"],
            recurring_per_hour=0.9 * row["recurring_per_hour"],
            currency=row["currency"],
        )
        for row in on_demand.to_dict("records")
        if not row["instance_type"].startswith(("p5.4x", "g6e."))
    )
    assert len(others) > 4000
    account = Account(prices=(agreed(), *others))
    plan = optimize(seventy, three, account=account)
    assert [(line.offer.instance_type, line.count) for line in plan.lines] == [("p5.4xlarge", 2)]
    assert plan.account is not None
    assert plan.account.prices == (agreed(),)
    read = Plan.from_json(plan.to_json())
    assert len(plan.to_json()) < 20_000
    assert evaluate_plan(read, three).violations == ()
    whole = account.priced(bundled).offers
    assert (whole["source"] == "trade price").sum() == len(others) + 1
