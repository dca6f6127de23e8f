"""Price files of AWS at any size, made bit by bit: products, their terms, and savings plans.

Members, order and proportions follow the public file of a large region: most products are other
systems, tenancies and capacity states of the same instance types, and reserved terms outweigh all
else. Nothing is ever held whole.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

SYSTEMS: Final = ("Linux", "Windows", "RHEL", "SUSE", "RHEL HA", "Ubuntu Pro")
TENANCIES: Final = ("Shared", "Dedicated", "Host")
STATES: Final = ("Used", "UnusedCapacityReservation", "AllocatedCapacityReservation")
SOFTWARE: Final = ("NA", "SQL Web", "SQL Std", "SQL Ent")
LEASES: Final = tuple(
    product(
        ("1yr", "3yr"),
        ("standard", "convertible"),
        ("No Upfront", "Partial Upfront", "All Upfront"),
    )
)
FILLER_SIZES: Final = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "metal")
PRETTY: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """One instance type that the file sells.

    Attributes:
        name: the provider's own.
        gpus: accelerators; 0 for a type of CPUs alone [1].
        price_per_hour: of plain Linux [$/h].
    """

    name: str
    gpus: int
    price_per_hour: float


def fillers(count: int) -> Iterator[Sold]:
    """Yield instance types of CPUs alone that no catalogue needs."""
    for number in range(count):
        generation, size = divmod(number, len(FILLER_SIZES))
        name = f"z{generation}x.{FILLER_SIZES[size]}"
        yield Sold(name=name, gpus=0, price_per_hour=0.1 * (size + 1))


def enough(types: Sequence[Sold], region: str, least_bytes: int) -> tuple[Sold, ...]:
    """Return the types and as many fillers as make a file of at least this size [B]."""
    (sample,) = fillers(1)
    each = sum(map(len, offer_file((sample,), region)))
    missing = least_bytes - sum(map(len, offer_file(types, region)))
    return (*types, *fillers(max(0, -(-missing // each) + 1)))


def offer_file(types: Sequence[Sold], region: str) -> Iterator[bytes]:
    """Yield the offer file of a region."""
    head = {"formatVersion": "v1.0", "offerCode": "AmazonEC2", "version": "20261120000000"}
    yield (_json(head)[:-2] + ',\n  "publicationDate" : "2026-11-20T00:00:00Z",\n').encode()
    yield b'  "products" : {\n'
    yield from _members(_products(sold, index, region) for index, sold in enumerate(types))
    yield b'\n  },\n  "terms" : {\n    "OnDemand" : {\n'
    yield from _members(_on_demand(sold, index) for index, sold in enumerate(types))
    yield b'\n    },\n    "Reserved" : {\n'
    yield from _members(_reserved(sold, index) for index, sold in enumerate(types))
    yield b'\n    }\n  },\n  "attributesList" : { }\n}\n'


def plan_file(types: Sequence[Sold]) -> Iterator[bytes]:
    """Yield the savings plan file of a region: one plan of each length and payment, both kinds."""
    plans = [
        (f"PLAN{number}", kind, length, payment)
        for number, (kind, length, payment) in enumerate(
            product(
                ("ComputeSavingsPlans", "EC2InstanceSavingsPlans"),
                ("1yr", "3yr"),
                ("No Upfront", "Partial Upfront", "All Upfront"),
            )
        )
    ]
    listed = [
        {
            "sku": sku,
            "productFamily": kind,
            "attributes": {"purchaseTerm": length, "purchaseOption": payment},
        }
        for sku, kind, length, payment in plans
    ]
    yield b'{\n  "publicationDate" : "2026-11-20T00:00:00Z",\n  "products" : '
    yield _json(listed).encode() + b',\n  "terms" : {\n    "savingsPlan" : [\n'
    for number, (sku, _, length, _) in enumerate(plans):
        yield (b",\n" if number else b"") + _plan_head(sku, length)
        for index, sold in enumerate(types):
            yield (b",\n" if index else b"") + _rates(sold, index)
        yield b"]\n}"
    yield b"\n]}}\n"


def sku_of(index: int, number: int) -> str:
    """Return the number of a product: of a type, and of its systems and states."""
    return f"T{index:06d}P{number:05d}"


def _members(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield members of an object, a comma between two parts that are not empty."""
    is_first = True
    for part in parts:
        if part:
            yield part if is_first else b",\n" + part
            is_first = False


def _variants() -> Iterator[tuple[str, str, str, str]]:
    """Yield system, tenancy, state and software of every product of a type; plain Linux first."""
    for system, tenancy, state in product(SYSTEMS, TENANCIES, STATES):
        for software in SOFTWARE if system in ("Linux", "Windows") else SOFTWARE[:1]:
            yield system, tenancy, state, software


VARIANTS: Final = tuple(_variants())


