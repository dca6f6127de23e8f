"""Throttles, refusals, time-outs and faults, over HTTP with the real SDK."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from costopt.errors import (
    FetchError,
    MissingCredentialsError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from costopt.fetch.fetched import FetchedRegion
from costopt_azure.source import AzureSource

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"
SIZES = ("sizes", "eastus", "", 1)
PRICES = ("prices", "eastus", "Consumption", 1)
EVICTIONS = ("evictions", "eastus", "", 1)
PLANTED = (
    "0f0f0f0f-1111-2222-3333-444444444444",
    "planted-bearer-token",
    "planted-client-secret",
    "planted-tenant",
    "planted-client",
)


def refused(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": f"the client {PLANTED[4]} may not"}}


@pytest.fixture
def stocked(cloud: Any, sku: Make, item: Make) -> Any:
    cloud.sizes([sku()])
    cloud.prices([item()])
    cloud.evictions([{"size": H100, "location": "eastus", "evictionRate": "0-5"}])
    return cloud


@pytest.mark.parametrize("key", [SIZES, PRICES, EVICTIONS])
def test_one_throttle_is_waited_out(
    key: tuple[str, str, str, int],
    stocked: Any,
    opened: Make,
    context: Make,
    slept: list[float],
) -> None:
    (answer,) = stocked.answers.pop(key)
    stocked.script(key, {}, status=429, headers={"Retry-After": "7"})
    stocked.answers[key].append(answer)
    run = context()
    read = opened().fetch("eastus", run)
    assert (len(read.offers), len(read.interruptions), read.findings) == (1, 1, ())
    assert slept == [7.0]
    assert stocked.seen.count(key) == 2
    assert run.wire.counts.retries == 1


@pytest.mark.parametrize("key", [SIZES, PRICES])
def test_throttle_for_ever_ends_in_a_typed_error_after_three_attempts(
    key: tuple[str, str, str, int],
    stocked: Any,
    opened: Make,
    context: Make,
    slept: list[float],
) -> None:
    stocked.answers.pop(key)
    stocked.script(key, {}, status=429)
    with pytest.raises(ThrottledError, match="in eastus: the provider refuses so many calls"):
        opened().fetch("eastus", context())
    assert stocked.seen.count(key) == 3
    assert slept == [0.5, 1.0]


def test_wish_to_wait_longer_than_allowed_ends_at_once(
    stocked: Any, opened: Make, context: Make, slept: list[float]
) -> None:
    stocked.answers.pop(SIZES)
    stocked.script(SIZES, {}, status=429, headers={"Retry-After": "600"})
    with pytest.raises(ThrottledError) as caught:
        opened().fetch("eastus", context())
    assert caught.value.retry_after_seconds == 600.0
    assert (stocked.seen, slept) == ([SIZES], [])


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AuthorizationFailed"),
        (401, "InvalidAuthenticationToken"),
        (404, "SubscriptionNotFound"),
    ],
)
def test_refused_sizes_name_the_permission_and_are_not_asked_again(
    status: int, code: str, stocked: Any, opened: Make, context: Make
) -> None:
    stocked.answers.pop(SIZES)
    stocked.script(SIZES, refused(code), status=status)
    with pytest.raises(RefusedError, match=r"Microsoft\.Compute/skus/read") as caught:
        opened().fetch("eastus", context())
    assert caught.value.code == code
    assert stocked.seen == [SIZES]
    assert not any(secret in str(caught.value) for secret in PLANTED)


def test_refused_eviction_rates_are_a_finding_and_the_prices_stay(
    stocked: Any, opened: Make, context: Make
) -> None:
    stocked.answers.pop(EVICTIONS)
    stocked.script(EVICTIONS, refused("AuthorizationFailed"), status=403)
    read = opened().fetch("eastus", context())
    assert (len(read.offers), read.interruptions) == (1, ())
    (found,) = read.findings
    assert (found.check, found.severity) == ("eviction_rates_unread", "warning")
    assert "Microsoft.ResourceGraph/resources/read" in found.detail
    assert stocked.seen.count(EVICTIONS) == 1
    assert not any(secret in found.detail for secret in PLANTED)


def test_credential_that_finds_nothing_says_how_to_sign_in(
    stocked: Any, opened: Make, context: Make
) -> None:
    class NobodySignedIn:
        def get_token(self, *scopes: str, **options: object) -> Any:
            from azure.identity import CredentialUnavailableError

            raise CredentialUnavailableError(message="nobody is signed in")

    with pytest.raises(MissingCredentialsError, match="az login"):
        opened(credential=NobodySignedIn()).fetch("eastus", context())
    assert stocked.seen == []


def test_one_region_that_times_out_does_not_disturb_the_others(
    cloud: Any, sku: Make, item: Make, opened: Make, context: Make
) -> None:
    for region in ("eastus", "westus3", "northeurope"):
        cloud.sizes([sku(region=region)], region=region)
        cloud.prices([item(armRegionName=region)], region=region)
    cloud.slow.add("westus3")
    source = opened(read_timeout_seconds=0.2)

    def attempt(region: str) -> FetchedRegion | FetchError:
        try:
            read: FetchedRegion = source.fetch(region, context())
        except FetchError as error:
            return error
        return read

    with ThreadPoolExecutor(3) as pool:
        east, west, north = pool.map(attempt, ("eastus", "westus3", "northeurope"))
    assert isinstance(east, FetchedRegion)
    assert isinstance(north, FetchedRegion)
    assert len(east.offers) == len(north.offers) == 1
    assert isinstance(west, UnreachableError)
    assert "westus3" in str(west)
    assert cloud.seen.count(("sizes", "westus3", "", 1)) == 3


def test_prices_that_time_out_are_unreachable(
    cloud: Any, public: AzureSource, opened: Make, context: Make
) -> None:
    cloud.slow.add("eastus")
    source = opened(
        subscription_id="",
        tenant_id=None,
        client_id=None,
        client_secret=None,
        credential=None,
        read_timeout_seconds=0.2,
    )
    with pytest.raises(UnreachableError, match="ReadTimeout"):
        source.fetch("eastus", context(known_types=frozenset({H100})))
    assert cloud.seen.count(PRICES) == 3


@pytest.mark.parametrize("body", ["<html>busy</html>", "{}", ""])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_fault_of_the_server_is_tried_again_whatever_its_words(
    status: int, body: str, stocked: Any, opened: Make, context: Make, slept: list[float]
) -> None:
    (answer,) = stocked.answers.pop(SIZES)
    stocked.script(SIZES, body, status=status)
    stocked.answers[SIZES].append(answer)
    assert len(opened().fetch("eastus", context()).offers) == 1
    assert slept == [0.5]
