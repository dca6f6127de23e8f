"""A catalogue small enough to count by hand: seven types, thirteen offers, two currencies.

| type                      | accelerators         | usable GiB | regions                        |
|---------------------------|----------------------|------------|--------------------------------|
| aws p5.48xlarge           | 8 x H100-80GB (79.6) |      636.8 | us-east-1 US, eu-central-1 DE  |
| aws g4dn.xlarge           | 1 x T4 (15.6)        |       15.6 | us-east-1 US, eu-central-1 DE  |
| aws c7i.xlarge            | none, 4 vCPU rated   |          - | us-east-1 US                   |
| gcp a3-highgpu-8g         | 8 x H100-80GB (79.6) |      636.8 | europe-west4 NL                |
| azure Standard_NV18_A10   | 1/2 A10 (11.7)       |       11.7 | norwayeast NO                  |
| alibaba ecs.gn6i.xlarge   | 1 x T4 (15.6)        |       15.6 | cn-beijing CN                  |
| aws x9.large              | none, no rate known  |          - | without a price                |
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

from costopt.catalog.building.publish import in_schema, publish, table_bytes
from costopt.catalog.catalog import Catalog
from costopt.catalog.manifest import Manifest, describe_table, write_manifest
from costopt.catalog.schema import DATED_MATERIAL, SCHEMA_VERSION, TABLES
from costopt.catalog.snapshot import parse_table

Row = Mapping[str, str]
MakeTable = Callable[[str, Sequence[Row]], pd.DataFrame]
MakeCatalog = Callable[..., Catalog]
WriteSnapshot = Callable[..., Path]

PROVENANCE = {"source": "price list", "as_of": "2026-08-01"}

ACCELERATORS = (
    {"name": "H100-80GB", "vendor": "nvidia", "architecture": "hopper", "memory_gib": "80",
     "usable_gib": "79.6", "usable_origin": "device_reported", "bf16_tflops": "1000",
     "fp8_tflops": "2000", "interconnect": "nvlink4-nvswitch", "compute_capability": "9.0"},
    {"name": "T4", "vendor": "nvidia", "architecture": "turing", "memory_gib": "16",
     "usable_gib": "15.6", "usable_origin": "0.975 x nominal", "fp16_tflops": "65"},
    {"name": "A10", "vendor": "nvidia", "architecture": "ampere", "memory_gib": "24",
     "usable_gib": "23.4", "usable_origin": "0.975 x nominal", "bf16_tflops": "125"},
    {"name": "CPU-Rapids-vCPU", "vendor": "intel", "bf16_tflops": "0.5"},
)  # fmt: skip
ALIASES = (
    {"alias": "H100", "accelerator": "H100-80GB"},
    {"alias": "Tesla-T4", "accelerator": "T4"},
)
TYPES = (
    {"provider": "aws", "instance_type": "p5.48xlarge", "family": "p5", "vcpus": "192",
     "accelerator": "H100-80GB", "accelerator_count": "8", "accelerator_usable_gib": "79.6"},
    {"provider": "aws", "instance_type": "g4dn.xlarge", "family": "g4dn", "vcpus": "4",
     "accelerator": "T4", "accelerator_count": "1", "accelerator_usable_gib": "15.6"},
    {"provider": "aws", "instance_type": "c7i.xlarge", "family": "c7i", "vcpus": "4",
     "accelerator_count": "0", "cpu_rate": "CPU-Rapids-vCPU"},
    {"provider": "aws", "instance_type": "x9.large", "family": "x9", "vcpus": "2",
     "accelerator_count": "0"},
    {"provider": "gcp", "instance_type": "a3-highgpu-8g", "family": "a3", "vcpus": "208",
     "accelerator": "H100-80GB", "accelerator_count": "8", "accelerator_usable_gib": "79.6"},
    {"provider": "azure", "instance_type": "Standard_NV18_A10", "family": "NVadsA10v5",
     "accelerator": "A10", "accelerator_count": "0.5", "accelerator_usable_gib": "11.7",
     "vcpus": "18"},
    {"provider": "alibaba", "instance_type": "ecs.gn6i.xlarge", "family": "gn6i", "vcpus": "4",
     "accelerator": "T4", "accelerator_count": "1", "accelerator_usable_gib": "15.6"},
)  # fmt: skip
REGIONS = tuple(
    {"provider": provider, "region": region, "country": country, "continent": "any",
     "partition": "public"}
    for provider, region, country in (
        ("aws", "us-east-1", "US"), ("aws", "eu-central-1", "DE"), ("gcp", "europe-west4", "NL"),
        ("azure", "norwayeast", "NO"), ("alibaba", "cn-beijing", "CN"),
    )
)  # fmt: skip
GROUPS = tuple(
    {"group": group, "country": country}
    for group, country in (
        ("EU", "DE"), ("EU", "NL"), ("EEA", "DE"), ("EEA", "NL"), ("EEA", "NO"),
    )
)  # fmt: skip
RATES = ({"base": "USD", "quote": "CNY", "rate": "8", "as_of": "2026-08-01"},)


def _offer(place: str, option: str, price: str, **more: str) -> dict[str, str]:
    provider, region, instance_type = place.split("/")
    return {
        "provider": provider, "region": region, "instance_type": instance_type,
        "purchase_option": option, "recurring_per_hour": price, "upfront": "0",
        "currency": "USD", "effective_per_hour": price, **more,
    }  # fmt: skip


OFFERS = (
    _offer("aws/us-east-1/p5.48xlarge", "on_demand", "96"),
    _offer("aws/us-east-1/p5.48xlarge", "spot", "24", flags="zone_average", note="a mean"),
    _offer(
        "aws/us-east-1/p5.48xlarge", "reserved", "20", term_years="1", term_hours="8760",
        payment="partial", upfront="87600", effective_per_hour="30",
    ),
    _offer("aws/eu-central-1/p5.48xlarge", "on_demand", "120"),
    _offer("aws/us-east-1/g4dn.xlarge", "on_demand", "0.5", as_of="2026-08-22"),
    _offer("aws/us-east-1/g4dn.xlarge", "spot", "0.25", as_of="2026-02"),
    _offer("aws/eu-central-1/g4dn.xlarge", "on_demand", "0.625"),
    _offer("aws/us-east-1/c7i.xlarge", "on_demand", "0.2"),
    _offer("gcp/europe-west4/a3-highgpu-8g", "on_demand", "88"),
    _offer("gcp/europe-west4/a3-highgpu-8g", "spot", "32"),
    _offer(
        "gcp/europe-west4/a3-highgpu-8g", "capacity_block", "40", valid_until="2026-08-10",
        flags="capacity_block_expired",
    ),
    _offer("azure/norwayeast/Standard_NV18_A10", "on_demand", "1.25"),
    _offer("alibaba/cn-beijing/ecs.gn6i.xlarge", "on_demand", "8", currency="CNY"),
)  # fmt: skip

ROWS: Mapping[str, Sequence[Row]] = {
    "accelerators": ACCELERATORS,
    "accelerator_aliases": ALIASES,
    "instance_types": tuple({"hosts": "1", **row} for row in TYPES),
    "regions": REGIONS,
    "region_groups": GROUPS,
    "exchange_rates": RATES,
    "offers": OFFERS,
}


def typed(name: str, rows: Sequence[Row]) -> pd.DataFrame:
    """Return rows of text as one table of the schema; what they lack is empty."""
    table = TABLES[name]
    empty = {**dict.fromkeys(table.column_names, ""), **PROVENANCE}
    text = pd.DataFrame([{**empty, **row} for row in rows], columns=list(empty), dtype="str")
    return parse_table(table, table_bytes(in_schema(table, text)), "test")


@pytest.fixture(scope="session")
def make_table() -> MakeTable:
    """Build one table of the schema from rows of text."""
    return typed


@pytest.fixture(scope="session")
def make_catalog() -> MakeCatalog:
    """Build the small catalogue, with other rows in the tables that are named."""

    def build(place: str = "small", **other: Sequence[Row]) -> Catalog:
        rows = {**ROWS, **other}
        names = set(TABLES) - DATED_MATERIAL
        return Catalog({name: typed(name, rows.get(name, ())) for name in names}, place=place)

    return build


@pytest.fixture(scope="session")
def small(make_catalog: MakeCatalog) -> Catalog:
    """The small catalogue; nothing can change it, so that all tests share it."""
    return make_catalog()


@pytest.fixture
def write_snapshot(tmp_path: Path) -> WriteSnapshot:
    """Write the small catalogue as a snapshot, with other bytes in the files that are named."""

    def write(folder: str = "snapshot", **other: bytes) -> Path:
        payloads = {name: table_bytes(typed(name, ROWS.get(name, ()))) for name in TABLES}
        payloads |= other
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            as_of="2026-08-22",
            facts_compiled="2026-08",
            tables={
                TABLES[name].file_name: describe_table(payload, payload.count(b"\n") - 1)
                for name, payload in payloads.items()
            },
            inputs={},
        )
        files = {TABLES[name].file_name: payload for name, payload in payloads.items()}
        publish(files, write_manifest(manifest), tmp_path / folder)
        return tmp_path / folder

    return write
