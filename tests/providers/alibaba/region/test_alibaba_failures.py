"""Failures over HTTP: throttling, refusals, time-outs, answers that cannot be read; the pace."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from costopt.errors import (
    FetchError,
    InvalidInputError,
    MalformedAnswerError,
    MissingCredentialsError,
    MissingDependencyError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from costopt_alibaba import AlibabaProvider
from costopt_alibaba.settings import AlibabaSettings
from costopt_alibaba.source import AlibabaSource

Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"
TYPES = "DescribeInstanceTypes"


@pytest.mark.parametrize(
    ("code", "status"),
    [("Throttling.User", 400), ("Throttling", 403), ("Throttling.Api", 503)],
)
def test_one_throttle_is_waited_out(
    ecs: Any,
    source: Make,
    context: Make,
    a10_type: Make,
    waits: list[float],
    code: str,
    status: int,
) -> None:
    ecs.refuse(TYPES, code, status)
    ecs.types([a10_type()])
    ecs.stock("on_demand", {"cn-test-a": {A10: "WithStock"}})
    run = context()
    fetched = source().fetch("cn-test", run)
    assert len(fetched.instance_types) == 1
    assert len(ecs.asked(TYPES)) == 2
    assert (waits, run.wire.counts.retries) == ([0.5], 1)


def test_endless_throttling_ends_after_bounded_attempts(
    ecs: Any, source: Make, context: Make, waits: list[float]
) -> None:
    ecs.refuse(TYPES, "Throttling.User")
    with pytest.raises(ThrottledError, match="alibaba ecs DescribeInstanceTypes in cn-test"):
        source().fetch("cn-test", context())
    assert len(ecs.asked(TYPES)) == 3
    assert waits == [0.5, 1.0]


def test_wish_of_the_provider_is_waited_for(
    ecs: Any, source: Make, context: Make, waits: list[float]
) -> None:
    body = {"Code": "Throttling.User", "Message": "words"}
    ecs.script(TYPES, body, status=429, headers={"x-acs-retry-after": "2500"})
    ecs.types([])
    source().fetch("cn-test", context())
    assert waits == [2.5]  # 2,500 ms


def test_fault_of_the_server_is_tried_again(
    ecs: Any, source: Make, context: Make, waits: list[float]
) -> None:
    ecs.refuse(TYPES, "ServiceUnavailable", 503)
    ecs.types([])
    source().fetch("cn-test", context())
    assert len(ecs.asked(TYPES)) == 2


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Forbidden.RAM", 403),
        ("NoPermission", 403),
        ("InvalidAccessKeyId.NotFound", 404),
        ("SignatureDoesNotMatch", 400),
        ("InvalidSecurityToken.Expired", 400),
        ("Unauthorized", 401),
    ],
)
def test_refusal_names_the_missing_permission_and_is_not_repeated(
    ecs: Any, source: Make, context: Make, waits: list[float], code: str, status: int
) -> None:
    ecs.refuse("DescribeAvailableResource", code, status, kind="on_demand")
    with pytest.raises(RefusedError, match="ecs:DescribeAvailableResource") as caught:
        source().fetch("cn-test", context())
    assert (caught.value.permission, caught.value.code) == ("ecs:DescribeAvailableResource", code)
    assert len(ecs.seen) == 1
    assert waits == []


def test_missing_credentials_say_how_to_give_them(source: Make, context: Make, ecs: Any) -> None:
    unsigned = source(access_key_id=None, access_key_secret=None, security_token=None)
    with pytest.raises(MissingCredentialsError, match="ALIBABA_CLOUD_ACCESS_KEY_ID"):
        unsigned.fetch("cn-test", context())
    assert ecs.seen == []


def test_missing_sdk_says_how_to_install_it(
    source: Make, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "alibabacloud_ecs20140526.client", None)
    with pytest.raises(MissingDependencyError, match=r"cloud-costopt\[alibaba\]"):
        source().regions(context())


def test_keys_of_the_environment_sign_where_the_settings_have_none(
    source: Make, context: Make, ecs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "key-around")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret-around")
    around = source(access_key_id=None, access_key_secret=None, security_token=None)
    around.regions(context())
    assert "Credential=key-around" in ecs.headers[0]["Authorization"]
    assert set(around.secrets()) == {"key-around", "secret-around"}


def test_one_region_timing_out_leaves_the_others(
    selling: Any, source: Make, context: Make, waits: list[float]
) -> None:
    selling.slow.add("cn-slow")
    opened = source(read_timeout_seconds=0.2)
    with pytest.raises(UnreachableError, match="in cn-slow"):
        opened.fetch("cn-slow", context())
    assert len(opened.fetch("cn-test", context()).offers) == 1
    assert len([one for one in selling.seen if one.get("RegionId") == "cn-slow"]) == 3
    assert waits == [0.5, 1.0]


def test_endpoint_that_nobody_answers_is_unreachable(source: Make, context: Make) -> None:
    with pytest.raises(UnreachableError):
        source(endpoint="127.0.0.1:1").regions(context())


@pytest.mark.parametrize(
    "body",
    [
        "<html>not json</html>",
        "[1, 2]",
        '{"RequestId": "1"}',
        '{"InstanceTypes": {"InstanceType": [7]}}',
        '{"InstanceTypes": [{"InstanceTypeId": "ecs.x"}]}',
    ],
)
def test_answer_that_cannot_be_read_is_malformed(
    ecs: Any, source: Make, context: Make, waits: list[float], body: str
) -> None:
    ecs.script(TYPES, body)
    with pytest.raises(MalformedAnswerError, match="DescribeInstanceTypes in cn-test"):
        source().fetch("cn-test", context())
    assert len(ecs.asked(TYPES)) == 1


def test_page_that_comes_again_ends_the_walk(ecs: Any, source: Make, context: Make) -> None:
    told = {"InstanceTypes": {"InstanceType": []}, "NextToken": "again"}
    ecs.script(TYPES, told)
    ecs.script(TYPES, told, kind="again")
    with pytest.raises(MalformedAnswerError, match="the same page comes again"):
        source().fetch("cn-test", context())


def test_question_that_the_provider_finds_wrong_is_told_with_its_code(
    ecs: Any, source: Make, context: Make
) -> None:
    ecs.refuse("DescribeAvailableResource", "InvalidRegionId.NotFound", 404, kind="on_demand")
    with pytest.raises(FetchError, match=r"HTTP 404 InvalidRegionId\.NotFound"):
        source().fetch("cn-nowhere", context())


def test_secrets_are_in_no_message(ecs: Any, source: Make, context: Make) -> None:
    ecs.script(TYPES, {"Code": "Forbidden.RAM", "Message": "planted-key-id may not"}, status=403)
    with pytest.raises(RefusedError) as caught:
        source().fetch("cn-test", context())
    assert "planted" not in str(caught.value)
    assert "planted" not in repr(source().settings)


def test_calls_of_a_region_keep_the_pace(ecs: Any, context: Make) -> None:
    slept: list[float] = []
    settings = AlibabaSettings(
        access_key_id=SecretStr("one"),
        access_key_secret=SecretStr("two"),
        endpoint=f"{ecs.server.host}:{ecs.server.port}",
        protocol="HTTP",
        home_region="cn-test",
        calls_per_second=4.0,
    )
    source = AlibabaSource(settings=settings, clock=lambda: 0.0, sleep=slept.append)
    for _ in range(7):
        source.regions(context())
    assert slept == [0.25, 0.5]  # five at once; then 1 / 4 s for each call that is owed


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"access_key_id": "one"}, "give both"),
        ({"security_token": "one"}, "give both"),
        ({"acces_key_id": "one"}, "did you mean access_key_id"),
        ({"calls_per_second": 9.0}, "calls_per_second"),
        ({"spot_window_hours": 721}, "spot_window_hours"),
        ({"endpoint": "http://host"}, "endpoint"),
        ({"subscriptions": ["2 years"]}, "subscriptions"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_asked(
    settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        AlibabaProvider().open(settings)