def _products(sold: Sold, index: int, region: str) -> bytes:
    texts = []
    for number, (system, tenancy, state, software) in enumerate(VARIANTS):
        sku = sku_of(index, number)
        usage = {"Used": "BoxUsage", "UnusedCapacityReservation": "UnusedBox"}.get(state, "Reserv")
        attributes = {
            "servicecode": "AmazonEC2", "location": "US East (N. Virginia)",
            "locationType": "AWS Region", "instanceType": sold.name,
            "currentGeneration": "Yes", "instanceFamily": "General purpose",
            "vcpu": "64", "physicalProcessor": "Intel Xeon 8375C (Ice Lake)",
            "clockSpeed": "3.5 GHz", "memory": "256 GiB", "storage": "EBS only",
            "networkPerformance": "25 Gigabit", "processorArchitecture": "64-bit",
            "tenancy": tenancy, "operatingSystem": system, "licenseModel": "No License required",
            "gpu": str(sold.gpus or ""), "usagetype": f"{usage}:{sold.name}",
            "operation": "RunInstances:0002", "availabilityzone": "NA", "capacitystatus": state,
            "classicnetworkingsupport": "false", "dedicatedEbsThroughput": "19000 Mbps",
            "ecu": "NA", "enhancedNetworkingSupported": "Yes", "gpuMemory": "NA",
            "intelAvxAvailable": "Yes", "intelAvx2Available": "Yes", "intelTurboAvailable": "Yes",
            "marketoption": "OnDemand", "normalizationSizeFactor": "128",
            "preInstalledSw": software, "processorFeatures": "Intel AVX; Intel AVX2; Intel Turbo",
            "regionCode": region, "servicename": "Amazon Elastic Compute Cloud",
            "vpcnetworkingsupport": "true",
        }  # fmt: skip
        entry = {"sku": sku, "productFamily": "Compute Instance", "attributes": attributes}
        texts.append(f'    "{sku}" : {_json(entry)}')
    return ",\n".join(texts).encode()


def _on_demand(sold: Sold, index: int) -> bytes:
    texts = []
    for number in range(len(VARIANTS)):
        sku = sku_of(index, number)
        term = _term(sku, "JRTCKXETXF", {"6YS6EN2CT7": ("Hrs", sold.price_per_hour)}, {})
        texts.append(f'      "{sku}" : {_json({f"{sku}.JRTCKXETXF": term})}')
    return ",\n".join(texts).encode()


def _reserved(sold: Sold, index: int) -> bytes:
    """Return twelve terms for every product that is used and stands on shared or own hardware."""
    texts = []
    for number, (_, tenancy, state, _) in enumerate(VARIANTS):
        if state != "Used" or tenancy == "Host":
            continue
        sku = sku_of(index, number)
        terms = {}
        for code, (length, offering, payment) in enumerate(LEASES):
            rates = {"6YS6EN2CT7": ("Hrs", sold.price_per_hour * 0.6)}
            if payment != "No Upfront":
                rates["2TG2D8R56U"] = ("Quantity", round(sold.price_per_hour * 3000))
            attributes = {
                "LeaseContractLength": length,
                "OfferingClass": offering,
                "PurchaseOption": payment,
            }
            terms[f"{sku}.LEASE{code:05d}"] = _term(sku, f"LEASE{code:05d}", rates, attributes)
        texts.append(f'      "{sku}" : {_json(terms)}')
    return ",\n".join(texts).encode()


def _term(
    sku: str, code: str, rates: dict[str, tuple[str, float]], attributes: dict[str, str]
) -> dict[str, object]:
    return {
        "offerTermCode": code,
        "sku": sku,
        "effectiveDate": "2026-11-01T00:00:00Z",
        "priceDimensions": {
            f"{sku}.{code}.{rate}": {
                "rateCode": f"{sku}.{code}.{rate}",
                "description": f"${amount:.4f} for one {unit} of the instance in this region",
                "beginRange": "0",
                "endRange": "Inf",
                "unit": unit,
                "pricePerUnit": {"USD": f"{amount:.10f}"},
                "appliesTo": [],
            }
            for rate, (unit, amount) in rates.items()
        },
        "termAttributes": attributes,
    }


def _plan_head(sku: str, length: str) -> bytes:
    lease = {"duration": int(length[0]), "unit": "year"}
    head = {
        "sku": sku,
        "description": f"{length} plan",
        "effectiveDate": "2026-11-01T00:00:00Z",
        "leaseContractLength": lease,
    }
    return (_json(head)[:-2] + ',\n  "rates" : [\n').encode()


def _rates(sold: Sold, index: int) -> bytes:
    texts = []
    for number, (system, tenancy, state, software) in enumerate(VARIANTS):
        if state != "Used" or tenancy == "Host" or software != "NA":
            continue
        sku = sku_of(index, number)
        rate = {
            "discountedSku": sku,
            "discountedUsageType": f"BoxUsage:{sold.name}",
            "discountedOperation": f"RunInstances:{system}",
            "discountedServiceCode": "AmazonEC2",
            "rateCode": f"PLAN.{sku}",
            "unit": "Hrs",
            "discountedRate": {"price": f"{sold.price_per_hour * 0.7:.4f}", "currency": "USD"},
            "discountedRegionCode": "us-east-1",
            "discountedInstanceType": sold.name,
        }
        texts.append(_json(rate))
    return ",\n".join(texts).encode()


def _json(value: object) -> str:
    return json.dumps(value, indent=PRETTY)
