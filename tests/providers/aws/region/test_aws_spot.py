"""Spot prices by zone id, and what is odd about them."""

from typing import Any

import pytest


def spot_rows(aws: Any, *pages: Any, **settings: Any) -> Any:
    aws.lists["", "DescribeSpotPriceHistory"] = list(pages)
    fetched = aws.fetch(savings_plans=False, **settings)
    rows = {row["zone"]: row for row in fetched.offers if row["purchase_option"] == "spot"}
    return rows, fetched.findings


def test_spot_rows_come_from_both_of_two_pages_and_an_empty_one_between(
    aws: Any, spot: Any
) -> None:
    rows, _ = spot_rows(
        aws,
        [spot("us-east-1a", "use1-az2", "23.5")],
        [],
        [spot("us-east-1b", "use1-az1", "24")],
    )
    assert {zone: row["recurring_per_hour"] for zone, row in rows.items()} == {
        "use1-az2": 23.5,
        "use1-az1": 24.0,
    }
    asked = aws.asked("DescribeSpotPriceHistory")
    assert [one.get("NextToken") for one in asked] == [None, "page-1", "page-2"]


def test_spot_row_is_dated_by_the_run_and_names_its_zone(aws: Any, spot: Any) -> None:
    row = spot_rows(aws, [spot("us-east-1a", "use1-az2", "23.5")])[0]["use1-az2"]
    assert row["as_of"] == "2026-11-21"
    assert row["source"] == "Amazon EC2 DescribeSpotPriceHistory, p5.48xlarge in use1-az2"
    assert (row["term_hours"], row["upfront"]) == (None, 0.0)


def test_zone_name_is_turned_into_the_id_that_it_has_in_this_account(aws: Any, spot: Any) -> None:
    price = spot("us-east-1b", "", "24")
    del price["AvailabilityZoneId"]
    assert list(spot_rows(aws, [price])[0]) == ["use1-az1"]
    assert len(aws.asked("DescribeAvailabilityZones")) == 1


def test_zone_without_an_id_is_reported(aws: Any, spot: Any) -> None:
    price = spot("us-east-1z", "", "24")
    del price["AvailabilityZoneId"]
    rows, findings = spot_rows(aws, [price])
    assert rows == {}
    assert [one.check for one in findings] == ["zone_unknown"]


def test_latest_of_several_prices_is_in_force(aws: Any, spot: Any) -> None:
    older = spot("", "use1-az1", "30", Timestamp="2026-11-18T00:00:00Z")
    rows, findings = spot_rows(aws, [older, spot("", "use1-az1", "24"), older])
    assert rows["use1-az1"]["recurring_per_hour"] == 24.0
    assert findings == ()


def test_equal_rows_collapse_into_one(aws: Any, spot: Any) -> None:
    rows, findings = spot_rows(
        aws, [spot("", "use1-az1", "24"), spot("", "use1-az1", "24.000000")]
    )
    assert [row["recurring_per_hour"] for row in rows.values()] == [24.0]
    assert findings == ()


def test_two_prices_of_the_same_moment_are_reported_and_neither_is_taken(
    aws: Any, spot: Any
) -> None:
    rows, findings = spot_rows(aws, [spot("", "use1-az1", "24"), spot("", "use1-az1", "25")])
    assert rows == {}
    assert [(one.check, one.severity) for one in findings] == [("price_ambiguous", "left_out")]


@pytest.mark.parametrize("price", ["0", "0.000000", "", "free"])
def test_spot_price_that_is_no_amount_above_zero_is_no_offer(
    aws: Any, spot: Any, price: str
) -> None:
    rows, findings = spot_rows(aws, [spot("", "use1-az1", price)])
    assert rows == {}
    assert [one.check for one in findings] == ["price_not_positive"]


def test_spot_above_on_demand_stays_and_is_flagged(aws: Any, spot: Any) -> None:
    rows, findings = spot_rows(aws, [spot("", "use1-az1", "60")])
    assert rows["use1-az1"]["recurring_per_hour"] == 60.0
    assert [(one.check, one.severity) for one in findings] == [("spot_above_on_demand", "warning")]
    assert "60 USD/h, on-demand 55.04" in findings[0].detail


def test_spot_without_on_demand_stays_and_is_flagged(aws: Any, spot: Any) -> None:
    aws.files["/prices/ec2/7/us-east-1/index.json"]["terms"] = {"OnDemand": {}}
    rows, findings = spot_rows(aws, [spot("", "use1-az1", "24")])
    assert list(rows) == ["use1-az1"]
    assert "spot_without_on_demand" in [one.check for one in findings]


def test_timestamp_ahead_of_the_clock_is_flagged_and_the_run_dates_the_row(
    aws: Any, spot: Any
) -> None:
    ahead = spot("", "use1-az1", "24", Timestamp="2026-11-22T12:00:00Z")
    rows, findings = spot_rows(aws, [ahead])
    assert rows["use1-az1"]["as_of"] == "2026-11-21"
    assert [(one.check, one.severity) for one in findings] == [("date_ahead", "warning")]


def test_types_that_were_not_asked_for_give_no_row(aws: Any, spot: Any) -> None:
    rows, findings = spot_rows(aws, [spot("", "use1-az1", "1", InstanceType="t3.small")])
    assert (rows, findings) == ({}, ())


def test_placement_score_stands_in_the_note_of_the_spot_price(aws: Any, spot: Any) -> None:
    aws.lists["", "GetSpotPlacementScores"] = [
        [{"Region": "us-east-1", "AvailabilityZoneId": "use1-az1", "Score": 7}],
        [{"Region": "us-east-1", "AvailabilityZoneId": "use1-az2", "Score": 3}],
    ]
    question = {"instance_types": ["p5.48xlarge", "p5e.48xlarge", "p5en.48xlarge"]}
    rows, _ = spot_rows(
        aws,
        [spot("", "use1-az1", "24"), spot("", "use1-az2", "23")],
        placement=[{**question, "target_capacity": 4}],
    )
    words = "of 10 for 4 of p5.48xlarge, p5e.48xlarge, p5en.48xlarge"
    assert rows["use1-az1"]["note"] == f"placement score 7 {words}"
    assert rows["use1-az2"]["note"] == f"placement score 3 {words}"
    first, second = aws.asked("GetSpotPlacementScores")
    assert first["SingleAvailabilityZone"] == "true"
    assert (first["TargetCapacity"], first["RegionName.1"]) == ("4", "us-east-1")
    assert second["NextToken"] == "page-1"


def test_placement_score_is_not_asked_for_unless_told(aws: Any) -> None:
    aws.fetch()
    assert aws.asked("GetSpotPlacementScores") == []
