"""The price list while it is walked: pages that shift are read again, once."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"
A100 = "Standard_ND96asr_v4"


def page(number: int) -> tuple[str, str, str, int]:
    return ("prices", "eastus", "Consumption", number)


@pytest.fixture
def stocked(cloud: Any, sku: Make) -> Any:
    cloud.sizes([sku(), sku(A100)])
    cloud.evictions([{"size": H100, "location": "eastus", "evictionRate": "0-5"}])
    return cloud


def test_item_that_comes_on_two_pages_makes_the_list_be_read_again(
    stocked: Any, item: Make, opened: Make, context: Make
) -> None:
    # an item came in before the second page: the first page's last one is there again
    stocked.prices([item()], [item()])
    stocked.prices([item()], [item(A100, 27.2)])
    read = opened().fetch("eastus", context())
    assert [row["instance_type"] for row in read.offers] == [A100, H100]
    assert read.findings == ()
    assert [stocked.seen.count(page(number)) for number in (1, 2)] == [2, 2]


def test_list_that_moves_twice_is_told(
    stocked: Any, item: Make, opened: Make, context: Make
) -> None:
    stocked.prices([item()], [item()])
    stocked.prices([item(A100, 27.2)], [item(A100, 27.2)])
    read = opened().fetch("eastus", context())
    assert [row["instance_type"] for row in read.offers] == [A100]
    assert [(found.check, found.severity, found.row) for found in read.findings] == [
        ("price_list_moved", "warning", "azure/eastus/*")
    ]
    assert stocked.seen.count(page(1)) == 2


def test_item_that_is_always_listed_twice_is_no_movement(
    stocked: Any, item: Make, opened: Make, context: Make
) -> None:
    stocked.prices([item()], [item()])
    read = opened().fetch("eastus", context())
    assert len(read.offers) == 1
    assert read.findings == ()
    assert stocked.seen.count(page(1)) == 2


def test_sizes_that_nobody_asked_for_show_a_movement_too(
    stocked: Any, item: Make, opened: Make, context: Make
) -> None:
    other = item("Standard_D4s_v5", 0.192)
    stocked.prices([item(), other], [other])
    stocked.prices([item()], [item(A100, 27.2)])
    read = opened().fetch("eastus", context())
    assert len(read.offers) == 2
    assert stocked.seen.count(page(1)) == 2


def test_page_with_fewer_items_than_it_says_makes_the_list_be_read_again(
    stocked: Any, item: Make, opened: Make, context: Make
) -> None:
    stocked.script(page(1), {"BillingCurrency": "USD", "Count": 2, "Items": [item()]})
    whole = [item(), item(A100, 27.2)]
    stocked.script(page(1), {"BillingCurrency": "USD", "Count": 2, "Items": whole})
    read = opened().fetch("eastus", context())
    assert len(read.offers) == 2
    assert stocked.seen.count(page(1)) == 2


def test_list_that_stands_still_is_read_once(
    stocked: Any, item: Make, opened: Make, context: Make
) -> None:
    stocked.prices([item(), item()], [item(A100, 27.2)])
    assert opened().fetch("eastus", context()).findings == ()
    assert stocked.seen.count(page(1)) == 1
