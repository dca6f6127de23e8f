"""Throttles, refusals, time-outs and answers that cannot be read: typed, bounded, named."""

import json
from typing import Any

import pytest
from werkzeug import Response

from costopt.errors import (
    InvalidInputError,
    MalformedAnswerError,
    MissingCredentialsError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from costopt_aws import AwsProvider


def test_one_throttle_is_waited_out(aws: Any, ec2_fault: Any) -> None:
    aws.fail("DescribeInstanceTypes", ec2_fault("RequestLimitExceeded", 503))
    assert len(aws.fetch().instance_types) == 1
    assert len(aws.asked("DescribeInstanceTypes")) == 2
    assert aws.slept == [0.5]


@pytest.mark.parametrize(
    ("code", "status"), [("RequestLimitExceeded", 503), ("Throttling", 400), ("SlowDown", 503)]
)
def test_throttle_for_ever_ends_after_the_allowed_attempts(
    aws: Any, ec2_fault: Any, code: str, status: int
) -> None:
    aws.fail("DescribeInstanceTypes", *[ec2_fault(code, status)] * 9)
    with pytest.raises(ThrottledError, match="ec2 DescribeInstanceTypes in us-east-1"):
        aws.fetch()
    assert len(aws.asked("DescribeInstanceTypes")) == 3
    assert aws.slept == [0.5, 1.0]


def test_price_file_that_is_throttled_is_asked_again(aws: Any) -> None:
    path = "/prices/ec2/7/us-east-1/index.json"
    aws.fail(path, Response(status=429, headers={"Retry-After": "4"}))
    assert aws.fetch().offers[0]["recurring_per_hour"] == 55.04
    assert len(aws.asked(path)) == 2
    assert aws.slept == [4.0]


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        ("DescribeInstanceTypes", "ec2:DescribeInstanceTypes"),
        ("DescribeInstanceTypeOfferings", "ec2:DescribeInstanceTypeOfferings"),
        ("DescribeAvailabilityZones", "ec2:DescribeAvailabilityZones"),
        ("DescribeSpotPriceHistory", "ec2:DescribeSpotPriceHistory"),
    ],
)
def test_refusal_names_the_missing_permission_and_is_not_repeated(
    aws: Any, ec2_fault: Any, operation: str, permission: str
) -> None:
    aws.fail(operation, ec2_fault("UnauthorizedOperation", 403))
    with pytest.raises(RefusedError) as refused:
        aws.fetch()
    assert refused.value.permission == permission
    assert permission in str(refused.value)
    assert "123456789012" not in str(refused.value)
    assert len(aws.asked(operation)) == 1


@pytest.mark.parametrize(
    ("service", "permission"),
    [
        ("GetProducts", "pricing:GetProducts"),
        (
            "DescribeSavingsPlansOfferingRates",
            "savingsplans:DescribeSavingsPlansOfferingRates",
        ),
    ],
)
def test_refusal_of_a_price_api_names_its_permission(
    aws: Any, service: str, permission: str
) -> None:
    body = json.dumps({"__type": "AccessDeniedException", "message": "no"})
    refusal = Response(body, status=403, headers={"x-amzn-ErrorType": "AccessDeniedException"})
    aws.fail(service, refusal)
    with pytest.raises(RefusedError) as refused:
        aws.fetch(prices="api")
    assert refused.value.permission == permission


@pytest.mark.parametrize("code", ["AuthFailure", "ExpiredToken", "RequestExpired"])
def test_credentials_that_do_not_hold_here_are_refused_by_their_code(
    aws: Any, ec2_fault: Any, code: str
) -> None:
    aws.fail("DescribeInstanceTypes", ec2_fault(code, 401))
    with pytest.raises(RefusedError) as refused:
        aws.fetch()
    assert refused.value.code == code
    assert "a region that the account has enabled and with a right clock" in str(refused.value)


def test_region_that_times_out_leaves_the_others_alone(aws: Any) -> None:
    aws.hangs.add("us-east-1")
    aws.files["/prices/ec2/7/eu-west-1/index.json"] = aws.files[
        "/prices/ec2/7/us-east-1/index.json"
    ]
    source, context = aws.open(read_timeout_seconds=0.2), aws.context()
    with pytest.raises(UnreachableError, match="ReadTimeoutError"):
        source.fetch("us-east-1", context)
    assert len(source.fetch("eu-west-1", context).instance_types) == 1
    assert [region for region, name, _ in aws.seen if name == "DescribeInstanceTypes"] == [
        *["us-east-1"] * 3,
        "eu-west-1",
    ]


