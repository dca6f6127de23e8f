"""Reserved instances owned: what they cost, where they apply, what of them is taken."""

from typing import Any

import pytest

REGION = "us-east-1"


def commitments(owner: Any, facts: Any, told: Any) -> list[dict[str, Any]]:
    owner.lists["", "DescribeReservedInstances"] = [told]
    return list(facts(owner.account(REGION), "commitment"))


def test_purchase_spreads_what_was_paid_over_the_hours_of_its_term(
    owner: Any, make: Any, facts: Any
) -> None:
    # 262,800 USD / (94,608,000 s / 3,600 s/h = 26,280 h) = 10 USD/h, and 0 by the hour
    (row,) = commitments(owner, facts, [make["purchase"]()])
    assert row == {
        "fact": "commitment",
        "key": "aws/us-east-1/p5.48xlarge",
        "zone": "",
        "kind": "reserved",
        "count": 2,
        "used": 0,
        "paid_per_hour": 10.0,
        "currency": "USD",
        "expires": "2027-03-01",
        "name": "reserved p5.48xlarge us-east-1 2027-03-01",
    }
    assert len(owner.asked("DescribeReservedInstances")) == 1


def test_partial_upfront_adds_the_charge_by_the_hour(owner: Any, make: Any, facts: Any) -> None:
    # 131,400 / 26,280 h = 5; 5 + 6.25 by the hour = 11.25
    partial = make["purchase"](
        FixedPrice=131400.0, RecurringCharges=[{"Amount": 6.25, "Frequency": "Hourly"}]
    )
    assert commitments(owner, facts, [partial])[0]["paid_per_hour"] == 11.25


def test_currency_is_the_one_told(owner: Any, make: Any, facts: Any) -> None:
    (row,) = commitments(owner, facts, [make["purchase"](CurrencyCode="CNY")])
    assert row["currency"] == "CNY"


@pytest.mark.parametrize(
    "more",
    [
        {"State": "retired"},
        {"State": "queued"},
        {"State": "payment-pending"},
        {"End": "2026-11-21T11:59:59Z"},
    ],
)
def test_purchase_that_is_not_in_force_is_silent(
    owner: Any, make: Any, facts: Any, more: Any
) -> None:
    owner.lists["", "DescribeReservedInstances"] = [[make["purchase"](**more)]]
    read = owner.account(REGION)
    assert facts(read, "commitment") == []
    assert {one.check for one in read.findings} == {"quota_unknown"}


def test_zonal_purchase_names_its_zone_by_id_and_covers_that_zone_alone(
    owner: Any, make: Any, facts: Any, launch: Any
) -> None:
    other = {"AvailabilityZone": "us-east-1b", "Tenancy": "default"}
    launch([make["instance"](), make["instance"](Placement=other)])
    bound = make["purchase"](Scope="Availability Zone", AvailabilityZone="us-east-1b")
    (row,) = commitments(owner, facts, [bound])
    assert (row["zone"], row["used"]) == ("use1-az1", 1)


def test_zonal_purchase_is_taken_before_a_regional_one(
    owner: Any, make: Any, facts: Any, launch: Any
) -> None:
    # three run in az2: two take the zonal purchase of two, the third one of the regional two
    launch([make["instance"]() for _ in range(3)])
    zonal = make["purchase"](
        Scope="Availability Zone", AvailabilityZone="us-east-1a", AvailabilityZoneId="use1-az2"
    )
    rows = commitments(owner, facts, [make["purchase"](), zonal])
    assert {row["zone"]: row["used"] for row in rows} == {"": 1, "use1-az2": 2}


@pytest.mark.parametrize(
    "more",
    [
        {"InstanceLifecycle": "spot"},
        {"InstanceLifecycle": "capacity-block"},
        {"PlatformDetails": "Windows"},
        {"Placement": {"AvailabilityZone": "us-east-1a", "Tenancy": "dedicated"}},
        {"InstanceType": "p4d.24xlarge"},
    ],
)
def test_instance_that_a_purchase_does_not_cover_takes_nothing_of_it(
    owner: Any, make: Any, facts: Any, launch: Any, more: Any
) -> None:
    launch([make["instance"](**more)])
    assert commitments(owner, facts, [make["purchase"]()])[0]["used"] == 0


def test_what_runs_in_a_capacity_reservation_takes_a_regional_purchase_but_no_zonal_one(
    owner: Any, make: Any, facts: Any, launch: Any
) -> None:
    # a reservation of two, one running in it: the idle one takes nothing
    launch([make["instance"](CapacityReservationId="planted-cr-1")])
    owner.lists["", "DescribeCapacityReservations"] = [[make["capacity"]()]]
    zonal = make["purchase"](Scope="Availability Zone", AvailabilityZone="us-east-1a")
    rows = commitments(owner, facts, [make["purchase"](InstanceCount=3), zonal])
    assert {row["zone"]: (row["used"], row["count"]) for row in rows} == {
        "": (1, 3),
        "use1-az2": (0, 2),
    }


def test_idle_reservation_beside_a_free_purchase_is_warned_of(owner: Any, make: Any) -> None:
    owner.lists["", "DescribeReservedInstances"] = [[make["purchase"]()]]
    held = make["capacity"](AvailableInstanceCount=2)
    other = make["capacity"](InstanceType="g6e.xlarge")
    owner.lists["", "DescribeCapacityReservations"] = [[held, other]]
    (found,) = [one for one in owner.account(REGION).findings if one.check == "reservation_idle"]
    assert (found.severity, found.row) == ("warning", "aws/us-east-1/p5.48xlarge/reserved")
    assert found.detail.startswith("2 instances of capacity reservations")


