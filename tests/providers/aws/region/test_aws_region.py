"""One region from the requests that the server sees to the rows of the catalogue."""

from typing import Any

import pytest


def test_region_gives_hardware_prices_spot_and_bands(aws: Any, keyed: Any) -> None:
    fetched = aws.fetch()
    assert [row["instance_type"] for row in fetched.instance_types] == ["p5.48xlarge"]
    offers = keyed(fetched.offers, "purchase_option", "zone")
    assert offers["on_demand/"]["recurring_per_hour"] == 55.04
    assert offers["on_demand/"]["as_of"] == "2026-11-01"
    assert offers["on_demand/"]["note"] == "sold in zones use1-az1, use1-az2"
    assert offers["on_demand/"]["source"] == "AWS Price List file AmazonEC2 us-east-1, SKU AAA"
    assert offers["spot/use1-az2"]["recurring_per_hour"] == 23.5
    assert offers["spot/use1-az1"]["recurring_per_hour"] == 24.0
    assert {row["currency"] for row in fetched.offers} == {"USD"}
    assert [row["bucket"] for row in fetched.interruptions] == ["5-10%"]
    assert [finding.check for finding in fetched.findings] == ["savings_plans_absent"]


def test_region_asks_each_question_once_and_in_the_region(aws: Any) -> None:
    aws.fetch()
    assert [(region, name) for region, name, _ in aws.seen] == [
        ("us-east-1", "DescribeInstanceTypes"),
        ("us-east-1", "DescribeInstanceTypeOfferings"),
        ("us-east-1", "DescribeAvailabilityZones"),
        ("", "/prices/offers/v1.0/aws/index.json"),
        ("", "/prices/ec2/region_index.json"),
        ("", "/prices/ec2/7/us-east-1/index.json"),
        ("", "/prices/plans/region_index.json"),
        ("us-east-1", "DescribeSpotPriceHistory"),
        ("", "/advisor/spot-advisor-data.json"),
    ]
    (types,) = aws.asked("DescribeInstanceTypes")
    assert types["Filter.1.Name"] == "instance-type"
    assert [types[f"Filter.1.Value.{n}"] for n in range(1, 6)] == [
        "dl*",
        "g*",
        "inf*",
        "p*",
        "trn*",
    ]
    (spot,) = aws.asked("DescribeSpotPriceHistory")
    assert spot["InstanceType.1"] == "p5.48xlarge"
    assert spot["ProductDescription.1"] == "Linux/UNIX"
    assert spot["StartTime"] == "2026-11-21T12:00:00Z"


def test_indexes_and_advisor_are_asked_once_for_all_regions(aws: Any) -> None:
    source, context = aws.open(), aws.context()
    aws.files["/prices/ec2/7/eu-west-1/index.json"] = aws.files[
        "/prices/ec2/7/us-east-1/index.json"
    ]
    source.fetch("us-east-1", context)
    source.fetch("eu-west-1", context)
    assert len(aws.asked("/prices/offers/v1.0/aws/index.json")) == 1
    assert len(aws.asked("/prices/ec2/region_index.json")) == 1
    assert len(aws.asked("/advisor/spot-advisor-data.json")) == 1
    assert len(aws.asked("/prices/ec2/7/eu-west-1/index.json")) == 1


def test_regions_are_those_of_the_account(aws: Any) -> None:
    assert aws.open().regions(aws.context()) == ("eu-west-1", "us-east-1")
    assert aws.asked("DescribeRegions")[0]["AllRegions"] == "false"


def test_regions_without_credentials_come_from_the_price_list_without_local_zones(
    aws: Any,
) -> None:
    assert aws.open_anonymous().regions(aws.context()) == ("eu-west-1", "us-east-1")
    assert [name for _, name, _ in aws.seen] == [
        "/prices/offers/v1.0/aws/index.json",
        "/prices/ec2/region_index.json",
    ]


def test_region_without_credentials_gives_prices_of_known_types_and_no_hardware(
    aws: Any, keyed: Any
) -> None:
    context = aws.context(known_types=frozenset({"p5.48xlarge", "g5.xlarge"}))
    fetched = aws.open_anonymous().fetch("us-east-1", context)
    assert fetched.instance_types == ()
    assert list(keyed(fetched.offers, "purchase_option", "instance_type")) == [
        "on_demand/p5.48xlarge"
    ]
    assert [row["bucket"] for row in fetched.interruptions] == ["5-10%"]
    assert not [name for region, name, _ in aws.seen if region]


def test_region_without_credentials_and_known_types_says_that_there_is_nothing_to_price(
    aws: Any,
) -> None:
    fetched = aws.open_anonymous().fetch("us-east-1", aws.context())
    assert fetched.offers == ()
    assert [finding.check for finding in fetched.findings] == ["hardware_unread"]


