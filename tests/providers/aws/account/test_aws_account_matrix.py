"""Every call about an account, each through every way in which an answer can come."""

from typing import Any

import pytest

REGION = "us-east-1"
ARN = "arn:aws:savingsplans::123456789012:savingsplan/sp-1"
PAGED = (
    "DescribeInstances",
    "DescribeCapacityReservations",
    "DescribeInstanceTypes",
    "ListServiceQuotas",
    "DescribeSavingsPlans",
    "GetSavingsPlansUtilizationDetails",
)
SIMPLE = {"DescribeAvailabilityZones": 2, "DescribeReservedInstances": 1}
"""Calls of one page -> items that the account is told there."""


def tokens(stocked: Any, name: str) -> list[Any]:
    return [one.get("NextToken", one.get("nextToken")) for one in stocked.asked(name)]


@pytest.mark.parametrize("name", PAGED)
def test_empty_page_with_a_token_before_the_last_changes_nothing(
    stocked: Any, told: Any, everything: Any, name: str
) -> None:
    stocked.lists["", name].insert(0, [])
    assert told() == everything
    assert tokens(stocked, name) == [None, "page-1"]


@pytest.mark.parametrize("name", PAGED)
def test_item_that_two_pages_hold_counts_once(
    stocked: Any, told: Any, everything: Any, name: str
) -> None:
    stocked.lists["", name] *= 2
    assert told() == everything
    assert tokens(stocked, name) == [None, "page-1"]


@pytest.mark.parametrize("name", SIMPLE)
def test_item_that_one_page_holds_twice_counts_once(
    stocked: Any, told: Any, everything: Any, name: str
) -> None:
    (page,) = stocked.lists["", name]
    stocked.lists["", name] = [[*page, *page]]
    assert told() == everything
    assert (len(page), len(stocked.asked(name))) == (SIMPLE[name], 1)


@pytest.mark.parametrize("name", [*PAGED, *SIMPLE])
def test_members_that_nobody_knows_change_nothing(
    stocked: Any, told: Any, everything: Any, name: str
) -> None:
    stocked.lists["", name] = [
        [{**one, "Novel": {"Member": 1}} for one in page] for page in stocked.lists["", name]
    ]
    assert told() == everything
    assert len(stocked.asked(name)) == 1


def test_capacity_reservations_of_two_pages_are_all_read(
    stocked: Any, told: Any, everything: Any, make: Any
) -> None:
    more = make["capacity"](
        InstanceType="g6e.xlarge",
        ReservationType="capacity-block",
        EndDate="2026-12-05T00:00:00Z",
    )
    stocked.lists["", "DescribeCapacityReservations"].append([more])
    added = {"capacity block g6e.xlarge us-east-1 2026-12-04": (2, 1)}
    assert told() == everything | added
    assert tokens(stocked, "DescribeCapacityReservations") == [None, "page-1"]


@pytest.mark.parametrize("lacking", ["PlatformDetails", "Placement", "InstanceId"])
def test_running_instance_that_tells_little_still_takes_what_it_runs_on(
    stocked: Any, told: Any, everything: Any, make: Any, launch: Any, lacking: str
) -> None:
    short = make["instance"]()
    del short[lacking]
    launch([short])
    assert told() == everything
    assert len(stocked.asked("DescribeInstances")) == 1


def test_plan_whose_utilization_lacks_its_block_is_no_plan_of_zero_use(
    stocked: Any, told: Any
) -> None:
    stocked.lists["", "GetSavingsPlansUtilizationDetails"] = [[{"SavingsPlanArn": ARN}]]
    assert told("") == {}
    assert len(stocked.asked("GetSavingsPlansUtilizationDetails")) == 1


@pytest.mark.parametrize(
    "lacking", [{"RecurringCharges": None}, {"RecurringCharges": []}], ids=["missing", "empty"]
)
def test_purchase_that_costs_nothing_is_reported_and_never_sunk_at_zero(
    stocked: Any, told: Any, everything: Any, make: Any, lacking: dict[str, Any]
) -> None:
    free = make["purchase"](FixedPrice=0.0, OfferingType="No Upfront")
    del free["RecurringCharges"]
    free |= {name: value for name, value in lacking.items() if value is not None}
    stocked.lists["", "DescribeReservedInstances"] = [[free]]
    read = stocked.account(REGION)
    assert [row for row in read.facts if row.get("kind") == "reserved"] == []
    assert "commitment_unreadable" in {one.check for one in read.findings}
    assert len(stocked.asked("DescribeReservedInstances")) == 1


@pytest.mark.parametrize(
    ("end", "last"),
    [
        # 08:00 of March 2 at nine hours east is 23:00 of March 1 in UTC, which it covers in part
        ("2027-03-02T08:00:00+09:00", "2027-02-28"),
        ("2027-03-01T16:00:00-08:00", "2027-03-01"),
        ("2027-03-02T00:00:00Z", "2027-03-01"),
        # one second behind another clock
        ("2027-03-01T23:59:59Z", "2027-03-01"),
        ("2027-03-02T00:00:01Z", "2027-03-01"),
    ],
)
def test_last_day_is_one_in_utc_whatever_the_clock_that_tells_the_end(
    stocked: Any, told: Any, everything: Any, make: Any, end: str, last: str
) -> None:
    stocked.lists["", "DescribeReservedInstances"] = [[make["purchase"](End=end)]]
    stocked.lists["", "DescribeSavingsPlans"] = [[make["plan"](savingsPlanArn=ARN, end=end)]]
    assert {f"reserved p5.48xlarge us-east-1 {last}", f"savings plan compute {last}"} < set(told())
    assert len(stocked.asked("DescribeReservedInstances")) == 1


@pytest.mark.parametrize(
    ("end", "count"),
    [
        ("2026-11-21T12:00:00Z", 0),
        ("2026-11-21T13:00:01+01:00", 1),
        ("2026-11-21T12:59:59+01:00", 0),
    ],
)
def test_end_is_compared_with_the_start_of_the_run_in_utc(
    stocked: Any, told: Any, everything: Any, make: Any, end: str, count: int
) -> None:
    stocked.lists["", "DescribeSavingsPlans"] = [[make["plan"](savingsPlanArn=ARN, end=end)]]
    assert len(told("")) == count
    assert len(stocked.asked("DescribeSavingsPlans")) == 1
