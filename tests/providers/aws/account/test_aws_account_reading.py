"""What the adapter tells is what an account reads."""

import csv
from pathlib import Path
from typing import Any

import pytest

from costopt import Account
from costopt.catalog.catalog import Catalog

BLOCK = "capacity block p5.48xlarge us-east-1 2026-12-03"
RESERVED = "reserved p5.48xlarge us-east-1 2027-03-01"


@pytest.fixture
def told(owner: Any, make: Any, launch: Any) -> list[dict[str, Any]]:
    """The facts of an account with one of everything that it can own."""
    launch([make["instance"]()])
    owner.lists["", "DescribeReservedInstances"] = [[make["purchase"]()]]
    owner.lists["", "DescribeCapacityReservations"] = [
        [make["capacity"](ReservationType="capacity-block", EndDate="2026-12-04T11:30:00Z")]
    ]
    owner.lists["", "ListServiceQuotas"] = [
        [make["quota"]("L-DB2E81BA", "Running On-Demand G and VT instances", 8.0)]
    ]
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"]()]]
    read = [owner.account(region, savings_plan_use="none") for region in ("us-east-1", "")]
    return [dict(row) for one in read for row in one.facts]


def test_every_fact_is_read_by_an_account(told: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "account.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in told for name in row)))
        writer.writeheader()
        writer.writerows(told)
    account = Account.from_csv(path)
    assert account == Account.from_rows(told, "account")
    assert [(one.name, one.left, one.paid_per_hour) for one in account.commitments] == [
        (BLOCK, 1, None),
        (RESERVED, 1, 10.0),
    ]
    assert [(one.unit, one.left) for one in account.quotas] == [("vcpus", 8)]
    assert [one.left for one in account.spend_commitments] == [40.0]


def test_account_makes_owned_offers_of_the_bundled_catalogue(
    told: list[dict[str, Any]], bundled: Catalog
) -> None:
    offers = Account.from_rows(told, "account").priced(bundled).offers
    owned = offers[offers["purchase_option"] == "owned"]
    rows = {row["kind"]: row for row in owned.to_dict("records")}
    assert {name: (row["region"], row["zone"]) for name, row in rows.items()} == {
        BLOCK: ("us-east-1", "use1-az2"),
        RESERVED: ("us-east-1", ""),
    }
    assert f"{BLOCK}: it is paid for already -> paid 0 USD/h" in rows[BLOCK]["trail"]
    assert f"{RESERVED}: 10 USD/h are sunk" in rows[RESERVED]["trail"]
