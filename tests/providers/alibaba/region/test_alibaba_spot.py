"""Spot prices and release rates: pages, the newest of each zone, and what is odd about them."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"
SPOT = f"alibaba/cn-test/cn-test-a/{A10}/spot///"


@pytest.fixture
def pools(selling: Any) -> Any:
    """The region with spot stock in one zone."""
    selling.stock("spot", {"cn-test-a": {A10: "WithStock"}, "cn-test-b": {A10: "WithoutStock"}})
    return selling


@pytest.fixture
def read(source: Make, context: Make) -> Make:
    def fetch(**settings: Any) -> Any:
        return source(**{"spot_advice": False, **settings}).fetch("cn-test", context())

    return fetch


def _spot(fetched: Any) -> list[tuple[str, float, str]]:
    return [
        (row["zone"], row["recurring_per_hour"], row["currency"])
        for row in fetched.offers
        if row["purchase_option"] == "spot"
    ]


def _checks(fetched: Any) -> list[tuple[str, str, str]]:
    return [(one.check, one.severity, one.row) for one in fetched.findings]


def test_newest_price_of_two_pages_counts(pools: Any, read: Make, spot_price: Make) -> None:
    newer = spot_price(2.0, Timestamp="2026-11-21T02:30:00Z")
    pools.spot([newer], [spot_price(4.0, Timestamp="2026-11-21T01:00:00Z")])
    fetched = read()
    assert _spot(fetched) == [("cn-test-a", 2, "CNY")]
    first, second = pools.asked("DescribeSpotPriceHistory")
    assert ("Offset" in first, second["Offset"]) == (False, "1000")
    assert first["StartTime"] == second["StartTime"]


def test_empty_page_with_an_offset_is_followed(pools: Any, read: Make, spot_price: Make) -> None:
    pools.spot([], [spot_price(2.0)])
    assert _spot(read()) == [("cn-test-a", 2, "CNY")]


def test_equal_rows_become_one_and_differing_ones_none(
    pools: Any, read: Make, spot_price: Make
) -> None:
    pools.spot([spot_price(2.0), spot_price(2.0)])
    assert _spot(read()) == [("cn-test-a", 2, "CNY")]
    pools.answers.pop(("DescribeSpotPriceHistory", A10))
    pools.spot([spot_price(2.0), spot_price(3.0)])
    fetched = read()
    assert _spot(fetched) == []
    assert _checks(fetched) == [("price_ambiguous", "left_out", SPOT)]


def test_zone_without_stock_has_no_row(pools: Any, read: Make, spot_price: Make) -> None:
    pools.spot([spot_price(2.0), spot_price(1.0, "cn-test-b")])
    assert _spot(read()) == [("cn-test-a", 2, "CNY")]


def test_zone_with_stock_and_no_price_is_reported(pools: Any, read: Make) -> None:
    pools.spot([])
    fetched = read()
    assert _spot(fetched) == []
    assert _checks(fetched) == [("price_missing", "left_out", SPOT)]


@pytest.mark.parametrize("price", [0, -2.0, None])
def test_spot_price_that_is_not_positive_is_no_offer(
    pools: Any, read: Make, spot_price: Make, price: float | None
) -> None:
    pools.spot([spot_price(price)])
    fetched = read()
    assert _spot(fetched) == []
    assert _checks(fetched) == [("price_not_positive", "left_out", SPOT)]


def test_spot_above_on_demand_stays_with_a_warning(
    pools: Any, read: Make, spot_price: Make
) -> None:
    pools.spot([spot_price(10.5)])
    fetched = read()
    assert _spot(fetched) == [("cn-test-a", 10.5, "CNY")]
    assert _checks(fetched) == [("spot_above_on_demand", "warning", SPOT)]
    assert fetched.findings[0].detail == "10.5 CNY/h, on-demand 10"


def test_spot_without_on_demand_stays_with_a_warning(
    ecs: Any, read: Make, a10_type: Make, spot_price: Make
) -> None:
    ecs.types([a10_type()])
    ecs.stock("spot", {"cn-test-a": {A10: "WithStock"}})
    ecs.spot([spot_price(2.0)])
    fetched = read()
    assert _spot(fetched) == [("cn-test-a", 2, "CNY")]
    assert _checks(fetched) == [("spot_without_on_demand", "warning", SPOT)]


def test_prices_of_two_currencies_are_not_compared(
    pools: Any, read: Make, spot_price: Make
) -> None:
    pools.spot([spot_price(12.0)], currency="USD")
    fetched = read()
    assert _spot(fetched) == [("cn-test-a", 12, "USD")]
    assert _checks(fetched) == [("spot_without_on_demand", "warning", SPOT)]


def test_spot_of_no_currency_is_no_offer(pools: Any, read: Make, spot_price: Make) -> None:
    pools.spot([spot_price(2.0)], currency="")
    assert _checks(read()) == [("currency_missing", "left_out", SPOT)]


def test_price_of_a_clock_ahead_is_dated_by_the_run(
    pools: Any, read: Make, spot_price: Make
) -> None:
    pools.spot([spot_price(2.0, Timestamp="2026-11-22T09:00:00Z")])
    fetched = read()
    assert [row["as_of"] for row in fetched.offers] == ["2026-11-21", "2026-11-21"]
    assert _checks(fetched) == [("date_ahead", "warning", SPOT)]


def test_few_minutes_between_two_clocks_are_no_finding(
    pools: Any, read: Make, spot_price: Make
) -> None:
    pools.spot([spot_price(2.0, Timestamp="2026-11-21T03:04:00Z")])
    assert _checks(read()) == []


def test_spot_sold_out_in_every_zone_is_not_asked(selling: Any, read: Make) -> None:
    selling.stock("spot", {"cn-test-a": {A10: "WithoutStock"}})
    fetched = read()
    assert _checks(fetched) == [("no_stock", "left_out", f"alibaba/cn-test//{A10}/spot///")]
    assert selling.asked("DescribeSpotPriceHistory") == []


def test_protected_hour_is_asked_and_told(pools: Any, read: Make, spot_price: Make) -> None:
    pools.spot([spot_price(2.0)])
    told = [read(spot_protected_hours=hours).offers[-1]["note"] for hours in (0, 1)]
    assert told == [
        "spot, China-site price",
        "spot, China-site price; sure to run 1 h",
    ]
    history = pools.asked("DescribeSpotPriceHistory")
    assert [question["SpotDuration"] for question in history] == ["0", "1"]


def test_spot_prices_that_the_provider_does_not_tell_are_reported(pools: Any, read: Make) -> None:
    pools.refuse("DescribeSpotPriceHistory", "InvalidInstanceType.NotSupported", kind=A10)
    fetched = read()
    assert len(fetched.offers) == 1
    assert _checks(fetched) == [("price_refused", "left_out", f"alibaba/cn-test//{A10}/spot///")]


@pytest.mark.parametrize(
    ("code", "status"), [("Forbidden.RAM", 403), ("InvalidInstanceType.NotSupported", 400)]
)
def test_refused_advice_leaves_the_prices(
    pools: Any, read: Make, spot_price: Make, code: str, status: int
) -> None:
    pools.spot([spot_price(2.0)])
    pools.refuse("DescribeSpotAdvice", code, status)
    fetched = read(spot_advice=True)
    assert len(fetched.offers) == 2
    assert fetched.interruptions == ()
    assert _checks(fetched) == [("spot_advice_refused", "warning", "alibaba/cn-test/*")]


def test_release_rate_that_cannot_be_read_is_unknown(
    pools: Any, read: Make, spot_price: Make
) -> None:
    pools.spot([spot_price(2.0)])
    resource = {"InstanceType": A10, "InterruptionRate": 4.0}
    zone = {"ZoneId": "a", "AvailableSpotResources": {"AvailableSpotResource": [resource]}}
    pools.script("DescribeSpotAdvice", {"AvailableSpotZones": {"AvailableSpotZone": [zone]}})
    fetched = read(spot_advice=True)
    assert fetched.interruptions == ()
    row = f"alibaba/cn-test/{A10}/linux/release_share"
    assert _checks(fetched) == [("bucket_unknown", "left_out", row)]


def test_open_bucket_of_the_highest_rate_ends_at_one(
    pools: Any, read: Make, spot_price: Make
) -> None:
    pools.spot([spot_price(2.0)])
    resource = {"InstanceType": A10, "InterruptRateDesc": "10-100%"}
    zone = {"ZoneId": "a", "AvailableSpotResources": {"AvailableSpotResource": [resource]}}
    pools.script("DescribeSpotAdvice", {"AvailableSpotZones": {"AvailableSpotZone": [zone]}})
    (row,) = read(spot_advice=True).interruptions
    assert (row["bucket"], row["low_fraction"], row["high_fraction"]) == ("10-100%", 0.1, 1.0)
    assert row["savings_fraction"] is None


def test_advice_is_asked_for_ten_types_at_once(ecs: Any, read: Make, a10_type: Make) -> None:
    names = [f"ecs.gn7i-c{number}g1.2xlarge" for number in range(11)]
    ecs.types([a10_type(name) for name in names])
    ecs.stock("spot", {"cn-test-a": dict.fromkeys(names, "WithStock")})
    read(spot_advice=True)
    asked = ecs.asked("DescribeSpotAdvice")
    counts = [sum(key.startswith("InstanceTypes.") for key in question) for question in asked]
    assert counts == [10, 1]
