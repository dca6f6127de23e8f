"""A store with four prices, and one local server that answers as AWS and as Azure.

| place                               | on demand | spot |
|-------------------------------------|-----------|------|
| aws us-east-1 p5.48xlarge           |     55.04 |   20 |
| azure eastus Standard_ND96isr_H100  |     98.32 |    - |
| azure westeurope the same           |    120.00 |    - |

No run was ever told the spot price: AWS tells none without credentials.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import OFFERS, TABLES
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, fresh_parts
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.fetch.fetched import Row, offer_row
from costopt.refresh.frames import frame_of
from costopt.refresh.run import RefreshResult, refresh_catalog
from costopt.refresh.settings import RefreshSettings

YESTERDAY = datetime(2026, 11, 20, 3, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
P5, ND96 = "p5.48xlarge", "Standard_ND96isr_H100_v5"
REGION = "us-east-1"


def price(provider: str, region: str, name: str, option: str, per_hour: str) -> Row:
    return offer_row(
        provider=provider,
        region=region,
        instance_type=name,
        purchase_option=option,
        recurring_per_hour=Decimal(per_hour),
        currency="USD",
        source="yesterday",
        as_of="2026-11-20",
    )


OFFERS_BEFORE = (
    price("aws", REGION, P5, "on_demand", "55.04"),
    {**price("aws", REGION, P5, "spot", "20"), "flags": "not_refreshed"},
    price("azure", "eastus", ND96, "on_demand", "98.32"),
    price("azure", "westeurope", ND96, "on_demand", "120"),
)


def xml(name: str, inner: str) -> str:
    return f"<{name}Response>{inner}</{name}Response>"


EC2 = {
    "DescribeRegions": "<regionInfo><item><regionName>us-east-1</regionName></item></regionInfo>",
    "DescribeAvailabilityZones": "<availabilityZoneInfo><item><zoneName>us-east-1a</zoneName>"
    "<zoneId>use1-az2</zoneId></item></availabilityZoneInfo>",
    "DescribeInstanceTypes": "<instanceTypeSet><item><instanceType>p5.48xlarge</instanceType>"
    "<supportedUsageClasses><item>on-demand</item><item>spot</item></supportedUsageClasses>"
    "<hypervisor>HYPERVISOR</hypervisor>"
    "<processorInfo><supportedArchitectures><item>x86_64</item></supportedArchitectures>"
    "</processorInfo><vCpuInfo><defaultVCpus>192</defaultVCpus></vCpuInfo>"
    "<memoryInfo><sizeInMiB>2097152</sizeInMiB></memoryInfo><networkInfo>"
    "<networkPerformance>3200 Gigabit</networkPerformance><efaSupported>true</efaSupported>"
    "</networkInfo><gpuInfo><gpus><item><name>H100</name><manufacturer>NVIDIA</manufacturer>"
    "<count>8</count><memoryInfo><sizeInMiB>81920</sizeInMiB></memoryInfo></item></gpus>"
    "<totalGpuMemoryInMiB>655360</totalGpuMemoryInMiB></gpuInfo></item></instanceTypeSet>",
    "DescribeInstanceTypeOfferings": "<instanceTypeOfferingSet><item>"
    "<instanceType>p5.48xlarge</instanceType><location>use1-az2</location></item>"
    "</instanceTypeOfferingSet>",
    "DescribeInstances": "<reservationSet/>",
    "DescribeCapacityReservations": "<capacityReservationSet/>",
    "DescribeReservedInstances": "<reservedInstancesSet><item>"
    "<reservedInstancesId>ri-0123456789abcdef0</reservedInstancesId>"
    "<instanceType>p5.48xlarge</instanceType><instanceCount>2</instanceCount>"
    "<instanceTenancy>default</instanceTenancy><productDescription>Linux/UNIX"
    "</productDescription><state>active</state><scope>Region</scope>"
    "<start>2026-03-02T00:00:00Z</start><end>2027-03-02T00:00:00Z</end>"
    "<duration>31536000</duration><fixedPrice>87600.0</fixedPrice><usagePrice>0.0</usagePrice>"
    "<recurringCharges><item><amount>20.0</amount><frequency>Hourly</frequency></item>"
    "</recurringCharges><currencyCode>USD</currencyCode></item></reservedInstancesSet>",
    "DescribeSpotPriceHistory": "<spotPriceHistorySet><item><instanceType>p5.48xlarge"
    "</instanceType><productDescription>Linux/UNIX</productDescription><spotPrice>23.5</spotPrice>"
    "<timestamp>2026-11-20T03:00:00Z</timestamp><availabilityZone>us-east-1a</availabilityZone>"
    "<availabilityZoneId>use1-az2</availabilityZoneId></item></spotPriceHistorySet>",
}
"""Answers of EC2 by the names of its wire protocol."""

ACCOUNT_NUMBER = "123456789012"

ACCOUNT: Mapping[str, Any] = {
    "quotas": {
        "Quotas": [
            {
                "ServiceCode": "ec2",
                "QuotaArn": f"arn:aws:servicequotas:us-east-1:{ACCOUNT_NUMBER}:ec2/L-417A185B",
                "QuotaCode": "L-417A185B",
                "QuotaName": "Running On-Demand P instances",
                "Value": 384.0,
            }
        ]
    },
    "savingsplans": {"savingsPlans": []},
}
"""Answers of Service Quotas and Savings Plans."""


@dataclass
class Clouds:
    """What the local server holds and was asked."""

    server: HTTPServer
    aws_price: str = "55.04"
    aws_currency: str = "USD"
    azure_prices: dict[str, object] = field(
        default_factory=lambda: {"eastus": 98.32, "westeurope": 120.0}
    )
    hypervisor: str = "nitro"
    failing: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        self.seen.append(request.url)
        first = request.path.split("/")[1]
        if first in self.failing:
            return Response("{}", status=403)
        if first == "azure":
            return self._azure(request)
        if first == "ec2":
            name = dict(parse_qsl(request.get_data(as_text=True)))["Action"]
            body = EC2[name].replace("HYPERVISOR", self.hypervisor)
            return Response(xml(name, body), content_type="text/xml")
        if first == "sts":
            told = f"<GetCallerIdentityResult><Account>{ACCOUNT_NUMBER}</Account>"
            body = xml("GetCallerIdentity", f"{told}</GetCallerIdentityResult>")
            return Response(body, content_type="text/xml")
        if first in ACCOUNT:
            return Response(json.dumps(ACCOUNT[first]), content_type="application/json")
        files = self._files()
        if request.path not in files:
            return Response("no such file", status=404)
        return Response(json.dumps(files[request.path]), content_type="application/json")

    def _azure(self, request: Request) -> Response:
        asked = request.args["$filter"]
        place = re.search("armRegionName eq '([^']*)'", asked)
        wanted = [place[1]] if place else sorted(self.azure_prices)
        names = wanted if "Reservation" not in asked else []
        if f"azure/{wanted[0]}" in self.failing and place:
            return Response("{}", status=403)
        body = {
            "BillingCurrency": "USD",
            "Items": [self._item(name, self.azure_prices[name]) for name in names],
            "NextPageLink": None,
        }
        return Response(json.dumps(body), content_type="application/json")

    def _item(self, region: str, per_hour: object) -> dict[str, object]:
        return {
            "currencyCode": "USD", "tierMinimumUnits": 0.0, "retailPrice": per_hour,
            "unitPrice": per_hour, "armRegionName": region, "location": region,
            "effectiveStartDate": "2023-12-01T00:00:00Z", "meterId": f"meter-{region}",
            "meterName": "ND96isrH100v5", "skuName": "ND96isrH100v5",
            "productName": "Virtual Machines NDsrH100v5 Series Linux",
            "serviceName": "Virtual Machines", "unitOfMeasure": "1 Hour", "type": "Consumption",
            "isPrimaryMeterRegion": True, "armSkuName": ND96,
        }  # fmt: skip

    def _files(self) -> Mapping[str, Any]:
        attributes = {
            "instanceType": P5, "regionCode": REGION, "operatingSystem": "Linux",
            "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
            "marketoption": "OnDemand", "usagetype": f"BoxUsage:{P5}", "gpu": "8",
        }  # fmt: skip
        dimension = {"unit": "Hrs", "pricePerUnit": {self.aws_currency: self.aws_price}}
        term = {
            "effectiveDate": "2026-11-01T00:00:00Z",
            "priceDimensions": {"AAA.JRTC.6YS6": dimension},
            "termAttributes": {},
        }
        product = {"sku": "AAA", "productFamily": "Compute Instance", "attributes": attributes}
        version = f"/ec2/7/{REGION}/index.json"
        indices = {
            "currentRegionIndexUrl": "/ec2/region_index.json",
            "currentSavingsPlanIndexUrl": "/plans/region_index.json",
        }
        return {
            "/prices/offers/v1.0/aws/index.json": {"offers": {"AmazonEC2": indices}},
            "/prices/ec2/region_index.json": {
                "regions": {REGION: {"regionCode": REGION, "currentVersionUrl": version}}
            },
            f"/prices{version}": {
                "products": {"AAA": product},
                "terms": {"OnDemand": {"AAA": {"AAA.JRTC": term}}, "Reserved": {}},
            },
            "/prices/plans/region_index.json": {"regions": []},
            "/advisor/spot-advisor-data.json": {"ranges": [], "spot_advisor": {REGION: {}}},
        }

    def adapters(self) -> dict[str, dict[str, object]]:
        """Settings of adapters without credentials."""
        url = self.server.url_for
        return {
            "aws": {
                "anonymous": True,
                "price_list_url": url("/prices"),
                "advisor_url": url("/advisor"),
            },
            "azure": {"prices_url": url("/azure"), "subscription_id": ""},
        }  # fmt: skip

    def signed(self, access_key_id: str, secret_access_key: str) -> dict[str, dict[str, object]]:
        """Settings of adapters where AWS is asked with credentials."""
        settings = self.adapters()
        services = ("ec2", "service-quotas", "savingsplans", "sts")
        places = {"service-quotas": "quotas"}
        endpoints = {name: self.server.url_for(f"/{places.get(name, name)}/") for name in services}
        own = {"access_key_id": access_key_id, "secret_access_key": secret_access_key}
        return {
            **settings,
            "aws": {**settings["aws"], "anonymous": False, "endpoints": endpoints, **own},
        }


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install the adapter of a third party, given as its source, on the import path."""

    def place(source: str) -> None:
        folder = tmp_path / "site"
        installed = folder / "costopt_small-1.dist-info"
        installed.mkdir(parents=True)
        (folder / "costopt_small.py").write_text(source)
        named = "Metadata-Version: 2.1\nName: costopt-small\nVersion: 1\n"
        (installed / "METADATA").write_text(named)
        entry = "[costopt.providers]\nsmall = costopt_small:Provider\n"
        (installed / "entry_points.txt").write_text(entry)
        monkeypatch.syspath_prepend(folder)

    return place


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """The one server, which answers several questions at once."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def clouds(httpserver: HTTPServer) -> Clouds:
    clouds = Clouds(server=httpserver)
    httpserver.expect_request(re.compile("/.*")).respond_with_handler(clouds.answer)
    return clouds


@pytest.fixture(scope="session")
def tables_before(bundled: Catalog) -> Mapping[str, pd.DataFrame]:
    """All tables of a catalogue with the four prices; shared tables are the bundled ones."""
    tables = {name: bundled.table(name) for name in TABLES}
    for name in ("interruptions", "spot_history", "findings"):
        tables[name] = tables[name].head(0)
    types = tables["instance_types"]
    return {
        **tables,
        "instance_types": types[types["instance_type"].isin((P5, ND96))],
        "offers": frame_of(OFFERS, OFFERS_BEFORE, "test"),
    }


@pytest.fixture
def store(tmp_path: Path, tables_before: Mapping[str, pd.DataFrame]) -> CatalogStore:
    """A store with one version, of yesterday."""
    store = open_store(tmp_path / "store")
    providers = ("aws", "azure")
    parts = [part for part in fresh_parts(tables_before, YESTERDAY) if part.provider in providers]
    shared = {name: tables_before[name] for name in SHARED_TABLES}
    store.publish(
        NewVersion(created_at=YESTERDAY, started_from=None, parts=tuple(parts), shared=shared)
    )
    return store


@pytest.fixture
def refreshed(clouds: Clouds, store: CatalogStore) -> Callable[..., RefreshResult]:
    """Refresh the store from the local server; settings and arguments can be changed."""

    def run(*, arguments: Mapping[str, Any] | None = None, **changed: Any) -> RefreshResult:
        given: dict[str, Any] = {
            "store": store.place,
            "providers": ("aws", "azure"),
            "adapters": clouds.adapters(),
        }
        settings = RefreshSettings(**{**given, **changed})
        return refresh_catalog(settings=settings, **{"now": NOW, **(arguments or {})})

    return run
