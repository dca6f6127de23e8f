"""Pages over HTTP with the real SDK: several, empty, malformed, elsewhere, in a circle."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.errors import MalformedAnswerError

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"
A100 = "Standard_ND96asr_v4"
SIZES = ("sizes", "eastus", "", 1)
PRICES = ("prices", "eastus", "Consumption", 1)
EVICTIONS = ("evictions", "eastus", "", 1)


@pytest.fixture
def stocked(cloud: Any, sku: Make, item: Make) -> Any:
    cloud.sizes([sku()])
    cloud.prices([item()])
    cloud.evictions([{"size": H100, "location": "eastus", "evictionRate": "0-5"}])
    return cloud


def test_two_pages_of_every_answer_are_read(
    cloud: Any, sku: Make, item: Make, opened: Make, context: Make
) -> None:
    cloud.sizes([sku()], [sku(A100)])
    cloud.prices([item()], [item(A100, 27.197)])
    term = {"type": "Reservation", "reservationTerm": "1 Year"}
    cloud.prices([item(price=8760.0, **term)], [item(A100, 876.0, **term)], kind="Reservation")
    cloud.evictions(
        [{"size": H100, "evictionRate": "0-5"}], [{"size": A100, "evictionRate": "20+"}]
    )
    read = opened().fetch("eastus", context())
    assert [row["instance_type"] for row in read.instance_types] == [H100, A100]
    assert len(read.offers) == 6
    assert [(row["bucket"], row["high_fraction"]) for row in read.interruptions] == [
        ("20+", None),
        ("0-5", 0.05),
    ]
    assert cloud.seen == [
        ("sizes", "eastus", "", 1),
        ("sizes", "eastus", "", 2),
        ("prices", "eastus", "Consumption", 1),
        ("prices", "eastus", "Consumption", 2),
        ("prices", "eastus", "Reservation", 1),
        ("prices", "eastus", "Reservation", 2),
        ("evictions", "eastus", "", 1),
        ("evictions", "eastus", "", 2),
    ]
    assert cloud.tokens[1] == cloud.tokens[7] == "Bearer planted-bearer-token"
    assert "api-version" not in cloud.server.log[3][0].args


def test_empty_page_with_a_link_is_not_the_end(
    cloud: Any, sku: Make, item: Make, opened: Make, context: Make
) -> None:
    cloud.sizes([], [sku()])
    cloud.prices([], [item()])
    cloud.evictions([], [{"size": H100, "evictionRate": "0-5"}])
    read = opened().fetch("eastus", context())
    assert (len(read.instance_types), len(read.offers), len(read.interruptions)) == (1, 1, 1)


def test_unknown_fields_of_sizes_are_ignored(
    stocked: Any, sku: Make, opened: Make, context: Make
) -> None:
    plain = opened().fetch("eastus", context()).instance_types
    stocked.answers[SIZES].clear()
    stocked.sizes([{**sku(), "newField": {"deep": [1]}, "apiVersions": ["2021-07-01"]}])
    assert opened().fetch("eastus", context()).instance_types == plain


@pytest.mark.parametrize("body", ["<html>", "[1, 2]", '{"value": 7}', '{"value": null}'])
def test_malformed_sizes_are_a_typed_error(
    body: str, stocked: Any, opened: Make, context: Make
) -> None:
    stocked.answers.pop(SIZES)
    stocked.script(SIZES, body)
    with pytest.raises(MalformedAnswerError, match="azure compute resource_skus in eastus"):
        opened().fetch("eastus", context())
    assert stocked.seen == [SIZES]


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"Items": null}', '{"Items": [1]}'])
def test_malformed_prices_are_a_typed_error(
    body: str, stocked: Any, opened: Make, context: Make
) -> None:
    stocked.answers.pop(PRICES)
    stocked.script(PRICES, body)
    with pytest.raises(MalformedAnswerError, match="azure retail_prices prices in eastus"):
        opened().fetch("eastus", context())
    assert stocked.seen == [SIZES, PRICES]


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"data": {"columns": [], "rows": []}}'])
def test_malformed_eviction_rates_are_a_finding(
    body: str, stocked: Any, opened: Make, context: Make
) -> None:
    stocked.answers.pop(EVICTIONS)
    stocked.script(EVICTIONS, body)
    read = opened().fetch("eastus", context())
    assert len(read.offers) == 1
    assert [found.check for found in read.findings] == ["eviction_rates_unread"]


def test_unknown_band_and_contradicting_bands_are_findings(
    stocked: Any, sku: Make, opened: Make, context: Make
) -> None:
    stocked.answers.pop(EVICTIONS)
    stocked.evictions(
        [
            {"size": H100, "evictionRate": "5-10"},
            {"size": H100, "evictionRate": "5-10"},
            {"size": H100, "evictionRate": "20+"},
            {"size": H100, "evictionRate": "rarely"},
            {"size": "standard_d4s_v5", "evictionRate": "rarely"},
        ]
    )
    read = opened().fetch("eastus", context())
    assert [row["bucket"] for row in read.interruptions] == ["5-10"]
    assert [found.check for found in read.findings] == [
        "duplicate_differs",
        "eviction_band_unknown",
    ]


def test_next_page_of_another_host_is_not_asked_with_the_token(
    stocked: Any, sku: Make, opened: Make, context: Make
) -> None:
    stocked.answers.pop(SIZES)
    stocked.script(SIZES, {"value": [sku()], "nextLink": "https://elsewhere.example/skus"})
    with pytest.raises(MalformedAnswerError, match=r"it leads to elsewhere\.example"):
        opened().fetch("eastus", context())
    assert stocked.seen == [SIZES]


def test_pages_in_a_circle_end_in_a_typed_error(
    stocked: Any, item: Make, opened: Make, context: Make
) -> None:
    stocked.answers.pop(PRICES)
    chosen = "armRegionName eq 'eastus' and priceType eq 'Consumption'"
    link = stocked.server.url_for(f"/retail/api/retail/prices?$filter={chosen}")
    stocked.script(PRICES, {"Items": [item()], "NextPageLink": link})
    with pytest.raises(MalformedAnswerError, match="the same page comes again"):
        opened().fetch("eastus", context())
    assert stocked.seen.count(PRICES) == 2


def test_answer_without_any_eviction_rate_says_who_may_read_them(
    stocked: Any, opened: Make, context: Make
) -> None:
    stocked.answers.pop(EVICTIONS)
    (found,) = opened().fetch("eastus", context()).findings
    assert (found.check, found.severity) == ("eviction_rates_unread", "warning")
    assert "Reader on the tenant" in found.detail
