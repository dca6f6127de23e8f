"""The price sheet over HTTP: what the account pays where the list says something else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from costopt.catalog.schema import TABLES
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"
A100 = "Standard_ND96asr_v4"
ROW = f"azure/eastus/{H100}/on_demand"
SPOT = {"skuName": "ND96isrH100v5 Spot", "meterId": "2222"}


@pytest.fixture
def stocked(own: Any, cloud: Any, sku: Make, item: Make, line: Make) -> Any:
    cloud.sizes([sku()])
    cloud.prices([item(), item(price=29.496, **SPOT)])
    cloud.evictions([{"size": H100, "location": "eastus", "evictionRate": "0-5"}])
    own.has("price_sheet", [line()])
    return own


def test_price_of_the_sheet_is_divided_by_its_hours_and_keeps_the_trail(
    stocked: Any, opened: Make, context: Make
) -> None:
    read = opened().fetch("eastus", context(account=True))
    (row,) = read.account_offers
    assert tuple(row) == TABLES["offers"].column_names
    # 9 % off: 98.32 x 0.91 = 89.4712; the sheet says 8,947.12 for 100 hours
    assert (row["purchase_option"], row["recurring_per_hour"]) == ("on_demand", 89.4712)
    assert (row["effective_per_hour"], row["currency"]) == (89.4712, "USD")
    assert row["trail"] == "Azure price sheet: list 98.32 USD -> 89.4712 USD"
    assert row["source"] == "Azure price sheet of the subscription, meter 11111111-aaaa"
    assert [offer["recurring_per_hour"] for offer in read.offers] == [98.32, 29.496]
    assert [offer["trail"] for offer in read.offers] == ["", ""]
    assert read.findings == ()


@pytest.mark.parametrize(
    ("unit", "price", "paid"),
    [("1 Hour", 89.4712, 89.4712), ("10 Hours", 894.712, 89.4712), ("1000 Hours", 1, 0.001)],
)
def test_unit_of_measure_is_counted_in_hours(
    unit: str, price: float, paid: float, stocked: Any, line: Make, opened: Make, context: Make
) -> None:
    stocked.has("price_sheet", [line(price, unit)])
    (row,) = opened().fetch("eastus", context(account=True)).account_offers
    assert row["recurring_per_hour"] == paid


def test_sheet_is_asked_with_the_token_and_only_where_the_run_reads_the_account(
    stocked: Any, cloud: Any, opened: Make, context: Make
) -> None:
    assert opened().fetch("eastus", context()).account_offers == ()
    assert opened(price_sheet=False).fetch("eastus", context(account=True)).account_offers == ()
    assert stocked.asked("price_sheet") == 0
    opened().fetch("eastus", context(account=True))
    number = cloud.seen.index(("price_sheet", "", "", 1))
    assert cloud.tokens[number] == "Bearer planted-bearer-token"
    asked = cloud.server.log[number][0].args
    assert asked["api-version"] == "2024-08-01"
    assert asked["$expand"] == "properties/meterDetails"


def test_price_that_is_the_lists_own_brings_no_row(
    stocked: Any, line: Make, opened: Make, context: Make
) -> None:
    stocked.has("price_sheet", [line(9832.0)])
    read = opened().fetch("eastus", context(account=True))
    assert (read.account_offers, read.findings) == ((), ())


def test_two_pages_are_read_once_for_all_regions(
    stocked: Any, cloud: Any, sku: Make, item: Make, line: Make, opened: Make, context: Make
) -> None:
    for region in ("westus3", "northeurope"):
        cloud.sizes([sku(A100, region=region)], region=region)
        cloud.prices([item(A100, 27.2, meterId="7777", armRegionName=region)], region=region)
    other = line(1.0, meter="8888", meterDetails={"meterCategory": "Storage"})
    stocked.has("price_sheet", [line(), other], [line(2000, meter="7777")])
    source = opened()
    with ThreadPoolExecutor(3) as pool:
        reads = pool.map(
            lambda region: source.fetch(region, context(account=True)),
            ("eastus", "westus3", "northeurope"),
        )
    paid = [row["recurring_per_hour"] for read in reads for row in read.account_offers]
    assert paid == [89.4712, 20.0, 20.0]
    assert stocked.asked("price_sheet") == 2


def test_another_currency_is_kept_as_told(
    stocked: Any, line: Make, opened: Make, context: Make
) -> None:
    stocked.has("price_sheet", [line(8000, currencyCode="EUR")])
    (row,) = opened().fetch("eastus", context(account=True)).account_offers
    assert (row["recurring_per_hour"], row["currency"]) == (80.0, "EUR")
    assert row["trail"] == "Azure price sheet: list 98.32 USD -> 80 EUR"


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"unitOfMeasure": "1 Month"}, "unit_unknown"),
        ({"unitOfMeasure": None}, "unit_unknown"),
        ({"unitPrice": 0}, "price_not_positive"),
        ({"unitPrice": None}, "price_not_positive"),
        ({"currencyCode": None}, "currency_missing"),
        ({"includedQuantity": 750}, "price_tiered"),
    ],
)
def test_line_that_cannot_be_read_is_left_out_and_the_list_price_stays(
    changed: dict[str, Any], check: str, stocked: Any, line: Make, opened: Make, context: Make
) -> None:
    stocked.has("price_sheet", [{**line(), **changed}])
    read = opened().fetch("eastus", context(account=True))
    assert (len(read.offers), read.account_offers) == (2, ())
    assert [(found.check, found.severity, found.table, found.row) for found in read.findings] == [
        (check, "left_out", "account", ROW)
    ]


def test_two_lines_that_agree_are_one_and_two_that_differ_are_none(
    stocked: Any, line: Make, opened: Make, context: Make
) -> None:
    stocked.has("price_sheet", [line(), line(894.712, "10 Hours")])
    assert len(opened().fetch("eastus", context(account=True)).account_offers) == 1
    stocked.has("price_sheet", [line(), line(800, "10 Hours")])
    read = opened().fetch("eastus", context(account=True))
    assert read.account_offers == ()
    assert [found.check for found in read.findings] == ["duplicate_differs"]
    assert "80 USD, 89.4712 USD" in read.findings[0].detail


def test_meter_without_a_line_keeps_the_list_price_and_is_told(
    stocked: Any, line: Make, opened: Make, context: Make
) -> None:
    stocked.has("price_sheet", [line(meter="9999")])
    read = opened().fetch("eastus", context(account=True))
    assert read.account_offers == ()
    assert [(found.check, found.severity) for found in read.findings] == [
        ("price_sheet_silent", "warning")
    ]
    assert H100 in read.findings[0].detail


def test_refused_sheet_is_a_finding_for_every_region_and_asked_once(
    stocked: Any, cloud: Any, sku: Make, opened: Make, context: Make, planted: Make
) -> None:
    cloud.sizes([sku(region="westus3")], region="westus3")
    stocked.cloud.answers.pop(("price_sheet", "", "", 1))
    stocked.fails("price_sheet", 403, "AuthorizationFailed")
    source = opened()
    for region in ("eastus", "westus3"):
        read = source.fetch(region, context(account=True))
        (found,) = [one for one in read.findings if one.table == "account"]
        assert (found.check, found.severity) == ("price_sheet_unread", "warning")
        assert "Microsoft.Consumption/pricesheets/read" in found.detail
        assert not planted(found.detail)
        assert read.account_offers == ()
    assert stocked.asked("price_sheet") == 1


def test_throttle_of_the_sheet_is_waited_out(
    stocked: Any, opened: Make, context: Make, slept: list[float]
) -> None:
    stocked.fails("price_sheet", 429, "TooManyRequests", **{"Retry-After": "5"})
    assert len(opened().fetch("eastus", context(account=True)).account_offers) == 1
    assert slept == [5.0]


@pytest.mark.parametrize("body", ["<html>", "", "{}", '{"properties": {"pricesheets": 7}}'])
def test_malformed_sheet_is_a_finding_and_the_list_prices_stay(
    body: str, stocked: Any, opened: Make, context: Make
) -> None:
    key = ("price_sheet", "", "", 1)
    stocked.cloud.answers.pop(key)
    stocked.cloud.script(key, body)
    read = opened().fetch("eastus", context(account=True))
    assert len(read.offers) == 2
    assert [found.check for found in read.findings] == ["price_sheet_unread"]


def test_recording_of_the_sheet_names_nobody_and_replays_to_the_same_prices(
    stocked: Any, opened: Make, context: Make, planted: Make, tmp_path: Path
) -> None:
    wire = RecordingWire(wire=context().wire, folder=tmp_path, redaction=Redaction())
    live = opened().fetch("eastus", context(wire=wire, account=True))
    (file,) = tmp_path.glob("azure.consumption.price_sheet.global.*.jsonl")
    assert "8947.12" in file.read_text()
    assert not planted(file.name + file.read_text())
    replaying = context(wire=ReplayingWire(folder=tmp_path), account=True)
    replayed = opened(credential=None).fetch("eastus", replaying)
    assert replayed == live
    assert len(live.account_offers) == 1
