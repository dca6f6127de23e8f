"""Reservations over HTTP: commitments with their use, what leaves one out, and what is kept."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"
A100 = "Standard_ND96asr_v4"


def reserved(read: Any) -> list[dict[str, Any]]:
    return [row for row in read.facts if row["fact"] == "commitment"]


def test_reservation_becomes_a_commitment_with_its_use_at_a_price_that_nobody_tells(
    committed: Any, cloud: Any, opened: Make, context: Make
) -> None:
    read = opened().account("", context())
    assert reserved(read) == [
        {
            "fact": "commitment",
            "key": f"azure/eastus/{H100}",
            "kind": "reserved",
            "count": 4,
            "used": 2,  # 50 % of 4
            "expires": "2027-02-28",  # ends at 22:46 of March 1
            "name": f"reserved {H100} eastus 2027-02-28",
        }
    ]
    assert read.findings == ()
    assert cloud.seen == [("reservations", "", "", 1), ("savings_plans", "", "", 1)]
    assert cloud.tokens == ["Bearer planted-bearer-token"] * 2
    assert [asked.args["api-version"] for asked, _ in cloud.server.log] == ["2022-11-01"] * 2


@pytest.mark.parametrize(
    ("quantity", "percent", "used"),
    [(4, 0, 0), (4, 100.0, 4), (4, 76, 4), (3, 0.5, 1), (3, "33.3", 1)],
)
def test_use_is_the_mean_of_the_last_day_and_a_part_counts_as_a_whole_one(
    quantity: int,
    percent: object,
    used: int,
    committed: Any,
    reservation: Make,
    opened: Make,
    context: Make,
) -> None:
    committed.has("reservations", [reservation(quantity=quantity, percent=percent)])
    (row,) = reserved(opened().account("", context()))
    assert (row["count"], row["used"]) == (quantity, used)


def test_two_pages_are_read_and_equal_reservations_are_numbered(
    committed: Any, reservation: Make, opened: Make, context: Make
) -> None:
    committed.has(
        "reservations",
        [reservation(quantity=2), reservation("Standard_D4s_v5")],
        [reservation(quantity=1), reservation(A100, location="WestEurope")],
    )
    rows = reserved(opened().account("", context()))
    assert [(row["name"], row["count"]) for row in rows] == [
        (f"reserved {A100} westeurope 2027-02-28", 4),
        (f"reserved {H100} eastus 2027-02-28", 1),
        (f"reserved {H100} eastus 2027-02-28 2", 2),
    ]
    assert committed.asked("reservations") == 2


def test_size_that_is_billed_under_another_name_is_found(
    committed: Any, reservation: Make, opened: Make, context: Make
) -> None:
    committed.has("reservations", [reservation("Standard_ND96asr_A100_v4")])
    (row,) = reserved(opened().account("", context()))
    assert row["key"] == f"azure/eastus/{A100}"


def test_size_without_accelerators_counts_where_the_catalogue_holds_it(
    committed: Any, reservation: Make, opened: Make, context: Make
) -> None:
    committed.has("reservations", [reservation("Standard_D4s_v5")])
    assert reserved(opened().account("", context())) == []
    known = context(known_types=frozenset({"Standard_D4s_v5"}))
    assert len(reserved(opened().account("", known))) == 1


@pytest.mark.parametrize(
    "state",
    ["Expired", "Cancelled", "Failed", "Pending", "Split", "Merged", "PendingBilling", "Creating"],
)
@pytest.mark.parametrize("field", ["provisioningState", "displayProvisioningState"])
def test_reservation_that_is_over_or_not_begun_is_left_out_silently(
    field: str, state: str, committed: Any, reservation: Make, opened: Make, context: Make
) -> None:
    committed.has("reservations", [reservation(**{field: state})])
    read = opened().account("", context())
    assert reserved(read) == []
    assert read.findings == ()


def test_other_resources_than_machines_are_not_ours(
    committed: Any, reservation: Make, opened: Make, context: Make
) -> None:
    committed.has("reservations", [reservation(reservedResourceType="SqlDatabases")])
    read = opened().account("", context())
    assert (reserved(read), read.findings) == ([], ())


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"displayProvisioningState": "Limbo"}, "commitment_state_unknown"),
        (
            {"displayProvisioningState": None, "provisioningState": None},
            "commitment_state_unknown",
        ),
        ({"expiryDate": None, "expiryDateTime": None}, "commitment_open_ended"),
        ({"expiryDateTime": "2026-11-21T11:59:59Z"}, "commitment_expired"),
        ({"quantity": 0}, "count_unreadable"),
        ({"quantity": 1.5}, "count_unreadable"),
        ({"quantity": None}, "count_unreadable"),
        ({"utilization": None}, "commitment_use_unknown"),
        ({"percent": None}, "commitment_use_unknown"),
        ({"percent": 130.0}, "commitment_use_unknown"),
        ({"location": "east us"}, "region_unknown"),
        ({"appliedScopeType": "ManagementGroup"}, "commitment_scope"),
        ({"appliedScopeType": None}, "commitment_scope"),
    ],
)
def test_reservation_that_cannot_be_told_free_is_left_out_with_a_finding(
    changed: dict[str, Any],
    check: str,
    committed: Any,
    reservation: Make,
    opened: Make,
    context: Make,
) -> None:
    committed.has("reservations", [reservation(**changed)])
    read = opened().account("", context())
    assert reserved(read) == []
    assert [(found.check, found.severity) for found in read.findings] == [(check, "left_out")]


@pytest.mark.parametrize(
    ("expires", "last"),
    [
        ({"expiryDateTime": "2027-03-01T00:00:00Z"}, "2027-02-28"),
        ({"expiryDateTime": "2027-03-01T23:59:59Z"}, "2027-03-01"),
        ({"expiryDateTime": "2027-03-01T08:00:00+09:00"}, "2027-02-27"),
        ({"expiryDateTime": None}, "2027-02-28"),
    ],
)
def test_last_day_is_the_last_one_that_is_covered_whole(
    expires: dict[str, Any],
    last: str,
    committed: Any,
    reservation: Make,
    opened: Make,
    context: Make,
) -> None:
    committed.has("reservations", [reservation(**expires)])
    (row,) = reserved(opened().account("", context()))
    assert row["expires"] == last


MINE = "/subscriptions/0F0F0F0F-1111-2222-3333-444444444444"


@pytest.mark.parametrize(
    ("scope", "checks", "count"),
    [
        ({"appliedScopes": [MINE]}, [], 1),
        ({"appliedScopeProperties": {"subscriptionId": MINE}}, [], 1),
        (
            {"appliedScopeProperties": {"resourceGroupId": f"{MINE}/resourceGroups/planted"}},
            ["commitment_scope"],
            1,
        ),
        ({"appliedScopes": ["/subscriptions/somebody-else"]}, ["commitment_scope"], 0),
        ({}, ["commitment_scope"], 0),
    ],
)
def test_reservation_of_one_scope_counts_only_where_it_covers_this_subscription(
    scope: dict[str, Any],
    checks: list[str],
    count: int,
    committed: Any,
    reservation: Make,
    opened: Make,
    context: Make,
) -> None:
    committed.has("reservations", [reservation(appliedScopeType="Single", **scope)])
    read = opened().account("", context())
    assert len(reserved(read)) == count
    assert [found.check for found in read.findings] == checks


def test_size_flexibility_is_told_and_only_the_named_size_is_counted(
    committed: Any, reservation: Make, opened: Make, context: Make
) -> None:
    committed.has("reservations", [reservation(instanceFlexibility="On")])
    read = opened().account("", context())
    assert len(reserved(read)) == 1
    assert [found.check for found in read.findings] == ["commitment_flexible"]


@pytest.mark.parametrize("term", ["P1M", "P5Y", None])
def test_reservation_of_any_term_counts_until_its_end(
    term: str | None, committed: Any, reservation: Make, opened: Make, context: Make
) -> None:
    committed.has("reservations", [reservation(term=term)])
    (row,) = reserved(opened().account("", context()))
    assert (row["count"], row["expires"]) == (4, "2027-02-28")


def test_empty_list_says_who_sees_more(committed: Any, opened: Make, context: Make) -> None:
    committed.has("reservations", [])
    (found,) = opened().account("", context()).findings
    assert (found.check, found.severity) == ("commitments_none", "warning")
    assert "Reservations Reader" in found.detail
