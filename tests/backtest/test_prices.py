"""Prices: products by name and rate, one currency, and what is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import costopt as co
from costopt.backtest.products import Market, read_market

SKUS = ("a", "b")

ON_DEMAND = [
    {"sku": sku, "purchase_option": "on_demand", "recurring_per_hour": price, "currency": "USD"}
    for sku, price in (("a", 4.0), ("b", 2.0))
]
RESERVED = {
    "sku": "a", "purchase_option": "reserved", "recurring_per_hour": 1.0, "upfront": 8760.0,
    "term_years": 1.0, "payment": "partial", "currency": "USD",
}  # fmt: skip
PLAN = {
    "sku": "a", "purchase_option": "savings_plan", "kind": "compute", "recurring_per_hour": 3.0,
    "term_years": 3.0, "payment": "all", "currency": "USD",
}  # fmt: skip


def market(*rows: dict[str, Any], **settings: Any) -> Market:
    frame = pd.DataFrame([*ON_DEMAND, *rows])
    return read_market(frame, SKUS, settings.get("currency"), settings.get("catalog"))


def test_a_quantitys_rate_spreads_its_upfront_part() -> None:
    (one,) = market(RESERVED).products
    assert one.name == "a/reserved/1y/partial"
    assert one.rates[0] == pytest.approx(2.0)  # 1 + 8,760 / 8,760
    assert np.isnan(one.rates[1])
    assert (one.term_months, one.rank) == (12, 0)


def test_a_plan_of_money_is_one_product_with_a_rate_for_each_sku() -> None:
    (one,) = market(PLAN, PLAN | {"sku": "b", "recurring_per_hour": 1.5}).products
    assert one.name == "savings_plan/compute/3y/all"
    assert one.rates.tolist() == [3.0, 1.5]
    assert one.cost_per_hour == pytest.approx(1.0)  # 1/h of money costs 1/h, however it is paid
    assert (one.upfront, one.recurring_per_hour) == (26_280.0, 0.0)


def test_a_month_is_a_term() -> None:
    row = RESERVED | {"purchase_option": "subscription", "term_years": 1 / 12, "upfront": 0.0}
    (one,) = market(row).products
    assert (one.name, one.term_months) == ("a/subscription/1m/partial", 1)


def test_the_lowest_on_demand_price_of_a_sku_counts() -> None:
    assert market(ON_DEMAND[0] | {"recurring_per_hour": 3.5}).on_demand_per_hour.tolist() == [
        3.5,
        2.0,
    ]


def test_prices_are_brought_to_one_currency_by_a_dated_rate(bundled: co.Catalog) -> None:
    dated = bundled.with_exchange_rate(
        "EUR", "USD", 1.25, as_of="2026-11-21", source="central bank"
    )
    (one,) = market(RESERVED | {"currency": "EUR"}, currency="USD", catalog=dated).products
    assert one.recurring_per_hour == pytest.approx(1.25)
    assert one.upfront == pytest.approx(10_950.0)


def test_several_currencies_need_one_that_is_named() -> None:
    with pytest.raises(co.CostoptError, match="they are in EUR and USD; name one of them"):
        market(RESERVED | {"currency": "EUR"})


def test_another_currency_needs_a_rate() -> None:
    with pytest.raises(co.CostoptError, match="No usable exchange rate from EUR to USD"):
        market(RESERVED | {"currency": "EUR"}, currency="USD")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (RESERVED | {"purchase_option": "reservd"}, "Unknown purchase option 'reservd'. Did you"),
        (RESERVED | {"purchase_option": "spot"}, "Unknown purchase option 'spot'"),
        (RESERVED | {"recurring_per_hour": np.nan}, "recurring_per_hour must be a number"),
        (
            RESERVED | {"recurring_per_hour": -1.0},
            "recurring_per_hour must be a number of at leas",
        ),
        (RESERVED | {"upfront": np.nan}, "upfront must be a number"),
        (RESERVED | {"recurring_per_hour": 0.0, "upfront": 0.0}, "the price must be above 0"),
        (RESERVED | {"recurring_per_hour": np.inf}, "the price must be above 0 and finite"),
        (RESERVED | {"term_years": np.nan}, "a commitment needs term_years"),
        (RESERVED | {"payment": "later"}, "payment must be no, partial or all"),
        (RESERVED | {"currency": "usd"}, "currency must be three capital letters"),
        (PLAN | {"kind": "ec2_instance"}, "needs its family and region in the column scope"),
        (ON_DEMAND[0] | {"term_years": 1.0}, "on_demand has no upfront and no term"),
    ],
)
def test_a_price_that_breaks_a_rule_is_refused(row: dict[str, Any], sentence: str) -> None:
    with pytest.raises(co.CostoptError, match=sentence):
        market(row)


def test_two_prices_for_one_product_are_refused() -> None:
    with pytest.raises(co.CostoptError, match="two rows are for a/reserved/1y/partial"):
        market(RESERVED, RESERVED | {"recurring_per_hour": 0.9})
    with pytest.raises(co.CostoptError, match="two rates for a under savings_plan/compute/3y/all"):
        market(PLAN, PLAN | {"recurring_per_hour": 2.9})


def test_a_sku_without_an_on_demand_price_is_refused() -> None:
    with pytest.raises(co.CostoptError, match="'b' is used and has no on_demand row"):
        read_market(pd.DataFrame(ON_DEMAND[:1]), SKUS, None, None)


def test_a_table_without_a_needed_column_is_refused() -> None:
    with pytest.raises(co.CostoptError, match="there is no column 'currency'"):
        read_market(pd.DataFrame(ON_DEMAND).drop(columns="currency"), SKUS, None, None)
