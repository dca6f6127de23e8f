"""Answers of Azure: price lists of thousands of items a region, and resource SKUs."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Final

from known_types import Json, Known, known, regions

FILLER_SIZES: Final = 1_200
SYSTEMS: Final = ("Linux", "Windows")
KINDS: Final = ("", " Spot", " Low Priority")
TERMS: Final = ("1 Year", "3 Years", "5 Years")
PAGE: Final = 1000

GENERAL_SIZES: Final = "armSkuName eq"
"""Words of the question by which the adapter finds the regions."""


def azure_answer(path: Sequence[str], query: Mapping[str, str], address: str) -> Json:
    """Return the answer to a question.

    Args:
        path: below that of the cloud.
        query: parameters.
        address: of the server, for the link to the next page.
    """
    if path[0] == "arm" and path[-1] == "resources":
        return {"totalRecords": 0, "count": 0, "resultTruncated": "false", "data": []}
    chosen = query["$filter"]
    if path[0] == "arm":
        return {"value": list(_sizes(known("azure"), chosen.split("'")[1]))}
    if GENERAL_SIZES in chosen:
        named = [next(_items(known("azure"), name, "Consumption")) for name in regions("azure")]
        return {"BillingCurrency": "USD", "Items": named, "NextPageLink": None}
    region, kind = (
        chosen.split(f"{name} eq '")[1].split("'")[0] for name in ("armRegionName", "priceType")
    )
    skipped = int(query.get("$skip", 0))
    items = _listed(region, kind)
    page, following = items[skipped : skipped + PAGE], skipped + PAGE
    link = f"{address}/azure/retail/api/retail/prices?$filter={chosen}&$skip={following}"
    return {
        "BillingCurrency": "USD",
        "Items": list(page),
        "NextPageLink": link if following < len(items) else None,
        "Count": len(page),
    }


@lru_cache(maxsize=8)
def _listed(region: str, price_type: str) -> tuple[Json, ...]:
    """Return the price list of a region; kept, since its pages are asked one after another."""
    return tuple(_items(known("azure"), region, price_type))


def _items(cloud: Known, region: str, price_type: str) -> Iterator[Json]:
    """Yield the price list of a region."""
    sizes = [*cloud.names, *(f"Standard_Z{n}s_v7" for n in range(FILLER_SIZES))]
    for number, size in enumerate(sizes):
        if price_type == "Consumption":
            for system, kind in product(SYSTEMS, KINDS):
                yield _item(size, number, region, 2.0 + number, system, kind)
        else:
            for term in TERMS:
                item = _item(size, number, region, 10_000.0 + number, "Linux", "")
                yield {**item, "type": "Reservation", "reservationTerm": term}


def _item(size: str, number: int, region: str, price: float, system: str, kind: str) -> Json:
    meter = f"{size.removeprefix('Standard_').replace('_', ' ')}{kind}"
    paid = round(price * (0.3 if kind else 1.0) * (1.4 if system == "Windows" else 1.0), 4)
    words = " Windows" if system == "Windows" else ""
    plans = [
        {"unitPrice": round(paid * share, 4), "retailPrice": round(paid * share, 4), "term": term}
        for share, term in ((0.6, "3 Years"), (0.8, "1 Year"))
    ]
    item = {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": paid,
        "unitPrice": paid,
        "armRegionName": region,
        "location": "US East",
        "effectiveStartDate": "2026-11-01T00:00:00Z",
        "meterId": f"00000000-0000-4000-8000-{number:012d}",
        "meterName": meter,
        "productId": f"DZH318Z0{number:04d}",
        "skuId": f"DZH318Z0{number:04d}/{system}{kind}",
        "productName": f"Virtual Machines {size.split('_')[1]} Series{words}",
        "skuName": meter,
        "serviceName": "Virtual Machines",
        "serviceId": "DZH313Z7MMC8",
        "serviceFamily": "Compute",
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": size,
    }
    return item if kind or system == "Windows" else {**item, "savingsPlan": plans}


def _sizes(cloud: Known, region: str) -> Iterator[Json]:
    """Yield the resource SKUs of a region, with the disks that stand among them."""
    for one in cloud.types:
        yield _size(one.name, region, one.vcpus, one.memory_gib, one.whole_count)
    for number in range(FILLER_SIZES):
        yield _size(f"Standard_Z{number}s_v7", region, 4, 16, 0)
    for number in range(100):
        yield {"resourceType": "disks", "name": f"Disk_{number}", "locations": [region]}


def _size(name: str, region: str, vcpus: float, memory_gib: float, gpus: int) -> Json:
    told = {
        "MaxResourceVolumeMB": "204800", "OSVhdSizeMB": "1047552", "vCPUs": f"{vcpus:g}",
        "HyperVGenerations": "V1,V2", "MemoryGB": f"{memory_gib:g}", "MaxDataDiskCount": "32",
        "CpuArchitectureType": "x64", "LowPriorityCapable": "True", "PremiumIO": "True",
        "VMDeploymentTypes": "IaaS", "vCPUsAvailable": f"{vcpus:g}", "ACUs": "195",
        "vCPUsPerCore": "2", "CombinedTempDiskAndCachedIOPS": "75000",
        "UncachedDiskIOPS": "40000", "EphemeralOSDiskSupported": "True",
        "EncryptionAtHostSupported": "True", "AcceleratedNetworkingEnabled": "True",
        "RdmaEnabled": "True" if gpus > 1 else "False", "MaxNetworkInterfaces": "8",
        **({"GPUs": str(gpus)} if gpus else {}),
    }  # fmt: skip
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "tier": "Standard",
        "size": name.removeprefix("Standard_"),
        "family": "standardZFamily",
        "locations": [region],
        "locationInfo": [{"location": region, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": [{"name": key, "value": value} for key, value in told.items()],
        "restrictions": [],
    }
