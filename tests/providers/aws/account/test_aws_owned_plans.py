"""Savings plans owned: what they commit to and how much of it is in use."""

from typing import Any

import pytest
from werkzeug import Response

ARN = "arn:aws:savingsplans::123456789012:savingsplan/sp-1"


def use(arn: str, total: str, used: str) -> dict[str, Any]:
    return {
        "SavingsPlanArn": arn,
        "Attributes": {"AccountId": "123456789012"},
        "Utilization": {"TotalCommitment": total, "UsedCommitment": used},
    }


def test_compute_plan_that_nothing_uses_covers_every_type(
    owner: Any, make: Any, facts: Any
) -> None:
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"]()]]
    read = owner.account("", savings_plan_use="none")
    assert facts(read, "spend_commitment") == [
        {
            "fact": "spend_commitment",
            "key": "aws/*/*",
            "kind": "savings_plan",
            "plan": "compute",
            "term_years": 1.0,
            "payment": "no",
            "spend_per_hour": 40.0,
            "used_per_hour": 0.0,
            "currency": "USD",
            "expires": "2027-03-01",
            "name": "savings plan compute 2027-03-01",
        }
    ]
    assert (read.region, read.findings) == ("", ())
    assert owner.asked("DescribeSavingsPlans") == [{"states": ["active"], "maxResults": 1000}]
    assert owner.asked("GetSavingsPlansUtilizationDetails") == []


def test_plan_of_a_family_names_region_and_family(owner: Any, make: Any, facts: Any) -> None:
    told = make["plan"](
        savingsPlanType="EC2Instance",
        region="eu-west-1",
        ec2InstanceFamily="p5",
        paymentOption="Partial Upfront",
        termDurationInSeconds=94608000,
        currency="CNY",
    )
    owner.lists["", "DescribeSavingsPlans"] = [[told]]
    (row,) = facts(owner.account("", savings_plan_use="none"), "spend_commitment")
    assert (row["key"], row["plan"]) == ("aws/eu-west-1/p5.*", "ec2_instance")
    assert (row["term_years"], row["payment"], row["currency"]) == (3.0, "partial", "CNY")
    assert row["name"] == "savings plan ec2_instance p5 eu-west-1 2027-03-01"


def test_use_is_the_share_that_cost_explorer_tells_of_the_week_before(
    owner: Any, make: Any, facts: Any
) -> None:
    # 1,680 of 6,720 used is a quarter: 10 of 40 USD/h; of the second plan all 5 of 5
    second = f"{ARN}-second"
    owner.lists["", "DescribeSavingsPlans"] = [
        [make["plan"]()],
        [make["plan"](savingsPlanArn=second, commitment="5.0")],
    ]
    owner.lists["", "GetSavingsPlansUtilizationDetails"] = [
        [use(ARN, "6720.0", "1680.0")],
        [use(second, "840", "840")],
    ]
    read = owner.account("", savings_plan_use="cost_explorer")
    rows = facts(read, "spend_commitment")
    assert {row["name"]: (row["used_per_hour"], row["spend_per_hour"]) for row in rows} == {
        "savings plan compute 2027-03-01": (5.0, 5.0),
        "savings plan compute 2027-03-01 2": (10.0, 40.0),
    }
    week = {"Start": "2026-11-13", "End": "2026-11-20"}
    assert owner.asked("GetSavingsPlansUtilizationDetails") == [
        {"TimePeriod": week},
        {"TimePeriod": week, "NextToken": "page-1"},
    ]


def test_plan_whose_use_is_unknown_is_left_out_and_the_setting_is_named(
    owner: Any, make: Any
) -> None:
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"]()]]
    read = owner.account("")
    assert read.facts == ()
    (found,) = read.findings
    assert (found.check, found.severity) == ("commitment_use_unknown", "left_out")
    assert "savings_plan_use" in found.detail
    assert owner.asked("GetSavingsPlansUtilizationDetails") == []


@pytest.mark.parametrize(
    "told", [[], [use(ARN, "0", "0")], [use(ARN, "10", "11")], [{"SavingsPlanArn": ARN}]]
)
def test_use_that_cost_explorer_does_not_tell_is_unknown(owner: Any, make: Any, told: Any) -> None:
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"]()]]
    owner.lists["", "GetSavingsPlansUtilizationDetails"] = [told]
    read = owner.account("", savings_plan_use="cost_explorer")
    assert read.facts == ()
    assert [one.check for one in read.findings] == ["commitment_use_unknown"]


def test_use_that_cost_explorer_has_no_data_of_yet_is_unknown(owner: Any, make: Any) -> None:
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"]()]]
    early = Response('{"__type": "DataUnavailableException"}', status=400)
    owner.fail("GetSavingsPlansUtilizationDetails", early)
    read = owner.account("", savings_plan_use="cost_explorer")
    assert read.facts == ()
    assert [one.check for one in read.findings] == ["commitment_use_unknown"]
    assert len(owner.asked("GetSavingsPlansUtilizationDetails")) == 1


def test_account_without_plans_does_not_pay_for_the_question(owner: Any) -> None:
    read = owner.account("", savings_plan_use="cost_explorer")
    assert (read.facts, read.findings) == ((), ())
    assert owner.asked("GetSavingsPlansUtilizationDetails") == []


@pytest.mark.parametrize(
    "more",
    [
        {"state": "retired"},
        {"state": "queued"},
        {"end": "2026-11-20T23:59:59.000Z"},
        {"savingsPlanType": "EC2Instance", "region": "us-east-1", "ec2InstanceFamily": "m5"},
    ],
)
def test_plan_that_covers_nothing_here_is_silent(owner: Any, make: Any, more: Any) -> None:
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"](**more)]]
    read = owner.account("", savings_plan_use="none")
    assert (read.facts, read.findings) == ((), ())


@pytest.mark.parametrize(
    ("more", "check"),
    [
        ({"savingsPlanType": "SageMaker"}, "commitment_unfit"),
        ({"savingsPlanType": "Database"}, "commitment_unfit"),
        ({"savingsPlanType": "EC2Instance"}, "commitment_unreadable"),
        ({"termDurationInSeconds": 86400}, "commitment_unreadable"),
        ({"paymentOption": "Later"}, "commitment_unreadable"),
        ({"commitment": "forty"}, "commitment_unreadable"),
        ({"commitment": "0"}, "commitment_unreadable"),
        ({"currency": ""}, "commitment_unreadable"),
        ({"end": "soon"}, "commitment_unreadable"),
    ],
)
def test_plan_that_cannot_be_used_is_left_out_and_reported(
    owner: Any, make: Any, more: Any, check: str
) -> None:
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"](**more)]]
    read = owner.account("", savings_plan_use="none")
    assert read.facts == ()
    assert [one.check for one in read.findings] == [check]
