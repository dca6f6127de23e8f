"""Quotas of vCPUs with what runs against them."""

from typing import Any

import pytest

REGION = "us-east-1"
P = ("L-417A185B", "Running On-Demand P instances")
P5_SPOT = ("L-C4BD4855", "All P5 Spot Instance Requests")
G = ("L-DB2E81BA", "Running On-Demand G and VT instances")


def quotas(owner: Any, facts: Any, *pages: Any) -> dict[str, dict[str, Any]]:
    owner.lists["", "ListServiceQuotas"] = list(pages)
    rows = facts(owner.account(REGION), "quota")
    return {row["name"]: row for row in rows}


def test_quota_counts_the_vcpus_of_what_runs_on_both_of_two_pages(
    owner: Any, make: Any, facts: Any, launch: Any
) -> None:
    # two p5 of 192 and one p4d of 96 run on demand: 480; the spot p5 counts elsewhere: 192
    spot = make["instance"](InstanceLifecycle="spot")
    launch([make["instance"](), spot], [make["instance"](), make["instance"]("p4d.24xlarge")])
    rows = quotas(owner, facts, [make["quota"](*P, 768.0)], [make["quota"](*P5_SPOT, 192.0)])
    assert rows[P[1]] == {
        "fact": "quota",
        "key": "aws/us-east-1/p[0-9]*/on_demand|reserved|savings_plan|owned",
        "limit": 768,
        "used": 480,
        "unit": "vcpus",
        "name": "Running On-Demand P instances",
    }
    assert rows[P5_SPOT[1]]["key"] == "aws/us-east-1/p5*/spot"
    assert (rows[P5_SPOT[1]]["limit"], rows[P5_SPOT[1]]["used"]) == (192, 192)
    asked = owner.asked("ListServiceQuotas")
    assert asked == [
        {"ServiceCode": "ec2", "MaxResults": 100},
        {"ServiceCode": "ec2", "MaxResults": 100, "NextToken": "page-1"},
    ]
    launched = owner.asked("DescribeInstances")
    assert [one.get("NextToken") for one in launched] == [None, "page-1"]
    assert (launched[0]["Filter.1.Value.1"], launched[0]["Filter.1.Value.2"]) == (
        "pending",
        "running",
    )
    assert owner.asked("DescribeInstanceTypes")[0]["Filter.1.Value.2"] == "p5.48xlarge"


def test_quota_of_zero_is_a_fact(owner: Any, make: Any, facts: Any) -> None:
    row = quotas(owner, facts, [make["quota"](*P, 0.0)])[P[1]]
    assert (row["limit"], row["used"]) == (0, 0)
    assert owner.asked("DescribeInstanceTypes") == []


def test_blocks_and_dedicated_hosts_take_nothing_of_a_quota(
    owner: Any, make: Any, facts: Any, launch: Any
) -> None:
    host = {"AvailabilityZone": "us-east-1a", "Tenancy": "host"}
    launch(
        [make["instance"](InstanceLifecycle="capacity-block"), make["instance"](Placement=host)]
    )
    assert quotas(owner, facts, [make["quota"](*P, 192.0)])[P[1]]["used"] == 0


def test_idle_reservation_that_is_no_commitment_takes_of_the_quota(
    owner: Any, make: Any, facts: Any
) -> None:
    # two held, one of them idle: 192 vCPUs
    owner.lists["", "DescribeCapacityReservations"] = [[make["capacity"]()]]
    assert quotas(owner, facts, [make["quota"](*P, 768.0)])[P[1]]["used"] == 192


def test_idle_part_of_a_commitment_is_left_to_the_plan_that_runs_on_it(
    owner: Any, make: Any, facts: Any
) -> None:
    # four held, none running, three committed: one idle of no commitment, 192 vCPUs
    committed = {"CommittedInstanceCount": 3, "CommitmentEndDate": "2027-01-15T00:00:00Z"}
    owner.lists["", "DescribeCapacityReservations"] = [
        [
            make["capacity"](
                TotalInstanceCount=4, AvailableInstanceCount=4, CommitmentInfo=committed
            )
        ]
    ]
    assert quotas(owner, facts, [make["quota"](*P, 768.0)])[P[1]]["used"] == 192


def test_quota_does_not_count_what_is_owned_where_that_is_a_block(
    owner: Any, make: Any, facts: Any
) -> None:
    owner.lists["", "DescribeCapacityReservations"] = [
        [make["capacity"](ReservationType="capacity-block", EndDate="2026-12-04T11:30:00Z")]
    ]
    rows = quotas(owner, facts, [make["quota"](*P, 0.0), make["quota"](*G, 0.0)])
    assert rows[P[1]]["key"] == "aws/us-east-1/p[0-9]*/on_demand|reserved|savings_plan"
    assert rows[G[1]]["key"].endswith("/on_demand|reserved|savings_plan|owned")


@pytest.mark.parametrize("value", [-1.0, 1.5, None])
def test_quota_without_a_whole_limit_is_reported_and_no_fact(
    owner: Any, make: Any, facts: Any, value: Any
) -> None:
    told = make["quota"](*P, 1.0)
    told["Value"] = value
    owner.lists["", "ListServiceQuotas"] = [[told]]
    read = owner.account(REGION)
    assert facts(read, "quota") == []
    found = {one.row: one for one in read.findings}["aws/us-east-1/p[0-9]*"]
    assert (found.check, found.severity) == ("quota_unknown", "left_out")
    assert "Running On-Demand P instances (L-417A185B)" in found.detail


def test_quota_whose_use_cannot_be_counted_is_reported_and_no_fact(
    owner: Any, make: Any, facts: Any, launch: Any
) -> None:
    launch([make["instance"]("p9.48xlarge")])
    owner.lists["", "ListServiceQuotas"] = [[make["quota"](*P, 768.0), make["quota"](*G, 8.0)]]
    read = owner.account(REGION)
    assert [row["name"] for row in facts(read, "quota")] == [G[1]]
    assert "aws/us-east-1/p[0-9]*" in {one.row for one in read.findings}


def test_quota_under_another_name_is_warned_of(owner: Any, make: Any) -> None:
    owner.lists["", "ListServiceQuotas"] = [
        [make["quota"]("L-7212CCBC", "All P Spot Instance Requests", 64.0)]
    ]
    (found,) = [one for one in owner.account(REGION).findings if one.check == "quota_renamed"]
    assert found.severity == "warning"
    assert "'All P Spot Instance Requests'" in found.detail


def test_families_without_a_documented_spot_quota_are_reported(owner: Any) -> None:
    known = frozenset({"p6-b200.48xlarge", "p5.48xlarge", "c7i.large", "g6e.xlarge"})
    read = owner.account(REGION, known_types=known)
    (found,) = [one for one in read.findings if one.check == "quota_undocumented"]
    assert found.row == "aws/us-east-1/p6-b200.*/spot"


def test_china_is_asked_at_its_own_places(owner: Any, make: Any, facts: Any) -> None:
    owner.lists["", "ListServiceQuotas"] = [[make["quota"](*P, 96.0)]]
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"](currency="CNY")]]
    settings = {"partition": "aws-cn", "savings_plan_use": "cost_explorer"}
    (row,) = facts(owner.account("cn-north-1", **settings), "quota")
    owner.account("", **settings)
    assert row["key"].startswith("aws/cn-north-1/p[0-9]*/")
    places = {name: region for region, name, _ in owner.seen}
    assert places["ListServiceQuotas"] == "cn-north-1"
    assert places["DescribeSavingsPlans"] == "cn-northwest-1"
    assert places["GetSavingsPlansUtilizationDetails"] == "cn-northwest-1"
