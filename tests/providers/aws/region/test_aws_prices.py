"""On-demand and reserved prices, from the files and from the API."""

import json
from typing import Any

import pytest

FILE = "/prices/ec2/7/us-east-1/index.json"


def priced(aws: Any, products: Any, on_demand: Any, reserved: Any = None) -> Any:
    aws.files[FILE] = {
        "products": {one["sku"]: one for one in products},
        "terms": {"OnDemand": on_demand, "Reserved": reserved or {}},
    }
    return aws.open(savings_plans=False).fetch("us-east-1", aws.context())


def on_demand_of(fetched: Any) -> Any:
    return [
        row["recurring_per_hour"]
        for row in fetched.offers
        if row["purchase_option"] == "on_demand"
    ]


def test_reserved_terms_split_into_recurring_and_upfront(aws: Any, build: Any, keyed: Any) -> None:
    reserve = build["reservation"]
    fetched = priced(
        aws,
        [build["product"]("AAA", "p5.48xlarge")],
        {"AAA": build["hourly"]("AAA", "55.04")},
        {
            "AAA": {
                **reserve("AAA", "R1", "1yr", "No Upfront", "34.5"),
                **reserve("AAA", "R2", "3yr", "Partial Upfront", "10", "262800"),
                **reserve("AAA", "R3", "3 yr", "All Upfront", "0.0000000000", "525600"),
                **reserve("AAA", "R4", "1yr", "No Upfront", "38", offering_class="convertible"),
            }
        },
    )
    reserved = [row for row in fetched.offers if row["purchase_option"] == "reserved"]
    rows = keyed(tuple(reserved), "term_years", "payment", "kind")
    charges = {
        key: (row["recurring_per_hour"], row["upfront"], row["effective_per_hour"])
        for key, row in rows.items()
    }
    assert charges == {
        "1.0/no/": (34.5, 0.0, 34.5),
        "3.0/partial/": (10.0, 262800.0, 20.0),  # 10 + 262,800 / (3 x 8,760)
        "3.0/all/": (0.0, 525600.0, 20.0),  # 525,600 / 26,280
        "1.0/no/convertible": (38.0, 0.0, 38.0),
    }
    assert {row["as_of"] for row in rows.values()} == {"2026-10-01"}
    assert rows["1.0/no/"]["term_hours"] == 8760


def test_only_the_plain_shared_linux_hour_is_a_price(aws: Any, build: Any) -> None:
    make = build["product"]
    fetched = priced(
        aws,
        [
            make("AAA", "p5.48xlarge"),
            make("WIN", "p5.48xlarge", operatingSystem="Windows"),
            make("SQL", "p5.48xlarge", preInstalledSw="SQL Std"),
            make("DED", "p5.48xlarge", tenancy="Dedicated"),
            make("CAP", "p5.48xlarge", capacitystatus="UnusedCapacityReservation"),
            make("BLK", "p5.48xlarge", marketoption="CapacityBlock"),
            make("LAX", "p5.48xlarge", regionCode="us-west-2-lax-1"),
            make("EBS", "p5.48xlarge", usagetype="EBSOptimized:p5.48xlarge"),
        ],
        {
            sku: build["hourly"](sku, price)
            for sku, price in {
                "AAA": "55.04",
                "WIN": "63",
                "SQL": "70",
                "DED": "58",
                "CAP": "55.04",
                "BLK": "0.0000000000",
                "LAX": "66",
                "EBS": "1",
            }.items()
        },
    )
    assert on_demand_of(fetched) == [55.04]
    assert fetched.findings == ()


def test_bare_metal_is_priced_by_its_own_product_family(aws: Any, build: Any) -> None:
    aws.lists["", "DescribeInstanceTypes"] = [[build["gpu_type"]("g4dn.metal", "T4", 8, 16384)]]
    aws.lists["", "DescribeInstanceTypeOfferings"] = [
        [{"InstanceType": "g4dn.metal", "Location": "use1-az1"}]
    ]
    metal = build["product"](
        "MET", "g4dn.metal", tenancy="Dedicated", usagetype="DedicatedUsage:g4dn.metal"
    )
    metal["productFamily"] = "Compute Instance (bare metal)"
    assert on_demand_of(priced(aws, [metal], {"MET": build["hourly"]("MET", "7.824")})) == [7.824]


@pytest.mark.parametrize("price", ["0.0000000000", "", "NaN", "-1", "Infinity"])
def test_price_that_is_no_amount_above_zero_is_no_offer(aws: Any, build: Any, price: str) -> None:
    fetched = priced(
        aws, [build["product"]("AAA", "p5.48xlarge")], {"AAA": build["hourly"]("AAA", price)}
    )
    assert on_demand_of(fetched) == []
    finding = next(one for one in fetched.findings if one.check == "price_not_positive")
    assert finding.severity == "left_out"
    assert finding.row == "aws/us-east-1//p5.48xlarge/on_demand///"
    assert "SKU AAA" in finding.detail


def test_product_without_terms_is_reported(aws: Any, build: Any) -> None:
    fetched = priced(aws, [build["product"]("AAA", "p5.48xlarge")], {})
    assert on_demand_of(fetched) == []
    assert fetched.findings[0].check == "price_missing"


def test_reservation_without_its_upfront_fee_is_no_offer(aws: Any, build: Any) -> None:
    fetched = priced(
        aws,
        [build["product"]("AAA", "p5.48xlarge")],
        {"AAA": build["hourly"]("AAA", "55.04")},
        {"AAA": build["reservation"]("AAA", "R1", "3yr", "All Upfront", "0.0000000000")},
    )
    assert [row["purchase_option"] for row in fetched.offers].count("reserved") == 0
    finding = next(one for one in fetched.findings if one.check == "price_not_positive")
    assert finding.row == "aws/us-east-1//p5.48xlarge/reserved//3/all"


