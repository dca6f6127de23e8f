"""One local server that answers as the ECS API of every region, asked by the real SDK."""

import json
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
from costopt.fetch.wire import LiveWire, Wire
from costopt_alibaba import AlibabaProvider
from costopt_alibaba.settings import AlibabaSettings
from costopt_alibaba.source import AlibabaSource

KEY_ID = "planted-key-id"
KEY_SECRET = "planted-key-secret"
TOKEN = "planted-security-token"
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
A10 = "ecs.gn7i-c8g1.2xlarge"
TERMS = {("Hour", "1"): "hour", ("Month", "1"): "month", ("Year", "1"): "1y", ("Year", "3"): "3y"}

EMPTY: Mapping[str, dict[str, Any]] = {
    "DescribeAccountAttributes": {"AccountAttributeItems": {"AccountAttributeItem": []}},
    "DescribeInstances": {"Instances": {"Instance": []}},
    "DescribeReservedInstances": {
        "ReservedInstances": {"ReservedInstance": []},
        "TotalCount": 0,
        "PageSize": 100,
    },
    "QuerySavingsPlansInstance": {"Data": {"Items": [], "TotalCount": 0, "PageSize": 100}},
    "DescribeAvailableResource": {"AvailableZones": {"AvailableZone": []}},
    "DescribeInstanceTypes": {"InstanceTypes": {"InstanceType": []}},
    "DescribeRegions": {"Regions": {"Region": []}},
    "DescribeSpotAdvice": {"AvailableSpotZones": {"AvailableSpotZone": []}},
    "DescribeSpotPriceHistory": {"SpotPrices": {"SpotPriceType": []}, "Currency": "CNY"},
}


@dataclass
class Ecs:
    """Scripted answers by operation and kind; the last one stays for every later question."""

    server: HTTPServer
    answers: dict[tuple[str, str], list[Response]] = field(
        default_factory=lambda: defaultdict(list)
    )
    seen: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    slow: set[str] = field(default_factory=set)
    released: Event = field(default_factory=Event)

    def script(
        self,
        operation: str,
        body: object,
        *,
        kind: str = "",
        status: int = 200,
        headers: Mapping[str, str] = {},
    ) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        answer = Response(text, status, dict(headers), content_type="application/json")
        self.answers[operation, kind].append(answer)

    def refuse(self, operation: str, code: str, status: int = 400, **kind: Any) -> None:
        self.script(operation, {"Code": code, "Message": "words"}, status=status, **kind)

    def types(self, *pages: list[dict[str, Any]]) -> None:
        for number, page in enumerate(pages, 1):
            body: dict[str, Any] = {"InstanceTypes": {"InstanceType": page}}
            if number < len(pages):
                body["NextToken"] = f"page-{number + 1}"
            kind = "" if number == 1 else f"page-{number}"
            self.script("DescribeInstanceTypes", body, kind=kind)

    def stock(self, kind: str, zones: Mapping[str, Mapping[str, str]]) -> None:
        """Script zone -> type -> category of its stock, for on_demand, prepaid or spot."""
        told = [
            {
                "ZoneId": zone,
                "Status": "Available",
                "AvailableResources": {
                    "AvailableResource": [
                        {
                            "Type": "InstanceType",
                            "SupportedResources": {
                                "SupportedResource": [
                                    {"Value": name, "StatusCategory": category}
                                    for name, category in types.items()
                                ]
                            },
                        }
                    ]
                },
            }
            for zone, types in zones.items()
        ]
        body = {"AvailableZones": {"AvailableZone": told}}
        self.script("DescribeAvailableResource", body, kind=kind)

    def price(
        self,
        listed: float | None,
        traded: float | None = None,
        *,
        kind: str = "hour",
        currency: str = "CNY",
        name: str = A10,
    ) -> None:
        """Script the price of an instance, beside a system disk of 0.05."""
        part = {"Resource": "instanceType", "OriginalPrice": listed, "TradePrice": traded}
        disk = {"Resource": "systemDisk", "OriginalPrice": 0.05, "TradePrice": 0.05}
        price = {
            "Currency": currency,
            "OriginalPrice": (listed or 0) + 0.05,
            "TradePrice": (traded or 0) + 0.05,
            "DetailInfos": {"DetailInfo": [disk, part]},
        }
        self.script("DescribePrice", {"PriceInfo": {"Price": price}}, kind=f"{name} {kind}")

    def spot(self, *pages: list[dict[str, Any]], currency: str = "CNY", name: str = A10) -> None:
        for number, page in enumerate(pages, 1):
            body: dict[str, Any] = {"Currency": currency, "SpotPrices": {"SpotPriceType": page}}
            if number < len(pages):
                body["NextOffset"] = number * 1000
            offset = "" if number == 1 else f" {(number - 1) * 1000}"
            self.script("DescribeSpotPriceHistory", body, kind=f"{name}{offset}")

    def asked(self, operation: str) -> list[dict[str, str]]:
        return [question for question in self.seen if question["operation"] == operation]

    def answer(self, request: Request) -> Response:
        operation = request.headers["x-acs-action"]
        asked = dict(request.args)
        self.seen.append({"operation": operation, **asked})
        self.headers.append(dict(request.headers))
        if asked.get("RegionId") in self.slow:
            self.released.wait(10)
        scripted = self.answers.get((operation, _kind(operation, asked)), [])
        if not scripted:
            empty = EMPTY.get(operation)
            return (
                Response(json.dumps(empty), content_type="application/json")
                if empty
                else Response('{"Code": "PriceNotFound"}', 400, content_type="application/json")
            )
        return scripted.pop(0) if len(scripted) > 1 else scripted[0]


