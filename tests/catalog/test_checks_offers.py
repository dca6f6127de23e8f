"""Checks of offers, each called by itself on a few offers."""

from collections.abc import Mapping

import pandas as pd

from costopt.catalog.building.publish import in_schema, table_bytes
from costopt.catalog.checking import age, price
from costopt.catalog.checking.settings import CheckSettings
from costopt.catalog.checks import Check
from costopt.catalog.columns import Table
from costopt.catalog.schema import EXCHANGE_RATES, OFFERS
from costopt.catalog.snapshot import parse_table

Row = Mapping[str, str]

ON_DEMAND = {
    "provider": "aws",
    "region": "us-east-1",
    "instance_type": "g4dn.xlarge",
    "purchase_option": "on_demand",
    "recurring_per_hour": "0.526",
    "upfront": "0",
    "currency": "USD",
    "effective_per_hour": "0.526",
    "source": "list",
    "as_of": "2026-08-01",
}
SPOT = {**ON_DEMAND, "purchase_option": "spot", "effective_per_hour": "0.2"}
ONE_YEAR = {
    **ON_DEMAND,
    "purchase_option": "reserved",
    "term_years": "1",
    "term_hours": "8760",
    "payment": "no",
    "recurring_per_hour": "0.33",
    "effective_per_hour": "0.33",
}
YUAN = {**ON_DEMAND, "region": "cn-north-1", "currency": "CNY"}
RATE = {"base": "USD", "quote": "CNY", "rate": "7", "source": "parity", "as_of": "2026-08-01"}
KEY = "aws/us-east-1//g4dn.xlarge"


def typed(table: Table, *rows: Row) -> pd.DataFrame:
    empty = dict.fromkeys(table.column_names, "")
    text = pd.DataFrame([{**empty, **row} for row in rows], columns=list(empty), dtype="str")
    return parse_table(table, table_bytes(in_schema(table, text)), "test")


def found(check: Check, *offers: Row, rates: tuple[Row, ...] = ()) -> list[tuple[str, str]]:
    """Return check and row of every finding on these offers."""
    tables = {"offers": typed(OFFERS, *offers), "exchange_rates": typed(EXCHANGE_RATES, *rates)}
    findings = check(tables, CheckSettings())
    return list(zip(findings["check"], findings["row"], strict=True))


def test_spot_above_on_demand_is_flagged_beyond_rounding() -> None:
    above = {**SPOT, "effective_per_hour": "0.53"}
    assert found(price.spot_ratio_odd, ON_DEMAND, above) == [
        ("spot_above_on_demand", f"{KEY}/spot///")
    ]
    # 0.52602 / 0.526 = 1.00004, as close as rounding to five decimals brings it
    assert found(price.spot_ratio_odd, ON_DEMAND, {**SPOT, "effective_per_hour": "0.52602"}) == []


def test_spot_far_below_on_demand_is_flagged() -> None:
    # 0.02 / 0.526 = 0.038, below 0.05
    assert found(price.spot_ratio_odd, ON_DEMAND, {**SPOT, "effective_per_hour": "0.02"}) == [
        ("spot_far_below_on_demand", f"{KEY}/spot///")
    ]


def test_spot_is_compared_only_within_its_currency() -> None:
    dear = {**SPOT, "effective_per_hour": "5", "currency": "CNY"}
    assert found(price.spot_ratio_odd, ON_DEMAND, dear) == []


def test_commitment_above_on_demand_is_flagged() -> None:
    dear = {**ONE_YEAR, "effective_per_hour": "0.6"}
    assert found(price.commitment_above_on_demand, ON_DEMAND, dear) == [
        ("commitment_above_on_demand", f"{KEY}/reserved//1/no")
    ]
    assert found(price.commitment_above_on_demand, ON_DEMAND, ONE_YEAR) == []


def test_offer_without_on_demand_beside_it_is_not_compared() -> None:
    assert found(price.no_on_demand, SPOT) == [("no_on_demand", f"{KEY}/spot///")]
    assert found(price.no_on_demand, ON_DEMAND, SPOT) == []


def test_effective_price_is_recomputed_from_its_parts() -> None:
    paid = {"payment": "all", "recurring_per_hour": "0", "effective_per_hour": "0.309018"}
    # 2707 / 8760 = 0.3090183; 2709 / 8760 = 0.3092466
    sound, wrong = ({**ONE_YEAR, **paid, "upfront": total} for total in ("2707", "2709"))
    assert found(price.effective_differs, sound) == []
    assert found(price.effective_differs, wrong) == [
        ("effective_differs", f"{KEY}/reserved//1/all")
    ]


def test_currency_that_no_rate_names_is_flagged_where_it_matters() -> None:
    rows = ["aws/cn-north-1//g4dn.xlarge/on_demand///", f"{KEY}/on_demand///"]
    assert found(price.currency_without_rate, ON_DEMAND, YUAN) == [
        ("currency_without_rate", row) for row in rows
    ]
    assert found(price.currency_without_rate, ON_DEMAND, YUAN, rates=(RATE,)) == []
    assert found(price.currency_without_rate, YUAN) == []


def test_region_with_two_currencies_is_flagged() -> None:
    assert len(found(price.currency_mixed, ON_DEMAND, {**SPOT, "currency": "CNY"})) == 2
    assert found(price.currency_mixed, ON_DEMAND, YUAN) == []


def test_savings_plan_of_an_unstated_kind_is_flagged() -> None:
    plan = {**ONE_YEAR, "purchase_option": "savings_plan", "kind": "unstated", "payment": ""}
    assert found(price.plan_unstated, plan) == [
        ("plan_unstated", f"{KEY}/savings_plan/unstated/1/")
    ]
    assert found(price.plan_unstated, {**plan, "kind": "azure", "payment": "no"}) == []


def test_ages_are_found_by_batch_and_measured_from_the_newest_offer() -> None:
    # 18 months are 547.9 days: 2025-01-30 is 548 days before 2026-08-01, 2025-01-31 is 547
    old = {**SPOT, "as_of": "2025-01-30"}
    assert found(age.offer_too_old, ON_DEMAND, old) == [
        ("too_old", "aws/*/*/*/spot/*/*/*@2025-01-30")
    ]
    assert found(age.offer_too_old, ON_DEMAND, {**SPOT, "as_of": "2025-01-31"}) == []


def test_ageing_commitment_is_noted_before_it_is_too_old() -> None:
    assert found(age.offer_too_old, ON_DEMAND, {**ONE_YEAR, "as_of": "2025-06"}) == [
        ("ageing", "aws/*/*/*/reserved/*/*/*@2025-06")
    ]


def test_old_exchange_rate_is_noted() -> None:
    old = {**RATE, "as_of": "2024-01-01"}
    assert found(age.exchange_rate_too_old, ON_DEMAND, rates=(RATE, old)) == [
        ("too_old", "USD/CNY/2024-01-01")
    ]


def test_capacity_block_past_its_last_day_is_flagged() -> None:
    block = {**ON_DEMAND, "purchase_option": "capacity_block", "valid_until": "2026-07-31"}
    row = f"{KEY}/capacity_block///"
    assert found(age.capacity_block_expired, ON_DEMAND, block) == [("capacity_block_expired", row)]
    still = {**block, "valid_until": "2026-08-01"}
    assert found(age.capacity_block_expired, ON_DEMAND, still) == []
