"""Operation: one call of an AWS API, what it needs and where its answer stands."""

from dataclasses import dataclass
from typing import Final, Literal

from costopt_aws.kept import Mask

Service = Literal["ce", "ec2", "pricing", "savingsplans", "service-quotas", "sts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of the SDK.

    Attributes:
        service: the SDK's name of the service.
        name: the provider's name of the operation.
        method: of the SDK's client.
        member: list in the answer that holds what was asked for.
        permission: what the credentials need.
        token: name of the page token; empty for an answer of one page.
        page_size: name of the argument that limits a page; empty where it is left to AWS.
        most: items of one page [1].
        keep: members of an item that are kept, before anything is recorded; None keeps all.
        nothing: error code that stands for an empty list.
        identity: members that lead to what tells one item from another; empty where an item that
            two pages hold does no harm.
    """

    service: Service
    name: str
    method: str
    member: str
    permission: str
    token: str = "NextToken"
    page_size: str = ""
    most: int = 0
    keep: "Mask | None" = None
    nothing: str = ""
    identity: tuple[str, ...] = ()


REGIONS: Final = Operation(
    service="ec2",
    name="DescribeRegions",
    method="describe_regions",
    member="Regions",
    permission="ec2:DescribeRegions",
    token="",
)
ZONES: Final = Operation(
    service="ec2",
    name="DescribeAvailabilityZones",
    method="describe_availability_zones",
    member="AvailabilityZones",
    permission="ec2:DescribeAvailabilityZones",
    token="",
)
INSTANCE_TYPES: Final = Operation(
    service="ec2",
    name="DescribeInstanceTypes",
    method="describe_instance_types",
    member="InstanceTypes",
    permission="ec2:DescribeInstanceTypes",
    page_size="MaxResults",
    most=100,
)
OFFERINGS: Final = Operation(
    service="ec2",
    name="DescribeInstanceTypeOfferings",
    method="describe_instance_type_offerings",
    member="InstanceTypeOfferings",
    permission="ec2:DescribeInstanceTypeOfferings",
    page_size="MaxResults",
    most=1000,
)
SPOT_PRICES: Final = Operation(
    service="ec2",
    name="DescribeSpotPriceHistory",
    method="describe_spot_price_history",
    member="SpotPriceHistory",
    permission="ec2:DescribeSpotPriceHistory",
    page_size="MaxResults",
    most=1000,
)
PLACEMENT_SCORES: Final = Operation(
    service="ec2",
    name="GetSpotPlacementScores",
    method="get_spot_placement_scores",
    member="SpotPlacementScores",
    permission="ec2:GetSpotPlacementScores",
)
CAPACITY_BLOCKS: Final = Operation(
    service="ec2",
    name="DescribeCapacityBlockOfferings",
    method="describe_capacity_block_offerings",
    member="CapacityBlockOfferings",
    permission="ec2:DescribeCapacityBlockOfferings",
)
PRODUCTS: Final = Operation(
    service="pricing",
    name="GetProducts",
    method="get_products",
    member="PriceList",
    permission="pricing:GetProducts",
    page_size="MaxResults",
    most=100,
)
PLAN_RATES: Final = Operation(
    service="savingsplans",
    name="DescribeSavingsPlansOfferingRates",
    method="describe_savings_plans_offering_rates",
    member="searchResults",
    permission="savingsplans:DescribeSavingsPlansOfferingRates",
    token="nextToken",
    page_size="maxResults",
    most=1000,
)
"""Source: API references of Amazon EC2, AWS Price List Service and AWS Savings Plans."""