def test_dead_endpoint_is_unreachable(aws: Any) -> None:
    source = aws.open(endpoints={"ec2": "http://127.0.0.1:9"})
    with pytest.raises(UnreachableError, match="EndpointConnectionError"):
        source.fetch("us-east-1", aws.context())


@pytest.mark.parametrize("body", ["<html>busy", "<Other/>", "not xml"])
def test_ec2_answer_that_is_another_document_is_malformed(aws: Any, body: str) -> None:
    aws.fail("DescribeInstanceTypes", Response(body, content_type="text/xml"))
    with pytest.raises(MalformedAnswerError, match="DescribeInstanceTypes"):
        aws.fetch()
    assert len(aws.asked("DescribeInstanceTypes")) == 1


@pytest.mark.parametrize("body", ["not json", "{}"])
def test_price_api_answer_without_its_list_is_malformed(aws: Any, body: str) -> None:
    aws.fail("GetProducts", Response(body, content_type="application/x-amz-json-1.1"))
    with pytest.raises(MalformedAnswerError, match="GetProducts"):
        aws.fetch(prices="api")


@pytest.mark.parametrize("entry", ["not json", '{"terms": {}}'])
def test_price_api_entry_that_is_no_product_is_malformed(aws: Any, entry: str) -> None:
    aws.lists["", "GetProducts"] = [[entry]]
    with pytest.raises(MalformedAnswerError, match="an entry of PriceList"):
        aws.fetch(prices="api")


@pytest.mark.parametrize("text", ['{"products": {"AAA": {"sku"', "[]", '{"products": {}}', "oops"])
def test_price_file_that_is_cut_short_or_empty_is_malformed(aws: Any, text: str) -> None:
    aws.files["/prices/ec2/7/us-east-1/index.json"] = text
    with pytest.raises(MalformedAnswerError, match="price_list offer_file in us-east-1"):
        aws.fetch()


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("/prices/offers/v1.0/aws/index.json", {"offers": {}}),
        ("/prices/offers/v1.0/aws/index.json", []),
        ("/prices/ec2/region_index.json", {"regions": []}),
        ("/prices/ec2/region_index.json", {"regions": {}}),
        ("/prices/plans/region_index.json", {}),
    ],
)
def test_index_that_leads_nowhere_is_malformed(aws: Any, path: str, held: Any) -> None:
    aws.files[path] = held
    with pytest.raises(MalformedAnswerError):
        aws.fetch()


def test_savings_plan_rates_before_the_number_of_their_plan_are_malformed(aws: Any) -> None:
    aws.files["/prices/plans/region_index.json"] = {
        "regions": [{"regionCode": "us-east-1", "versionUrl": "/plans/7.json"}]
    }
    aws.files["/prices/plans/7.json"] = {
        "products": [{"sku": "X"}],
        "terms": {"savingsPlan": [{"rates": [{"discountedSku": "AAA"}], "sku": "X"}]},
    }
    with pytest.raises(MalformedAnswerError, match="rates come before"):
        aws.fetch()


def test_failed_index_is_not_asked_again_for_the_next_region(aws: Any) -> None:
    path = "/prices/offers/v1.0/aws/index.json"
    aws.fail(path, *[Response(status=500)] * 9)
    source, context = aws.open(), aws.context()
    for region in ("us-east-1", "eu-west-1"):
        with pytest.raises(UnreachableError):
            source.fetch(region, context)
    assert len(aws.asked(path)) == 3


def test_profile_that_does_not_exist_is_a_lack_of_credentials(aws: Any) -> None:
    source = aws.open(
        access_key_id=None, secret_access_key=None, session_token=None, profile="nobody"
    )
    with pytest.raises(MissingCredentialsError):
        source.regions(aws.context())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"partitions": "aws"}, "did you mean partition"),
        ({"partition": "aws-us-gov"}, "partition"),
        ({"access_key_id": "x"}, "belong together"),
        ({"anonymous": True, "prices": "api"}, "need credentials"),
        ({"placement": [{"instance_types": ["p5.48xlarge"]}]}, "placement"),
        ({"capacity_blocks": [{"instance_type": "p5.48xlarge"}]}, "duration_hours"),
    ],
)
def test_wrong_setting_says_which_and_what_is_allowed(settings: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        AwsProvider().open(settings)


def test_secret_of_a_wrong_setting_is_not_in_the_message() -> None:
    with pytest.raises(InvalidInputError) as wrong:
        AwsProvider().open({"secret_access_key": "planted/secret", "partition": "nowhere"})
    assert "planted" not in str(wrong.value)
