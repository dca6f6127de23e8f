"""One region over HTTP: hardware, stock, every way to pay and release rates to rows."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.catalog.schema import TABLES
from costopt.provider import LiveProvider, Source
from costopt_alibaba import AlibabaProvider

Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"


@pytest.fixture
def whole_region(selling: Any, spot_price: Make) -> Any:
    """The region with subscriptions and, in two zones, spot."""
    selling.stock("prepaid", {"cn-test-b": {A10: "WithStock"}})
    selling.stock("spot", {"cn-test-a": {A10: "WithStock"}, "cn-test-b": {A10: "ClosedWithStock"}})
    selling.price(5000.0, 4250.0, kind="month")
    selling.price(60000.0, 51000.0, kind="1y")
    selling.price(180000.0, 90000.0, kind="3y")
    selling.spot([spot_price(2.5), spot_price(3.0, "cn-test-b")])
    advice = [
        _advised("cn-test-a", "0-3%", 25),
        _advised("cn-test-b", "3-5%", 30),
    ]
    selling.script("DescribeSpotAdvice", {"AvailableSpotZones": {"AvailableSpotZone": advice}})
    return selling


def _advised(zone: str, bucket: str, paid_percent: int) -> dict[str, Any]:
    resource = {
        "InstanceType": A10,
        "InterruptRateDesc": bucket,
        "InterruptionRate": 2.0,
        "AverageSpotDiscount": paid_percent,
    }
    return {"ZoneId": zone, "AvailableSpotResources": {"AvailableSpotResource": [resource]}}


def _by_option(offers: Any) -> dict[tuple[Any, ...], Any]:
    return {(row["purchase_option"], row["term_years"], row["zone"]): row for row in offers}


@pytest.fixture
def fetched(whole_region: Any, source: Make, context: Make) -> Any:
    terms = ("1 month", "1 year", "3 years")
    return source(subscriptions=terms).fetch("cn-test", context())


def test_adapter_is_a_live_provider_that_opens_a_source() -> None:
    provider = AlibabaProvider()
    assert isinstance(provider, LiveProvider)
    opened: Source = provider.open({"access_key_id": "one", "access_key_secret": "two"})
    assert set(opened.secrets()) == {"one", "two"}


def test_rows_have_every_column_of_their_tables(fetched: Any) -> None:
    for table, rows in (
        ("instance_types", fetched.instance_types),
        ("offers", fetched.offers + fetched.account_offers),
        ("interruptions", fetched.interruptions),
    ):
        columns = [column.name for column in TABLES[table].columns]
        assert rows
        for row in rows:
            assert list(row) == columns


def test_hardware_is_what_the_api_tells(fetched: Any) -> None:
    (row,) = fetched.instance_types
    assert row["family"] == "gn7i"
    assert (row["accelerator"], row["accelerator_count"]) == ("A10", 1)
    assert (row["accelerator_memory_gib"], row["accelerator_usable_gib"]) == (24, 23.4)
    assert row["accelerator_usable_origin"] == "0.975 x nominal"
    assert (row["vcpus"], row["memory_gib"]) == (8, 30)
    assert row["network_gbps"] == 16  # 16,384,000 Kbit/s / 1,024,000
    assert (row["intra_node_interconnect"], row["inter_node_fabric"]) == ("none", "none")
    assert row["cpu_architecture"] == "x86_64"
    assert row["source"] == f"Alibaba Cloud ECS DescribeInstanceTypes, {A10}"
    assert row["as_of"] == "2026-11-21"


def test_on_demand_is_the_list_price_of_the_instance_without_its_disk(fetched: Any) -> None:
    row = _by_option(fetched.offers)["on_demand", None, ""]
    assert (row["recurring_per_hour"], row["upfront"], row["currency"]) == (10, 0, "CNY")
    assert row["note"] == "pay-as-you-go, China-site list price; stock in cn-test-a"
    assert row["source"] == f"Alibaba Cloud ECS DescribePrice, {A10}, 1 Hour"


@pytest.mark.parametrize(
    ("term_years", "upfront", "hours", "effective"),
    [
        (1 / 12, 5000, 730, 5000 / 730),
        (1, 60000, 8760, 60000 / 8760),
        (3, 180000, 26280, 180000 / 26280),
    ],
)
def test_subscription_is_paid_at_once_for_the_whole_term(
    fetched: Any, term_years: float, upfront: float, hours: float, effective: float
) -> None:
    row = _by_option(fetched.offers)["subscription", term_years, ""]
    assert (row["recurring_per_hour"], row["upfront"]) == (0, upfront)
    assert (row["payment"], row["kind"]) == ("all", "")
    assert row["term_hours"] == pytest.approx(hours)
    assert row["effective_per_hour"] == pytest.approx(effective)


def test_spot_has_a_row_for_every_zone_with_stock(fetched: Any) -> None:
    rows = _by_option(fetched.offers)
    assert rows["spot", None, "cn-test-a"]["recurring_per_hour"] == 2.5
    assert rows["spot", None, "cn-test-b"]["recurring_per_hour"] == 3.0
    assert rows["spot", None, "cn-test-a"]["as_of"] == "2026-11-21"


def test_release_rate_is_that_of_the_worst_zone(fetched: Any) -> None:
    (row,) = fetched.interruptions
    assert (row["signal"], row["bucket"], row["window_hours"]) == ("release_share", "3-5%", 720)
    assert (row["low_fraction"], row["high_fraction"]) == (0.03, 0.05)
    assert row["savings_fraction"] == 0.7  # 30 % of the pay-as-you-go price is paid
    assert row["source"].endswith("highest of 2 zones: cn-test-b")


def test_trade_price_is_kept_apart_from_the_list(fetched: Any) -> None:
    rows = _by_option(fetched.account_offers)
    assert set(rows) == {("subscription", years, "") for years in (1 / 12, 1, 3)}
    row = rows["subscription", 1, ""]
    assert row["upfront"] == 51000
    assert row["trail"] == "trade price of the account: list 60000 -> 51000 CNY"
    assert all(listed["trail"] == "" for listed in fetched.offers)


def test_every_question_is_asked_once_and_signed(whole_region: Any, fetched: Any) -> None:
    counts: dict[str, int] = {}
    for question in whole_region.seen:
        counts[question["operation"]] = counts.get(question["operation"], 0) + 1
    assert counts == {
        "DescribeAvailableResource": 3,
        "DescribeInstanceTypes": 1,
        "DescribePrice": 4,
        "DescribeSpotPriceHistory": 1,
        "DescribeSpotAdvice": 1,
    }
    for headers in whole_region.headers:
        assert headers["Authorization"].startswith("ACS3-HMAC-SHA256 Credential=planted-key-id")
        assert headers["X-Acs-Version"] == "2014-05-26"


def test_questions_name_what_they_ask(whole_region: Any, fetched: Any) -> None:
    prices = whole_region.asked("DescribePrice")
    assert [(price["PriceUnit"], price["Period"]) for price in prices] == [
        ("Hour", "1"),
        ("Month", "1"),
        ("Year", "1"),
        ("Year", "3"),
    ]
    assert {price["SystemDisk.Category"] for price in prices} == {"cloud_essd"}
    (history,) = whole_region.asked("DescribeSpotPriceHistory")
    assert (history["StartTime"], history["EndTime"]) == (
        "2026-11-20T03:00:00Z",
        "2026-11-21T03:00:00Z",
    )
    (advice,) = whole_region.asked("DescribeSpotAdvice")
    assert advice["InstanceTypes.1"] == A10


def test_nothing_odd_is_found_in_a_sound_region(fetched: Any) -> None:
    assert fetched.findings == ()


def test_regions_are_those_the_account_sees_or_those_of_the_settings(
    ecs: Any, source: Make, context: Make
) -> None:
    told = {"Region": [{"RegionId": "cn-beijing"}, {"RegionId": "ap-southeast-1"}]}
    ecs.script("DescribeRegions", {"Regions": told})
    assert source().regions(context()) == ("ap-southeast-1", "cn-beijing")
    assert source(regions=("b", "a")).regions(context()) == ("a", "b")
    assert len(ecs.asked("DescribeRegions")) == 1
