"""Savings plans that an account owns, over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]


def test_savings_plans_belong_to_no_region(bare: Any, source: Make, context: Make) -> None:
    universal = bare.plan(
        SavingsType="unversal",
        InstanceFamily=None,
        Region=None,
        Cycle="6:Month",
        PayMode="total",
        PoolValue="2",
        LastBillTotalUsage="0",
    )
    bare.savings_plans([bare.plan()], [universal], size=1)
    told = source().account("", context())
    assert (told.region, told.findings) == ("", ())
    assert list(told.facts) == [
        {
            "fact": "spend_commitment",
            "key": "alibaba/*/*",
            "kind": "savings_plan",
            "plan": "universal",
            "term_years": 0.5,
            "payment": "all",
            "spend_per_hour": 2.0,
            "used_per_hour": 0.0,
            "currency": "CNY",
            "expires": "2028-04-30",
            "name": "savings plan universal all regions 2028-04-30",
        },
        {
            "fact": "spend_commitment",
            "key": "alibaba/cn-test/ecs.gn7i-*|ecs.gn7i.*",
            "kind": "savings_plan",
            "plan": "ecs",
            "term_years": 3.0,
            "payment": "partial",
            "spend_per_hour": 12.5,
            "used_per_hour": 4.25,
            "currency": "CNY",
            "expires": "2028-04-30",
            "name": "savings plan ecs cn-test gn7i 2028-04-30",
        },
    ]
    assert [one["operation"] for one in bare.ecs.seen] == ["QuerySavingsPlansInstance"] * 2
    assert [one.get("PageNum") for one in bare.ecs.seen] == [None, "2"]
    assert {headers["X-Acs-Version"] for headers in bare.ecs.headers} == {"2017-12-14"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Status": "LIMIT"}, "status is 'LIMIT'"),
        ({"DeductCycleType": "ONCE"}, "'ONCE', not of an hour"),
        ({"DeductCycleType": None}, "None, not of an hour"),
        ({"SavingsType": "gpu"}, "type is 'gpu'"),
        ({"PayMode": "later"}, "paid 'later'"),
        ({"PoolValue": "much"}, "PoolValue is 'much'"),
        ({"PoolValue": "0"}, "amount is 0"),
        ({"LastBillTotalUsage": None}, "LastBillTotalUsage is None"),
        ({"Currency": None}, "no currency"),
        ({"Cycle": "3"}, "term is '3'"),
        ({"Region": "East China"}, "no name of a region"),
        ({"InstanceFamily": None}, "no name of a family"),
        ({"EndTimestamp": None}, "end is None"),
    ],
)
def test_savings_plan_that_is_not_told_whole_is_reported(
    bare: Any, source: Make, context: Make, fields: dict[str, Any], words: str
) -> None:
    bare.savings_plans([bare.plan(**fields)])
    told = source().account("", context())
    assert told.facts == ()
    (found,) = told.findings
    assert (found.check, found.severity, found.table) == (
        "commitment_unusable",
        "left_out",
        "account",
    )
    assert words in found.detail


def test_savings_plans_that_are_over_are_left_out_without_a_word(
    bare: Any, source: Make, context: Make
) -> None:
    bare.savings_plans(
        [bare.plan(Status="RELEASE"), bare.plan(EndTimestamp=bare.milliseconds(2026, 11, 1))]
    )
    told = source().account("", context())
    assert (told.facts, told.findings) == ((), ())


def test_savings_plans_are_not_asked_where_the_settings_say_so(
    bare: Any, source: Make, context: Make
) -> None:
    told = source(savings_plans=False).account("", context())
    assert (told.facts, bare.ecs.seen) == ((), [])
