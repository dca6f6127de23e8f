"""What the adapter tells is what an account reads, though no answer tells what was paid."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.account.account import Account
from costopt.catalog.catalog import Catalog

Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"
REGION = "cn-hangzhou"
SUBSCRIBED = f"subscription {A10} {REGION} 2027-02-28"
RESERVED = f"reserved {A10} {REGION} 2027-05-31"


@pytest.fixture
def account(own: Any, source: Make, context: Make) -> Account:
    """An account with one of everything that it can own; two instances are stopped, one runs.

    The refresh writes down an origin: what was read may name families that the catalogue lacks.
    """
    zone = {"ZoneId": f"{REGION}-b"}
    stopped = [own.instance(Status="Stopped", **zone) for _ in range(2)]
    own.instances([*stopped, own.pay_as_you_go(**zone)])
    own.reserved_instances([own.reserved()])
    own.savings_plans([own.plan(Region=REGION)])
    told = [source().account(region, context()) for region in (REGION, "")]
    rows = [{**row, "origin": "alibaba"} for one in told for row in one.facts]
    return Account.from_rows(rows, "account")


def test_every_fact_is_read_by_an_account(account: Account) -> None:
    assert [(one.name, one.left, one.paid_per_hour) for one in account.commitments] == [
        (RESERVED, 2, None),
        (SUBSCRIBED, 2, None),
    ]
    # 800 - 168 vCPUs on demand, none as spot
    assert [(one.unit, one.left) for one in account.quotas] == [("vcpus", 632), ("vcpus", 0)]
    assert [one.left for one in account.spend_commitments] == [12.5 - 4.25]


def test_account_makes_owned_offers_of_the_bundled_catalogue(
    account: Account, bundled: Catalog
) -> None:
    offers = account.priced(bundled).offers
    owned = offers[offers["purchase_option"] == "owned"].to_dict("records")
    rows = {row["kind"]: row for row in owned}
    assert {name: (row["region"], row["zone"]) for name, row in rows.items()} == {
        SUBSCRIBED: (REGION, f"{REGION}-b"),
        RESERVED: (REGION, ""),
    }
    for name in (SUBSCRIBED, RESERVED):
        assert f"{name}: it is paid for already -> paid 0 CNY/h" in rows[name]["trail"]
