"""An account on the local AWS: what it owns and runs, in answers of one or more pages."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

TYPES = {"p5.48xlarge": 192, "p4d.24xlarge": 96, "g6e.xlarge": 4, "g6e.12xlarge": 48}
"""Type -> vCPUs by default."""

ARN = "arn:aws:savingsplans::123456789012:savingsplan/sp-1"
NUMBERS = count(1)
"""Numbers of things that are each another one."""


def purchase(**more: Any) -> dict[str, Any]:
    """An entry of DescribeReservedInstances: two p5 for three years, all upfront."""
    return {
        "ReservedInstancesId": f"planted-ri-{next(NUMBERS)}",
        "InstanceType": "p5.48xlarge",
        "InstanceCount": 2,
        "InstanceTenancy": "default",
        "ProductDescription": "Linux/UNIX",
        "State": "active",
        "Scope": "Region",
        "Start": "2024-03-02T00:00:00Z",
        "End": "2027-03-02T00:00:00Z",
        "Duration": 94608000,
        "FixedPrice": 262800.0,
        "UsagePrice": 0.0,
        "RecurringCharges": [{"Amount": 0.0, "Frequency": "Hourly"}],
        "CurrencyCode": "USD",
        "OfferingType": "All Upfront",
        **more,
    }


def capacity(**more: Any) -> dict[str, Any]:
    """An entry of DescribeCapacityReservations: two p5 that can be cancelled, one in use."""
    return {
        "CapacityReservationId": f"planted-cr-{next(NUMBERS)}",
        "CapacityReservationArn": "arn:aws:ec2:us-east-1:123456789012:capacity-reservation/cr-1",
        "OwnerId": "123456789012",
        "InstanceType": "p5.48xlarge",
        "InstancePlatform": "Linux/UNIX",
        "AvailabilityZone": "us-east-1a",
        "AvailabilityZoneId": "use1-az2",
        "Tenancy": "default",
        "TotalInstanceCount": 2,
        "AvailableInstanceCount": 1,
        "State": "active",
        "EndDateType": "unlimited",
        "ReservationType": "default",
        **more,
    }


def instance(instance_type: str = "p5.48xlarge", **more: Any) -> dict[str, Any]:
    """An instance of DescribeInstances, on demand in the first zone."""
    return {
        "InstanceId": f"planted-i-{next(NUMBERS)}",
        "InstanceType": instance_type,
        "PlatformDetails": "Linux/UNIX",
        "Placement": {"AvailabilityZone": "us-east-1a", "Tenancy": "default"},
        **more,
    }


def quota(code: str, name: str, value: float, **more: Any) -> dict[str, Any]:
    """An entry of ListServiceQuotas."""
    return {
        "ServiceCode": "ec2",
        "QuotaArn": f"arn:aws:servicequotas:us-east-1:123456789012:ec2/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value,
        **more,
    }


def plan(**more: Any) -> dict[str, Any]:
    """An entry of DescribeSavingsPlans: 40 USD/h for one year, nothing upfront."""
    return {
        "savingsPlanId": "planted-sp-1",
        "savingsPlanArn": "arn:aws:savingsplans::123456789012:savingsplan/sp-1",
        "savingsPlanType": "Compute",
        "state": "active",
        "start": "2026-03-02T00:00:00.000Z",
        "end": "2027-03-01T23:59:59.000Z",
        "termDurationInSeconds": 31536000,
        "paymentOption": "No Upfront",
        "commitment": "40.00000000",
        "currency": "USD",
        "region": "",
        "ec2InstanceFamily": "",
        **more,
    }


@pytest.fixture
def make() -> dict[str, Callable[..., dict[str, Any]]]:
    """Builders of wire answers, by name."""
    return {
        "purchase": purchase,
        "capacity": capacity,
        "instance": instance,
        "quota": quota,
        "plan": plan,
    }


@pytest.fixture
def owner(empty_aws: Any) -> Any:
    """An account that owns and runs nothing, in one region of two zones."""
    empty_aws.lists = {
        ("", "DescribeAvailabilityZones"): [
            [
                {"ZoneName": "us-east-1a", "ZoneId": "use1-az2"},
                {"ZoneName": "us-east-1b", "ZoneId": "use1-az1"},
            ]
        ],
        ("", "DescribeInstanceTypes"): [
            [
                {"InstanceType": name, "VCpuInfo": {"DefaultVCpus": count}}
                for name, count in TYPES.items()
            ]
        ],
    }
    return empty_aws


@pytest.fixture
def launch(owner: Any) -> Callable[..., None]:
    """Runs instances: each page is one reservation."""

    def run(*pages: list[dict[str, Any]]) -> None:
        owner.lists["", "DescribeInstances"] = [
            [{"ReservationId": "planted-r-1", "OwnerId": "123456789012", "Instances": page}]
            for page in pages
        ]

    return run


@pytest.fixture
def facts() -> Callable[..., list[dict[str, Any]]]:
    """The facts of one kind, as they were read."""

    def of(read: Any, fact: str) -> list[dict[str, Any]]:
        return [dict(row) for row in read.facts if row["fact"] == fact]

    return of


@pytest.fixture
def stocked(owner: Any, make: Any, launch: Any) -> Any:
    """An account with one of everything; one p5 runs."""
    launch([make["instance"]()])
    block = make["capacity"](ReservationType="capacity-block", EndDate="2026-12-04T11:30:00Z")
    utilization = {"TotalCommitment": "4", "UsedCommitment": "1"}
    owner.lists |= {
        ("", "DescribeReservedInstances"): [[make["purchase"]()]],
        ("", "DescribeCapacityReservations"): [[block]],
        ("", "ListServiceQuotas"): [
            [make["quota"]("L-417A185B", "Running On-Demand P instances", 768.0)]
        ],
        ("", "DescribeSavingsPlans"): [[make["plan"](savingsPlanArn=ARN)]],
        ("", "GetSavingsPlansUtilizationDetails"): [
            [{"SavingsPlanArn": ARN, "Utilization": utilization}]
        ],
    }
    return owner


@pytest.fixture
def told(stocked: Any) -> Callable[..., dict[str, tuple[Any, Any]]]:
    """Name of each fact -> how much there is of it, and how much is taken."""

    def told(*regions: str, **settings: Any) -> dict[str, tuple[Any, Any]]:
        read = [
            stocked.account(region, savings_plan_use="cost_explorer", **settings)
            for region in regions or ("us-east-1", "")
        ]
        return {
            row["name"]: tuple(
                next(row[name] for name in names if name in row)
                for names in (
                    ("limit", "count", "spend_per_hour"),
                    ("used", "used_per_hour"),
                )
            )
            for one in read
            for row in one.facts
        }

    return told


@pytest.fixture
def everything() -> dict[str, tuple[float, float]]:
    """What ``told`` says of the account with one of everything."""
    return {
        "Running On-Demand P instances": (768, 192),
        "reserved p5.48xlarge us-east-1 2027-03-01": (2, 1),
        "capacity block p5.48xlarge us-east-1 2026-12-03": (2, 1),
        # a quarter of the commitment is in use
        "savings plan compute 2027-03-01": (40.0, 10.0),
    }