def _kind(operation: str, asked: Mapping[str, str]) -> str:
    """Return which of several answers of an operation is asked for."""
    if operation == "DescribeAvailableResource":
        if asked["InstanceChargeType"] == "PrePaid":
            return "prepaid"
        return "on_demand" if asked["SpotStrategy"] == "NoSpot" else "spot"
    if operation == "DescribePrice":
        term = TERMS[asked["PriceUnit"], asked["Period"]]
        return f"{asked['InstanceType']} {term}"
    if operation == "DescribeSpotPriceHistory":
        offset = f" {asked['Offset']}" if "Offset" in asked else ""
        return f"{asked['InstanceType']}{offset}"
    if "PageNumber" in asked or "PageNum" in asked:
        return asked.get("PageNumber") or asked["PageNum"]
    return asked.get("NextToken", "")


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """Answer in threads of their own, so that one slow answer does not hold the others."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def ecs(httpserver: HTTPServer) -> Iterator[Ecs]:
    ecs = Ecs(httpserver)
    httpserver.expect_request("/", method="POST").respond_with_handler(ecs.answer)
    yield ecs
    ecs.released.set()
    httpserver.check_assertions()


@pytest.fixture(autouse=True)
def no_credentials_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN"):
        monkeypatch.delenv(f"ALIBABA_CLOUD_{name}", raising=False)


@pytest.fixture
def a10_type() -> Callable[..., dict[str, Any]]:
    """Make the record of an instance type; fields replace or join the usual ones."""

    def make(name: str = A10, **fields: Any) -> dict[str, Any]:
        usual = {
            "InstanceTypeId": name,
            "InstanceTypeFamily": ".".join(name.split(".")[:2]).split("-")[0],
            "InstanceCategory": "Compute-optimized with GPU",
            "CpuCoreCount": 8,
            "MemorySize": 30.0,
            "CpuArchitecture": "X86",
            "GPUAmount": 1,
            "GPUSpec": "NVIDIA A10",
            "GPUMemorySize": 24.0,
            "InstanceBandwidthRx": 16384000,
            "InstanceBandwidthTx": 16384000,
            "EriQuantity": 0,
            "LocalStorageCategory": "",
        }
        return {key: value for key, value in {**usual, **fields}.items() if value is not None}

    return make


@pytest.fixture
def waits() -> list[float]:
    """Waits that a run asked for, in place of sleeping [s]."""
    return []


@pytest.fixture
def source(ecs: Ecs, waits: list[float]) -> Callable[..., AlibabaSource]:
    """Open the adapter at the local server; its pace stands on a clock that does not move."""

    def make(**settings: Any) -> AlibabaSource:
        given = {
            "access_key_id": KEY_ID,
            "access_key_secret": KEY_SECRET,
            "security_token": TOKEN,
            "endpoint": f"{ecs.server.host}:{ecs.server.port}",
            "billing_endpoint": f"{ecs.server.host}:{ecs.server.port}",
            "protocol": "HTTP",
            "subscriptions": (),
            "read_timeout_seconds": 5.0,
            **settings,
        }
        return AlibabaSource(
            settings=AlibabaSettings(**given), clock=lambda: 0.0, sleep=lambda seconds: None
        )

    return make


@pytest.fixture
def context(waits: list[float]) -> Callable[..., FetchContext]:
    """Make the context of a run with four accelerators of the catalogue."""

    def make(
        *,
        families: tuple[str, ...] = (),
        wire: Wire | None = None,
        names: Mapping[str, str] = {},
        account: bool = True,
    ) -> FetchContext:
        accelerators = [
            accelerator("A10", 24.0, 23.4),
            accelerator("A100-40GB", 40.0, 39.5, "device_reported"),
            accelerator("T4", 16.0, 15.6),
            accelerator("V100-16GB", 16.0, 15.6),
            accelerator("V100-32GB", 32.0, 31.2),
        ]
        return FetchContext(
            wire=wire or LiveWire(retry=Retry(attempts=3), sleep=waits.append),
            now=NOW,
            accelerators={one.name: one for one in accelerators},
            accelerator_names={**AlibabaProvider.accelerator_names, **names},
            families=families,
            account=account,
        )

    return make


def accelerator(
    name: str, memory_gib: float, usable_gib: float, origin: str = "0.975 x nominal"
) -> Accelerator:
    return Accelerator(
        name=name,
        vendor="nvidia",
        architecture="",
        memory_gib=memory_gib,
        usable_gib=usable_gib,
        usable_origin=origin,
        bandwidth_gb_per_second=None,
        peak_tflops={},
        interconnect="",
        interconnect_gb_per_second=None,
        source="test",
        as_of="2026-11-21",
    )
