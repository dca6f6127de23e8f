"""Every call about an account: throttles, refusals, late and unreadable answers."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.errors import (
    MalformedAnswerError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)

Make = Callable[..., Any]
Told = Callable[..., dict[str, tuple[Any, Any]]]

PERMISSIONS = {
    "DescribeAccountAttributes": "ecs:DescribeAccountAttributes",
    "DescribeInstances": "ecs:DescribeInstances",
    "DescribeReservedInstances": "ecs:DescribeReservedInstances",
    "DescribeInstanceTypes": "ecs:DescribeInstanceTypes",
    "QuerySavingsPlansInstance": "bssapi:QuerySavingsPlansInstance",
}
"""Operation -> what asking it takes."""

LISTS = {
    "DescribeAccountAttributes": ("AccountAttributeItems", "AccountAttributeItem"),
    "DescribeInstances": ("Instances", "Instance"),
    "DescribeReservedInstances": ("ReservedInstances", "ReservedInstance"),
    "DescribeInstanceTypes": ("InstanceTypes", "InstanceType"),
    "QuerySavingsPlansInstance": ("Data", "Items"),
}
"""Operation -> where its list stands in the answer."""

each_operation = pytest.mark.parametrize("operation", PERMISSIONS)


def place(operation: str) -> str:
    """Region whose account asks the question; empty for what belongs to none."""
    return "" if operation == "QuerySavingsPlansInstance" else "cn-test"


@each_operation
def test_one_throttle_is_waited_out(
    stocked: Any, told: Told, everything: Any, waits: list[float], operation: str
) -> None:
    before = stocked.ecs.answers.pop((operation, ""))
    stocked.ecs.refuse(operation, "Throttling.User")
    stocked.ecs.answers[operation, ""] += before
    assert told() == everything
    assert len(stocked.ecs.asked(operation)) == 2
    assert waits == [0.5]


@each_operation
def test_throttle_for_ever_ends_after_three_attempts(
    stocked: Any, told: Told, waits: list[float], operation: str
) -> None:
    stocked.ecs.answers.pop((operation, ""))
    stocked.ecs.refuse(operation, "Throttling.Api", 503)
    with pytest.raises(ThrottledError, match=operation):
        told(place(operation))
    assert len(stocked.ecs.asked(operation)) == 3
    assert waits == [0.5, 1.0]


@each_operation
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Forbidden.RAM", 403),
        ("Unauthorized", 401),
    ],
)
def test_refusal_names_the_permission_and_is_not_repeated(
    stocked: Any, told: Told, waits: list[float], operation: str, code: str, status: int
) -> None:
    stocked.ecs.answers.pop((operation, ""))
    stocked.ecs.refuse(operation, code, status)
    with pytest.raises(RefusedError) as caught:
        told(place(operation))
    assert (caught.value.permission, caught.value.code) == (PERMISSIONS[operation], code)
    assert (len(stocked.ecs.asked(operation)), waits) == (1, [])


@each_operation
def test_clock_that_is_wrong_here_is_a_refusal_that_says_so(
    stocked: Any, told: Told, waits: list[float], operation: str
) -> None:
    stocked.ecs.answers.pop((operation, ""))
    stocked.ecs.refuse(operation, "InvalidTimeStamp.Expired", 400)
    with pytest.raises(RefusedError, match=f"{PERMISSIONS[operation]}, with a right clock"):
        told(place(operation))
    assert (len(stocked.ecs.asked(operation)), waits) == (1, [])


@each_operation
@pytest.mark.parametrize("body", ["<html>", "", "[7]", "{}", "block: 7", "items: 7", "item: 7"])
def test_answer_that_cannot_be_read_is_malformed(
    stocked: Any, told: Told, waits: list[float], operation: str, body: str
) -> None:
    block, items = LISTS[operation]
    counts = {"TotalCount": 1, "PageSize": 100}
    held: dict[str, Any] = {
        "block: 7": {block: 7},
        "items: 7": {block: {items: 7, **counts}, **counts},
        "item: 7": {block: {items: [7], **counts}, **counts},
    }
    stocked.ecs.answers.pop((operation, ""))
    stocked.ecs.script(operation, held.get(body, body))
    with pytest.raises(MalformedAnswerError, match=operation):
        told(place(operation))
    assert (len(stocked.ecs.asked(operation)), waits) == (1, [])


@pytest.mark.parametrize(
    ("late", "others", "count"), [("cn-slow", ("cn-test", ""), 5), ("", ("cn-test",), 4)]
)
def test_place_that_times_out_leaves_the_account_in_others_alone(
    stocked: Any, told: Told, waits: list[float], late: str, others: tuple[str, ...], count: int
) -> None:
    stocked.ecs.slow.add(late or None)  # the billing service is asked about no region
    with pytest.raises(UnreachableError):
        told(late, read_timeout_seconds=0.2)
    assert [one.get("RegionId") for one in stocked.ecs.seen] == [late or None] * 3
    assert waits == [0.5, 1.0]
    stocked.ecs.slow.discard(None)  # nor are the instance types
    assert len(told(*others)) == count


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
