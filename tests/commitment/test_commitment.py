"""The record of a commitment: one kind of thing, at one price, from one day to another."""

from typing import Any

import pytest

import costopt as co

RESERVED: dict[str, Any] = {
    "name": "p5-2026",
    "kind": "reserved",
    "quantities": {"p5.48xlarge": 2},
    "recurring_per_hour": 30.0,
    "upfront": 87_600.0,
    "currency": "USD",
    "term_years": 1.0,
    "payment": "partial",
    "starts": "2026-01-01",
    "expires": "2026-12-31",
}

PLAN: dict[str, Any] = {
    "name": "compute-2026",
    "kind": "savings_plan",
    "plan": "compute",
    "spend_per_hour": 25.0,
    "rates": {"p5.48xlarge": 40.0, "g6.xlarge": 0.6},
    "recurring_per_hour": 25.0,
    "currency": "USD",
    "term_years": 1.0,
    "starts": "2026-01-01",
    "expires": "2026-12-31",
}


def test_a_commitments_effective_price_spreads_its_upfront_part_over_the_term() -> None:
    one = co.Commitment(**RESERVED)
    assert one.effective_per_hour == pytest.approx(40.0)  # 30 + 87,600 / 8,760
    assert not one.is_spend


def test_a_plan_of_money_costs_what_it_commits() -> None:
    assert co.Commitment(**PLAN).effective_per_hour == 25.0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (RESERVED | {"quantities": {}}, "give quantities, or spend_per_hour with rates"),
        (PLAN | {"quantities": {"a": 1}}, "give quantities, or spend_per_hour with rates"),
        (PLAN | {"rates": {}}, "spend_per_hour and rates are given together"),
        (PLAN | {"kind": "reserved"}, "a reserved does not commit money; what does: savings_plan"),
        (RESERVED | {"kind": "savings_plan"}, "a savings_plan does not commit quantities"),
        (PLAN | {"recurring_per_hour": 20.0}, "make 20 per hour, and spend_per_hour is 25"),
        (RESERVED | {"expires": "2025-12-31"}, "expires 2025-12-31 before it starts"),
        (RESERVED | {"starts": "2026-02-30"}, "must be a day such as 2026-01-31"),
        (RESERVED | {"currency": "dollars"}, "three capital letters"),
        (RESERVED | {"kind": "reservd"}, "did you mean reserved"),
        (RESERVED | {"recurring_per_hour": float("nan")}, "must be a finite number"),
    ],
)
def test_a_commitment_refuses_what_contradicts_itself(
    fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(co.CostoptError, match=sentence):
        co.Commitment(**fields)
