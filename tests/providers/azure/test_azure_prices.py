"""Items of the Retail Prices API to offers: other products, odd prices, duplicates, currencies."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from costopt.fetch.fetched import FetchFinding, Row
from costopt_azure.prices import Asked
from costopt_azure.prices import read_prices as read_all
from costopt_azure.quotes import purchase_option

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"


def read_prices(
    pages: list[dict[str, Any]], asked: Asked
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    prices = read_all(pages, asked)
    return prices.offers, prices.findings


def asked(**changed: Any) -> Asked:
    given: dict[str, Any] = {
        "region": "eastus",
        "types": frozenset({H100, "Standard_ND96asr_v4"}),
        "without_spot": frozenset(),
        "currency": "USD",
        "now": datetime(2026, 11, 21, 12, tzinfo=UTC),
    }
    return Asked(**{**given, **changed})


def page(*items: dict[str, Any], currency: str = "USD") -> dict[str, Any]:
    return {"BillingCurrency": currency, "Items": list(items)}


def spot(item: Make, price: object = 29.496, **changed: Any) -> dict[str, Any]:
    made: dict[str, Any] = item(price=price, skuName="ND96isrH100v5 Spot", **changed)
    return made


@pytest.mark.parametrize(
    ("changed", "option"),
    [
        ({}, "on_demand"),
        ({"skuName": "ND96isrH100v5 Spot"}, "spot"),
        ({"meterName": "ND96isrH100v5 Spot"}, "spot"),
        ({"type": "Reservation"}, "reserved"),
        ({"skuName": "ND96isrH100v5 Low Priority"}, ""),
        ({"meterName": "ND96isrH100v5 Low Priority"}, ""),
        ({"skuName": "X Low Priority", "meterName": "X Spot"}, ""),
        ({"productName": "Virtual Machines NDsrH100v5 Series Windows"}, ""),
        ({"productName": "Virtual Machines NDsrH100v5 Series Win"}, ""),
        ({"productName": "NC Series Cloud Services"}, ""),
        ({"productName": "NC Series CloudServices"}, ""),
        ({"productName": "NDsr Dedicated Host"}, ""),
        ({"type": "DevTestConsumption"}, ""),
    ],
)
def test_item_sells_one_thing_and_low_priority_is_never_spot(
    changed: dict[str, Any], option: str, item: Make
) -> None:
    assert purchase_option(item(**changed)) == option


@pytest.mark.parametrize("price", [0.0, None, "", -1, "NaN"])
def test_price_that_is_not_positive_is_no_offer(price: object, item: Make) -> None:
    offers, findings = read_prices([page(item(price=price, unitPrice=5))], asked())
    assert offers == ()
    assert [(found.check, found.severity, found.row) for found in findings] == [
        ("price_not_positive", "left_out", f"azure/eastus//{H100}/on_demand/*")
    ]


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"unitOfMeasure": "1 Month"}, "unit_unknown"),
        ({"tierMinimumUnits": 100.0}, "price_tiered"),
        ({"type": "Reservation", "reservationTerm": "some"}, "term_unknown"),
        ({"type": "Reservation"}, "term_unknown"),
        ({"effectiveStartDate": "2026-12-01T00:00:00Z"}, "not_yet_in_force"),
    ],
)
def test_item_that_cannot_be_read_is_reported_and_left_out(
    changed: dict[str, Any], check: str, item: Make
) -> None:
    offers, findings = read_prices([page(item(**changed))], asked())
    assert offers == ()
    assert [(found.check, found.severity) for found in findings] == [(check, "left_out")]


def test_price_without_any_currency_is_left_out(item: Make) -> None:
    offers, findings = read_prices([page(item(currencyCode=None), currency="")], asked())
    assert offers == ()
    assert [found.check for found in findings] == ["currency_missing"]


def test_clock_that_runs_ahead_by_hours_is_forgiven_and_dated_by_the_run(item: Make) -> None:
    offers, findings = read_prices(
        [page(item(effectiveStartDate="2026-11-22T06:00:00Z"))], asked()
    )
    assert [row["as_of"] for row in offers] == ["2026-11-21"]
    assert findings == ()


def test_timestamp_without_a_zone_is_read_as_utc(item: Make) -> None:
    offers, _ = read_prices([page(item(effectiveStartDate="2026-11-01T00:00:00"))], asked())
    assert [row["note"] for row in offers] == ["in force since 2026-11-01"]


def test_price_that_has_ended_is_history(item: Make) -> None:
    ended = item(price=120.0, effectiveEndDate="2026-01-01T00:00:00Z")
    offers, findings = read_prices([page(ended, item())], asked())
    assert [row["recurring_per_hour"] for row in offers] == [98.32]
    assert findings == ()


def test_unknown_fields_and_missing_optional_ones_change_nothing(item: Make) -> None:
    bare = item(
        effectiveStartDate=None, isPrimaryMeterRegion=None, meterId=None, tierMinimumUnits=None
    )
    offers, findings = read_prices([page({**bare, "newField": {"a": 1}})], asked())
    assert [(row["source"], row["note"]) for row in offers] == [
        ("Azure Retail Prices API, meter ND96isrH100v5", "")
    ]
    assert findings == ()


def test_rows_of_other_sizes_regions_and_without_a_name_are_not_ours(item: Make) -> None:
    others = [
        item("Standard_D4s_v5"),
        item(armRegionName="westus"),
        item(armSkuName=None),
        item(armSkuName=""),
    ]
    assert read_prices([page(*others)], asked()) == ((), ())


def test_casing_of_names_and_regions_does_not_matter(item: Make) -> None:
    offers, _ = read_prices([page(item(H100.upper(), armRegionName="EastUS"))], asked())
    assert [(row["region"], row["instance_type"]) for row in offers] == [("eastus", H100)]


def test_size_that_is_priced_under_another_name_is_found(item: Make) -> None:
    offers, _ = read_prices([page(item("Standard_ND96asr_A100_v4", 27.197))], asked())
    assert [row["instance_type"] for row in offers] == ["Standard_ND96asr_v4"]


def test_equal_duplicates_over_pages_collapse(item: Make) -> None:
    offers, findings = read_prices([page(item(), item()), page(item())], asked())
    assert len(offers) == 1
    assert findings == ()


def test_of_differing_duplicates_the_newest_stays_with_a_finding(item: Make) -> None:
    old = item(price=110.0, effectiveStartDate="2022-01-01T00:00:00Z")
    offers, findings = read_prices([page(old, item())], asked())
    assert [row["recurring_per_hour"] for row in offers] == [98.32]
    assert [(found.check, found.severity) for found in findings] == [
        ("duplicate_differs", "warning")
    ]
    assert "110.0" in findings[0].detail


def test_of_duplicates_of_one_day_the_dearest_stays(item: Make) -> None:
    offers, findings = read_prices([page(item(price=9.832), item())], asked())
    assert [row["recurring_per_hour"] for row in offers] == [98.32]
    assert [found.check for found in findings] == ["duplicate_differs"]


def test_meter_that_is_not_billed_gives_way_to_the_one_that_is(item: Make) -> None:
    other = item(price=120.0, isPrimaryMeterRegion=False)
    offers, findings = read_prices([page(other, item())], asked())
    assert [row["recurring_per_hour"] for row in offers] == [98.32]
    assert findings == ()


def test_spot_above_on_demand_is_kept_and_flagged(item: Make) -> None:
    offers, findings = read_prices([page(item(), spot(item, 108.152))], asked())
    assert [row["recurring_per_hour"] for row in offers] == [98.32, 108.152]
    # 108.152 / 98.32 = 1.1
    assert [(found.check, found.severity, found.detail) for found in findings] == [
        ("spot_above_on_demand", "warning", "spot costs 1.100 of on-demand here")
    ]
    assert findings[0].row == f"azure/eastus//{H100}/spot///"


def test_spot_without_on_demand_is_kept_and_flagged(item: Make) -> None:
    offers, findings = read_prices([page(spot(item))], asked())
    assert [row["purchase_option"] for row in offers] == ["spot"]
    assert [(found.check, found.severity) for found in findings] == [
        ("spot_without_on_demand", "warning")
    ]


def test_spot_price_of_a_size_that_is_not_sold_as_spot_is_left_out(item: Make) -> None:
    offers, findings = read_prices(
        [page(item(), spot(item))], asked(without_spot=frozenset({H100}))
    )
    assert [row["purchase_option"] for row in offers] == ["on_demand"]
    assert [(found.check, found.severity) for found in findings] == [
        ("spot_not_offered", "left_out")
    ]


def test_another_currency_is_kept_as_answered_and_said_to_be_for_reference(item: Make) -> None:
    euros = item(currencyCode="EUR", price=90.5)
    offers, findings = read_prices([page(euros, currency="EUR")], asked(currency="EUR"))
    assert [(row["currency"], row["recurring_per_hour"]) for row in offers] == [("EUR", 90.5)]
    assert "for reference" in str(offers[0]["note"])
    assert findings == ()


def test_answer_in_another_currency_than_asked_is_reported_once(item: Make) -> None:
    items = [item(currencyCode="EUR"), spot(item, currencyCode="EUR")]
    offers, findings = read_prices([page(*items)], asked())
    assert {row["currency"] for row in offers} == {"EUR"}
    assert [(found.check, found.row) for found in findings] == [
        ("currency_differs", "azure/eastus//*")
    ]


def test_savings_plan_without_a_price_or_term_is_reported(item: Make) -> None:
    plans = [
        {"term": "1 Year", "retailPrice": 0},
        {"term": "never", "retailPrice": 7.0},
        {"term": "3 Years", "retailPrice": 43.75},
    ]
    offers, findings = read_prices([page(item(savingsPlan=plans))], asked())
    assert [(row["purchase_option"], row["term_years"]) for row in offers] == [
        ("on_demand", None),
        ("savings_plan", 3),
    ]
    assert [found.check for found in findings] == ["price_not_positive"] * 2


def test_reservation_total_is_spread_over_the_hours_of_its_term(item: Make) -> None:
    # 496 for one year is 496 / 8,760 h = 0.056621 per hour, not 496 per hour
    reserved = item(price=496.0, type="Reservation", reservationTerm="1 Year")
    offers, _ = read_prices([page(reserved)], asked())
    at_once, monthly = offers
    assert (at_once["payment"], at_once["upfront"]) == ("all", 496.0)
    assert at_once["recurring_per_hour"] == 0.0
    assert (monthly["payment"], monthly["upfront"]) == ("no", 0.0)
    assert monthly["recurring_per_hour"] == pytest.approx(0.056621, abs=5e-7)
    assert at_once["effective_per_hour"] == monthly["effective_per_hour"]
    assert "billed by the month" in str(monthly["note"])


def test_exact_prices_of_a_recording_read_as_those_of_the_wire(item: Make) -> None:
    live = read_prices([page(item(price=Decimal("98.32")))], asked())
    replayed = read_prices([page(item(price="98.32", tierMinimumUnits="0.0"))], asked())
    assert live == replayed
