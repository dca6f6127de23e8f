"""Savings plans, from the files and from the API: what recurs and what is due at once."""

from typing import Any

FILE = "/prices/plans/7/us-east-1/index.json"


def plan(sku: str, family: str, term: str, payment: str) -> dict[str, Any]:
    attributes = {"purchaseTerm": term, "purchaseOption": payment}
    return {"sku": sku, "productFamily": family, "attributes": attributes}


def term(sku: str, rates: dict[str, str]) -> dict[str, Any]:
    return {
        "sku": sku,
        "effectiveDate": "2026-11-02T00:00:00Z",
        "leaseContractLength": {"duration": 3, "unit": "year"},
        "rates": [
            {"discountedSku": held, "discountedRate": {"price": price, "currency": "USD"}}
            for held, price in rates.items()
        ],
    }


def with_plans(aws: Any, products: list[dict[str, Any]], terms: list[dict[str, Any]]) -> Any:
    aws.files["/prices/plans/region_index.json"] = {
        "regions": [{"regionCode": "us-east-1", "versionUrl": "/plans/7/us-east-1/index.json"}]
    }
    aws.files[FILE] = {"products": products, "terms": {"savingsPlan": terms}}
    fetched = aws.fetch()
    rows = tuple(row for row in fetched.offers if row["purchase_option"] == "savings_plan")
    return rows, fetched.findings


def test_plan_rates_split_by_their_payment(aws: Any, keyed: Any) -> None:
    rows, findings = with_plans(
        aws,
        [
            plan("CN", "ComputeSavingsPlans", "1yr", "No Upfront"),
            plan("EP", "EC2InstanceSavingsPlans", "1yr", "Partial Upfront"),
            plan("EA", "EC2InstanceSavingsPlans", "3yr", "All Upfront"),
        ],
        [
            term("CN", {"AAA": "40.5", "FARGATE": "0.01"}),
            term("EP", {"AAA": "38"}),
            term("EA", {"AAA": "25"}),
        ],
    )
    found = keyed(rows, "kind", "term_years", "payment")
    charges = {
        key: (row["recurring_per_hour"], row["upfront"], row["effective_per_hour"])
        for key, row in found.items()
    }
    assert charges == {
        "compute/1.0/no": (40.5, 0.0, 40.5),
        "ec2_instance/1.0/partial": (19.0, 166440.0, 38.0),  # 38 / 2; 19 x 8,760
        "ec2_instance/3.0/all": (0.0, 657000.0, 25.0),  # 25 x 26,280
    }
    assert {row["as_of"] for row in rows} == {"2026-11-02"}
    assert found["compute/1.0/no"]["source"] == (
        "AWS savings plan file us-east-1, plan CN, SKU AAA"
    )
    assert findings == ()
    assert len(aws.asked(FILE)) == 1


def test_plan_that_names_its_kind_in_the_usage_type_or_the_description_is_understood(
    aws: Any, keyed: Any
) -> None:
    bare: dict[str, Any] = {
        "sku": "X",
        "attributes": {"purchaseTerm": "1yr", "purchaseOption": "No Upfront"},
    }
    told = {**bare, "attributes": {**bare["attributes"], "usagetype": "EC2SP:p5.1yrNoUpfront"}}
    rows, _ = with_plans(aws, [told], [term("X", {"AAA": "40"})])
    assert [row["kind"] for row in rows] == ["ec2_instance"]
    described = {"description": "1 year Compute Savings Plan", **term("X", {"AAA": "40"})}
    rows, _ = with_plans(aws, [bare], [described])
    assert [row["kind"] for row in rows] == ["compute"]


def test_plan_without_a_kind_is_reported_and_left_out(aws: Any) -> None:
    bare: dict[str, Any] = {
        "sku": "X",
        "attributes": {"purchaseTerm": "1yr", "purchaseOption": "No Upfront"},
    }
    rows, findings = with_plans(aws, [bare], [term("X", {"AAA": "40"})])
    assert rows == ()
    assert [one.check for one in findings] == ["term_unknown"]


def test_plan_rate_of_zero_is_no_offer(aws: Any) -> None:
    compute = plan("CN", "ComputeSavingsPlans", "1yr", "No Upfront")
    rows, findings = with_plans(aws, [compute], [term("CN", {"AAA": "0"})])
    assert rows == ()
    assert [one.check for one in findings] == ["price_not_positive"]


def test_region_without_plans_says_so(aws: Any) -> None:
    finding = aws.fetch().findings[0]
    assert (finding.check, finding.severity) == ("savings_plans_absent", "warning")


def test_api_rates_are_read_for_plain_shared_linux(aws: Any, keyed: Any) -> None:
    def rate(
        price: str, plan_type: str, tenancy: str = "shared", years: int = 1
    ) -> dict[str, Any]:
        return {
            "rate": price,
            "unit": "Hrs",
            "usageType": "BoxUsage:p5.48xlarge",
            "savingsPlanOffering": {
                "offeringId": "0b1c",
                "paymentOption": "No Upfront",
                "planType": plan_type,
                "durationSeconds": years * 31_536_000,
                "currency": "USD",
            },
            "properties": [
                {"name": "instanceType", "value": "p5.48xlarge"},
                {"name": "productDescription", "value": "Linux/UNIX"},
                {"name": "tenancy", "value": tenancy},
            ],
        }

    aws.lists["", "GetProducts"] = [[]]
    aws.lists["", "DescribeSavingsPlansOfferingRates"] = [
        [rate("40.5", "Compute"), rate("99", "Compute", tenancy="dedicated")],
        [rate("30", "EC2Instance", years=3)],
    ]
    fetched = aws.fetch(prices="api")
    rows = tuple(row for row in fetched.offers if row["purchase_option"] == "savings_plan")
    found = keyed(rows, "kind", "term_years", "payment")
    assert {key: row["recurring_per_hour"] for key, row in found.items()} == {
        "compute/1.0/no": 40.5,
        "ec2_instance/3.0/no": 30.0,  # 94,608,000 s = 3 x 365 days
    }
    first, second = aws.asked("DescribeSavingsPlansOfferingRates")
    assert first["savingsPlanTypes"] == ["Compute", "EC2Instance"]
    assert {"name": "region", "values": ["us-east-1"]} in first["filters"]
    assert second["nextToken"] == "page-1"
