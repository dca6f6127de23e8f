"""One local server that answers as Azure Resource Manager and as the Retail Prices API."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from costopt.accelerator import Accelerator
from costopt.fetch.context import FetchContext
from costopt.fetch.retry import Retry
from costopt.fetch.wire import LiveWire
from costopt_azure import AzureProvider
from costopt_azure.source import AzureSource

SUBSCRIPTION = "0f0f0f0f-1111-2222-3333-444444444444"
TOKEN = "planted-bearer-token"
CLIENT_SECRET = "planted-client-secret"
TENANT = "planted-tenant"
CLIENT = "planted-client"

Key = tuple[str, str, str, int]
"""Kind of question, region, price type, number of the page."""


class FakeCredential:
    def get_token(self, *scopes: str, **options: object) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken(TOKEN, int(time.time()) + 3600)


@dataclass
class Cloud:
    """Scripted answers, and what was asked: a last answer stays for every later question."""

    server: HTTPServer
    answers: dict[Key, list[Response]] = field(default_factory=lambda: defaultdict(list))
    seen: list[Key] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    released: Event = field(default_factory=Event)
    slow: set[str] = field(default_factory=set)

    def start(self) -> None:
        place = self.server
        place.expect_request("/retail/api/retail/prices").respond_with_handler(self._prices)
        skus = f"/arm/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/skus"
        place.expect_request(skus).respond_with_handler(self._sizes)
        graph = "/arm/providers/Microsoft.ResourceGraph/resources"
        place.expect_request(graph, method="POST").respond_with_handler(self._evictions)

    def sizes(self, *pages: list[dict[str, Any]], region: str = "eastus") -> None:
        for number, page in enumerate(pages, 1):
            body: dict[str, Any] = {"value": page}
            if number < len(pages):
                path = f"/arm/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/skus"
                link = f"location%20eq%20'{region}'&page={number + 1}"
                body["nextLink"] = self.server.url_for(f"{path}?$filter={link}")
            self.script(("sizes", region, "", number), body)

    def prices(
        self, *pages: list[dict[str, Any]], region: str = "eastus", kind: str = "Consumption"
    ) -> None:
        for number, page in enumerate(pages, 1):
            body: dict[str, Any] = {"BillingCurrency": "USD", "Items": page, "NextPageLink": None}
            if number < len(pages):
                chosen = f"armRegionName eq '{region}' and priceType eq '{kind}'"
                link = f"/retail/api/retail/prices?$filter={chosen}&page={number + 1}"
                body["NextPageLink"] = self.server.url_for(link)
            self.script(("prices", region, kind, number), body)

    def evictions(self, *pages: list[dict[str, Any]], region: str = "eastus") -> None:
        for number, page in enumerate(pages, 1):
            last = number == len(pages)
            body: dict[str, Any] = {
                "totalRecords": 9,
                "count": len(page),
                "resultTruncated": "true",
                "data": page,
            }
            if not last:
                body["$skipToken"] = str(number + 1)
            self.script(("evictions", region, "", number), body)

    def script(
        self, key: Key, body: object, *, status: int = 200, headers: Mapping[str, str] = {}
    ) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        answer = Response(text, status, dict(headers), content_type="application/json")
        self.answers[key].append(answer)

    def _answer(self, request: Request, key: Key, empty: dict[str, Any]) -> Response:
        self.seen.append(key)
        self.tokens.append(request.headers.get("Authorization", ""))
        if key[1] in self.slow:
            self.released.wait(10)
        scripted = self.answers.get(key, [])
        if not scripted:
            return Response(json.dumps(empty), content_type="application/json")
        return scripted.pop(0) if len(scripted) > 1 else scripted[0]

    def _sizes(self, request: Request) -> Response:
        region = request.args["$filter"].split("'")[1]
        page = int(request.args.get("page", 1))
        return self._answer(request, ("sizes", region, "", page), {"value": []})

    def _prices(self, request: Request) -> Response:
        chosen = request.args["$filter"]
        region = chosen.split("armRegionName eq '")[1].split("'")[0] if "armR" in chosen else ""
        kind = chosen.split("priceType eq '")[1].split("'")[0]
        page = int(request.args.get("page", 1))
        empty: dict[str, Any] = {"BillingCurrency": "USD", "Items": [], "NextPageLink": None}
        return self._answer(request, ("prices", region, kind, page), empty)

    def _evictions(self, request: Request) -> Response:
        asked = request.get_json()
        region = asked["query"].split("location =~ '")[1].split("'")[0]
        page = int(asked["options"].get("$skipToken") or 1)
        empty: dict[str, Any] = {
            "totalRecords": 0,
            "count": 0,
            "resultTruncated": "false",
            "data": [],
        }
        return self._answer(request, ("evictions", region, "", page), empty)


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """Answer in threads of their own, so that one slow answer does not hold the others."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def cloud(httpserver: HTTPServer) -> Iterator[Cloud]:
    cloud = Cloud(httpserver)
    cloud.start()
    yield cloud
    cloud.released.set()
    httpserver.check_assertions()


