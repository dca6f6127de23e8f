"""Every call about an account, each through every way in which an answer can come."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
Told = Callable[..., dict[str, tuple[Any, Any]]]
A10 = "ecs.gn7i-c8g1.2xlarge"

NUMBERED = ("DescribeReservedInstances", "QuerySavingsPlansInstance")
PAGED = (*NUMBERED, "DescribeInstances", "DescribeInstanceTypes")


@pytest.mark.parametrize("operation", PAGED)
def test_empty_page_before_the_last_changes_nothing(
    tell: Make, items: Make, told: Told, everything: Any, pages_asked: Make, operation: str
) -> None:
    held = items(operation)
    # by number, the answer tells that there is a second page; one row of it is empty
    tell(operation, [], [*held, None] if operation in NUMBERED else held)
    assert told() == everything
    second = "2" if operation in NUMBERED else "page-2"
    assert pages_asked(operation) == [None, second]


@pytest.mark.parametrize("operation", PAGED)
def test_item_that_two_pages_hold_counts_once(
    tell: Make, items: Make, told: Told, everything: Any, pages_asked: Make, operation: str
) -> None:
    tell(operation, items(operation), items(operation))
    assert told() == everything
    second = "2" if operation in NUMBERED else "page-2"
    assert pages_asked(operation) == [None, second]


def test_quota_that_is_told_twice_counts_once(
    stocked: Any, tell: Make, items: Make, told: Told, everything: Any
) -> None:
    tell("DescribeAccountAttributes", items("DescribeAccountAttributes") * 2)
    assert told() == everything
    assert len(stocked.ecs.asked("DescribeAccountAttributes")) == 1


@pytest.mark.parametrize("operation", [*PAGED, "DescribeAccountAttributes"])
def test_members_that_nobody_knows_change_nothing(
    stocked: Any, tell: Make, items: Make, told: Told, everything: Any, operation: str
) -> None:
    tell(operation, [{**one, "Novel": {"Member": 1}} for one in items(operation)])
    assert told() == everything
    assert len(stocked.ecs.asked(operation)) == 1


@pytest.mark.parametrize(
    ("operation", "lacking", "gone"),
    [
        ("DescribeInstances", "InstanceId", ""),
        ("DescribeInstances", "SpotStrategy", ""),
        ("DescribeReservedInstances", "ReservedInstanceId", ""),
        ("DescribeReservedInstances", "OfferingType", ""),
        ("DescribeReservedInstances", "InstanceAmount", "reserved"),
        ("DescribeReservedInstances", "Scope", "reserved"),
        ("DescribeReservedInstances", "ExpiredTime", "reserved"),
        ("QuerySavingsPlansInstance", "InstanceId", ""),
        ("QuerySavingsPlansInstance", "Tags", ""),
        ("QuerySavingsPlansInstance", "Currency", "savings plan"),
        ("QuerySavingsPlansInstance", "PoolValue", "savings plan"),
    ],
)
def test_item_that_lacks_a_member_is_left_out_only_where_it_needs_it(
    stocked: Any,
    tell: Make,
    items: Make,
    told: Told,
    everything: Any,
    operation: str,
    lacking: str,
    gone: str,
) -> None:
    tell(
        operation,
        [
            {name: value for name, value in one.items() if name != lacking}
            for one in items(operation)
        ],
    )
    left = {name: held for name, held in everything.items() if not gone or gone not in name}
    assert told() == left
    assert len(stocked.ecs.asked(operation)) == 1


@pytest.mark.parametrize(
    ("operation", "member", "amount"),
    [
        ("DescribeReservedInstances", "InstanceAmount", 0),
        ("QuerySavingsPlansInstance", "PoolValue", "0.00"),
    ],
)
def test_commitment_to_nothing_is_left_out_and_reported(
    stocked: Any,
    tell: Make,
    items: Make,
    source: Make,
    context: Make,
    operation: str,
    member: str,
    amount: object,
) -> None:
    tell(operation, [{**one, member: amount} for one in items(operation)])
    read = source().account("" if member == "PoolValue" else "cn-test", context())
    assert {row["fact"] for row in read.facts} & {"spend_commitment"} == set()
    assert [(one.check, one.severity) for one in read.findings] == [
        ("commitment_unusable", "left_out")
    ]
    assert len(stocked.ecs.asked(operation)) == 1


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_currency_of_a_savings_plan_is_the_one_told(
    stocked: Any, tell: Make, items: Make, source: Make, context: Make, currency: str
) -> None:
    (plan,) = items("QuerySavingsPlansInstance")
    tell("QuerySavingsPlansInstance", [{**plan, "Currency": currency}])
    (row,) = source().account("", context()).facts
    assert (row["currency"], row["spend_per_hour"]) == (currency, 12.5)
    assert len(stocked.ecs.asked("QuerySavingsPlansInstance")) == 1


@pytest.mark.parametrize(
    ("end", "last"),
    [
        # 08:00 of March 2 at eight hours east is the first moment of that day in UTC
        ("2027-03-02T08:00+08:00", "2027-03-01"),
        ("2027-03-02T07:58+08:00", "2027-02-28"),
        ("2027-03-01T23:59:59Z", "2027-03-01"),
        ("2027-03-02T00:00:01Z", "2027-03-01"),
    ],
)
def test_last_day_is_one_in_utc_whatever_the_clock_that_tells_the_end(
    stocked: Any, tell: Make, items: Make, told: Told, everything: Any, end: str, last: str
) -> None:
    (held,) = items("DescribeReservedInstances")
    tell("DescribeReservedInstances", [{**held, "ExpiredTime": end}])
    assert f"reserved {A10} cn-test {last}" in told("cn-test")
    assert len(stocked.ecs.asked("DescribeReservedInstances")) == 1


@pytest.mark.parametrize(
    ("end", "count"),
    [
        ("2026-11-21T03:00:00Z", 0),
        ("2026-11-21T11:00:01+08:00", 1),
        ("2026-11-21T10:59:59+08:00", 0),
    ],
)
def test_end_is_compared_with_the_start_of_the_run_in_utc(
    stocked: Any, tell: Make, items: Make, told: Told, everything: Any, end: str, count: int
) -> None:
    (held,) = items("DescribeReservedInstances")
    tell("DescribeReservedInstances", [{**held, "ExpiredTime": end}])
    assert len([name for name in told("cn-test") if name.startswith("reserved")]) == count
    assert len(stocked.ecs.asked("DescribeReservedInstances")) == 1
