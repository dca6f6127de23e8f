"""Partition: where each separate AWS is asked, and the currency of its prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One AWS with accounts of its own.

    Attributes:
        name: as in resource names, such as ``aws-cn``.
        home_region: where it is asked which regions there are.
        pricing_region: where its price list API runs.
        savings_plans_region: where its savings plans API runs.
        cost_explorer_region: where its Cost Explorer API runs.
        price_list_url: host of its price files.
        offers_index: path of the file that names every other price file.
        currency: of spot prices, whose answers name none, ISO 4217.
    """

    name: str
    home_region: str
    pricing_region: str
    savings_plans_region: str
    cost_explorer_region: str
    price_list_url: str
    offers_index: str
    currency: str


PARTITIONS_ASKED: Final[Mapping[str, Partition]] = {
    "aws": Partition(
        name="aws",
        home_region="us-east-1",
        pricing_region="us-east-1",
        savings_plans_region="us-east-1",
        cost_explorer_region="us-east-1",
        price_list_url="https://pricing.us-east-1.amazonaws.com",
        offers_index="/offers/v1.0/aws/index.json",
        currency="USD",
    ),
    "aws-cn": Partition(
        name="aws-cn",
        home_region="cn-north-1",
        pricing_region="cn-northwest-1",
        savings_plans_region="cn-northwest-1",
        cost_explorer_region="cn-northwest-1",
        price_list_url="https://pricing.cn-north-1.amazonaws.com.cn",
        offers_index="/offers/v1.0/cn/index.json",
        currency="CNY",
    ),
}
"""Name -> partition.

Source: AWS General Reference, endpoints of the Price List, Savings Plans and Cost Explorer
services; AWS in China getting started guide, endpoints and the currency of bills.
"""
