"""Answers of Alibaba Cloud: all instance types, stock by zone, and one price a question."""

from collections.abc import Mapping
from math import isnan
from typing import Final

from known_types import Json, Known, KnownType, known, regions

FILLER_TYPES: Final = 1_000
PAGE: Final = 100
SOLD: Final = 40
"""Types that a region has in stock: each price is a question of its own."""


def alibaba_answer(action: str, asked: Mapping[str, str]) -> Json:
    """Return the answer to a question."""
    if action == "DescribeRegions":
        return {"Regions": {"Region": [{"RegionId": name} for name in regions("alibaba")]}}
    if action == "DescribeInstanceTypes":
        every, start = _types(known("alibaba")), int(asked.get("NextToken") or 0)
        page: Json = {"InstanceTypes": {"InstanceType": every[start : start + PAGE]}}
        following = start + PAGE
        return {**page, "NextToken": str(following)} if following < len(every) else page
    sold = known("alibaba").names[:SOLD]
    zones = [f"{asked.get('RegionId')}-{letter}" for letter in "abc"]
    if action == "DescribeAvailableResource":
        offered = [{"Value": name, "StatusCategory": "WithStock"} for name in sold]
        resource = {"Type": "InstanceType", "SupportedResources": {"SupportedResource": offered}}
        resources = {"AvailableResource": [resource]}
        told = [{"ZoneId": zone, "AvailableResources": resources} for zone in zones]
        return {"AvailableZones": {"AvailableZone": told}}
    if action == "DescribePrice":
        part = {"Resource": "instanceType", "OriginalPrice": 10.5, "TradePrice": 9.5}
        price = {"Currency": "CNY", "DetailInfos": {"DetailInfo": [part]}}
        return {"PriceInfo": {"Price": price}}
    if action == "DescribeSpotAdvice":
        return {"AvailableSpotZones": {"AvailableSpotZone": []}}
    prices = [
        {
            "ZoneId": zone,
            "InstanceType": asked["InstanceType"],
            "SpotPrice": 3.5,
            "Timestamp": f"2026-11-20T{hour:02}:00:00Z",
        }
        for zone in zones
        for hour in range(24)
    ]
    return {"Currency": "CNY", "SpotPrices": {"SpotPriceType": prices}}


def _types(cloud: Known) -> list[Json]:
    """Return the instance types of any region."""
    rows = [_type(one) for one in cloud.types]
    plain = {"GPUAmount": 0, "GPUSpec": "", "GPUMemorySize": 0, "InstanceCategory": "General"}
    fillers = [
        {
            **rows[0],
            **plain,
            "InstanceTypeId": f"ecs.z{number}.large",
            "InstanceTypeFamily": f"ecs.z{number}",
        }
        for number in range(FILLER_TYPES)
    ]
    return [*rows, *fillers]


def _type(one: KnownType) -> Json:
    memory_gib = 0.0 if isnan(one.accelerator_memory_gib) else one.accelerator_memory_gib
    return {
        "InstanceTypeId": one.name,
        "InstanceTypeFamily": f"ecs.{one.family}",
        "InstanceCategory": "Compute-optimized with GPU",
        "CpuCoreCount": int(one.vcpus),
        "MemorySize": one.memory_gib,
        "CpuArchitecture": "X86",
        "GPUAmount": one.whole_count,
        "GPUSpec": f"NVIDIA {one.accelerator}",
        "GPUMemorySize": memory_gib,
        "InstanceBandwidthRx": 16_384_000,
        "InstanceBandwidthTx": 16_384_000,
        "InstancePpsRx": 1_000_000,
        "InstancePpsTx": 1_000_000,
        "EniQuantity": 4,
        "EriQuantity": 0,
        "LocalStorageCategory": "",
        "CpuSpeedFrequency": 2.9,
        "CpuTurboFrequency": 3.5,
        "PhysicalProcessorModel": "Intel Xeon (Ice Lake) Platinum 8369B",
    }
