"""Every call about an account: throttles, refusals, late and unreadable answers."""

import json
from dataclasses import dataclass
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

REGION, ELSEWHERE = "us-east-1", "eu-west-1"
XML, JSON = "text/xml", "application/x-amz-json-1.1"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One call, where it is asked, what it needs and how its answers look."""

    name: str
    permission: str
    region: str = REGION
    kind: str = XML

    def refusal(self, code: str, status: int) -> Response:
        if self.kind == XML:
            body = (
                f"<Response><Errors><Error><Code>{code}</Code><Message>123456789012</Message>"
                "</Error></Errors><RequestID>r</RequestID></Response>"
            )
            if self.name == "GetCallerIdentity":
                body = (
                    f"<ErrorResponse><Error><Code>{code}</Code><Message>123456789012</Message>"
                    "</Error><RequestId>r</RequestId></ErrorResponse>"
                )
            return Response(body, status, content_type=XML)
        body = json.dumps({"__type": code, "message": "123456789012 may not"})
        return Response(body, status, {"x-amzn-ErrorType": code}, content_type=JSON)


QUESTIONS = (
    Question(name="DescribeAvailabilityZones", permission="ec2:DescribeAvailabilityZones"),
    Question(name="DescribeInstances", permission="ec2:DescribeInstances"),
    Question(name="GetCallerIdentity", permission="sts:GetCallerIdentity"),
    Question(name="DescribeCapacityReservations", permission="ec2:DescribeCapacityReservations"),
    Question(name="DescribeReservedInstances", permission="ec2:DescribeReservedInstances"),
    Question(name="DescribeInstanceTypes", permission="ec2:DescribeInstanceTypes"),
    Question(name="ListServiceQuotas", permission="servicequotas:ListServiceQuotas", kind=JSON),
    Question(
        name="DescribeSavingsPlans",
        permission="savingsplans:DescribeSavingsPlans",
        region="",
        kind=JSON,
    ),
    Question(
        name="GetSavingsPlansUtilizationDetails",
        permission="ce:GetSavingsPlansUtilizationDetails",
        region="",
        kind=JSON,
    ),
)
each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)


@each_question
def test_one_throttle_is_waited_out(
    stocked: Any, told: Any, everything: Any, question: Question
) -> None:
    stocked.fail(question.name, question.refusal("ThrottlingException", 400))
    assert told() == everything
    assert len(stocked.asked(question.name)) == 2
    assert stocked.slept == [0.5]


@each_question
def test_throttle_for_ever_ends_after_three_attempts(
    stocked: Any, told: Any, question: Question
) -> None:
    stocked.fail(question.name, *[question.refusal("Throttling", 400) for _ in range(9)])
    with pytest.raises(ThrottledError, match=question.name):
        told(question.region)
    assert len(stocked.asked(question.name)) == 3
    assert stocked.slept == [0.5, 1.0]


@each_question
@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("Odd", 401)])
def test_refusal_names_the_permission_and_is_not_repeated(
    stocked: Any, told: Any, question: Question, code: str, status: int
) -> None:
    stocked.fail(question.name, question.refusal(code, status))
    with pytest.raises(RefusedError) as refused:
        told(question.region)
    assert (refused.value.permission, refused.value.code) == (question.permission, code)
    assert "123456789012" not in str(refused.value)
    assert (len(stocked.asked(question.name)), stocked.slept) == (1, [])


@each_question
@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "ExpiredToken"])
def test_clock_that_is_wrong_here_is_a_refusal_that_says_so(
    stocked: Any, told: Any, question: Question, code: str
) -> None:
    stocked.fail(question.name, question.refusal(code, 400))
    with pytest.raises(RefusedError, match="with a right clock") as refused:
        told(question.region)
    assert refused.value.code == code
    assert len(stocked.asked(question.name)) == 1


@each_question
@pytest.mark.parametrize("body", ["<html>busy", "{}", "<Other/>", "[7]"])
def test_answer_that_is_another_document_is_malformed(
    stocked: Any, told: Any, question: Question, body: str
) -> None:
    stocked.fail(question.name, Response(body, content_type=question.kind))
    with pytest.raises(MalformedAnswerError, match=question.name):
        told(question.region)
    assert (len(stocked.asked(question.name)), stocked.slept) == (1, [])


@pytest.mark.parametrize("held", [7, [7], {"0": 7}, None, "many"])
@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("ListServiceQuotas", "Quotas"),
        ("DescribeSavingsPlans", "savingsPlans"),
        ("GetSavingsPlansUtilizationDetails", "SavingsPlansUtilizationDetails"),
    ],
)
def test_list_that_is_none_is_malformed(
    stocked: Any, told: Any, name: str, member: str, held: object
) -> None:
    stocked.fail(name, Response(json.dumps({member: held}), content_type=JSON))
    with pytest.raises(MalformedAnswerError, match=name):
        told(REGION if name == "ListServiceQuotas" else "")
    assert len(stocked.asked(name)) == 1


@pytest.mark.parametrize(
    ("region", "others", "count"),
    [(REGION, (ELSEWHERE, ""), 4), ("", (REGION, ELSEWHERE), 5)],
    ids=["a region", "no region"],
)
def test_place_that_times_out_leaves_the_account_in_others_alone(
    stocked: Any, told: Any, region: str, others: tuple[str, ...], count: int
) -> None:
    held = region or "eu-central-1"
    endpoints = {
        **stocked.settings()["endpoints"],
        "savingsplans": stocked.url("/savingsplans/eu-central-1"),
    }
    stocked.hangs.add(held)
    with pytest.raises(UnreachableError, match="ReadTimeoutError"):
        told(region, read_timeout_seconds=0.2, endpoints=endpoints)
    assert [place for place, _, _ in stocked.seen] == [held] * 3
    assert stocked.slept == [0.5, 1.0]
    # a quota has one name everywhere
    assert len(told(*others)) == count


@pytest.mark.parametrize("region", [REGION, ""])
def test_account_without_credentials_is_refused_before_anything_is_asked(
    owner: Any, region: str
) -> None:
    source = owner.open_anonymous()
    with pytest.raises(MissingCredentialsError, match="what an account owns is told to itself"):
        source.account(region, owner.context(account=True))
    assert owner.seen == []
