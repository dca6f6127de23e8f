"""Capacity reservations and Capacity Blocks owned: what is sunk and what can be given back."""

from typing import Any

import pytest

REGION = "us-east-1"
COMMITTED = {"CommittedInstanceCount": 3, "CommitmentEndDate": "2027-01-15T00:00:00Z"}


def read_of(owner: Any, *told: Any) -> Any:
    owner.lists["", "DescribeCapacityReservations"] = [list(told)]
    return owner.account(REGION)


def checks(read: Any) -> list[str]:
    return [one.check for one in read.findings if one.check != "quota_unknown"]


def test_block_owned_covers_its_zone_until_its_last_whole_day_at_a_price_that_nobody_tells(
    owner: Any, make: Any, facts: Any
) -> None:
    block = make["capacity"](
        ReservationType="capacity-block", EndDateType="limited", EndDate="2026-12-04T11:30:00Z"
    )
    (row,) = facts(read_of(owner, block), "commitment")
    assert row == {
        "fact": "commitment",
        "key": "aws/us-east-1/p5.48xlarge",
        "zone": "use1-az2",
        "kind": "reservation",
        "count": 2,
        "used": 1,
        "expires": "2026-12-03",
        "name": "capacity block p5.48xlarge us-east-1 2026-12-03",
    }


@pytest.mark.parametrize(
    "more", [{}, {"EndDateType": "limited", "EndDate": "2027-03-01T00:00:00Z"}]
)
def test_reservation_that_can_be_cancelled_is_no_commitment(
    owner: Any, make: Any, facts: Any, more: Any
) -> None:
    read = read_of(owner, make["capacity"](**more))
    assert facts(read, "commitment") == []
    (found,) = [one for one in read.findings if one.check == "reservation_can_be_cancelled"]
    assert found.row == "aws/us-east-1/p5.48xlarge/reservation"
    assert "2 in use1-az2, 1 of them running" in found.detail


def test_future_dated_reservation_is_bound_for_what_it_committed_to(
    owner: Any, make: Any, facts: Any
) -> None:
    # four held, two running, three committed: one of the three is still free
    told = make["capacity"](
        TotalInstanceCount=4, AvailableInstanceCount=2, CommitmentInfo=COMMITTED
    )
    (row,) = facts(read_of(owner, told), "commitment")
    assert (row["count"], row["used"], row["expires"]) == (3, 2, "2027-01-14")
    assert row["name"] == "reservation p5.48xlarge us-east-1 2027-01-14"


def test_reservation_after_its_commitment_can_be_cancelled(
    owner: Any, make: Any, facts: Any
) -> None:
    over = {**COMMITTED, "CommitmentEndDate": "2026-11-01T00:00:00Z"}
    read = read_of(owner, make["capacity"](CommitmentInfo=over))
    assert facts(read, "commitment") == []
    assert checks(read) == ["reservation_can_be_cancelled"]


@pytest.mark.parametrize("state", ["expired", "cancelled", "scheduled", "payment-pending"])
def test_reservation_that_is_not_active_is_silent(
    owner: Any, make: Any, facts: Any, state: str
) -> None:
    read = read_of(owner, make["capacity"](State=state))
    assert facts(read, "commitment") == []
    assert checks(read) == []


@pytest.mark.parametrize(
    ("more", "check"),
    [
        ({"InstancePlatform": "Windows"}, "commitment_unfit"),
        ({"Tenancy": "dedicated"}, "commitment_unfit"),
        ({"AvailableInstanceCount": 5}, "commitment_unreadable"),
        ({"AvailabilityZone": "x", "AvailabilityZoneId": ""}, "commitment_unreadable"),
        ({"EndDate": ""}, "commitment_unreadable"),
    ],
)
def test_block_that_plans_cannot_use_is_left_out_and_reported(
    owner: Any, make: Any, facts: Any, more: Any, check: str
) -> None:
    told = {"ReservationType": "capacity-block", "EndDate": "2026-12-04T11:30:00Z", **more}
    if not told["EndDate"]:
        del told["EndDate"]
    read = read_of(owner, make["capacity"](**told))
    assert facts(read, "commitment") == []
    assert checks(read) == [check]


def test_only_reservations_of_the_account_itself_are_asked_for(owner: Any, make: Any) -> None:
    read_of(owner, make["capacity"]())
    (asked,) = owner.asked("DescribeCapacityReservations")
    assert (asked["Filter.1.Name"], asked["Filter.1.Value.1"]) == ("owner-id", "123456789012")
    assert len(owner.asked("GetCallerIdentity")) == 1
