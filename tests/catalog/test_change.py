"""Checks against the last good snapshot: each on a few offers, then in the whole build."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.checking import change
from costopt.catalog.checking.settings import CheckSettings, Tables
from costopt.catalog.checks import Comparison, leave_out_jumps

MakeTable = Callable[[str, Sequence[Mapping[str, str]]], pd.DataFrame]

TYPES = tuple(
    {"provider": "aws", "instance_type": f"{family}.{size}", "family": family, "hosts": "1",
     "accelerator_count": "0"}
    for family in ("c7i", "g5")
    for size in range(200)
)  # fmt: skip
KEY = "aws/us-east-1//c7i.0/on_demand///"


def offer(price: str = "1", name: str = "c7i.0", **more: str) -> dict[str, str]:
    return {
        "provider": "aws", "region": "us-east-1", "instance_type": name, "currency": "USD",
        "purchase_option": "on_demand", "recurring_per_hour": price, "upfront": "0",
        "effective_per_hour": price, **more,
    }  # fmt: skip


@pytest.fixture
def tables(make_table: MakeTable) -> Callable[..., Tables]:
    def build(*offers: Mapping[str, str]) -> Tables:
        rows = {"offers": offers, "instance_types": TYPES}
        return {name: make_table(name, given) for name, given in rows.items()}

    return build


def rows_found(check: Comparison, before: Tables, now: Tables) -> list[str]:
    return list(check(before, now, CheckSettings())["row"])


@pytest.mark.parametrize(
    ("price", "is_moved", "is_jumped"),
    [
        ("1", False, False),
        ("1.1", False, False),  # exactly 10 %
        ("1.1001", True, False),
        ("0.8999", True, False),
        ("0.55", True, False),  # a real cut of 45 % passes with a warning
        ("0.4", True, False),  # exactly 60 %
        ("1.6", True, False),
        ("0.3999", False, True),
        ("1.6001", False, True),
        ("100", False, True),
    ],
)
def test_on_demand_change_is_noted_above_ten_percent_and_left_out_above_sixty(
    tables: Callable[..., Tables], price: str, is_moved: bool, is_jumped: bool
) -> None:
    before, now = tables(offer("1")), tables(offer(price))
    assert rows_found(change.on_demand_moved, before, now) == [KEY] * is_moved
    assert rows_found(change.on_demand_jumped, before, now) == [KEY] * is_jumped


@pytest.mark.parametrize(
    "earlier", [{"region": "us-west-2"}, {"name": "c7i.1"}, {"purchase_option": "spot"}]
)
def test_only_the_on_demand_price_of_the_same_pool_is_compared(
    tables: Callable[..., Tables], earlier: dict[str, Any]
) -> None:
    before, now = tables(offer("9", **earlier)), tables(offer("1"))
    for check in (change.on_demand_moved, change.on_demand_jumped):
        assert rows_found(check, before, now) == []


def test_price_in_another_currency_is_noted_and_not_compared(
    tables: Callable[..., Tables],
) -> None:
    before, now = tables(offer("7", currency="CNY")), tables(offer("1"))
    assert rows_found(change.on_demand_jumped, before, now) == []
    assert rows_found(change.on_demand_currency_changed, before, now) == [KEY]
    assert rows_found(change.on_demand_currency_changed, now, now) == []


@pytest.mark.parametrize(
    ("count", "is_found"),
    # of 100 offers: 90 are -10 %, 130 are +30 %
    [(90, False), (89, True), (100, False), (130, False), (131, True)],
)
def test_families_and_regions_may_lose_ten_percent_and_gain_thirty(
    tables: Callable[..., Tables], count: int, is_found: bool
) -> None:
    before = tables(*(offer(name=f"c7i.{size}") for size in range(100)))
    now = tables(*(offer(name=f"c7i.{size}") for size in range(count)))
    assert rows_found(change.family_rows_changed, before, now) == ["aws/c7i"] * is_found
    assert rows_found(change.region_rows_changed, before, now) == ["aws/us-east-1"] * is_found


def test_family_that_lost_all_offers_is_found_and_a_new_one_is_not(
    tables: Callable[..., Tables],
) -> None:
    before, now = tables(offer(name="c7i.0")), tables(offer(name="g5.0"))
    (found,) = change.family_rows_changed(before, now, CheckSettings()).to_dict("records")
    assert found["row"] == "aws/c7i"
    assert found["detail"] == "0 offers after 1 in the last good snapshot, outside -10% to +30%"


def test_region_without_any_offer_left_has_vanished(tables: Callable[..., Tables]) -> None:
    both = tables(offer(), offer(region="eu-west-1"))
    one = tables(offer())
    assert rows_found(change.region_vanished, both, one) == ["aws/eu-west-1"]
    assert rows_found(change.region_rows_changed, both, one) == []
    assert rows_found(change.region_vanished, one, both) == []


def test_tables_without_offers_compare_too(tables: Callable[..., Tables]) -> None:
    empty, one = tables(), tables(offer())
    assert leave_out_jumps(empty, one, CheckSettings())[1].empty
    _, lost = leave_out_jumps(one, empty, CheckSettings())
    assert sorted(lost["check"]) == ["family_rows_changed", "region_vanished"]


def test_price_that_jumped_is_left_out_and_says_what_it_was(
    tables: Callable[..., Tables],
) -> None:
    before = tables(offer("1"), offer("1", name="c7i.1"))
    now = tables(offer("0.1"), offer("1.2", name="c7i.1"))
    kept, findings = leave_out_jumps(before, now, CheckSettings())
    assert kept["offers"]["instance_type"].tolist() == ["c7i.1"]
    # one of the two offers of the family and the region is left: -50 %
    assert findings[["check", "severity"]].apply(tuple, axis=1).tolist() == [
        ("family_rows_changed", "warning"),
        ("on_demand_jumped", "left_out"),
        ("on_demand_moved", "warning"),
        ("region_rows_changed", "warning"),
    ]
    jumped = findings[findings["check"] == "on_demand_jumped"]
    assert jumped["row"].tolist() == [KEY]
    assert jumped["detail"].tolist() == ["0.1/h after 1/h in the last good snapshot, -90%"]
