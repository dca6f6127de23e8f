"""Answers that go wrong: which error comes, after how many questions."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug import Response

from costopt.errors import (
    MalformedAnswerError,
    MissingCredentialsError,
    RefusedError,
    ThrottledError,
    UnknownNameError,
    UnreachableError,
)
from costopt.fetch.fetched import FetchedRegion

Fetch = Callable[..., FetchedRegion]

ENDS = ("/regions", "/machineTypes", "/acceleratorTypes", "/skus")


@pytest.mark.parametrize("end", ENDS)
def test_one_throttle_is_waited_out(
    cloud: Any, fetch: Fetch, waits: list[float], end: str
) -> None:
    cloud.fail(end, 429)
    assert len(fetch().offers) == 1
    assert len(cloud.asked(end)) == 2
    assert waits == [0.5]


def test_wish_of_the_provider_sets_the_wait(cloud: Any, fetch: Fetch, waits: list[float]) -> None:
    cloud.fail("/skus", 429, headers={"Retry-After": "7"})
    assert len(fetch().offers) == 1
    assert waits == [7.0]


def test_rate_limit_under_403_is_a_throttle(cloud: Any, fetch: Fetch) -> None:
    cloud.fail("/machineTypes", 403, reason="rateLimitExceeded")
    assert len(fetch().offers) == 1
    assert len(cloud.asked("/machineTypes")) == 2


@pytest.mark.parametrize("end", ENDS)
def test_throttle_for_ever_ends_after_the_attempts_allowed(
    cloud: Any, fetch: Fetch, waits: list[float], end: str
) -> None:
    cloud.fail(end, 429, forever=True)
    with pytest.raises(ThrottledError):
        fetch()
    assert len(cloud.asked(end)) == 3
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(
    ("end", "permission"),
    [
        ("/regions", "compute.regions.list"),
        ("/machineTypes", "compute.machineTypes.list"),
        ("/acceleratorTypes", "compute.acceleratorTypes.list"),
        ("/skus", "Cloud Billing API"),
    ],
)
def test_refusal_names_the_missing_permission_and_no_project(
    cloud: Any, fetch: Fetch, waits: list[float], end: str, permission: str
) -> None:
    cloud.fail(end, 403, reason="forbidden")
    with pytest.raises(RefusedError, match=permission) as caught:
        fetch()
    assert "planted" not in str(caught.value)
    assert len(cloud.asked(end)) == 1
    assert waits == []


def test_token_that_is_not_accepted_is_a_refusal(cloud: Any, fetch: Fetch) -> None:
    cloud.fail("/regions", 401, forever=True)
    with pytest.raises(RefusedError, match="sign-in is not accepted"):
        fetch()


def test_key_that_is_not_valid_is_a_refusal(cloud: Any, fetch: Fetch) -> None:
    error = {
        "code": 400,
        "message": "API key not valid.",
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
            }
        ],
    }
    body = json.dumps({"error": error})
    cloud.answer_first("/skus", lambda: Response(body, 400, mimetype="application/json"))
    with pytest.raises(RefusedError, match="HTTP 400"):
        fetch(project="", access_token=None, api_key="wrong")


def test_project_that_does_not_exist_is_a_refusal(cloud: Any, fetch: Fetch) -> None:
    cloud.fail("/regions", 404)
    with pytest.raises(RefusedError, match="in a project that exists"):
        fetch()


def test_missing_sign_in_says_how_to_get_one(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(MissingCredentialsError, match="api_key for prices alone"):
        fetch(access_token=None)


def test_key_file_that_is_not_there_says_how_to_sign_in(fetch: Fetch, tmp_path: Any) -> None:
    with pytest.raises(MissingCredentialsError, match="service_account_file"):
        fetch(access_token=None, service_account_file=str(tmp_path / "none.json"))


def test_fault_of_the_server_is_tried_again(cloud: Any, fetch: Fetch, waits: list[float]) -> None:
    cloud.fail("/skus", 503)
    assert len(fetch().offers) == 1
    assert waits == [0.5]


def test_late_region_fails_while_another_succeeds(
    cloud: Any, open_source: Callable[..., Any], make_context: Callable[..., Any]
) -> None:
    cloud.zones["us-east1"] = ["us-east1-b"]
    cloud.hang("/us-east1-b/machineTypes")
    source, context = open_source(timeout_seconds=0.2), make_context()
    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(source.fetch, "us-east1", context)
        good = pool.submit(source.fetch, "us-central1", context)
        assert len(good.result().offers) == 1
        with pytest.raises(UnreachableError, match="ReadTimeout"):
            late.result()
    assert len(cloud.asked("/us-central1-a/machineTypes")) == 1
    assert len(cloud.asked("/us-east1-b/acceleratorTypes")) == 0


def test_server_that_is_not_there_is_unreachable(fetch: Fetch, waits: list[float]) -> None:
    with pytest.raises(UnreachableError, match="ConnectionError"):
        fetch(compute_endpoint="http://127.0.0.1:1")
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("body", ["<html>busy</html>", '{"items": [{"name": "a2'])
def test_body_that_cannot_be_read_is_no_shorter_answer(
    cloud: Any, fetch: Fetch, waits: list[float], end: str, body: str
) -> None:
    cloud.answer_first(end, lambda: Response(body, mimetype="application/json"))
    with pytest.raises(MalformedAnswerError):
        fetch()
    assert len(cloud.asked(end)) == 1
    assert waits == []


def test_field_of_the_wrong_type_is_malformed(cloud: Any, fetch: Fetch) -> None:
    cloud.machine_types["us-central1-a"][0][0]["guestCpus"] = "twelve"
    with pytest.raises(MalformedAnswerError):
        fetch()


def test_region_that_the_project_lacks_is_named(fetch: Fetch) -> None:
    with pytest.raises(UnknownNameError, match="us-central1"):
        fetch("us-central9")
