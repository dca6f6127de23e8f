"""Answers about an account that fail, that cannot be read, or that hold what nobody knows."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.errors import MalformedAnswerError, RefusedError, ThrottledError

Make = Callable[..., Any]


def commitments(told: Any) -> list[Any]:
    return [row for row in told.facts if row["fact"] == "commitment"]


def test_one_throttle_is_waited_out(
    own: Any, source: Make, context: Make, waits: list[float]
) -> None:
    own.ecs.refuse("DescribeInstances", "Throttling.User")
    own.instances([own.instance()])
    told = source().account("cn-test", context())
    assert len(commitments(told)) == 1
    assert len(own.ecs.asked("DescribeInstances")) == 2
    assert waits == [0.5]


def test_billing_service_that_throttles_for_ever_ends_after_bounded_attempts(
    bare: Any, source: Make, context: Make, waits: list[float]
) -> None:
    bare.ecs.refuse("QuerySavingsPlansInstance", "Throttling.Api", 400)
    with pytest.raises(ThrottledError, match="alibaba bss QuerySavingsPlansInstance"):
        source().account("", context())
    assert len(bare.ecs.seen) == 3
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(
    "operation", ["DescribeAccountAttributes", "DescribeInstances", "DescribeReservedInstances"]
)
def test_refusal_names_the_missing_permission(
    own: Any, source: Make, context: Make, operation: str
) -> None:
    own.ecs.answers.pop((operation, ""), None)
    own.ecs.refuse(operation, "Forbidden.RAM", 403)
    with pytest.raises(RefusedError) as caught:
        source().account("cn-test", context())
    assert caught.value.permission == f"ecs:{operation}"
    assert len(own.ecs.asked(operation)) == 1


@pytest.mark.parametrize("status", [200, 403])
def test_refusal_of_the_billing_service_names_its_permission(
    bare: Any, source: Make, context: Make, status: int
) -> None:
    body = {"Code": "NotAuthorized", "Message": "words", "Success": False}
    bare.ecs.script("QuerySavingsPlansInstance", body, status=status)
    with pytest.raises(RefusedError) as caught:
        source().account("", context())
    assert caught.value.permission == "bssapi:QuerySavingsPlansInstance"


def test_billing_service_of_the_other_site_says_which_setting_to_look_at(
    bare: Any, source: Make, context: Make
) -> None:
    bare.ecs.refuse("QuerySavingsPlansInstance", "NotApplicable", 400)
    with pytest.raises(MalformedAnswerError, match=r"NotApplicable; is billing_endpoint"):
        source().account("", context())
    assert len(bare.ecs.seen) == 1


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("DescribeAccountAttributes", '{"RequestId": "1"}'),
        ("DescribeInstances", '{"Instances": {"Instance": [7]}}'),
        ("DescribeInstances", "<html>"),
        ("DescribeReservedInstances", '{"ReservedInstances": {"ReservedInstance": []}}'),
    ],
)
def test_answer_that_cannot_be_read_is_malformed(
    own: Any, source: Make, context: Make, operation: str, body: str
) -> None:
    own.ecs.answers.pop((operation, ""), None)
    own.ecs.script(operation, body)
    with pytest.raises(MalformedAnswerError, match=f"{operation} in cn-test"):
        source().account("cn-test", context())


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        '{"Success": true}',
        '{"Data": {"Items": []}}',
        '{"Data": {"Items": [7], "TotalCount": 1, "PageSize": 1}}',
        '{"Data": 7}',
    ],
)
def test_answer_of_the_billing_service_that_cannot_be_read_is_malformed(
    bare: Any, source: Make, context: Make, body: str
) -> None:
    bare.ecs.script("QuerySavingsPlansInstance", body)
    with pytest.raises(MalformedAnswerError, match="QuerySavingsPlansInstance"):
        source().account("", context())


def test_unknown_members_and_missing_blocks_change_nothing(
    own: Any, source: Make, context: Make
) -> None:
    own.ecs.script("DescribeInstances", {"Instances": {"Instance": [None], "New": 1}, "New": 2})
    own.reserved_instances([own.reserved(New={"er": 1})])
    (row,) = commitments(source().account("cn-test", context()))
    assert row["kind"] == "reserved"