@pytest.mark.parametrize(
    "purchase",
    [
        {"InstanceCount": 1},
        {"Scope": "Availability Zone", "AvailabilityZone": "us-east-1a"},
    ],
)
def test_idle_reservation_beside_no_free_regional_purchase_is_no_matter_of_it(
    owner: Any, make: Any, launch: Any, purchase: Any
) -> None:
    # one of the two runs: a purchase of one is taken by it
    launch([make["instance"](CapacityReservationId="planted-cr-1")])
    owner.lists["", "DescribeReservedInstances"] = [[make["purchase"](**purchase)]]
    owner.lists["", "DescribeCapacityReservations"] = [[make["capacity"]()]]
    found = [one.check for one in owner.account(REGION).findings]
    assert "reservation_can_be_cancelled" in found
    assert "reservation_idle" not in found


def test_idle_part_of_a_bound_reservation_takes_of_a_purchase_so_that_none_is_free_twice(
    owner: Any, make: Any, facts: Any
) -> None:
    # four held and idle, three of them bound and owned: the purchase of four pays for those three
    committed = {"CommittedInstanceCount": 3, "CommitmentEndDate": "2027-01-15T00:00:00Z"}
    held = make["capacity"](
        TotalInstanceCount=4, AvailableInstanceCount=4, CommitmentInfo=committed
    )
    owner.lists["", "DescribeCapacityReservations"] = [[held]]
    rows = commitments(owner, facts, [make["purchase"](InstanceCount=4)])
    assert {row["kind"]: (row["used"], row["count"]) for row in rows} == {
        "reserved": (3, 4),
        "reservation": (0, 3),
    }


def test_alike_purchases_are_numbered_and_the_ones_that_last_longest_are_taken_first(
    owner: Any, make: Any, facts: Any, launch: Any
) -> None:
    launch([make["instance"]() for _ in range(3)])
    later = make["purchase"](End="2028-03-02T00:00:00Z")
    rows = commitments(owner, facts, [make["purchase"](), later, make["purchase"]()])
    assert {row["name"]: row["used"] for row in rows} == {
        "reserved p5.48xlarge us-east-1 2027-03-01": 1,
        "reserved p5.48xlarge us-east-1 2027-03-01 2": 0,
        "reserved p5.48xlarge us-east-1 2028-03-01": 2,
    }


@pytest.mark.parametrize(
    ("more", "check"),
    [
        ({"ProductDescription": "Windows"}, "commitment_unfit"),
        ({"InstanceTenancy": "dedicated"}, "commitment_unfit"),
        ({"Scope": "Availability Zone", "AvailabilityZone": "us-east-1x"}, "zone_unknown"),
        ({"CurrencyCode": ""}, "commitment_unreadable"),
        ({"Duration": 0}, "commitment_unreadable"),
        ({"FixedPrice": -1.0}, "commitment_unreadable"),
        ({"InstanceCount": 0}, "commitment_unreadable"),
    ],
)
def test_purchase_that_plans_cannot_use_is_left_out_and_reported(
    owner: Any, make: Any, facts: Any, more: Any, check: str
) -> None:
    owner.lists["", "DescribeReservedInstances"] = [[make["purchase"](**more)]]
    read = owner.account(REGION)
    assert facts(read, "commitment") == []
    (found,) = [one for one in read.findings if one.check != "quota_unknown"]
    assert (found.check, found.severity, found.table) == (check, "left_out", "account")
    assert found.row == "aws/us-east-1/p5.48xlarge/reserved"


def test_what_nothing_here_uses_may_be_taken_by_another_account_and_is_warned_of(
    owner: Any, make: Any, launch: Any
) -> None:
    # of three g6e one runs: two are free; of two p5 both run
    launch([make["instance"](), make["instance"](), make["instance"]("g6e.xlarge")])
    small = make["purchase"](InstanceType="g6e.xlarge", InstanceCount=3)
    owner.lists["", "DescribeReservedInstances"] = [[make["purchase"](), small]]
    found = [one for one in owner.account(REGION).findings if one.check == "commitment_use_unsure"]
    assert [(one.severity, one.row) for one in found] == [
        ("warning", "aws/us-east-1/g6e.xlarge/reserved")
    ]
    assert found[0].detail.startswith("2 of them are taken by nothing in this account")


@pytest.mark.parametrize("missing", ["FixedPrice", "Duration", "End", "InstanceCount", "Scope"])
def test_purchase_that_lacks_a_member_is_left_out_and_reported(
    owner: Any, make: Any, facts: Any, missing: str
) -> None:
    told = make["purchase"]()
    del told[missing]
    owner.lists["", "DescribeReservedInstances"] = [[told]]
    read = owner.account(REGION)
    assert facts(read, "commitment") == []
    assert "commitment_unreadable" in {one.check for one in read.findings}


def test_types_that_no_plan_could_use_are_passed_over(owner: Any, make: Any, facts: Any) -> None:
    owner.lists["", "DescribeReservedInstances"] = [
        [make["purchase"](InstanceType="m5.large"), make["purchase"](InstanceType="m7i.large")]
    ]
    read = owner.account(REGION, known_types=frozenset({"m7i.large"}))
    assert [row["key"] for row in facts(read, "commitment")] == ["aws/us-east-1/m7i.large"]


def test_other_running_sizes_of_the_family_are_warned_of(
    owner: Any, make: Any, launch: Any
) -> None:
    launch([make["instance"]("g6e.12xlarge")])
    owner.lists["", "DescribeReservedInstances"] = [[make["purchase"](InstanceType="g6e.xlarge")]]
    (found,) = [
        one for one in owner.account(REGION).findings if one.check == "commitment_size_flexible"
    ]
    assert found.severity == "warning"
    assert "g6e.12xlarge run too" in found.detail
