"""Instances that an account has paid for, over HTTP: subscriptions and reserved instances."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"
LARGER = "ecs.gn7i-c16g1.4xlarge"
PLAIN = "ecs.g7.large"


def commitments(told: Any) -> list[Any]:
    return [row for row in told.facts if row["fact"] == "commitment"]


def test_subscription_that_is_stopped_is_free_and_one_that_runs_is_in_use(
    own: Any, read: Make
) -> None:
    own.instances(
        [own.instance(), own.instance(Status="Stopped")],
        [own.instance(Status="Stopped"), own.instance(Status="Stopped", ZoneId="cn-test-b")],
    )
    told = read()
    assert commitments(told) == [
        {
            "fact": "commitment",
            "key": f"alibaba/cn-test/{A10}",
            "zone": "cn-test-a",
            "kind": "subscription",
            "count": 3,
            "used": 1,
            "expires": "2027-02-28",
            "name": f"subscription {A10} cn-test 2027-02-28",
        },
        {
            "fact": "commitment",
            "key": f"alibaba/cn-test/{A10}",
            "zone": "cn-test-b",
            "kind": "subscription",
            "count": 1,
            "used": 0,
            "expires": "2027-02-28",
            "name": f"subscription {A10} cn-test 2027-02-28 2",
        },
    ]
    asked = own.ecs.asked("DescribeInstances")
    assert [one.get("NextToken") for one in asked] == [None, "page-2"]
    assert {one["MaxResults"] for one in asked} == {"100"}


def test_stopped_subscription_that_is_locked_is_not_free(own: Any, read: Make) -> None:
    locks = {"LockReason": [{"LockReason": "security"}]}
    own.instances([own.instance(Status="Stopped", OperationLocks=locks)])
    (row,) = commitments(read())
    assert (row["count"], row["used"]) == (1, 1)


def test_expired_subscription_and_cpu_machine_are_no_facts(own: Any, read: Make) -> None:
    own.instances([own.instance(ExpiredTime="2026-11-20T16:00Z"), own.instance(PLAIN)])
    told = read()
    assert commitments(told) == []
    assert told.findings == ()
    (asked,) = own.ecs.asked("DescribeInstanceTypes")
    assert asked["InstanceTypes.1"] == PLAIN
    assert "InstanceTypes.2" not in asked


def test_subscription_without_an_end_is_no_commitment(own: Any, read: Make) -> None:
    own.instances([own.instance(ExpiredTime="soon")])
    told = read()
    assert commitments(told) == []
    assert [(one.check, one.severity) for one in told.findings] == [
        ("commitment_open_ended", "left_out")
    ]


def test_reserved_instances_are_used_by_what_runs_zone_before_region(own: Any, read: Make) -> None:
    running = [own.pay_as_you_go(), own.pay_as_you_go(), own.pay_as_you_go(ZoneId="cn-test-b")]
    others = [own.pay_as_you_go(SpotStrategy="SpotAsPriceGo"), own.pay_as_you_go(Status="Stopped")]
    own.instances([*running, *others])
    zonal = own.reserved(InstanceAmount=1, Scope="Zone", ZoneId="cn-test-a")
    own.reserved_instances([own.reserved()], [zonal], size=1)
    told = read()
    rows = {row["zone"]: row for row in commitments(told)}
    assert (rows["cn-test-a"]["count"], rows["cn-test-a"]["used"]) == (1, 1)
    # three run on demand: one is the zone's, of the other two the region's three take both
    assert (rows[""]["count"], rows[""]["used"]) == (3, 2)
    # they end at 16:00 of June 1, UTC: the last whole day is the one before
    assert rows[""]["expires"] == "2027-05-31"
    assert rows[""]["name"] == f"reserved {A10} cn-test 2027-05-31"
    assert rows["cn-test-a"]["name"] == f"reserved {A10} cn-test 2027-05-31 2"
    asked = own.ecs.asked("DescribeReservedInstances")
    assert [one.get("PageNumber") for one in asked] == [None, "2"]
    assert {one["Status.1"] for one in asked} == {"Active"}


def test_what_runs_is_counted_on_the_reserved_instances_that_last_longest(
    own: Any, read: Make
) -> None:
    # two run: both are of the three that last until 2028, so that the three of 2027 are free
    own.instances([own.pay_as_you_go(), own.pay_as_you_go()])
    own.reserved_instances([own.reserved(), own.reserved(ExpiredTime="2028-06-01T16:00Z")])
    used = {row["expires"]: row["used"] for row in commitments(read())}
    assert used == {"2027-05-31": 0, "2028-05-31": 2}


def test_reserved_instances_of_a_region_may_pay_for_other_sizes_and_that_is_said(
    own: Any, read: Make
) -> None:
    own.instances([own.pay_as_you_go(LARGER)])
    own.reserved_instances([own.reserved()])
    told = read()
    (row,) = commitments(told)
    assert (row["count"], row["used"]) == (3, 0)
    (found,) = told.findings
    assert (found.check, found.severity) == ("commitment_use_unsure", "warning")
    assert LARGER in found.detail


@pytest.mark.parametrize(
    ("fields", "check", "words"),
    [
        ({"Platform": "Windows"}, "commitment_unusable", "for Windows"),
        ({"Platform": None}, "commitment_unusable", "no platform"),
        ({"InstanceAmount": None}, "commitment_unusable", "None instances"),
        ({"Scope": "Account"}, "commitment_unusable", "'Account'"),
        ({"Scope": "Zone"}, "commitment_unusable", "not told"),
        ({"ExpiredTime": None}, "commitment_open_ended", "no end"),
        (
            {"OperationLocks": {"OperationLock": [{"LockReason": "financial"}]}},
            "commitment_unusable",
            "locked",
        ),
    ],
)
def test_reserved_instance_that_cannot_be_counted_on_is_reported(
    own: Any, read: Make, fields: dict[str, Any], check: str, words: str
) -> None:
    own.reserved_instances([own.reserved(**fields)])
    told = read()
    assert commitments(told) == []
    (found,) = told.findings
    assert (found.check, found.severity) == (check, "left_out")
    assert words in found.detail


def test_reserved_instances_that_are_over_are_left_out_without_a_word(
    own: Any, read: Make
) -> None:
    over = [own.reserved(Status="Expired"), own.reserved(ExpiredTime="2026-11-01T16:00Z")]
    own.reserved_instances([*over, own.reserved()])
    told = read()
    assert [row["count"] for row in commitments(told)] == [3]
    assert told.findings == ()
