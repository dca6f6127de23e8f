"""A small AWS on localhost, answered by one server: EC2, Price List, Savings Plans, files."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from threading import Event
from typing import Any, cast
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.loaders
import botocore.session
import pytest
from botocore.model import ListShape, OperationModel, Shape, StructureShape
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from costopt.accelerator import Accelerator
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount, FetchedRegion
from costopt.fetch.pace import Pace
from costopt.fetch.retry import Retry
from costopt.fetch.wire import LiveWire, Wire
from costopt.provider import AccountSource, Source
from costopt_aws import AwsProvider

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REGION = "us-east-1"
ACCOUNT = "123456789012"
FILES = ("prices", "advisor")
CALLER = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult>"
    f"<Arn>arn:aws:iam::{ACCOUNT}:user/x</Arn><UserId>U</UserId><Account>{ACCOUNT}</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
"""Who asks, as STS answers it."""

KEY, SECRET, SESSION = "AKIAPLANTEDKEY000001", "planted/secret+key", "planted-session-token"

MEMORY = {
    "A100-40GB": (40.0, 39.5, "device_reported"),
    "A100-80GB": (80.0, 78.0, "0.975 x nominal"),
    "H100-80GB": (80.0, 79.6, "device_reported"),
    "Inferentia2": (32.0, 31.2, "0.975 x nominal"),
    "L4": (24.0, 22.5, "device_reported"),
    "T4": (16.0, 15.6, "0.975 x nominal"),
    "Trainium2": (96.0, 93.6, "0.975 x nominal"),
}
"""Accelerator -> nominal and usable memory, and the origin of the latter."""


def accelerator(name: str) -> Accelerator:
    nominal, usable, origin = MEMORY[name]
    return Accelerator(
        name=name,
        vendor="",
        architecture="",
        memory_gib=nominal,
        usable_gib=usable,
        usable_origin=origin,
        bandwidth_gb_per_second=None,
        peak_tflops={},
        interconnect="",
        interconnect_gb_per_second=None,
        source="test",
        as_of="2026-11",
    )


@cache
def operation(service: str, name: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def rendered(shape: Shape, value: Any, tag: str) -> str:
    """EC2's XML of a value, by the SDK's own model; members that it lacks come as they are."""
    if isinstance(shape, ListShape):
        item = str(shape.member.serialization.get("name", "item"))
        inner = "".join(rendered(shape.member, one, item) for one in value)
    elif isinstance(shape, StructureShape):
        inner = ""
        for name, held in value.items():
            member = shape.members.get(name)
            if member is None:
                inner += f"<{name}>{escape(str(held))}</{name}>"
            else:
                inner += rendered(member, held, str(member.serialization.get("name", name)))
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(str(value))
    return f"<{tag}>{inner}</{tag}>"


@dataclass
class LocalAws:
    """What the local AWS holds, what it was asked, and what it does instead of answering.

    ``lists`` is (region or "", operation) -> pages of items; ``faults`` the same -> answers that
    are given first, one for each request.
    """

    server: HTTPServer
    lists: dict[tuple[str, str], list[list[Any]]] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    faults: dict[tuple[str, str], deque[Response]] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    hangs: set[str] = field(default_factory=set)
    released: Event = field(default_factory=Event)
    slept: list[float] = field(default_factory=list)

    def asked(self, name: str) -> list[dict[str, Any]]:
        """Parameters of every request for an operation or file, in order."""
        return [parameters for _, asked, parameters in self.seen if asked == name]

    def url(self, path: str) -> str:
        return str(self.server.url_for(path))

    def settings(self, **more: Any) -> dict[str, object]:
        return {
            "access_key_id": KEY,
            "secret_access_key": SECRET,
            "session_token": SESSION,
            "endpoints": {
                "ec2": self.url("/ec2/{region}/"),
                "pricing": self.url("/pricing/{region}/"),
                **{
                    service: self.url(f"/{service}/{{region}}")
                    for service in ("savingsplans", "service-quotas", "ce", "sts")
                },
            },
            "price_list_url": self.url("/prices"),
            "advisor_url": self.url("/advisor"),
            **more,
        }

    def open(self, **more: Any) -> Source:
        return AwsProvider().open(self.settings(**more))

    def open_anonymous(self, **more: Any) -> Source:
        settings = self.settings(anonymous=True, **more)
        for name in ("access_key_id", "secret_access_key", "session_token"):
            del settings[name]
        return AwsProvider().open(settings)

    def wire(self) -> LiveWire:
        pace = Pace(per_second=1e6, burst=1e6, clock=lambda: 0.0, sleep=self.slept.append)
        return LiveWire(retry=Retry(attempts=3), pace={"ec2": pace}, sleep=self.slept.append)

    def context(self, wire: Wire | None = None, **more: Any) -> FetchContext:
        return FetchContext(
            wire=wire or self.wire(),
            now=NOW,
            accelerators={name: accelerator(name) for name in MEMORY},
            accelerator_names=more.pop("names", AwsProvider.accelerator_names),
            **more,
        )

    def account(self, region: str, wire: Wire | None = None, **settings: Any) -> FetchedAccount:
        known = settings.pop("known_types", frozenset())
        context = self.context(wire, account=True, known_types=known)
        return cast(AccountSource, self.open(**settings)).account(region, context)

    def fetch(self, wire: Wire | None = None, **settings: Any) -> FetchedRegion:
        return self.open(**settings).fetch(REGION, self.context(wire))

    def fail(self, name: str, *answers: Response, region: str = "") -> None:
        self.faults.setdefault((region, name), deque()).extend(answers)

    def answer(self, request: Request) -> Response:
        """Answer one request, or do what was planned instead."""
        _, service, *rest = request.path.split("/")
        region = "" if service in FILES else rest[0]
        name, parameters = self._question(request, service)
        self.seen.append((region, name, parameters))
        if region in self.hangs:
            self.released.wait(10)
        for place in (region, ""):
            if self.faults.get((place, name)):
                return self.faults[place, name].popleft()
        if service in FILES:
            return self._file(name)
        if service == "sts":
            return Response(CALLER, content_type="text/xml")
        return self._page(service, region, name, parameters)

    def _question(self, request: Request, service: str) -> tuple[str, dict[str, Any]]:
        if service in ("ec2", "sts"):
            parameters = dict(parse_qsl(request.get_data(as_text=True)))
            return parameters.pop("Action"), parameters
        if "X-Amz-Target" in request.headers:
            return request.headers["X-Amz-Target"].partition(".")[2], json.loads(request.data)
        if service == "savingsplans":
            return request.path.split("/")[-1], json.loads(request.data)
        return request.path, {}

    def _file(self, path: str) -> Response:
        if path not in self.files:
            return Response("no such file", status=404)
        held = self.files[path]
        text = held if isinstance(held, str) else json.dumps(held)
        return Response(text, content_type="application/json")

    def _page(
        self, service: str, region: str, name: str, parameters: Mapping[str, Any]
    ) -> Response:
        pages = self.lists.get((region, name), self.lists.get(("", name), [[]]))
        token = parameters.get("NextToken") or parameters.get("nextToken") or "page-0"
        index = int(str(token).removeprefix("page-"))
        following = f"page-{index + 1}" if index + 1 < len(pages) else ""
        model = operation(service, name)
        shape = model.output_shape
        assert isinstance(shape, StructureShape)
        member = next(one for one, held in shape.members.items() if isinstance(held, ListShape))
        answer: dict[str, Any] = {member: pages[index]}
        if following:
            answer["nextToken" if service == "savingsplans" else "NextToken"] = following
        if service == "ec2":
            body = rendered(shape, answer, f"{name}Response")
            return Response(body, content_type="text/xml")
        return Response(json.dumps(answer), content_type="application/x-amz-json-1.1")


def ec2_error(code: str, status: int) -> Response:
    body = (
        f"<Response><Errors><Error><Code>{code}</Code><Message>arn:aws:iam::123456789012:user/x"
        "</Message></Error></Errors><RequestID>r</RequestID></Response>"
    )
    return Response(body, status=status, content_type="text/xml")


@pytest.fixture
def ec2_fault() -> Callable[[str, int], Response]:
    return ec2_error


@pytest.fixture(scope="session", autouse=True)
def one_loader() -> Iterator[None]:
    """Read the SDK's own service models once, not once for each session of a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.loaders.create_loader))
        yield


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """The one server, which answers a second question while a first hangs."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def empty_aws(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """A local AWS that holds nothing yet, and no credentials around it."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    local = LocalAws(server=httpserver)
    httpserver.expect_request(re.compile("/.*")).respond_with_handler(local.answer)
    yield local
    local.released.set()
