"""Each check on the smallest tables that make it speak, and on ones that leave it silent."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from costopt.catalog.building.publish import in_schema, table_bytes
from costopt.catalog.checking.settings import CheckSettings, RequiredFamily
from costopt.catalog.checks import leave_out, remark, require_schema
from costopt.catalog.schema import OFFERS, TABLES
from costopt.catalog.snapshot import parse_table
from costopt.errors import CatalogFileError

Row = Mapping[str, str]

PROVENANCE = {"source": "list", "as_of": "2026-08-01"}
T4 = {
    "name": "T4",
    "vendor": "nvidia",
    "memory_gib": "16",
    "usable_gib": "15.6",
    "fp16_tflops": "65",
}
G4DN = {
    "provider": "aws",
    "instance_type": "g4dn.xlarge",
    "family": "g4dn",
    "accelerator": "T4",
    "accelerator_count": "1",
    "accelerator_usable_gib": "15.6",
    "inter_node_fabric": "none",
    "hosts": "1",
}
VIRGINIA = {
    "provider": "aws",
    "region": "us-east-1",
    "continent": "North America",
    "country": "US",
    "partition": "public",
}
ON_DEMAND = {
    "provider": "aws",
    "region": "us-east-1",
    "instance_type": "g4dn.xlarge",
    "purchase_option": "on_demand",
    "recurring_per_hour": "0.526",
    "upfront": "0",
    "currency": "USD",
    "effective_per_hour": "0.526",
}
SPOT = {
    **ON_DEMAND,
    "purchase_option": "spot",
    "recurring_per_hour": "0.2",
    "effective_per_hour": "0.2",
}
ONE_YEAR = {
    **ON_DEMAND,
    "purchase_option": "reserved",
    "term_years": "1",
    "term_hours": "8760",
    "payment": "no",
    "recurring_per_hour": "0.33",
    "effective_per_hour": "0.33",
}
NO_FAMILIES = CheckSettings(required_families=())


def tables(**rows: Sequence[Row]) -> dict[str, pd.DataFrame]:
    """Every table but the findings, with these rows; a T4 type in Virginia unless said."""
    given: dict[str, Sequence[Row]] = {
        "accelerators": [T4],
        "instance_types": [G4DN],
        "regions": [VIRGINIA],
        "offers": [ON_DEMAND],
        **rows,
    }
    built = {}
    for name, table in TABLES.items():
        if name != "findings":
            columns = list(table.column_names)
            empty = dict.fromkeys(columns, "")
            filled = [{**empty, **PROVENANCE, **row} for row in given.get(name, [])]
            text = in_schema(table, pd.DataFrame(filled, columns=columns, dtype="str"))
            built[name] = parse_table(table, table_bytes(text), "test")
    return built


def left_out(**rows: Sequence[Row]) -> list[tuple[str, str]]:
    _, findings = leave_out(tables(**rows), NO_FAMILIES)
    assert set(findings["severity"]) <= {"left_out"}
    return list(zip(findings["check"], findings["row"], strict=True))


def remarks(settings: CheckSettings = NO_FAMILIES, **rows: Sequence[Row]) -> dict[str, list[str]]:
    findings = remark(tables(**rows), settings)
    return {str(check): list(found["row"]) for check, found in findings.groupby("check")}


KEY = "aws/us-east-1//g4dn.xlarge"


def test_sound_tables_pass_every_check() -> None:
    assert left_out(offers=[ON_DEMAND, SPOT, ONE_YEAR]) == []
    assert remarks(offers=[ON_DEMAND, SPOT, ONE_YEAR]) == {}


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("price_not_positive", {"effective_per_hour": "0"}),
        ("price_not_positive", {"recurring_per_hour": "-1"}),
        ("price_not_positive", {"effective_per_hour": "inf"}),
        ("value_missing", {"effective_per_hour": ""}),
        ("value_missing", {"currency": ""}),
        ("currency_malformed", {"currency": "usd"}),
        ("date_malformed", {"as_of": "2026-13"}),
        ("date_malformed", {"as_of": "August 2026"}),
        ("unknown_region", {"region": "us-east-1"}),
        ("term_inconsistent", {"term_years": "1", "term_hours": "8760"}),
    ],
)
def test_offer_that_cannot_be_planned_with_is_left_out(check: str, change: Row) -> None:
    regions = [] if check == "unknown_region" else [VIRGINIA]
    assert [found for found, _ in left_out(offers=[{**ON_DEMAND, **change}], regions=regions)] == [
        check
    ]


def test_unknown_purchase_option_is_left_out() -> None:
    offers = [{**ON_DEMAND, "purchase_option": "flex"}]
    assert left_out(offers=offers) == [("purchase_unknown", f"{KEY}/flex///")]


def test_commitment_without_a_term_is_left_out() -> None:
    offers = [{**ONE_YEAR, "term_years": "", "term_hours": ""}]
    assert left_out(offers=offers) == [("term_inconsistent", f"{KEY}/reserved///no")]


@pytest.mark.parametrize(
    ("payment", "recurring", "upfront"),
    [("no", "0.3", "100"), ("all", "0.3", "2628"), ("all", "0", "0"), ("partial", "0.3", "0")],
)
def test_commitment_whose_charges_contradict_its_payment_is_left_out(
    payment: str, recurring: str, upfront: str
) -> None:
    change = {"payment": payment, "recurring_per_hour": recurring, "upfront": upfront}
    assert left_out(offers=[{**ONE_YEAR, **change}]) == [
        ("payment_inconsistent", f"{KEY}/reserved//1/{payment}")
    ]


def test_rows_of_one_key_are_all_left_out_under_names_of_their_own() -> None:
    offers = [ON_DEMAND, {**ON_DEMAND, "effective_per_hour": "0.6"}]
    row = f"{KEY}/on_demand///"
    assert left_out(offers=offers) == [("duplicate_key", row), ("duplicate_key", f"{row}#2")]


def test_offer_of_a_type_that_is_left_out_goes_with_it() -> None:
    unknown = {**G4DN, "accelerator": "Z9"}
    assert left_out(instance_types=[unknown]) == [
        ("unknown_accelerator", "aws/g4dn.xlarge"),
        ("unknown_instance_type", f"{KEY}/on_demand///"),
    ]


def test_row_with_two_reasons_is_left_out_once() -> None:
    stranger = {**ON_DEMAND, "region": "mars-1", "instance_type": "z9.huge"}
    assert left_out(offers=[stranger]) == [
        ("unknown_instance_type", "aws/mars-1//z9.huge/on_demand///")
    ]


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("value_missing", {"accelerator_count": ""}),
        ("accelerator_count_wrong", {"accelerator_count": "0"}),
        ("accelerator_count_wrong", {"accelerator_count": "1.5"}),
        ("accelerator_count_wrong", {"accelerator": "", "accelerator_count": "2"}),
        ("accelerator_memory_unknown", {"accelerator_usable_gib": ""}),
        ("unknown_cpu_rate", {"cpu_rate": "CPU-Unheard-Of"}),
    ],
)
def test_instance_type_without_known_accelerators_is_left_out(check: str, change: Row) -> None:
    assert left_out(instance_types=[{**G4DN, **change}], offers=[]) == [(check, "aws/g4dn.xlarge")]


def test_share_of_an_accelerator_is_a_valid_count() -> None:
    assert left_out(instance_types=[{**G4DN, "accelerator_count": "0.125"}]) == []


def test_alias_of_nothing_is_left_out() -> None:
    aliases = [{"alias": "H100", "accelerator": "H100-80GB"}]
    assert left_out(accelerator_aliases=aliases) == [("unknown_accelerator", "H100")]


def test_exchange_rate_of_zero_is_left_out() -> None:
    rates = [{"base": "USD", "quote": "CNY", "rate": "0"}]
    assert left_out(exchange_rates=rates) == [("rate_not_positive", "USD/CNY/2026-08-01")]


def test_required_family_without_a_price_is_missing() -> None:
    wanted = tuple(RequiredFamily(provider="aws", pattern=name) for name in ("g4dn.*", "p5*"))
    settings = CheckSettings(required_families=wanted)
    assert remarks(settings) == {"required_family_missing": ["aws/p5*"]}


def test_type_without_price_and_accelerator_without_rates_are_listed() -> None:
    silent = {"name": "GPU-H", "vendor": "nvidia", "memory_gib": "96", "usable_gib": "93.6"}
    lone = {**G4DN, "instance_type": "gn8v", "accelerator": "GPU-H"}
    found = remarks(accelerators=[T4, silent], instance_types=[G4DN, lone])
    assert found == {"rates_unpublished": ["GPU-H"], "type_without_price": ["aws/gn8v"]}


@pytest.mark.parametrize(
    ("hosts", "fabric", "contradicts"),
    [("2", "none", True), ("1", "ici", True), ("2", "ici", False), ("1", "none", False)],
)
def test_slice_and_fabric_must_agree(hosts: str, fabric: str, *, contradicts: bool) -> None:
    found = remarks(instance_types=[{**G4DN, "hosts": hosts, "inter_node_fabric": fabric}])
    assert ("slice_contradicts_fabric" in found) is contradicts


def test_memory_above_the_nominal_one_is_flagged() -> None:
    found = remarks(instance_types=[{**G4DN, "accelerator_usable_gib": "16.5"}])
    assert found == {"usable_above_nominal": ["aws/g4dn.xlarge"]}


def test_trace_that_does_not_add_up_is_flagged() -> None:
    bucket = {
        "trace": "short",
        "input_low_tokens": "0",
        "output_low_tokens": "0",
        "share_fraction": "0.9",
        "mean_input_tokens": "5",
        "mean_output_tokens": "5",
    }
    assert remarks(traces=[bucket]) == {"trace_incomplete": ["short/0/0"]}


def test_pool_that_saves_nothing_is_reported_and_never_clamped() -> None:
    pool = {
        "provider": "aws",
        "region": "us-east-1",
        "instance_type": "g4dn.xlarge",
        "os": "linux",
        "signal": "advisor_share",
        "bucket": "<5%",
        "low_fraction": "0",
        "window_hours": "730",
        "savings_fraction": "-0.62",
    }
    findings = remark(tables(interruptions=[pool]), NO_FAMILIES)
    assert findings["check"].tolist() == ["spot_saves_nothing"]
    assert findings["detail"].tolist() == ["the provider lists a saving of -62%"]


def test_other_columns_than_the_schema_are_refused() -> None:
    offers = tables()["offers"]
    with pytest.raises(CatalogFileError, match="columns differ from the schema: flags"):
        require_schema(OFFERS, offers.drop(columns="flags"))
    with pytest.raises(CatalogFileError, match=r"another type than the schema: upfront \(str\)"):
        require_schema(OFFERS, offers.astype({"upfront": "str"}))
