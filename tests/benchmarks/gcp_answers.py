"""Answers of Google Cloud: a price list of 32,000 SKUs, and machine types zone by zone."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from itertools import product
from typing import Final

from known_types import Json, Known, known, regions

SKUS: Final = 32_000
FAMILIES: Final = ("A2", "A3", "A3 Plus", "A3Ultra", "A4", "G2", "G4", "N1", "N2", "C3", "E2")
ACCELERATORS: Final = (
    "Nvidia Tesla A100", "Nvidia Tesla A100 80GB", "Nvidia H100 80GB", "Nvidia H100 80GB Plus",
    "H200 141GB", "Nvidia B200", "Nvidia L4", "Nvidia Tesla T4", "Nvidia Tesla V100",
    "RTX 6000 96GB",
)  # fmt: skip
ZONES: Final = ("a", "b", "c")
FILLER_TYPES: Final = 300
PAGE: Final = 5000


def gcp_answer(path: Sequence[str], query: Mapping[str, str]) -> Json:
    """Return the answer to a question."""
    if path[-1] == "skus":
        start = int(query.get("pageToken") or 0)
        size = min(PAGE, int(query.get("pageSize") or PAGE))
        every, following = _price_list(), start + size
        page: Json = {"skus": every[start:following]}
        return {**page, "nextPageToken": str(following)} if following < len(every) else page
    if path[-1] == "regions":
        return {
            "items": [
                {
                    "name": name,
                    "status": "UP",
                    "zones": [f"https://x/zones/{name}-{letter}" for letter in ZONES],
                }
                for name in regions("gcp")
            ]
        }
    return {"items": _machine_types(known("gcp")) if path[-1] == "machineTypes" else []}


@cache
def _price_list() -> list[Json]:
    return list(_skus(known("gcp").regions))


def _skus(places: Sequence[str]) -> Iterator[Json]:
    """Yield the price list of Compute Engine: parts of machines first, then all else."""
    count = 0
    for sku in _parts(places):
        yield sku
        count += 1
    for number in range(max(0, SKUS - count)):
        place = places[number % len(places)]
        words = f"Network Inter Region Egress number {number} from {place} to somewhere"
        yield _sku(words, 0.01, "PremiumInternetEgress", "OnDemand", place, "GiBy")


def _parts(places: Sequence[str]) -> Iterator[Json]:
    options = (
        ("{} running in {}", "OnDemand", 1.0),
        ("Spot Preemptible {} running in {}", "Preemptible", 0.4),
        ("Commitment v1: {} in {} for 1 Year", "Commit1Yr", 0.63),
        ("Commitment v1: {} in {} for 3 Years", "Commit3Yr", 0.45),
    )
    parts = [
        *((f"{family} Instance Core", "CPU", "h", 0.03) for family in FAMILIES),
        *((f"{family} Instance Ram", "RAM", "GiBy.h", 0.004) for family in FAMILIES),
        *((f"{name} GPU", "GPU", "h", 2.5) for name in ACCELERATORS),
        ("SSD backed Local Storage", "LocalSSD", "GiBy.mo", 0.08),
    ]
    for (words, usage, factor), (part, group, unit, price), place in product(
        options, parts, places
    ):
        yield _sku(words.format(part, place), price * factor, group, usage, place, unit)


def _sku(description: str, price: float, group: str, usage: str, region: str, unit: str) -> Json:
    amount = {"currencyCode": "USD", "units": str(int(price)), "nanos": round(price % 1 * 1e9)}
    expression = {
        "usageUnit": unit,
        "displayQuantity": 1,
        "tieredRates": [{"startUsageAmount": 0, "unitPrice": amount}],
        "usageUnitDescription": "hour",
        "baseUnit": "s",
        "baseUnitDescription": "second",
        "baseUnitConversionFactor": 3600,
    }
    number = sha256(f"{description} {usage}".encode()).hexdigest()[:12].upper()
    sku = "-".join((number[:4], number[4:8], number[8:]))
    return {
        "name": f"services/6F81-5844-456A/skus/{sku}",
        "skuId": sku,
        "description": description,
        "category": {
            "serviceDisplayName": "Compute Engine",
            "resourceFamily": "Compute",
            "resourceGroup": group,
            "usageType": usage,
        },
        "serviceRegions": [region],
        "pricingInfo": [
            {
                "summary": "",
                "pricingExpression": expression,
                "currencyConversionRate": 1,
                "effectiveTime": "2026-11-20T00:00:00Z",
            }
        ],
        "serviceProviderName": "Google",
        "geoTaxonomy": {"type": "REGIONAL", "regions": [region]},
    }


def _machine_types(cloud: Known) -> list[Json]:
    """Return the machine types of any zone."""
    rows = [
        _machine(one.name, one.vcpus, one.memory_gib) for one in cloud.types if "+" not in one.name
    ]
    return rows + [
        _machine(f"e2-filler-{number}", 2 + number, 8 + 4 * number)
        for number in range(FILLER_TYPES)
    ]


def _machine(name: str, vcpus: float, memory_gib: float) -> Json:
    return {
        "kind": "compute#machineType",
        "id": "1000",
        "name": name,
        "description": f"{vcpus:g} vCPUs, {memory_gib:g} GB RAM",
        "guestCpus": int(vcpus),
        "memoryMb": int(memory_gib * 1024),
        "maximumPersistentDisks": 128,
        "selfLink": f"https://compute.invalid/projects/p/{name}",
        "architecture": "X86_64",
    }
