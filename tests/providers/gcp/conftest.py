"""Google Cloud on localhost: one HTTP server that the real SDK is pointed at."""

import json
import re
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
from costopt.fetch.fetched import FetchedRegion
from costopt.fetch.retry import Retry
from costopt.fetch.wire import LiveWire, Wire
from costopt.provider import Source
from costopt_gcp import GcpProvider

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
TOKEN = "ya29.planted-access-token"
PROJECT = "planted-project-4711"
MEMORY_GIB = {
    "A100-40GB": (40.0, 39.5),
    "A100-80GB": (80.0, 79.6),
    "H100-80GB": (80.0, 79.6),
    "B200-180GB": (180.0, 179.0),
    "L4": (24.0, 22.5),
    "RTX-PRO-6000": (96.0, 95.59),
    "T4": (16.0, 15.6),
    "TPU-v5e": (16.0, 15.6),
    "TPU-v6e": (32.0, 31.2),
}

Json = dict[str, Any]


def accelerator(name: str, nominal_gib: float, usable_gib: float) -> Accelerator:
    return Accelerator(
        name=name,
        vendor="nvidia",
        architecture="",
        memory_gib=nominal_gib,
        usable_gib=usable_gib,
        usable_origin="device_reported",
        bandwidth_gb_per_second=None,
        peak_tflops={},
        interconnect="",
        interconnect_gb_per_second=None,
        source="test",
        as_of="2026-11",
    )


