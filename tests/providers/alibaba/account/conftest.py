"""What an account has at Alibaba Cloud, as the local server tells it page by page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

Json = dict[str, Any]
Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"


@dataclass
class Own:
    """Makes what an account has, and lets the server tell it.

    Attributes:
        ecs: the server.
    """

    ecs: Any

    def quotas(self, *attributes: Json) -> None:
        body = {"AccountAttributeItems": {"AccountAttributeItem": list(attributes)}}
        self.ecs.script("DescribeAccountAttributes", body)

    def instances(self, *pages: list[Json]) -> None:
        for number, page in enumerate(pages, 1):
            body: Json = {"Instances": {"Instance": page}}
            if number < len(pages):
                body["NextToken"] = f"page-{number + 1}"
            kind = "" if number == 1 else f"page-{number}"
            self.ecs.script("DescribeInstances", body, kind=kind)

    def reserved_instances(self, *pages: list[Json], size: int = 100) -> None:
        rows = sum(len(page) for page in pages)
        for number, page in enumerate(pages, 1):
            block = {"ReservedInstances": {"ReservedInstance": page}}
            body = {**block, "TotalCount": rows, "PageSize": size, "PageNumber": number}
            kind = "" if number == 1 else f"{number}"
            self.ecs.script("DescribeReservedInstances", body, kind=kind)

    def savings_plans(self, *pages: list[Json], size: int = 100) -> None:
        rows = sum(len(page) for page in pages)
        for number, page in enumerate(pages, 1):
            data = {"Items": page, "TotalCount": rows, "PageSize": size, "PageNum": number}
            body = {"Code": "Success", "Success": True, "Data": data}
            kind = "" if number == 1 else f"{number}"
            self.ecs.script("QuerySavingsPlansInstance", body, kind=kind)

    @staticmethod
    def attribute(name: str, *values: str) -> Json:
        told = [{"Value": value} for value in values]
        return {"AttributeName": name, "AttributeValues": {"ValueItem": told}}

    @staticmethod
    def instance(name: str = A10, **fields: Any) -> Json:
        """Return a subscribed instance that runs in zone a until February 2027 ends, UTC."""
        return {
            "InstanceId": "i-planted",
            "InstanceName": "planted-name",
            "ResourceGroupId": "rg-planted",
            "PublicIpAddress": {"IpAddress": ["203.0.113.99"]},
            "Tags": {"Tag": [{"TagKey": "planted", "TagValue": "planted"}]},
            "InstanceType": name,
            "ZoneId": "cn-test-a",
            "Status": "Running",
            "InstanceChargeType": "PrePaid",
            "SpotStrategy": "NoSpot",
            "ExpiredTime": "2027-03-01T00:00Z",
            **fields,
        }

    @classmethod
    def pay_as_you_go(cls, name: str = A10, **fields: Any) -> Json:
        """Return an instance that runs on demand."""
        end = {"ExpiredTime": "2999-09-08T16:00Z"}
        return cls.instance(name, **{"InstanceChargeType": "PostPaid", **end, **fields})

    @staticmethod
    def reserved(name: str = A10, **fields: Any) -> Json:
        """Return three reserved instances of a region."""
        return {
            "ReservedInstanceId": "ecsri-planted",
            "ReservedInstanceName": "planted-name",
            "InstanceType": name,
            "InstanceAmount": 3,
            "Scope": "Region",
            "Status": "Active",
            "Platform": "Linux",
            "OfferingType": "All Upfront",
            "ExpiredTime": "2027-06-01T16:00:00Z",
            **fields,
        }

    @classmethod
    def plan(cls, **fields: Any) -> Json:
        """Return a savings plan of 12.50 CNY/h for a family in a region, for three years."""
        return {
            "InstanceId": "spn-planted",
            "Tags": [{"Key": "planted", "Value": "planted"}],
            "Status": "NORMAL",
            "SavingsType": "ecs",
            "InstanceFamily": "ecs.gn7i",
            "Region": "cn-test",
            "Cycle": "3:Year",
            "DeductCycleType": "HOUR",
            "PayMode": "half",
            "PoolValue": "12.50",
            "LastBillTotalUsage": "4.25",
            "Currency": "CNY",
            "EndTimestamp": cls.milliseconds(2028, 5, 1),
            **fields,
        }

    @staticmethod
    def milliseconds(year: int, month: int, day: int) -> int:
        return round(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def bare(ecs: Any) -> Own:
    """An account of which nothing is told yet."""
    return Own(ecs)


@pytest.fixture
def own(bare: Own, a10_type: Make) -> Own:
    """The account may have 800 firm vCPUs and 0 spot ones; its types are two A10 and a CPU one."""
    bare.quotas(
        bare.attribute("max-postpaid-instance-vcpu-count", "800"),
        bare.attribute("used-postpaid-instance-vcpu-count", "168"),
        bare.attribute("max-spot-instance-vcpu-count", "0"),
        bare.attribute("used-spot-instance-vcpu-count", "0"),
    )
    plain = a10_type("ecs.g7.large", GPUAmount=0, GPUSpec="", InstanceCategory="General-purpose")
    bare.ecs.types([a10_type(), a10_type("ecs.gn7i-c16g1.4xlarge"), plain])
    return bare


@pytest.fixture
def read(own: Own, source: Make, context: Make) -> Make:
    """Read the facts of the region."""
    return lambda: source().account("cn-test", context())
