"""Sdk: makes the calls of the ECS API, one attempt each, paced by region."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from threading import Lock
from typing import Any, Final

from costopt.errors import MalformedAnswerError, MissingCredentialsError, MissingDependencyError
from costopt.fetch.call import Call, Page
from costopt.fetch.pace import Pace
from costopt_alibaba.failures import HOW_TO_SIGN_IN, told, unsuccessful
from costopt_alibaba.settings import AlibabaSettings

METHODS: Final[Mapping[str, str]] = {
    "DescribeAccountAttributes": "describe_account_attributes_with_options",
    "DescribeAvailableResource": "describe_available_resource_with_options",
    "DescribeInstanceTypes": "describe_instance_types_with_options",
    "DescribeInstances": "describe_instances_with_options",
    "DescribePrice": "describe_price_with_options",
    "DescribeRegions": "describe_regions_with_options",
    "DescribeReservedInstances": "describe_reserved_instances_with_options",
    "DescribeSpotAdvice": "describe_spot_advice_with_options",
    "DescribeSpotPriceHistory": "describe_spot_price_history_with_options",
}
"""Operation -> method of the SDK's ECS client."""

BLOCKS: Final[Mapping[str, str]] = {
    "DescribeAccountAttributes": "AccountAttributeItems",
    "DescribeAvailableResource": "AvailableZones",
    "DescribeInstanceTypes": "InstanceTypes",
    "DescribeInstances": "Instances",
    "DescribePrice": "PriceInfo",
    "DescribeRegions": "Regions",
    "DescribeReservedInstances": "ReservedInstances",
    "DescribeSpotAdvice": "AvailableSpotZones",
    "DescribeSpotPriceHistory": "SpotPrices",
    "QuerySavingsPlansInstance": "Data",
}
"""Operation -> block without which its answer is none. Source: ECS and BSS API reference."""

BILLING: Final = "bss"
"""Service of the billing API; every other call is one of the ECS API."""

BILLING_VERSION: Final = "2017-12-14"
"""Source: BSS API reference."""

CLIENTS: Final[Mapping[str, str]] = {
    "ecs": "alibabacloud_ecs20140526.client",
    BILLING: "alibabacloud_tea_openapi.client",
}
"""Service -> module of its client; the ECS package brings the one that asks any service."""

ENVIRONMENT: Final = (
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
)
"""Variables with credentials. Source: Alibaba Cloud SDK reference, credentials."""

MILLISECONDS_PER_SECOND: Final = 1000
OK: Final = 200

BURST: Final = 5.0
"""Calls of a region that may be made at once; with the pace, far below the quota of a minute."""


@dataclass(slots=True, kw_only=True)
class Sdk:
    """The SDK with somebody's settings; one client and one pace for each region.

    Attributes:
        settings: what a person wrote.
        clock: monotonic time [s].
        sleep: waits so many seconds.
    """

    settings: AlibabaSettings
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _clients: dict[tuple[str, str], Any] = field(init=False, default_factory=dict)
    _paces: dict[str, Pace] = field(init=False, default_factory=dict)
    _lock: Lock = field(init=False, default_factory=Lock)

    def answer(self, call: Call, asked: Mapping[str, Any]) -> Page:
        """Ask once and return the answer by its names on the wire.

        Args:
            call: the question.
            asked: parameters by their names on the wire.

        Raises:
            FetchError: no usable answer.
            MissingDependencyError: the SDK is not installed.
        """
        self._pace(call.region).wait()
        client = self._client(call)
        ask = _ask_billing if call.service == BILLING else _ask_ecs
        with told(call):
            runtime = import_module("darabonba.runtime").RuntimeOptions()
            page = ask(client, call, asked, runtime)
        if page.get("Success") is False:
            raise unsuccessful(call, str(page.get("Code")), OK)
        if BLOCKS[call.operation] not in page:
            raise MalformedAnswerError(str(call), f"it has no {BLOCKS[call.operation]}")
        return page

    def secrets(self) -> tuple[str, ...]:
        """Return texts that must never be written anywhere."""
        around = (os.environ.get(name, "") for name in ENVIRONMENT)
        return tuple(text for text in (*self.settings.secrets(), *around) if text)

    def _pace(self, region: str) -> Pace:
        """Return the token bucket of a region: the quota counts each region for itself."""
        with self._lock:
            if region not in self._paces:
                self._paces[region] = Pace(
                    per_second=self.settings.calls_per_second,
                    burst=BURST,
                    clock=self.clock,
                    sleep=self.sleep,
                )
            return self._paces[region]

    def _client(self, call: Call) -> Any:
        """Return the client of a service and region."""
        place = call.service, call.region
        with self._lock:
            if place not in self._clients:
                self._clients[place] = self._new_client(call)
            return self._clients[place]

    def _new_client(self, call: Call) -> Any:
        try:
            client = import_module(CLIENTS[call.service])
            shared = import_module("alibabacloud_tea_openapi.utils_models")
        except ImportError:
            raise MissingDependencyError("alibabacloud-ecs20140526", "alibaba") from None
        settings = self.settings
        with told(call):
            return client.Client(
                shared.Config(
                    **self._credentials(call),
                    region_id=call.region or settings.home_region,
                    endpoint=self._endpoint(call),
                    protocol=settings.protocol,
                    connect_timeout=_milliseconds(settings.connect_timeout_seconds),
                    read_timeout=_milliseconds(settings.read_timeout_seconds),
                )
            )

    def _endpoint(self, call: Call) -> str | None:
        """Return the host that is asked; None for the SDK's own."""
        if call.service == BILLING:
            return self.settings.billing_endpoint
        given = self.settings.endpoint
        return given.replace("{region}", call.region) if given else None

    def _credentials(self, call: Call) -> dict[str, Any]:
        """Return the arguments that sign: the settings' keys, the environment's, or the chain."""
        settings = self.settings
        if settings.access_key_id and settings.access_key_secret:
            token = settings.security_token
            return {
                "access_key_id": settings.access_key_id.get_secret_value(),
                "access_key_secret": settings.access_key_secret.get_secret_value(),
                "security_token": token.get_secret_value() if token else None,
            }
        key, secret, session = (os.environ.get(name) for name in ENVIRONMENT)
        if key and secret:
            return {
                "access_key_id": key,
                "access_key_secret": secret,
                "security_token": session,
            }
        if settings.credential_chain:
            chain = import_module("alibabacloud_credentials.client")
            return {"credential": chain.Client()}
        raise MissingCredentialsError(str(call), HOW_TO_SIGN_IN)


def _ask_ecs(client: Any, call: Call, asked: Mapping[str, Any], runtime: Any) -> Page:
    """Ask through the models of the ECS package."""
    models = import_module("alibabacloud_ecs20140526.models")
    request = getattr(models, f"{call.operation}Request")().from_map(dict(asked))
    response = getattr(client, METHODS[call.operation])(request, runtime)
    page: Page = response.body.to_map()
    return page


def _ask_billing(client: Any, call: Call, asked: Mapping[str, Any], runtime: Any) -> Page:
    """Ask the billing service, of which the ECS package has no models."""
    shared = import_module("alibabacloud_tea_openapi.utils_models")
    request = shared.OpenApiRequest(query={name: str(value) for name, value in asked.items()})
    operation = shared.Params(
        action=call.operation,
        version=BILLING_VERSION,
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    page: Page = dict(client.call_api(operation, request, runtime)["body"])
    return page


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * MILLISECONDS_PER_SECOND))