@dataclass
class Cloud:
    """What the server answers; tests change it before they ask.

    Attributes:
        server: on localhost.
        zones, down: region -> its zones; regions that cannot be used.
        machine_types, accelerator_types: zone -> pages of them.
        skus, warning: pages of the price list; code beside every list of Compute Engine.
        account: end of a path -> name of the items there, and their pages.
        faults: end of a path -> answers that come first; True keeps the last one for ever.
        released: set when the test ends, so that no handler waits longer.
    """

    server: HTTPServer
    zones: dict[str, list[str]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    machine_types: dict[str, list[list[Json]]] = field(default_factory=dict)
    accelerator_types: dict[str, list[list[Json]]] = field(default_factory=dict)
    skus: list[list[Json]] = field(default_factory=list)
    warning: str = ""
    account: dict[str, tuple[str, list[list[Json]]]] = field(default_factory=dict)
    faults: dict[str, list[Callable[[], Response]]] = field(default_factory=dict)
    forever: set[str] = field(default_factory=set)
    released: Event = field(default_factory=Event)

    def asked(self, end: str = "") -> list[Request]:
        """Requests that the server saw, in order."""
        return [request for request, _ in self.server.log if request.path.endswith(end)]

    def fail(self, end: str, status: int, *, forever: bool = False, **more: Any) -> None:
        """Answer with an error first; ``reason`` and ``headers`` are Google's."""
        reasons = [{"reason": more.get("reason", "")}]
        error = {"code": status, "message": f"no, {PROJECT}", "errors": reasons}
        body, headers = json.dumps({"error": error}), more.get("headers", {})
        self.answer_first(
            end,
            lambda: Response(body, status, headers=headers, mimetype="application/json"),
            forever=forever,
        )

    def answer_first(
        self, end: str, answer: Callable[[], Response], *, forever: bool = False
    ) -> None:
        self.faults.setdefault(end, []).append(answer)
        if forever:
            self.forever.add(end)

    def hang(self, end: str) -> None:
        def wait() -> Response:
            self.released.wait(5)
            return Response("{}", mimetype="application/json")

        self.answer_first(end, wait, forever=True)

    def answer(self, request: Request) -> Response:
        for end, answers in self.faults.items():
            if request.path.endswith(end) and answers:
                return answers[0]() if end in self.forever else answers.pop(0)()
        token = int(request.args.get("pageToken") or 0)
        own = [held for end, held in self.account.items() if request.path.endswith(end)]
        if own:
            return self._page(*own[-1], token)
        if request.path.startswith("/billing/"):
            return self._page("skus", self.skus, token)
        if request.path.endswith("/regions"):
            return self._page("items", [[self._region(name) for name in self.zones]], 0)
        zone = request.path.split("/")[-2]
        own = request.path.endswith("/acceleratorTypes")
        held = self.accelerator_types if own else self.machine_types
        return self._page("items", held.get(zone, [[]]), token)

    def _region(self, name: str) -> Json:
        zones = [f"https://x/projects/{PROJECT}/zones/{zone}" for zone in self.zones[name]]
        return {"name": name, "status": "DOWN" if name in self.down else "UP", "zones": zones}

    def _page(self, items: str, pages: list[list[Json]], token: int) -> Response:
        body: Json = {items: pages[token], "kind": "compute#test", "somethingNew": {"a": 1}}
        if self.warning and items == "items":
            body["warning"] = {"code": self.warning, "message": "some of it is missing"}
        if token + 1 < len(pages):
            body["nextPageToken"] = str(token + 1)
        return Response(json.dumps(body), mimetype="application/json")

    @staticmethod
    def sku(
        description: str,
        price: str,
        group: str = "GPU",
        usage: str = "OnDemand",
        regions: tuple[str, ...] = ("us-central1",),
        unit: str = "h",
        currency: str = "USD",
        effective: str = "2026-11-03T00:00:00Z",
        sku_id: str = "",
    ) -> Json:
        """Return a SKU as the price list writes it; money in units and nanos."""
        whole, _, part = price.partition(".")
        money = {"currencyCode": currency, "units": whole, "nanos": int(part.ljust(9, "0"))}
        tiers = [{"startUsageAmount": 0, "unitPrice": money}]
        expression = {"usageUnit": unit, "baseUnitConversionFactor": 3600, "tieredRates": tiers}
        return {
            "skuId": sku_id or description[:24],
            "description": description,
            "category": {"resourceFamily": "C", "resourceGroup": group, "usageType": usage},
            "serviceRegions": list(regions),
            "pricingInfo": [{"effectiveTime": effective, "pricingExpression": expression}],
        }

    @classmethod
    def parts(
        cls, name: str, core: str, memory: str, regions: tuple[str, ...] = ("us-central1",)
    ) -> list[Json]:
        """Return the on-demand SKUs of a series' vCPUs and memory."""
        return [
            cls.sku(f"{name} Core running in Americas", core, "CPU", regions=regions),
            cls.sku(
                f"{name} Ram running in Americas", memory, "RAM", regions=regions, unit="GiBy.h"
            ),
        ]

    @staticmethod
    def machine_type(
        name: str,
        vcpus: int,
        memory_gib: float,
        accelerator: str = "",
        count: int = 0,
        **more: Any,
    ) -> Json:
        """Return a machine type as Compute Engine writes it."""
        item: Json = {"name": name, "guestCpus": vcpus, "memoryMb": int(memory_gib * 1024)}
        item |= {"architecture": "X86_64", "selfLink": f"https://x/projects/{PROJECT}/{name}"}
        told = {"guestAcceleratorType": accelerator, "guestAcceleratorCount": count}
        return {**item, **({"accelerators": [told]} if accelerator else {}), **more}


@pytest.fixture(scope="session")
def server() -> Iterator[HTTPServer]:
    """A server that answers while another of its answers is late."""
    with HTTPServer(threaded=True) as running:
        yield running


@pytest.fixture
def cloud(server: HTTPServer) -> Iterator[Cloud]:
    """One region with one zone that rents a2-highgpu-1g; prices of us-central1 in 2026."""
    server.clear()
    built = Cloud(server=server)
    built.zones = {"us-central1": ["us-central1-a"]}
    built.machine_types = {
        "us-central1-a": [[built.machine_type("a2-highgpu-1g", 12, 85, "nvidia-tesla-a100", 1)]]
    }
    built.skus = [
        [
            *built.parts("A2 Instance", "0.031611", "0.004237"),
            built.sku("Nvidia Tesla A100 GPU running in Americas", "2.933908"),
        ]
    ]
    server.expect_request(re.compile("/.*")).respond_with_handler(built.answer)
    yield built
    built.released.set()


@pytest.fixture
def waits() -> list[float]:
    """Seconds that the wire would have waited."""
    return []


@pytest.fixture
def open_source(cloud: Cloud) -> Callable[..., Source]:
    """Open the adapter against the server; a field given here goes before the usual ones."""

    def open_with(**given: object) -> Source:
        settings = {
            "project": PROJECT,
            "access_token": TOKEN,
            "compute_endpoint": cloud.server.url_for("/compute").rstrip("/"),
            "billing_endpoint": cloud.server.url_for("/billing").rstrip("/"),
            "timeout_seconds": 5.0,
        }
        return GcpProvider().open({**settings, **given})

    return open_with


@pytest.fixture
def make_context(waits: list[float]) -> Callable[..., FetchContext]:
    """What a run tells the adapter."""

    def make(
        wire: Wire | None = None,
        families: tuple[str, ...] = (),
        known_types: frozenset[str] = frozenset(),
        names: Mapping[str, str] | None = None,
        account: bool = False,
    ) -> FetchContext:
        return FetchContext(
            wire=wire or LiveWire(retry=Retry(attempts=3), sleep=waits.append),
            now=NOW,
            accelerators={
                name: accelerator(name, *figures) for name, figures in MEMORY_GIB.items()
            },
            accelerator_names={**GcpProvider.accelerator_names, **(names or {})},
            families=families,
            known_types=known_types,
            account=account,
        )

    return make


@pytest.fixture
def fetch(
    open_source: Callable[..., Source], make_context: Callable[..., FetchContext]
) -> Callable[..., FetchedRegion]:
    """Fetch one region with fresh eyes."""

    def fetch_region(region: str = "us-central1", **given: Any) -> FetchedRegion:
        told = ("wire", "families", "known_types", "names", "account")
        context = {name: given.pop(name) for name in told if name in given}
        return open_source(**given).fetch(region, make_context(**context))

    return fetch_region


@pytest.fixture
def price() -> Callable[..., float]:
    """Price per hour of the one offer of a type and a purchase option."""

    def one(
        fetched: FetchedRegion,
        instance_type: str,
        option: str = "on_demand",
        term_years: float | None = None,
    ) -> float:
        asked = (instance_type, option, term_years)
        keys = ("instance_type", "purchase_option", "term_years")
        (row,) = (row for row in fetched.offers if tuple(row[key] for key in keys) == asked)
        return float(str(row["recurring_per_hour"]))

    return one
