"""Savings plans over HTTP: money committed for each hour, with its use."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.errors import MalformedAnswerError

Make = Callable[..., Any]
LISTED = ("savings_plans", "", "", 1)


@pytest.fixture
def stocked(own: Any, savings_plan: Make, reservation: Make) -> Any:
    own.has("reservations", [reservation(provisioningState="Expired")])
    own.has("savings_plans", [savings_plan()])
    return own


def test_savings_plan_becomes_a_spend_commitment(
    stocked: Any, opened: Make, context: Make
) -> None:
    read = opened().account("", context())
    assert read.facts == (
        {
            "fact": "spend_commitment",
            "key": "azure/*/*",
            "kind": "savings_plan",
            "plan": "azure",
            "term_years": 3,
            "payment": "no",
            "spend_per_hour": 10.5,
            "used_per_hour": 8.4,  # 80 % of 10.5
            "currency": "USD",
            "expires": "2028-12-31",  # ends at the first moment of 2029
            "name": "savings plan 3y 2028-12-31",
        },
    )
    assert (read.region, read.findings) == ("", ())


def test_savings_plans_of_two_pages_and_another_currency_are_named_apart(
    stocked: Any, savings_plan: Make, opened: Make, context: Make
) -> None:
    euros = {"grain": "Hourly", "currencyCode": "EUR", "amount": 3}
    stocked.has("savings_plans", [savings_plan()], [savings_plan(commitment=euros, term="P1Y")])
    rows = opened().account("", context()).facts
    assert [(row["name"], row["currency"], row["spend_per_hour"]) for row in rows] == [
        ("savings plan 1y 2028-12-31", "EUR", 3.0),
        ("savings plan 3y 2028-12-31", "USD", 10.5),
    ]
    assert stocked.asked("savings_plans") == 2


def test_expired_savings_plan_is_left_out_silently(
    stocked: Any, savings_plan: Make, opened: Make, context: Make
) -> None:
    stocked.has("savings_plans", [savings_plan(displayProvisioningState="Expired")])
    read = opened().account("", context())
    assert (read.facts, read.findings) == ((), ())


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"sku": "Database_Savings_Plan"}, "savings_plan_unknown"),
        ({"commitment": None}, "commitment_unreadable"),
        ({"amount": 0}, "commitment_unreadable"),
        (
            {"commitment": {"grain": "Daily", "currencyCode": "USD", "amount": 5}},
            "commitment_unreadable",
        ),
        ({"commitment": {"grain": "Hourly", "amount": 5}}, "commitment_unreadable"),
        ({"utilization": None}, "commitment_use_unknown"),
        ({"expiryDateTime": None}, "commitment_open_ended"),
        ({"appliedScopeType": "ManagementGroup"}, "commitment_scope"),
        ({"displayProvisioningState": "NoBenefit"}, "commitment_state_unknown"),
    ],
)
def test_savings_plan_that_cannot_be_told_free_is_left_out_with_a_finding(
    changed: dict[str, Any],
    check: str,
    stocked: Any,
    savings_plan: Make,
    opened: Make,
    context: Make,
) -> None:
    stocked.has("savings_plans", [savings_plan(**changed)])
    read = opened().account("", context())
    assert read.facts == ()
    assert [(found.check, found.severity, found.row) for found in read.findings] == [
        (check, "left_out", "azure/*/*/savings_plan")
    ]


def test_empty_list_of_savings_plans_says_who_sees_more(
    stocked: Any, opened: Make, context: Make
) -> None:
    stocked.has("savings_plans", [])
    (found,) = opened().account("", context()).findings
    assert found.check == "commitments_none"
    assert "Savings plan Reader" in found.detail


def test_malformed_savings_plans_are_a_typed_error(
    stocked: Any, opened: Make, context: Make
) -> None:
    stocked.cloud.answers.pop(LISTED)
    stocked.cloud.script(LISTED, '{"value": [{"sku": "no block"}]}')
    with pytest.raises(MalformedAnswerError, match="azure billing_benefits savings_plans"):
        opened().account("", context())
