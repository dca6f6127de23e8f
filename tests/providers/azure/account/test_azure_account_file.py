"""What the adapter tells of an account is an account: its facts read back as one."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import costopt as co

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"
OWNED = f"reserved {H100} eastus 2027-02-28"


@pytest.fixture
def told(
    committed: Any, cloud: Any, sku: Make, usage: Make, opened: Make, context: Make
) -> list[dict[str, Any]]:
    """The facts of a subscription with one of everything that it can own."""
    cloud.sizes([sku(), sku("Standard_ND96is_H100_v5")])
    quotas = [usage("cores", 500, 100), usage("lowPriorityCores", 300), usage("someFamily", 96)]
    committed.has("usages", quotas)
    source = opened()
    read = [source.account(region, context()) for region in ("", "eastus")]
    return [dict(row) for one in read for row in one.facts]


def test_facts_written_as_a_file_read_back_as_an_account(
    told: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "account.csv"
    columns = list(dict.fromkeys(name for row in told for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(told)
    account = co.Account.from_csv(path)
    assert account == co.Account.from_rows(told, "account")
    assert [quota.limit for quota in account.quotas] == [500, 300, 96]
    (owned,) = account.commitments
    assert (owned.count, owned.used, owned.left, owned.paid_per_hour) == (4, 2, 2, None)
    assert [one.spend_per_hour for one in account.spend_commitments] == [10.5]


def test_account_makes_owned_offers_of_the_bundled_catalogue(
    told: list[dict[str, Any]], bundled: co.Catalog
) -> None:
    offers = co.Account.from_rows(told, "account").priced(bundled).offers
    (row,) = offers[offers["kind"] == OWNED].to_dict("records")
    assert (row["instance_type"], row["region"], row["valid_until"]) == (
        H100,
        "eastus",
        "2027-02-28",
    )
    assert f"{OWNED}: it is paid for already -> paid 0 USD/h" in row["trail"]