@pytest.fixture
def opened(httpserver: HTTPServer) -> Callable[..., AzureSource]:
    """Open the adapter on the local server, with every credential planted."""

    def opened(**changed: object) -> AzureSource:
        settings: dict[str, object] = {
            "subscription_id": SUBSCRIPTION,
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "credential": FakeCredential(),
            "management_url": httpserver.url_for("/arm"),
            "prices_url": httpserver.url_for("/retail"),
            "request_options": {"enforce_https": False},
            "read_timeout_seconds": 5.0,
        }
        source = AzureProvider().open({**settings, **changed})
        assert isinstance(source, AzureSource)
        return source

    return opened


@pytest.fixture
def public(opened: Callable[..., AzureSource]) -> AzureSource:
    """Open the adapter without credentials."""
    without = {"tenant_id": None, "client_id": None, "client_secret": None, "credential": None}
    return opened(subscription_id="", **without)


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def context(slept: list[float]) -> Callable[..., FetchContext]:
    """Return a context of a run at noon of 21 November 2026; fields can be changed."""

    def context(**changed: Any) -> FetchContext:
        given: dict[str, Any] = {
            "wire": LiveWire(retry=Retry(attempts=3), sleep=slept.append),
            "now": datetime(2026, 11, 21, 12, tzinfo=UTC),
            "accelerators": {
                name: _accelerator(name, memory, usable, origin)
                for name, memory, usable, origin in ACCELERATORS
            },
            "accelerator_names": AzureProvider.accelerator_names,
        }
        return FetchContext(**{**given, **changed})

    return context


ACCELERATORS = (
    ("A10", 24.0, 23.4, "0.975 x nominal"),
    ("A100-40GB", 40.0, 39.5, "device_reported"),
    ("A100-80GB", 80.0, 78.0, "0.975 x nominal"),
    ("A100-80GB-PCIe", 80.0, 78.0, "0.975 x nominal"),
    ("B300", 288.0, 268.6, "device_reported"),
    ("GB200", 186.0, 185.0, "device_reported"),
    ("H100-80GB", 80.0, 79.6, "device_reported"),
    ("H100-94GB-NVL", 94.0, 93.6, "device_reported"),
    ("MI25", 16.0, 15.6, "0.975 x nominal"),
    ("RADEON-PRO-V710", 28.0, 24.0, "device_reported"),
    ("T4", 16.0, 15.6, "0.975 x nominal"),
)


def _accelerator(name: str, memory: float, usable: float, origin: str) -> Accelerator:
    return Accelerator(
        name=name,
        vendor="nvidia",
        architecture="some",
        memory_gib=memory,
        usable_gib=usable,
        usable_origin=origin,
        bandwidth_gb_per_second=None,
        peak_tflops={},
        interconnect="",
        interconnect_gb_per_second=None,
        source="a page",
        as_of="2026-11",
    )


@pytest.fixture
def sku() -> Callable[..., dict[str, Any]]:
    """Return one size as the Resource SKUs API lists it; a capability of None is absent."""

    def sku(
        name: str = "Standard_ND96isr_H100_v5",
        *,
        region: str = "eastus",
        restrictions: list[dict[str, Any]] | None = None,
        **capabilities: str | None,
    ) -> dict[str, Any]:
        told: dict[str, str | None] = {
            "vCPUs": "96",
            "MemoryGB": "1900",
            "GPUs": "8",
            "RdmaEnabled": "True",
            "LowPriorityCapable": "True",
            "CpuArchitectureType": "x64",
        }
        told.update(capabilities)
        return {
            "resourceType": "virtualMachines",
            "name": name,
            "family": "someFamily",
            "locations": [region],
            "locationInfo": [{"location": region, "zones": ["1", "2"]}],
            "capabilities": [
                {"name": key, "value": value} for key, value in told.items() if value is not None
            ],
            "restrictions": restrictions or [],
        }

    return sku


@pytest.fixture
def item() -> Callable[..., dict[str, Any]]:
    """Return one item of the Retail Prices API; a field of None is absent."""

    def item(
        name: str = "Standard_ND96isr_H100_v5", price: object = 98.32, **changed: Any
    ) -> dict[str, Any]:
        told: dict[str, Any] = {
            "currencyCode": "USD",
            "tierMinimumUnits": 0.0,
            "retailPrice": price,
            "unitPrice": price,
            "armRegionName": "eastus",
            "location": "US East",
            "effectiveStartDate": "2023-12-01T00:00:00Z",
            "meterId": "11111111-aaaa",
            "meterName": "ND96isrH100v5",
            "skuName": "ND96isrH100v5",
            "productName": "Virtual Machines NDsrH100v5 Series Linux",
            "serviceName": "Virtual Machines",
            "unitOfMeasure": "1 Hour",
            "type": "Consumption",
            "isPrimaryMeterRegion": True,
            "armSkuName": name,
        }
        told.update(changed)
        return {key: value for key, value in told.items() if value is not None}

    return item
