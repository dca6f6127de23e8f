"""What an account has at Alibaba Cloud, as the local server tells it page by page."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

Json = dict[str, Any]
Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"

BLOCKS = {
    "DescribeAccountAttributes": ("AccountAttributeItems", "AccountAttributeItem"),
    "DescribeInstances": ("Instances", "Instance"),
    "DescribeReservedInstances": ("ReservedInstances", "ReservedInstance"),
    "DescribeInstanceTypes": ("InstanceTypes", "InstanceType"),
    "QuerySavingsPlansInstance": ("Data", "Items"),
}
"""Operation -> where its list stands in the answer."""

NUMBERED = {"DescribeReservedInstances": "PageNumber", "QuerySavingsPlansInstance": "PageNum"}
"""Operation -> parameter that asks for a page by its number; others are asked by a token."""

NUMBERS = count(1)
"""Ends of ids of things that are each another one."""


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
            "InstanceId": f"i-planted-{next(NUMBERS)}",
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
            "ReservedInstanceId": f"ecsri-planted-{next(NUMBERS)}",
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
            "InstanceId": f"spn-planted-{next(NUMBERS)}",
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


@pytest.fixture
def stocked(own: Any) -> Any:
    """An account with one of everything; a subscription is stopped, one instance runs."""
    own.instances([own.instance(Status="Stopped"), own.pay_as_you_go()])
    own.reserved_instances([own.reserved()])
    own.savings_plans([own.plan()])
    return own


@pytest.fixture
def tell(stocked: Any) -> Make:
    """Script an operation's answer anew, in pages."""

    def tell(operation: str, *pages: list[Any]) -> None:
        block, items = BLOCKS[operation]
        rows = sum(len(page) for page in pages)
        for number, page in enumerate(pages, 1):
            counts = {"TotalCount": rows, "PageSize": -(-rows // len(pages))}
            held = {items: page, **(counts if block == "Data" else {})}
            body: dict[str, Any] = {block: held, **counts}
            if number < len(pages) and operation not in NUMBERED:
                body["NextToken"] = f"page-{number + 1}"
            kind = f"{number}" if operation in NUMBERED else f"page-{number}"
            kind = "" if number == 1 else kind
            stocked.ecs.answers.pop((operation, kind), None)
            stocked.ecs.script(operation, body, kind=kind)

    return tell


@pytest.fixture
def items(stocked: Any) -> Callable[[str], list[Any]]:
    """Return what the account is told in answer to an operation."""

    def items(operation: str) -> list[Any]:
        block, name = BLOCKS[operation]
        (answer,) = stocked.ecs.answers[operation, ""]
        found: list[Any] = json.loads(answer.get_data(as_text=True))[block][name]
        return found

    return items


@pytest.fixture
def told(stocked: Any, source: Make, context: Make) -> Make:
    def told(*regions: str, **settings: Any) -> dict[str, tuple[Any, Any]]:
        opened = source(**settings)
        rows = [dict(row) for one in regions for row in opened.account(one, context()).facts]
        return {
            row["name"]: tuple(
                next(row[name] for name in names if name in row)
                for names in (("limit", "count", "spend_per_hour"), ("used", "used_per_hour"))
            )
            for row in rows
        }

    return lambda *regions, **settings: told(*(regions or ("cn-test", "")), **settings)


@pytest.fixture
def pages_asked(stocked: Any) -> Callable[[str], list[Any]]:
    """Return the token or number of each page that was asked for."""

    def pages_asked(operation: str) -> list[Any]:
        name = NUMBERED.get(operation, "NextToken")
        return [one.get(name) for one in stocked.ecs.asked(operation)]

    return pages_asked


@pytest.fixture
def everything() -> dict[str, tuple[float, float]]:
    """What ``told`` says of the account with one of everything."""
    return {
        "max-postpaid-instance-vcpu-count": (800, 168),
        "max-spot-instance-vcpu-count": (0, 0),
        f"subscription {A10} cn-test 2027-02-28": (1, 0),
        f"reserved {A10} cn-test 2027-05-31": (3, 1),
        "savings plan ecs cn-test gn7i 2028-04-30": (12.5, 4.25),
    }
