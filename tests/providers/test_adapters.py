"""What every adapter package must hold, checked against the bundled catalogue."""

from collections.abc import Mapping
from importlib.resources import files

import pandas as pd
import pytest

from costopt.catalog.schema import TABLES
from costopt.catalog.snapshot import parse_table
from costopt.provider import Provider, installed_providers

NAMES = ("alibaba", "aws", "azure", "gcp")


@pytest.fixture(scope="module")
def catalogue() -> Mapping[str, pd.DataFrame]:
    folder = files("costopt_catalogs")
    return {
        name: parse_table(
            TABLES[name], folder.joinpath(TABLES[name].file_name).read_bytes(), "bundled"
        )
        for name in ("accelerators", "instance_types", "regions")
    }


@pytest.fixture(params=NAMES)
def adapter(request: pytest.FixtureRequest) -> Provider:
    return installed_providers()[request.param]


def test_four_clouds_are_found_by_their_entry_points() -> None:
    assert tuple(sorted(installed_providers())) == NAMES
    assert tuple(sorted(installed_providers())) == NAMES


def test_adapter_satisfies_the_protocol_of_providers(adapter: Provider) -> None:
    assert isinstance(adapter, Provider)


def test_accelerator_spellings_lead_to_catalogue_names(
    adapter: Provider, catalogue: Mapping[str, pd.DataFrame]
) -> None:
    assert set(adapter.accelerator_names.values()) <= set(catalogue["accelerators"]["name"])


def test_cpu_rates_belong_to_families_and_rows_of_the_catalogue(
    adapter: Provider, catalogue: Mapping[str, pd.DataFrame]
) -> None:
    types = catalogue["instance_types"]
    own = types[(types["provider"] == adapter.name) & (types["accelerator"] == "")]
    assert set(adapter.cpu_rates) <= set(own["family"])
    assert set(adapter.cpu_rates.values()) <= set(catalogue["accelerators"]["name"])


def test_reviewed_values_belong_to_types_and_number_columns_of_the_catalogue(
    adapter: Provider, catalogue: Mapping[str, pd.DataFrame]
) -> None:
    types = catalogue["instance_types"].set_index(["provider", "instance_type"])
    numbers = {
        column.name
        for column in TABLES["instance_types"].columns
        if column.type in ("float", "int")
    }
    for value in adapter.reviewed_values:
        assert value.column in numbers
        assert types.loc[(adapter.name, value.instance_type), value.column] == value.value
        assert value.source
        assert value.as_of


def test_partitions_match_regions_of_the_catalogue(
    adapter: Provider, catalogue: Mapping[str, pd.DataFrame]
) -> None:
    regions = catalogue["regions"]
    own = set(regions[regions["provider"] == adapter.name]["partition"])
    assert own == {"public", *adapter.partitions.values()}


def test_notice_is_positive_and_sourced(adapter: Provider) -> None:
    assert adapter.notice_seconds > 0
    assert adapter.notice_source
    assert adapter.notice_as_of