def test_missing_credentials_of_the_sdk_mean_prices_alone(aws: Any) -> None:
    source = aws.open(access_key_id=None, secret_access_key=None, session_token=None)
    context = aws.context(known_types=frozenset({"p5.48xlarge"}))
    assert [row["purchase_option"] for row in source.fetch("us-east-1", context).offers] == [
        "on_demand"
    ]


def test_families_narrow_the_question_and_the_rows(aws: Any, build: Any) -> None:
    aws.lists["", "DescribeInstanceTypes"] = [
        [
            build["gpu_type"]("p5.48xlarge", "H100", 8, 81920),
            build["gpu_type"]("p5e.48xlarge", "H100", 8, 81920),
        ]
    ]
    fetched = aws.open().fetch("us-east-1", aws.context(families=("P5",)))
    assert [row["instance_type"] for row in fetched.instance_types] == ["p5.48xlarge"]
    (types,) = aws.asked("DescribeInstanceTypes")
    assert [types["Filter.1.Value.1"], types["Filter.1.Value.2"]] == ["p5", "p5.*"]


def test_type_that_no_zone_sells_has_hardware_and_no_price(aws: Any) -> None:
    aws.lists["", "DescribeInstanceTypeOfferings"] = [[]]
    fetched = aws.fetch()
    assert [row["instance_type"] for row in fetched.instance_types] == ["p5.48xlarge"]
    assert fetched.offers == ()
    assert [(finding.check, finding.row) for finding in fetched.findings] == [
        ("not_offered", "aws/us-east-1//p5.48xlarge/*///")
    ]


def test_type_sold_only_as_capacity_block_has_no_on_demand_price(aws: Any, build: Any) -> None:
    told = build["gpu_type"](
        "p5.48xlarge", "H100", 8, 81920, SupportedUsageClasses=["capacity-block"]
    )
    aws.lists["", "DescribeInstanceTypes"] = [[told]]
    fetched = aws.fetch()
    assert fetched.offers == ()
    assert "not_sold_on_demand" in [finding.check for finding in fetched.findings]
    assert aws.asked("DescribeSpotPriceHistory") == []


@pytest.mark.parametrize(
    ("partition", "index"),
    [
        ("aws", "/prices/offers/v1.0/aws/index.json"),
        ("aws-cn", "/prices/offers/v1.0/cn/index.json"),
    ],
)
def test_partition_decides_where_prices_are_looked_up(
    aws: Any, partition: str, index: str
) -> None:
    aws.files["/prices/offers/v1.0/cn/index.json"] = aws.files[
        "/prices/offers/v1.0/aws/index.json"
    ]
    aws.open_anonymous(partition=partition).regions(aws.context())
    assert aws.seen[0][1] == index


def test_china_prices_keep_their_yuan_and_spot_prices_are_read_as_yuan(
    aws: Any, build: Any, keyed: Any
) -> None:
    aws.files["/prices/offers/v1.0/cn/index.json"] = aws.files[
        "/prices/offers/v1.0/aws/index.json"
    ]
    aws.files["/prices/ec2/region_index.json"] = {
        "regions": {"cn-north-1": {"currentVersionUrl": "/ec2/7/cn/index.json"}}
    }
    aws.files["/prices/ec2/7/cn/index.json"] = {
        "products": {"AAA": build["product"]("AAA", "p5.48xlarge", regionCode="cn-north-1")},
        "terms": {"OnDemand": {"AAA": build["hourly"]("AAA", "380.5", "CNY")}},
    }
    source = aws.open(partition="aws-cn")
    offers = keyed(source.fetch("cn-north-1", aws.context()).offers, "purchase_option", "zone")
    assert offers["on_demand/"]["currency"] == "CNY"
    assert offers["on_demand/"]["recurring_per_hour"] == 380.5
    assert offers["spot/use1-az1"]["currency"] == "CNY"


def test_more_types_than_one_question_takes_are_asked_in_two(aws: Any, build: Any) -> None:
    names = [f"g5.{size}xlarge" for size in range(101)]
    aws.lists["", "DescribeInstanceTypes"] = [
        [build["gpu_type"](name, "T4", 1, 16384) for name in names]
    ]
    aws.lists["", "DescribeInstanceTypeOfferings"] = [
        [{"InstanceType": name, "Location": "use1-az1"} for name in names]
    ]
    aws.fetch()
    first, second = aws.asked("DescribeSpotPriceHistory")
    assert (first["InstanceType.100"], "InstanceType.101" in first) == ("g5.99xlarge", False)
    assert (second["InstanceType.1"], "InstanceType.2" in second) == ("g5.9xlarge", False)
    assert len(aws.asked("DescribeInstanceTypeOfferings")) == 2
