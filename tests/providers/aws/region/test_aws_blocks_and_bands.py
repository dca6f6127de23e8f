"""Capacity Blocks on request, and the bands of the Spot Instance Advisor."""

from typing import Any

from werkzeug import Response

QUESTION = {"instance_type": "p5.48xlarge", "duration_hours": 48, "instance_count": 2}


def block(fee: str, start: str, **more: Any) -> dict[str, Any]:
    return {
        "CapacityBlockOfferingId": "cb-0f1",
        "InstanceType": "p5.48xlarge",
        "AvailabilityZone": "us-east-1a",
        "InstanceCount": 2,
        "StartDate": start,
        "EndDate": "2026-12-09T11:30:00Z",
        "CapacityBlockDurationHours": 48,
        "UpfrontFee": fee,
        "CurrencyCode": "USD",
        **more,
    }


def blocks(aws: Any, build: Any, *pages: Any) -> Any:
    told = build["gpu_type"](
        "p5.48xlarge", "H100", 8, 81920, SupportedUsageClasses=["on-demand", "capacity-block"]
    )
    aws.lists["", "DescribeInstanceTypes"] = [[told]]
    aws.lists["", "DescribeCapacityBlockOfferings"] = list(pages)
    fetched = aws.fetch(savings_plans=False, capacity_blocks=[QUESTION])
    rows = [row for row in fetched.offers if row["purchase_option"] == "capacity_block"]
    return rows, fetched.findings


def test_block_carries_its_start_length_and_prepayment(aws: Any, build: Any) -> None:
    rows, findings = blocks(aws, build, [block("3820.80", "2026-12-07T11:30:00Z")])
    (row,) = rows
    assert row["upfront"] == 1910.4  # 3,820.80 for two instances
    assert row["term_hours"] == 48.0
    assert row["effective_per_hour"] == 39.8  # 1,910.40 / 48
    assert row["recurring_per_hour"] == 0.0
    assert row["payment"] == "all"
    assert row["valid_until"] == "2026-12-07"
    assert row["zone"] == "use1-az2"
    assert row["note"] == (
        "starts 2026-12-07T11:30:00Z, 48 h, 3820.80 USD prepaid for 2 instances"
    )
    assert findings == ()


def test_block_question_is_the_one_that_was_told(aws: Any, build: Any) -> None:
    blocks(aws, build, [])
    (asked,) = aws.asked("DescribeCapacityBlockOfferings")
    assert asked["InstanceType"] == "p5.48xlarge"
    assert (asked["InstanceCount"], asked["CapacityDurationHours"]) == ("2", "48")


def test_cheapest_block_of_two_pages_is_kept_and_the_earliest_of_equal_ones(
    aws: Any, build: Any
) -> None:
    rows, _ = blocks(
        aws,
        build,
        [block("4000", "2026-12-01T11:30:00Z"), block("3800", "2026-12-20T11:30:00Z")],
        [block("3800", "2026-12-10T11:30:00Z")],
    )
    assert [(row["upfront"], row["valid_until"]) for row in rows] == [(1900.0, "2026-12-10")]
    assert len(aws.asked("DescribeCapacityBlockOfferings")) == 2


def test_block_without_a_fee_or_a_known_zone_is_reported(aws: Any, build: Any) -> None:
    rows, findings = blocks(
        aws,
        build,
        [
            block("0", "2026-12-01T11:30:00Z"),
            block("9", "2026-12-01T11:30:00Z", AvailabilityZone="us-east-1z"),
        ],
    )
    assert rows == []
    assert [one.check for one in findings] == ["price_not_positive", "zone_unknown"]


def test_blocks_are_not_asked_for_where_the_type_is_not_sold_so(aws: Any) -> None:
    aws.fetch(capacity_blocks=[QUESTION])
    assert aws.asked("DescribeCapacityBlockOfferings") == []


def test_band_of_the_advisor_is_an_interval_over_a_month(aws: Any) -> None:
    (row,) = aws.fetch().interruptions
    assert row == {
        "provider": "aws",
        "region": "us-east-1",
        "instance_type": "p5.48xlarge",
        "os": "linux",
        "signal": "advisor_share",
        "bucket": "5-10%",
        "low_fraction": 0.05,
        "high_fraction": 0.1,
        "window_hours": 730.0,
        "savings_fraction": 0.57,
        "source": "AWS Spot Instance Advisor feed",
        "as_of": "2026-11-21",
    }


def test_negative_saving_of_the_advisor_is_kept(aws: Any) -> None:
    page = aws.files["/advisor/spot-advisor-data.json"]
    page["spot_advisor"]["us-east-1"]["Linux"]["p5.48xlarge"]["s"] = -62
    assert aws.fetch().interruptions[0]["savings_fraction"] == -0.62


def test_band_that_nobody_reviewed_is_reported(aws: Any) -> None:
    aws.files["/advisor/spot-advisor-data.json"]["ranges"][1]["label"] = "5-11%"
    fetched = aws.fetch(savings_plans=False)
    assert fetched.interruptions == ()
    assert [(one.check, one.severity) for one in fetched.findings] == [
        ("band_unknown", "left_out")
    ]


def test_region_goes_on_without_the_advisor_and_says_so(aws: Any) -> None:
    aws.fail("/advisor/spot-advisor-data.json", *[Response(status=503)] * 3)
    fetched = aws.fetch(savings_plans=False)
    assert len(fetched.offers) == 3
    assert fetched.interruptions == ()
    finding = fetched.findings[0]
    assert (finding.check, finding.severity) == ("advisor_unread", "warning")
    assert "HTTP 503" in finding.detail


def test_advisor_is_left_alone_when_it_is_switched_off(aws: Any) -> None:
    assert aws.fetch(advisor=False).interruptions == ()
    assert aws.asked("/advisor/spot-advisor-data.json") == []
