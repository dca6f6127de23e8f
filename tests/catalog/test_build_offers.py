"""What the words of compiled prices mean, and how their money is split."""

import pandas as pd
import pytest

from costopt.catalog.building.notes import flags_in_notes
from costopt.catalog.building.offers import build_offers


def offer(**columns: str) -> dict[str, str]:
    """Build the one offer of a compiled price with these columns."""
    compiled = {
        "provider": "aws",
        "region": "us-east-1",
        "instance_type": "p5.48xlarge",
        "purchase_option": "on_demand",
        "price_per_hour": "55.04",
        "upfront": "",
        "currency": "USD",
        "as_of": "2026-07-05",
        "source": "list",
        "note": "",
        **columns,
    }
    row = build_offers(pd.DataFrame([compiled], dtype="str")).iloc[0]
    return {str(name): str(value) for name, value in row.items()}


@pytest.mark.parametrize(
    ("provider", "word", "option", "kind", "years", "payment"),
    [
        ("aws", "on_demand", "on_demand", "", "", ""),
        ("aws", "spot", "spot", "", "", ""),
        ("azure", "low_priority", "low_priority", "", "", ""),
        ("aws", "capacity_block", "capacity_block", "", "", "all"),
        ("aws", "reserved_1y_no_upfront", "reserved", "", "1", "no"),
        ("aws", "reserved_3y_all_upfront", "reserved", "", "3", "all"),
        ("azure", "reserved_1y", "reserved", "", "1", "all"),
        ("azure", "savings_plan_1y", "savings_plan", "azure", "1", "no"),
        ("aws", "savings_plan_3y", "savings_plan", "unstated", "3", ""),
        ("aws", "ec2_instance_savings_plan_1y", "savings_plan", "ec2_instance", "1", ""),
        ("gcp", "cud_3y", "committed_use", "", "3", "no"),
        ("alibaba", "subscription_1m", "subscription", "", "0.083333", "all"),
    ],
)
def test_word_of_the_facts_becomes_option_kind_term_and_payment(
    provider: str, word: str, option: str, kind: str, years: str, payment: str
) -> None:
    built = offer(provider=provider, purchase_option=word)
    assert built["purchase_option"] == option
    assert built["kind"] == kind
    assert built["term_years"] == years
    assert built["payment"] == payment


def test_term_hours_count_years_of_365_days() -> None:
    # 365 x 24 = 8,760; three years 26,280; a month 8,760 / 12 = 730
    assert offer(purchase_option="cud_1y")["term_hours"] == "8760"
    assert offer(purchase_option="cud_3y")["term_hours"] == "26280"
    assert offer(purchase_option="subscription_1m")["term_hours"] == "730"
    assert offer()["term_hours"] == ""


def test_all_upfront_price_is_paid_once_and_never_twice() -> None:
    built = offer(
        purchase_option="reserved_3y_all_upfront", price_per_hour="0.171461", upfront="4506"
    )
    # 4506 / 26280 = 0.1714612, the compiled effective price
    assert built["recurring_per_hour"] == "0"
    assert built["upfront"] == "4506"
    assert built["effective_per_hour"] == "0.171461"


def test_azure_reservation_is_paid_once() -> None:
    built = offer(
        provider="azure", purchase_option="reserved_1y", price_per_hour="0.5", upfront="4380"
    )
    assert (built["recurring_per_hour"], built["upfront"]) == ("0", "4380")


def test_no_upfront_price_recurs() -> None:
    built = offer(purchase_option="reserved_1y_no_upfront", price_per_hour="0.268151")
    assert (built["recurring_per_hour"], built["upfront"]) == ("0.268151", "0")


def test_missing_upfront_charge_is_price_times_hours_to_the_cent() -> None:
    built = offer(purchase_option="reserved_1y_all_upfront", price_per_hour="0.268151")
    # 0.268151 x 8760 = 2349.00276
    assert built["upfront"] == "2349.00"


def test_partial_upfront_leaves_the_rest_recurring() -> None:
    built = offer(
        purchase_option="reserved_1y_partial_upfront", price_per_hour="1.5", upfront="4380"
    )
    # 1.5 - 4380 / 8760 = 1.0
    assert (built["recurring_per_hour"], built["upfront"]) == ("1.000000", "4380")


def test_capacity_block_fee_recurs_without_a_term_and_keeps_its_validity() -> None:
    built = offer(
        purchase_option="capacity_block",
        price_per_hour="39.33",
        source="capacity blocks page (stored copy, rates valid until 2025-01-01)",
    )
    assert (built["recurring_per_hour"], built["upfront"]) == ("39.33", "0")
    assert built["valid_until"] == "2025-01-01"


def test_unknown_word_stays_as_it_is_written() -> None:
    assert offer(purchase_option="flex_start")["purchase_option"] == "flex_start"


@pytest.mark.parametrize(
    ("note", "flags"),
    [
        ("", ""),
        ("STALE 2024-06: spot level; lowest of 3 zones, highest 0.6", "lowest_zone;stale_level"),
        ("lowest of the last 8 daily snapshots; FLAG above on-demand", "above_on_demand"),
        ("Linux, average over the zones; lowest zone was 0.1 at 2026-01-19", "zone_average"),
        ("derived: on-demand price x (1 - advisor saving)", "derived"),
        ("standard RI; upfront derived = rate x 8760 h", "upfront_derived"),
        (
            "standard RI; on-demand unchanged since; FLAG on-demand has been cut 5 % since",
            "on_demand_cut_since;on_demand_unchanged_since",
        ),
        ("Azure Batch low-priority meter, not Spot", "not_spot"),
        ("FLAG something nobody has reviewed", "note_unread"),
    ],
)
def test_phrases_of_a_note_become_flags(note: str, flags: str) -> None:
    assert flags_in_notes(pd.Series([note], dtype="str")).tolist() == [flags]
