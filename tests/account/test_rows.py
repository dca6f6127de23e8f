"""An account as rows: written, read back as the same, and joined with another."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment, ResourceCommitment, SpendCommitment
from costopt.account.csv_file import COLUMNS
from costopt.account.records import NegotiatedPrice, PriceStep, Quota
from costopt.errors import InvalidInputError

READ = Account(
    as_of="2026-08-22",
    prices=(
        NegotiatedPrice(
            key="alibaba/cn-beijing/ecs.gn7i-c8g1.2xlarge/subscription", term_years=1 / 12,
            payment="all", recurring_per_hour=0.0, upfront=4321.1, currency="CNY",
            name="Alibaba trade price", origin="alibaba/cn-beijing", as_of="2026-08-22",
        ),
    ),
    quotas=(
        Quota(
            key="aws/us-east-1/p[2-9]*|p[2-9]*.*/on_demand|owned", limit=192, used=96,
            unit="vcpus", name="Running On-Demand P instances", origin="aws/us-east-1",
        ),
    ),
    spend_commitments=(
        SpendCommitment(
            name="savings plan compute 2027-03-01", key="aws/*/*", kind="savings_plan",
            plan="compute", term_years=3.0, payment="no", spend_per_hour=30.0,
            used_per_hour=26.9, currency="USD", expires="2027-03-01", origin="aws",
        ),
    ),
    resource_commitments=(
        ResourceCommitment(
            name="committed use a2 us-central1 2027-03-01", key="gcp/us-central1/a2-highgpu-*",
            vcpus=96, memory_gib=680.5, accelerators=8, used_accelerators=1, paid_per_hour=21.5,
            currency="USD", expires="2027-03-01", origin="gcp/us-central1",
        ),
    ),
)  # fmt: skip

WRITTEN = Account(
    account_id="123456789012",
    spend_per_month=50000.0,
    steps=(
        PriceStep(key="aws", step="percent", amount=1 / 3, name='EDP, "2026"'),
        PriceStep(key="aws", step="tier", amount=2.0, from_spend=0.0),
    ),
    commitments=(
        InstanceCommitment(
            name="p5-2026", key="aws/us-east-1/p5.4xlarge", zone="use1-az4", kind="reserved",
            count=2, expires="2027-06-30", paid_per_hour=0.0, currency="USD",
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize("account", [READ, WRITTEN, WRITTEN.joined(READ)])
def test_an_account_that_is_written_reads_back_as_the_same(
    account: Account, tmp_path: Path
) -> None:
    assert Account.from_rows(account.rows()) == account
    path, buffer = tmp_path / "account.csv", StringIO()
    account.to_csv(path)
    account.to_csv(buffer)
    assert Account.from_csv(path) == account
    assert path.read_text(encoding="utf-8") == buffer.getvalue()


def test_rows_have_only_columns_of_the_file_and_no_empty_cell() -> None:
    rows = WRITTEN.joined(READ).rows()
    assert [row["fact"] for row in rows] == [
        "account", "spend", "price", "discount", "discount", "quota", "commitment",
        "spend_commitment", "resource_commitment",
    ]  # fmt: skip
    assert {name for row in rows for name in row} <= set(COLUMNS)
    assert all(cell for row in rows for cell in row.values())


def test_rows_take_numbers_as_numbers_and_leave_out_what_is_empty() -> None:
    rows = [
        {"fact": "quota", "key": "aws/*/p5.*", "limit": 192.0, "used": None, "unit": "vcpus",
         "name": "P", "zone": ""},
        {"fact": "discount", "key": "aws", "step": "percent", "amount": 9},
    ]  # fmt: skip
    account = Account.from_rows(rows)
    assert account.quotas == (Quota(key="aws/*/p5.*", limit=192, unit="vcpus", name="P"),)
    assert account.steps[0].amount == 9.0


def test_each_wrong_row_is_told_with_its_number_and_origin() -> None:
    rows: list[dict[str, Any]] = [
        {"fact": "quota", "key": "aws", "limit": "x", "name": "P", "origin": "aws/us-east-1"},
        {"fact": "quota", "key": "aws", "limit": 1.5, "name": "P"},
        {"fact": "quota", "key": "aws", "limit": True, "name": "P"},
        {"fact": "price", "key": "aws/r/t/spot", "currency": "USD"},
        {"fact": "spend_commitment", "limit": 3},
    ]
    with pytest.raises(InvalidInputError) as raised:
        Account.from_rows(rows, "what was read")
    starts = [text.split(":")[0] for text in raised.value.problems]
    assert starts == ["row 1 (aws/us-east-1)", "row 2", "row 3", "row 4", "row 5"]
    assert "recurring_per_hour is required" in raised.value.problems[3]
    assert "takes no limit; only" in raised.value.problems[4]
    assert raised.value.subject == "what was read"


def test_a_written_account_and_a_read_one_are_joined() -> None:
    both = WRITTEN.joined(READ)
    assert (both.account_id, both.as_of, both.spend_per_month) == (
        "123456789012", "2026-08-22", 50000.0,
    )  # fmt: skip
    assert both.steps == WRITTEN.steps
    assert (both.quotas, both.prices) == (READ.quotas, READ.prices)
    assert [one.name for one in both.owned] == [
        "p5-2026", "savings plan compute 2027-03-01", "committed use a2 us-central1 2027-03-01",
    ]  # fmt: skip


def test_accounts_that_contradict_each_other_are_not_joined() -> None:
    with pytest.raises(InvalidInputError, match="two commitments have the name"):
        READ.joined(READ.model_copy(update={"prices": ()}))
    other = WRITTEN.model_copy(update={"account_id": "9", "commitments": ()})
    with pytest.raises(InvalidInputError, match="differ in account_id") as raised:
        WRITTEN.joined(other)
    assert "123456789012" not in str(raised.value)
