"""Builders of wire answers, and the contents of a local AWS with one region."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from costopt.fetch.fetched import Row

REGION = "us-east-1"


def gpu_type(name: str, gpu: str, count: int, mib: int, **more: Any) -> dict[str, Any]:
    """An entry of DescribeInstanceTypes with GPUs."""
    return {
        "InstanceType": name,
        "SupportedUsageClasses": ["on-demand", "spot"],
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        "VCpuInfo": {"DefaultVCpus": 192},
        "MemoryInfo": {"SizeInMiB": 2097152},
        "NetworkInfo": {"NetworkPerformance": "3200 Gigabit", "EfaSupported": True},
        "GpuInfo": {
            "Gpus": [
                {
                    "Name": gpu,
                    "Manufacturer": "NVIDIA",
                    "Count": count,
                    "MemoryInfo": {"SizeInMiB": mib},
                }
            ],
            "TotalGpuMemoryInMiB": count * mib,
        },
        **more,
    }


def product(sku: str, instance_type: str, **attributes: str) -> dict[str, Any]:
    """A product of the price list: one hour of plain Linux unless told otherwise."""
    told = {
        "instanceType": instance_type,
        "regionCode": REGION,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "usagetype": f"BoxUsage:{instance_type}",
        "gpu": "8",
        **attributes,
    }
    return {"sku": sku, "productFamily": "Compute Instance", "attributes": told}


def hourly(
    sku: str, price: str, currency: str = "USD", day: str = "2026-11-01", code: str = "JRTC"
) -> dict[str, Any]:
    """The on-demand term of a product."""
    dimension = {"unit": "Hrs", "pricePerUnit": {currency: price}}
    return {
        f"{sku}.{code}": {
            "effectiveDate": f"{day}T00:00:00Z",
            "priceDimensions": {f"{sku}.{code}.6YS6": dimension},
            "termAttributes": {},
        }
    }


def reservation(
    sku: str, code: str, length: str, payment: str, hourly_price: str, once: str = "", **more: str
) -> dict[str, Any]:
    """One reserved term of a product; with an upfront fee where one is given."""
    dimensions = {f"{sku}.{code}.6YS6": {"unit": "Hrs", "pricePerUnit": {"USD": hourly_price}}}
    if once:
        dimensions[f"{sku}.{code}.2TG2"] = {"unit": "Quantity", "pricePerUnit": {"USD": once}}
    return {
        f"{sku}.{code}": {
            "effectiveDate": "2026-10-01T00:00:00Z",
            "priceDimensions": dimensions,
            "termAttributes": {
                "LeaseContractLength": length,
                "OfferingClass": more.get("offering_class", "standard"),
                "PurchaseOption": payment,
            },
        }
    }


@pytest.fixture
def build() -> Mapping[str, Callable[..., dict[str, Any]]]:
    """Builders of wire answers, by name."""
    return {
        "gpu_type": gpu_type,
        "product": product,
        "hourly": hourly,
        "reservation": reservation,
    }


@pytest.fixture
def keyed() -> Callable[..., dict[str, Row]]:
    """Rows by their values in some columns, joined by slashes."""

    def by(rows: tuple[Row, ...], *columns: str) -> dict[str, Row]:
        found = {"/".join(str(row[column]) for column in columns): row for row in rows}
        assert len(found) == len(rows)
        return found

    return by


def spot_price(zone: str, zone_id: str, price: str, **more: str) -> dict[str, str]:
    """An entry of DescribeSpotPriceHistory."""
    return {
        "AvailabilityZone": zone,
        "AvailabilityZoneId": zone_id,
        "InstanceType": "p5.48xlarge",
        "ProductDescription": "Linux/UNIX",
        "SpotPrice": price,
        "Timestamp": "2026-11-20T03:00:00Z",
        **more,
    }


@pytest.fixture
def spot() -> Callable[..., dict[str, str]]:
    return spot_price


@pytest.fixture
def aws(empty_aws: Any) -> Any:
    """One region with one H100 type in two zones, its prices in files, and no other."""
    empty_aws.lists = {
        ("", "DescribeRegions"): [[{"RegionName": REGION}, {"RegionName": "eu-west-1"}]],
        ("", "DescribeAvailabilityZones"): [
            [
                {"ZoneName": "us-east-1a", "ZoneId": "use1-az2"},
                {"ZoneName": "us-east-1b", "ZoneId": "use1-az1"},
            ]
        ],
        ("", "DescribeInstanceTypes"): [[gpu_type("p5.48xlarge", "H100", 8, 81920)]],
        ("", "DescribeInstanceTypeOfferings"): [
            [
                {"InstanceType": "p5.48xlarge", "Location": zone}
                for zone in ("use1-az2", "use1-az1")
            ]
        ],
        ("", "DescribeSpotPriceHistory"): [
            [spot_price("us-east-1a", "use1-az2", "23.50"), spot_price("", "use1-az1", "24")]
        ],
    }
    empty_aws.files = {
        "/prices/offers/v1.0/aws/index.json": {
            "offers": {
                "AmazonEC2": {
                    "currentRegionIndexUrl": "/ec2/region_index.json",
                    "currentSavingsPlanIndexUrl": "/plans/region_index.json",
                },
                "AmazonS3": {"currentRegionIndexUrl": "/s3/region_index.json"},
            }
        },
        "/prices/ec2/region_index.json": {
            "regions": {
                name: {"regionCode": name, "currentVersionUrl": f"/ec2/7/{name}/index.json"}
                for name in (REGION, "us-west-2-lax-1", "us-gov-west-1", "eu-west-1")
            }
        },
        f"/prices/ec2/7/{REGION}/index.json": {
            "products": {"AAA": product("AAA", "p5.48xlarge")},
            "terms": {"OnDemand": {"AAA": hourly("AAA", "55.0400000000")}, "Reserved": {}},
        },
        "/prices/plans/region_index.json": {"regions": []},
        "/advisor/spot-advisor-data.json": {
            "ranges": [{"index": 0, "label": "<5%", "max": 5}, {"index": 1, "label": "5-10%"}],
            "spot_advisor": {
                REGION: {
                    "Linux": {"p5.48xlarge": {"s": 57, "r": 1}},
                    "Windows": {"p5.48xlarge": {"s": 1, "r": 0}},
                }
            },
        },
    }
    return empty_aws
