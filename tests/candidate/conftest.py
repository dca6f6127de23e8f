"""A catalogue of five offers whose dates, flags and places are written out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import TABLES
from costopt.catalog.snapshot import parse_table

Row = Mapping[str, str]

ROWS: dict[str, Sequence[Row]] = {
    "accelerators": (
        {"name": "T4", "vendor": "nvidia", "memory_gib": "16", "usable_gib": "15.6",
         "usable_origin": "device_reported", "fp16_tflops": "65", "compute_capability": "7.5"},
        {"name": "H100-80GB", "vendor": "nvidia", "memory_gib": "80", "usable_gib": "79.6",
         "usable_origin": "device_reported", "bf16_tflops": "989", "compute_capability": "9.0"},
    ),
    "accelerator_aliases": ({"alias": "Tesla-T4", "accelerator": "T4"},),
    "instance_types": (
        {"provider": "aws", "instance_type": "t4.small", "family": "t4", "vcpus": "4",
         "memory_gib": "16", "accelerator": "T4", "accelerator_count": "1",
         "accelerator_usable_gib": "15.6", "hosts": "1"},
        {"provider": "aws", "instance_type": "h100.large", "family": "h100", "vcpus": "192",
         "memory_gib": "2048", "accelerator": "H100-80GB", "accelerator_count": "8",
         "accelerator_usable_gib": "79.6", "intra_node_interconnect": "nvlink4-nvswitch",
         "inter_node_fabric": "efa", "hosts": "1"},
    ),
    "regions": tuple(
        {"provider": "aws", "region": region, "country": country, "continent": "any",
         "partition": partition}
        for region, country, partition in (
            ("us-east-1", "US", "public"), ("eu-west-1", "IE", "public"),
            ("us-gov-west-1", "US", "aws-us-gov"), ("cn-north-1", "CN", "aws-cn"),
        )
    ),
    "region_groups": ({"group": "EU", "country": "IE"},),
    "exchange_rates": ({"base": "USD", "quote": "CNY", "rate": "8", "as_of": "2026-08-01"},),
}  # fmt: skip


def offer(place: str, option: str = "on_demand", price: str = "1", **more: str) -> Row:
    region, instance_type = place.split("/")
    return {
        "provider": "aws", "region": region, "instance_type": instance_type,
        "purchase_option": option, "recurring_per_hour": price, "upfront": "0",
        "currency": "USD", "effective_per_hour": price, "as_of": "2026-08-22", **more,
    }  # fmt: skip


@pytest.fixture(scope="session")
def make_offer() -> Callable[..., Row]:
    """Write one row: ``region/instance_type``, purchase option, hourly price, other columns."""
    return offer


@pytest.fixture(scope="session")
def catalog_of() -> Callable[..., Catalog]:
    """Build a catalogue of two instance types with the given offers."""

    def build(*offers: Row) -> Catalog:
        rows: dict[str, Sequence[Row]] = {**ROWS, "offers": offers}
        return Catalog({name: _typed(name, rows.get(name, ())) for name in TABLES}, place="test")

    return build


def _typed(name: str, rows: Sequence[Row]) -> Any:
    """Rows of text as one table of the schema; what they lack is empty."""
    table = TABLES[name]
    empty = {**dict.fromkeys(table.column_names, ""), "source": "list", "as_of": "2026-08-22"}
    wanted = {key: value for key, value in empty.items() if key in table.column_names}
    text = pd.DataFrame([{**wanted, **row} for row in rows], columns=list(wanted), dtype="str")
    payload = text.to_csv(index=False, lineterminator="\n").encode()
    return parse_table(table, payload, "test")
