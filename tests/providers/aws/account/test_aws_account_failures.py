"""Throttles, refusals and answers that cannot be read, of every call about an account."""

import json
from typing import Any

import pytest
from werkzeug import Response

from costopt.errors import (
    MalformedAnswerError,
    MissingCredentialsError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)

REGION = "us-east-1"


def refusal() -> Response:
    body = json.dumps({"__type": "AccessDeniedException", "message": "123456789012 may not"})
    return Response(body, status=403, headers={"x-amzn-ErrorType": "AccessDeniedException"})


@pytest.mark.parametrize(
    "operation",
    ["DescribeInstances", "DescribeReservedInstances", "DescribeCapacityReservations"],
)
def test_refusal_of_a_call_of_ec2_names_its_permission(
    owner: Any, ec2_fault: Any, operation: str
) -> None:
    owner.fail(operation, ec2_fault("UnauthorizedOperation", 403))
    with pytest.raises(RefusedError) as refused:
        owner.account(REGION)
    assert refused.value.permission == f"ec2:{operation}"
    assert "123456789012" not in str(refused.value)
    assert len(owner.asked(operation)) == 1


@pytest.mark.parametrize(
    ("region", "operation", "permission"),
    [
        (REGION, "ListServiceQuotas", "servicequotas:ListServiceQuotas"),
        ("", "DescribeSavingsPlans", "savingsplans:DescribeSavingsPlans"),
        (
            "",
            "GetSavingsPlansUtilizationDetails",
            "ce:GetSavingsPlansUtilizationDetails",
        ),
    ],
)
def test_refusal_of_another_service_names_its_permission(
    owner: Any, make: Any, region: str, operation: str, permission: str
) -> None:
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"]()]]
    owner.fail(operation, refusal())
    with pytest.raises(RefusedError) as refused:
        owner.account(region, savings_plan_use="cost_explorer")
    assert refused.value.permission == permission
    assert "123456789012" not in str(refused.value)


def test_one_throttle_of_each_call_is_waited_out(owner: Any, ec2_fault: Any, make: Any) -> None:
    owner.lists["", "DescribeReservedInstances"] = [[make["purchase"]()]]
    names = ["DescribeInstances", "DescribeReservedInstances", "DescribeCapacityReservations"]
    for name in names:
        owner.fail(name, ec2_fault("RequestLimitExceeded", 503))
    slow = json.dumps({"__type": "TooManyRequestsException"})
    owner.fail("ListServiceQuotas", Response(slow, status=429))
    read = owner.account(REGION)
    assert len(read.facts) == 1
    assert [len(owner.asked(name)) for name in (*names, "ListServiceQuotas")] == [2, 2, 2, 2]
    assert owner.slept == [0.5] * 4


def test_throttle_for_ever_ends_after_the_allowed_attempts(owner: Any, ec2_fault: Any) -> None:
    owner.fail("DescribeInstances", *[ec2_fault("RequestLimitExceeded", 503)] * 9)
    with pytest.raises(ThrottledError, match="ec2 DescribeInstances in us-east-1"):
        owner.account(REGION)
    assert len(owner.asked("DescribeInstances")) == 3


@pytest.mark.parametrize("body", ["<html>busy", "<Other/>"])
def test_ec2_answer_that_is_another_document_is_malformed(owner: Any, body: str) -> None:
    owner.fail("DescribeReservedInstances", Response(body, content_type="text/xml"))
    with pytest.raises(MalformedAnswerError, match="DescribeReservedInstances"):
        owner.account(REGION)


@pytest.mark.parametrize("body", ["not json", "{}"])
def test_quota_answer_without_its_list_is_malformed(owner: Any, body: str) -> None:
    owner.fail("ListServiceQuotas", Response(body, content_type="application/x-amz-json-1.1"))
    with pytest.raises(MalformedAnswerError, match="ListServiceQuotas"):
        owner.account(REGION)


@pytest.mark.parametrize("region", [REGION, ""])
def test_account_without_credentials_is_refused_before_anything_is_asked(
    owner: Any, region: str
) -> None:
    source = owner.open_anonymous()
    with pytest.raises(MissingCredentialsError, match="what an account owns is told to itself"):
        source.account(region, owner.context(account=True))
    assert owner.seen == []


def test_region_that_times_out_leaves_the_account_in_others_alone(owner: Any, make: Any) -> None:
    owner.lists["eu-west-1", "DescribeReservedInstances"] = [[make["purchase"]()]]
    owner.hangs.add(REGION)
    with pytest.raises(UnreachableError, match="ReadTimeoutError"):
        owner.account(REGION, read_timeout_seconds=0.2)
    (row,) = owner.account("eu-west-1").facts
    assert row["key"] == "aws/eu-west-1/p5.48xlarge"
    asked = [region for region, name, _ in owner.seen if name == "DescribeAvailabilityZones"]
    assert asked == [*[REGION] * 3, "eu-west-1"]


def test_empty_page_with_a_token_does_not_end_an_answer(owner: Any, make: Any) -> None:
    p5 = make["quota"]("L-417A185B", "Running On-Demand P instances", 768.0)
    owner.lists["", "ListServiceQuotas"] = [[], [{**p5, "Novel": {"Member": 1}}]]
    assert [row["limit"] for row in owner.account(REGION).facts] == [768]
    assert [one.get("NextToken") for one in owner.asked("ListServiceQuotas")] == [None, "page-1"]
