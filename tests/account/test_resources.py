"""Committed resources: an instance runs on them where all that it needs is covered."""

from typing import Any

import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment, ResourceCommitment
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.requirement import Requirement

NAME = "committed use g6e us-east-1 2027-06-30"


def committed(**changed: Any) -> Account:
    """Resources of 5 x g6e.xlarge (4 vCPUs, 32 GiB, 1 accelerator each), or as changed."""
    fields: dict[str, Any] = {
        "name": NAME, "key": "aws/us-east-1/g6e.*|g6.*", "vcpus": 20, "memory_gib": 160.0,
        "accelerators": 5, "paid_per_hour": 3.0, "currency": "USD", "expires": "2027-06-30",
    }  # fmt: skip
    return Account(resource_commitments=(ResourceCommitment(**{**fields, **changed}),))


def owned(plan: Plan) -> dict[str, int]:
    """Instance type -> instances that run on a commitment."""
    return {line.offer.instance_type: line.count for line in plan.lines if line.is_owned}


@pytest.mark.parametrize(
    ("changed", "count"),
    [
        ({}, 5),
        ({"used_vcpus": 5}, 3),
        ({"memory_gib": 159.0}, 4),
        ({"used_memory_gib": 64.0}, 3),
        ({"accelerators": 9, "used_accelerators": 7}, 2),
    ],
)
def test_the_scarcest_resource_says_how_many_run_on_it(
    changed: dict[str, Any], count: int, three: Catalog, seventy: Requirement
) -> None:
    """Each g6e.xlarge takes 4 vCPUs, 32 GiB and 1 accelerator."""
    plan = optimize(seventy, three, account=committed(**changed))
    assert owned(plan) == {"g6e.xlarge": count}
    assert evaluate_plan(Plan.from_json(plan.to_json()), three).violations == ()


def test_the_trail_says_what_is_sunk_and_until_when(three: Catalog, seventy: Requirement) -> None:
    plan = optimize(seventy, three, account=committed())
    (line,) = (line for line in plan.lines if line.is_owned)
    assert line.price_trail == (
        f"committed_use {NAME}: 3 USD/h for all of it are sunk -> paid 0 USD/h until 2027-06-30 "
        "-> then 1.861 USD/h on demand"
    )


def test_types_share_the_resources(three: Catalog) -> None:
    """52 vCPUs: one g6e.12xlarge (48) and one g6e.xlarge (4), for 60 + 10 a second."""
    work = Requirement(
        throughput_per_second={"g6e.12xlarge": 60.0, "g6e.xlarge": 10.0}, demand_per_second=70.0
    )
    account = committed(vcpus=52, memory_gib=416.0, accelerators=5)
    plan = optimize(work, three, account=account)
    assert (owned(plan), plan.cost_total) == ({"g6e.12xlarge": 1, "g6e.xlarge": 1}, 0.0)
    told = account.limiting(plan.request.limits, three)
    assert told.vcpu_quota == {f"aws/us-east-1/g6e.*|g6.*/owned/{NAME}": 52}
    assert told.accelerator_quota == {f"aws/us-east-1/g6e.*|g6.*/owned/{NAME}": 5}
    assert told.memory_quota_gib == {f"aws/us-east-1/g6e.*|g6.*/owned/{NAME}": 416.0}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"accelerators": 0}, "20 vCPUs, 160 GiB, 0 accelerators left cover no whole instance"),
        ({"vcpus": 0}, "cover no whole instance"),
        ({"used_vcpus": 20, "used_memory_gib": 160.0, "used_accelerators": 5}, "all of it is in"),
        ({"expires": "2026-01-01"}, "expired on 2026-01-01"),
    ],
)
def test_an_amount_that_is_left_out_or_gone_covers_nothing(
    changed: dict[str, Any], why: str, three: Catalog, seventy: Requirement
) -> None:
    account = committed(**changed)
    (note,) = account.notes(three)
    assert why in note
    plan = optimize(seventy, three, account=account)
    assert owned(plan) == {}
    assert plan.cost_per_hour == pytest.approx(13.027)


def test_a_plan_that_takes_more_than_is_covered_does_not_hold(
    three: Catalog, seventy: Requirement
) -> None:
    plan = optimize(seventy, three, account=committed())
    lines = tuple(
        line.model_copy(update={"count": 6}) if line.is_owned else line for line in plan.lines
    )
    told = " ".join(evaluate_plan(plan.model_copy(update={"lines": lines}), three).violations)
    assert "24 vCPUs, 20 allowed" in told
    assert "192 GiB, 160 allowed" in told
    assert "6 accelerators, 5 allowed" in told


def test_instances_that_are_committed_in_one_zone_are_offered_there(
    three: Catalog, seventy: Requirement
) -> None:
    one = InstanceCommitment(
        name="p5-2026", key="aws/us-east-1/p5.4xlarge", zone="use1-az4", kind="reserved",
        count=2, expires="2027-06-30", paid_per_hour=4.1, currency="USD", origin="aws/us-east-1",
        as_of="2026-08-22",
    )  # fmt: skip
    plan = optimize(seventy, three, account=Account(commitments=(one,)))
    assert [(line.offer.zone, line.count) for line in plan.lines] == [("use1-az4", 2)]
    assert evaluate_plan(plan, three).violations == ()


def test_names_of_commitments_are_unique_over_all_kinds() -> None:
    one = committed().resource_commitments[0]
    instances = InstanceCommitment(
        name=NAME.upper(), key="aws/us-east-1/p5.4xlarge", kind="reserved", count=2,
        expires="2027-06-30", paid_per_hour=4.1, currency="USD",
    )  # fmt: skip
    with pytest.raises(InvalidInputError, match="two commitments have the name"):
        Account(commitments=(instances,), resource_commitments=(one,))
    with pytest.raises(InvalidInputError, match="say what it covers: vcpus"):
        committed(vcpus=0, memory_gib=0.0, accelerators=0)