def test_term_in_unknown_words_is_reported_and_left_out(aws: Any, build: Any) -> None:
    fetched = priced(
        aws,
        [build["product"]("AAA", "p5.48xlarge")],
        {"AAA": build["hourly"]("AAA", "55.04")},
        {"AAA": build["reservation"]("AAA", "R1", "5yr", "No Upfront", "20")},
    )
    assert [one.check for one in fetched.findings] == ["term_unknown"]
    assert "5yr" in fetched.findings[0].detail


def test_same_price_under_two_skus_is_one_offer(aws: Any, build: Any) -> None:
    fetched = priced(
        aws,
        [build["product"]("AAA", "p5.48xlarge"), build["product"]("BBB", "p5.48xlarge")],
        {sku: build["hourly"](sku, "55.04") for sku in ("AAA", "BBB")},
    )
    assert on_demand_of(fetched) == [55.04]


def test_two_prices_of_one_offer_are_reported_and_neither_is_taken(aws: Any, build: Any) -> None:
    fetched = priced(
        aws,
        [build["product"]("AAA", "p5.48xlarge"), build["product"]("BBB", "p5.48xlarge")],
        {"AAA": build["hourly"]("AAA", "55.04"), "BBB": build["hourly"]("BBB", "98.32")},
    )
    assert on_demand_of(fetched) == []
    finding = next(one for one in fetched.findings if one.check == "price_ambiguous")
    assert "55.04, 98.32" in finding.detail


def test_price_with_gpus_but_without_hardware_is_reported(aws: Any, build: Any) -> None:
    fetched = priced(
        aws,
        [build["product"]("AAA", "p5.48xlarge"), build["product"]("NEW", "p7.48xlarge", gpu="16")],
        {sku: build["hourly"](sku, "55.04") for sku in ("AAA", "NEW")},
    )
    assert [row["instance_type"] for row in fetched.offers if not row["zone"]] == ["p5.48xlarge"]
    finding = next(one for one in fetched.findings if one.check == "hardware_unknown")
    assert finding.row == "aws/us-east-1//p7.48xlarge/*///"
    assert "16 GPU(s)" in finding.detail


def test_price_of_the_future_waits_while_there_is_one_in_force(aws: Any, build: Any) -> None:
    terms = {
        **build["hourly"]("AAA", "55.04"),
        **build["hourly"]("AAA", "30", day="2026-12-01", code="NEXT"),
    }
    fetched = priced(aws, [build["product"]("AAA", "p5.48xlarge")], {"AAA": terms})
    assert on_demand_of(fetched) == [55.04]


def test_price_dated_after_the_run_is_kept_dated_by_the_run_and_flagged(
    aws: Any, build: Any
) -> None:
    terms = {"AAA": build["hourly"]("AAA", "55.04", day="2026-12-01")}
    fetched = priced(aws, [build["product"]("AAA", "p5.48xlarge")], terms)
    row = next(row for row in fetched.offers if row["purchase_option"] == "on_demand")
    assert row["as_of"] == "2026-11-21"
    finding = next(one for one in fetched.findings if one.check == "date_ahead")
    assert finding.severity == "warning"


def test_rows_are_dated_by_the_price_list_that_says_so(aws: Any, build: Any) -> None:
    old = build["reservation"]("AAA", "R1", "1yr", "No Upfront", "34.5")
    old["AAA.R1"]["effectiveDate"] = "2020-04-01T00:00:00Z"
    aws.files[FILE] = {
        "publicationDate": "2026-11-19T18:02:11Z",
        "products": {"AAA": build["product"]("AAA", "p5.48xlarge")},
        "terms": {
            "OnDemand": {"AAA": build["hourly"]("AAA", "55.04")},
            "Reserved": {"AAA": old},
        },
    }
    fetched = aws.open(savings_plans=False).fetch("us-east-1", aws.context())
    rows = {row["purchase_option"]: row for row in fetched.offers}
    assert rows["on_demand"]["as_of"] == rows["reserved"]["as_of"] == "2026-11-19"
    assert rows["reserved"]["note"] == "in force since 2020-04-01"


def test_api_gives_the_same_rows_as_the_file_but_for_their_source(aws: Any, build: Any) -> None:
    product = build["product"]("AAA", "p5.48xlarge")
    terms = {
        "OnDemand": build["hourly"]("AAA", "55.04"),
        "Reserved": build["reservation"]("AAA", "R1", "1yr", "No Upfront", "34.5"),
    }
    from_file = priced(
        aws, [product], {"AAA": terms["OnDemand"]}, {"AAA": terms["Reserved"]}
    ).offers
    windows = build["product"]("WIN", "p5.48xlarge", operatingSystem="Windows")
    aws.lists["", "GetProducts"] = [
        [json.dumps({"product": windows, "serviceCode": "AmazonEC2", "terms": terms})],
        [json.dumps({"product": product, "serviceCode": "AmazonEC2", "terms": terms})],
    ]
    source = aws.open(prices="api", savings_plans=False)
    from_api = source.fetch("us-east-1", aws.context()).offers
    plain = [{**row, "source": ""} for row in from_file]
    assert [{**row, "source": ""} for row in from_api] == plain
    assert from_api[0]["source"] == "AWS Price List API GetProducts, SKU AAA"
    first, second = aws.asked("GetProducts")
    assert (first["ServiceCode"], first["MaxResults"]) == ("AmazonEC2", 100)
    assert {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"} in first["Filters"]
    assert second["NextToken"] == "page-1"
