"""An account from a CSV file, and one sentence for whatever is wrong in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment
from costopt.account.records import PriceStep, Quota
from costopt.errors import InvalidInputError

Write = Callable[..., Path]

DISCOUNT = "discount,aws/*/p5.*,percent,9,,,,,,,,EDP,,"


def test_every_kind_of_row_becomes_its_record(written: Write) -> None:
    path = written(
        "account,,,,,,,,,,,123456789012,2026-08-01,",
        "spend,,,50000,,,,,,,,,,",
        DISCOUNT,
        "discount,aws,tier,2.5,,40000,,,,,,EDP,,2027-01-31",
        "",
        "quota,aws/us-east-1/p5.*/on_demand,,,,,8,3,,,,P instances,,",
        "commitment,aws/us-east-1/p5.4xlarge,,,USD,,,1,reserved,2,4.1,p5-2026,,2027-06-30",
    )
    assert Account.from_csv(path) == Account(
        account_id="123456789012",
        as_of="2026-08-01",
        spend_per_month=50000.0,
        steps=(
            PriceStep(key="aws/*/p5.*", step="percent", amount=9.0, name="EDP"),
            PriceStep(
                key="aws", step="tier", amount=2.5, from_spend=40000.0, name="EDP",
                expires="2027-01-31",
            ),
        ),
        quotas=(Quota(key="aws/us-east-1/p5.*/on_demand", limit=8, used=3, name="P instances"),),
        commitments=(
            InstanceCommitment(
                name="p5-2026", key="aws/us-east-1/p5.4xlarge", kind="reserved", count=2, used=1,
                expires="2027-06-30", paid_per_hour=4.1, currency="USD",
            ),
        ),
    )  # fmt: skip


def test_columns_that_no_row_fills_may_be_left_out(written: Write) -> None:
    path = written("9,discount,aws,percent", header="amount,fact,key,step")
    assert Account.from_csv(str(path)).steps == (PriceStep(key="aws", step="percent", amount=9.0),)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("rebate,aws,percent,9,,,,,,,,,,", "line 3: Unknown fact 'rebate'"),
        (
            "discount,aws,percent,nine,,,,,,,,,,",
            "line 3: amount = 'nine' is not a number such as 9.5",
        ),
        ("discount,aws,percent,nan,,,,,,,,,,", "line 3: amount"),
        ("discount,aws,percnt,9,,,,,,,,,,", "line 3: step"),
        ("discount,aws,percent,,,,,,,,,,,", "line 3: amount is required"),
        (
            "discount,aws,percent,9,,,4,,,,,,,",
            "line 3: a row of fact discount takes no limit; only key, step, amount",
        ),
        ("quota,aws,,,,,2.5,,,,,P,,", "line 3: limit = '2.5' is not a whole number"),
        ("quota,aws,,,,,-1,,,,,P,,", "line 3: limit"),
        ("quota,aws,,,,,1,,,,,,,", "line 3: name is required"),
        ("spend,,,,,,,,,,,,,", "line 3: give one row of fact spend, with something in it"),
        ("commitment,aws/*/p5.4xlarge,,,USD,,,,reserved,1,4,a,,2027-01-01", "without wildcards"),
        ("commitment,aws/r/t,,,USD,,,,reserved,1,4,a/b,,2027-01-01", "may not hold any of"),
        ("commitment,aws/r/t,,,USD,,,,reserved,1,4,a,,soon", "line 3: expires: must be a day"),
        ("discount,aws,percent,9,,,,,,,,,,,,,", "line 3: more cells than the header has columns"),
    ],
)
def test_a_wrong_row_gives_one_sentence_with_its_line(
    row: str, sentence: str, written: Write
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        Account.from_csv(written(DISCOUNT, row))
    assert len(raised.value.problems) == 1
    assert sentence in raised.value.problems[0]
    assert raised.value.subject.endswith("account.csv")


def test_each_wrong_row_is_told(written: Write) -> None:
    with pytest.raises(InvalidInputError) as raised:
        Account.from_csv(written("rebate", DISCOUNT, "quota,aws,,,,,x,,,,,P,,"))
    assert [text[:7] for text in raised.value.problems] == ["line 2:", "line 4:"]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("key,step,amount", "the first line must name columns, fact among them: fact, "),
        ("fact,key,stepp", "Unknown column 'stepp'. Did you mean step"),
        ("fact,key,key", "column 'key' stands twice"),
    ],
)
def test_a_wrong_header_gives_one_sentence(header: str, sentence: str, written: Write) -> None:
    with pytest.raises(InvalidInputError) as raised:
        Account.from_csv(written(header=header))
    assert len(raised.value.problems) == 1
    assert sentence in raised.value.problems[0]


def test_a_file_that_changes_nothing_is_refused(written: Write) -> None:
    with pytest.raises(InvalidInputError, match="no row with a fact that changes a plan"):
        Account.from_csv(written("spend,,,50000,,,,,,,,,,"))
    with pytest.raises(InvalidInputError, match="without prices, discounts, quotas"):
        Account(account_id="1")


def test_a_spend_that_stands_twice_is_refused(written: Write) -> None:
    rows = ("spend,,,1,,,,,,,,,,", "spend,,,2,,,,,,,,,,", DISCOUNT)
    with pytest.raises(InvalidInputError, match="line 3: give one row of fact spend"):
        Account.from_csv(written(*rows))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"gone\.csv: it cannot be read"):
        Account.from_csv(tmp_path / "gone.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00fact")
    with pytest.raises(InvalidInputError, match="not a text file in UTF-8"):
        Account.from_csv(tmp_path / "bytes.csv")
