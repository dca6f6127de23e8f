"""Prices: what is no price, sites and currencies, system disks, and stock over all zones."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"
ON_DEMAND = f"alibaba/cn-test//{A10}/on_demand///"


@pytest.fixture
def read(source: Make, context: Make) -> Make:
    def fetch(**settings: Any) -> Any:
        return source(**settings).fetch("cn-test", context())

    return fetch


@pytest.fixture
def unpriced(ecs: Any, a10_type: Make) -> Any:
    """A region with one A10 type in stock, whose price each test scripts."""
    ecs.types([a10_type()])
    ecs.stock("on_demand", {"cn-test-a": {A10: "WithStock"}})
    return ecs


def _checks(fetched: Any) -> list[tuple[str, str, str]]:
    return [(one.check, one.severity, one.row) for one in fetched.findings]


@pytest.mark.parametrize("listed", [0, 0.0, -1, None])
def test_price_that_is_not_positive_is_no_offer(
    unpriced: Any, read: Make, listed: float | None
) -> None:
    unpriced.price(listed, 9.0)
    fetched = read()
    assert (fetched.offers, fetched.account_offers) == ((), ())
    assert _checks(fetched) == [("price_not_positive", "left_out", ON_DEMAND)]
    assert len(fetched.instance_types) == 1


def test_price_without_its_parts_is_no_offer(unpriced: Any, read: Make) -> None:
    price = {"Currency": "CNY", "OriginalPrice": 10.05, "TradePrice": 9.05}
    unpriced.script("DescribePrice", {"PriceInfo": {"Price": price}}, kind=f"{A10} hour")
    fetched = read()
    assert fetched.offers == ()
    assert _checks(fetched) == [("price_without_parts", "left_out", ON_DEMAND)]


def test_two_prices_of_one_instance_are_no_offer(unpriced: Any, read: Make) -> None:
    parts = [{"Resource": "InstanceType", "OriginalPrice": amount} for amount in (10.0, 11.0)]
    price = {"Currency": "CNY", "DetailInfos": {"DetailInfo": parts}}
    unpriced.script("DescribePrice", {"PriceInfo": {"Price": price}}, kind=f"{A10} hour")
    assert _checks(read()) == [("price_ambiguous", "left_out", ON_DEMAND)]


def test_repeated_equal_part_is_one_offer(unpriced: Any, read: Make) -> None:
    part = {"Resource": "InstanceType", "OriginalPrice": 10.0, "Unknown": {"More": 1}}
    price = {"Currency": "CNY", "DetailInfos": {"DetailInfo": [part, part]}}
    unpriced.script("DescribePrice", {"PriceInfo": {"Price": price}}, kind=f"{A10} hour")
    fetched = read()
    assert [row["recurring_per_hour"] for row in fetched.offers] == [10]
    assert fetched.account_offers == ()


def test_dollars_of_the_international_site_stay_dollars(unpriced: Any, read: Make) -> None:
    unpriced.price(1.4, 1.26, currency="USD")
    fetched = read()
    (row,) = fetched.offers
    assert (row["recurring_per_hour"], row["currency"]) == (1.4, "USD")
    assert row["note"] == "pay-as-you-go, international-site list price; stock in cn-test-a"
    (own,) = fetched.account_offers
    assert (own["recurring_per_hour"], own["currency"]) == (1.26, "USD")
    assert own["trail"] == "trade price of the account: list 1.4 -> 1.26 USD"


def test_price_of_no_currency_is_no_offer(unpriced: Any, read: Make) -> None:
    unpriced.price(10.0, currency="")
    assert _checks(read()) == [("currency_missing", "left_out", ON_DEMAND)]


def test_account_row_repeats_the_rules_of_its_discount(unpriced: Any, read: Make) -> None:
    part = {
        "Resource": "instanceType",
        "OriginalPrice": 10.0,
        "TradePrice": 9.1,
        "SubRules": {"Rule": [{"Description": "Contract: 9 % off\n", "RuleId": 1}]},
    }
    price = {"Currency": "CNY", "DetailInfos": {"DetailInfo": [part]}}
    unpriced.script("DescribePrice", {"PriceInfo": {"Price": price}}, kind=f"{A10} hour")
    (own,) = read().account_offers
    assert own["note"] == "pay-as-you-go, what the account pays; Contract: 9 % off"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("PriceNotFound", 400),
        ("InvalidInstanceType.ValueNotSupported", 400),
        ("InstanceType.Offline", 403),
    ],
)
def test_price_that_the_provider_does_not_know_is_reported(
    unpriced: Any, read: Make, code: str, status: int
) -> None:
    unpriced.refuse("DescribePrice", code, status, kind=f"{A10} hour")
    fetched = read()
    assert _checks(fetched) == [("price_refused", "left_out", ON_DEMAND)]
    assert fetched.findings[0].detail == f"answered {code}"


def test_next_system_disk_is_named_where_a_type_refuses_one(unpriced: Any, read: Make) -> None:
    unpriced.stock("prepaid", {"cn-test-a": {A10: "WithStock"}})
    code = "InvalidSystemDiskCategory.ValueNotSupported"
    unpriced.refuse("DescribePrice", code, kind=f"{A10} hour")
    unpriced.price(10.0)
    unpriced.price(60000.0, kind="1y")
    fetched = read(subscriptions=("1 year",))
    assert [row["purchase_option"] for row in fetched.offers] == ["on_demand", "subscription"]
    disks = [question["SystemDisk.Category"] for question in unpriced.asked("DescribePrice")]
    assert disks == ["cloud_essd", "cloud_efficiency", "cloud_efficiency"]


def test_type_that_takes_no_disk_is_reported(unpriced: Any, read: Make) -> None:
    code = "InvalidSystemDiskCategory.ValueNotSupported"
    unpriced.refuse("DescribePrice", code, kind=f"{A10} hour")
    fetched = read(system_disks=("cloud_essd", "cloud_ssd"))
    assert _checks(fetched) == [("price_refused", "left_out", ON_DEMAND)]
    assert len(unpriced.asked("DescribePrice")) == 2


def test_stock_of_every_zone_counts(ecs: Any, read: Make, a10_type: Make) -> None:
    ecs.types([a10_type()])
    ecs.stock(
        "on_demand",
        {
            "cn-test-a": {"ecs.other": "WithStock"},
            "cn-test-b": {A10: "WithoutStock"},
            "cn-test-c": {A10: "WithStock"},
        },
    )
    ecs.price(10.0)
    (row,) = read().offers
    assert row["note"].endswith("stock in cn-test-c")


def test_type_sold_out_in_every_zone_is_not_priced(ecs: Any, read: Make, a10_type: Make) -> None:
    ecs.types([a10_type()])
    ecs.stock("on_demand", {"a": {A10: "WithoutStock"}, "b": {A10: "ClosedWithoutStock"}})
    fetched = read()
    assert len(fetched.instance_types) == 1
    assert _checks(fetched) == [("no_stock", "left_out", ON_DEMAND)]
    assert ecs.asked("DescribePrice") == []


def test_ways_to_pay_that_are_switched_off_are_not_asked(selling: Any, read: Make) -> None:
    read(spot=False, subscriptions=())
    (stock,) = selling.asked("DescribeAvailableResource")
    assert (stock["InstanceChargeType"], stock["SpotStrategy"]) == ("PostPaid", "NoSpot")


def test_own_prices_are_told_only_to_a_run_that_asks_for_the_account(
    unpriced: Any, source: Make, context: Make
) -> None:
    unpriced.price(10.0, 9.1)
    assert source().fetch("cn-test", context(account=False)).account_offers == ()
    (own,) = source().fetch("cn-test", context(account=True)).account_offers
    assert own["recurring_per_hour"] == 9.1
