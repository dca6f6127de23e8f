"""Answers of AWS: the EC2 API in XML, the indexes of the price files and the files themselves."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from math import isnan
from xml.sax.saxutils import escape

from aws_price_files import Sold, enough, offer_file, plan_file
from known_types import Json, known, regions


def aws_file(path: str, offer_bytes: int) -> Iterable[bytes]:
    """Return the parts of a file, made while they are taken.

    Args:
        path: below the host of the price files.
        offer_bytes: least size of the offer file of the first region; a quarter of it in the
            others [B].
    """
    index = _indexes().get(path)
    if index is not None:
        return [json.dumps(index).encode()]
    kind, _, file = path.partition("/")
    region = file.removesuffix(".json")
    types = _sold(region, offer_bytes)
    return plan_file(types) if kind == "plans" else offer_file(types, region)


def _indexes() -> dict[str, Json]:
    """Return every small file by its path."""
    names = regions("aws")
    places = {"currentRegionIndexUrl": "/ec2.json", "currentSavingsPlanIndexUrl": "/plans.json"}
    offers = {
        name: {"regionCode": name, "currentVersionUrl": f"/ec2/{name}.json"} for name in names
    }
    plans = [{"regionCode": name, "versionUrl": f"/plans/{name}.json"} for name in names]
    return {
        "offers/v1.0/aws/index.json": {"offers": {"AmazonEC2": places}},
        "ec2.json": {"regions": offers},
        "plans.json": {"regions": plans},
        "spot-advisor-data.json": _advisor(),
    }


@cache
def _sold(region: str, offer_bytes: int) -> tuple[Sold, ...]:
    share = 1 if region == regions("aws")[0] else 4
    return enough(_accelerated(), region, offer_bytes // share)


def _accelerated() -> tuple[Sold, ...]:
    return tuple(
        Sold(name=one.name, gpus=one.whole_count, price_per_hour=2.0 * one.count)
        for one in known("aws").types
    )


def _advisor() -> Json:
    types = {name: {"s": 60, "r": 1} for name in known("aws").names} | {
        f"z{number}.large": {"s": 50, "r": 0} for number in range(800)
    }
    systems = {"Linux": types, "Windows": types}
    labels = enumerate(("<5%", "5-10%"))
    ranges = [{"index": index, "label": label, "max": 5} for index, label in labels]
    return {"ranges": ranges, "spot_advisor": dict.fromkeys(known("aws").regions, systems)}


def ec2_answer(asked: Mapping[str, str], region: str) -> str:
    """Return the answer of the EC2 API to a question."""
    operation = asked["Action"]
    zones = [(f"{region}{letter}", f"{region}-az{number}") for number, letter in enumerate("abc")]
    heads = ("InstanceType.", "Filter.1.Value")
    named = sorted({value for name, value in asked.items() if name.startswith(heads)})
    lists: Mapping[str, tuple[str, Iterator[Json]]] = {
        "DescribeRegions": ("regionInfo", ({"regionName": name} for name in regions("aws"))),
        "DescribeAvailabilityZones": (
            "availabilityZoneInfo",
            ({"zoneName": name, "zoneId": zone_id} for name, zone_id in zones),
        ),
        "DescribeInstanceTypes": ("instanceTypeSet", _ec2_types()),
        "DescribeInstanceTypeOfferings": (
            "instanceTypeOfferingSet",
            (
                {"instanceType": name, "location": zone_id}
                for name in named
                for _, zone_id in zones
            ),
        ),
        "DescribeSpotPriceHistory": (
            "spotPriceHistorySet",
            (_spot_price(name, *zone) for name in named for zone in zones),
        ),
    }
    member, items = lists[operation]
    space = "http://ec2.amazonaws.com/doc/2016-11-15/"
    inner = _xml(member, list(items))
    return f'<{operation}Response xmlns="{space}">{inner}</{operation}Response>'


def _spot_price(name: str, zone: str, zone_id: str) -> Json:
    return {
        "availabilityZone": zone,
        "availabilityZoneId": zone_id,
        "instanceType": name,
        "productDescription": "Linux/UNIX",
        "spotPrice": "1.5",
        "timestamp": "2026-11-20T00:00:00.000Z",
    }


def _ec2_types() -> Iterator[Json]:
    """Yield the types with whole accelerators of a memory that is known."""
    for one in known("aws").types:
        if one.count != one.whole_count or isnan(one.accelerator_memory_gib):
            continue
        mib = int(one.accelerator_memory_gib * 1024)
        gpu = {"name": one.accelerator, "count": one.whole_count, "memoryInfo": {"sizeInMiB": mib}}
        yield {
            "instanceType": one.name,
            "supportedUsageClasses": ["on-demand", "spot"],
            "processorInfo": {"supportedArchitectures": ["x86_64"]},
            "vCpuInfo": {"defaultVCpus": int(one.vcpus)},
            "memoryInfo": {"sizeInMiB": int(one.memory_gib * 1024)},
            "networkInfo": {"networkPerformance": "100 Gigabit", "efaSupported": True},
            "gpuInfo": {"gpus": [gpu], "totalGpuMemoryInMiB": one.whole_count * mib},
        }


def _xml(tag: str, value: object) -> str:
    if isinstance(value, dict):
        return f"<{tag}>{''.join(_xml(name, held) for name, held in value.items())}</{tag}>"
    if isinstance(value, list):
        return f"<{tag}>{''.join(_xml('item', held) for held in value)}</{tag}>"
    return (
        f"<{tag}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{tag}>"
    )
