"""The reviewed tables of names, held against the bundled catalogue."""

from importlib.resources import files
from itertools import pairwise

import pandas as pd
import pytest

from costopt.catalog.schema import TABLES
from costopt.catalog.snapshot import parse_table
from costopt_alibaba.names import ACCELERATOR_NAMES, INTERCONNECTS, SHARED_FAMILIES


@pytest.fixture(scope="module")
def types() -> pd.DataFrame:
    folder = files("costopt_catalogs")
    table = TABLES["instance_types"]
    found = parse_table(table, folder.joinpath(table.file_name).read_bytes(), "bundled")
    return found[(found["provider"] == "alibaba") & (found["accelerator"] != "")]


def test_links_are_those_of_the_bundled_catalogue(types: pd.DataFrame) -> None:
    several = types[types["accelerator_count"] > 1]
    known = several.groupby("family")["intra_node_interconnect"].agg(set)
    told = {family: {INTERCONNECTS.get(family, "")} for family in known.index}
    assert told == known.to_dict()


def test_families_with_shares_are_those_of_the_bundled_catalogue(types: pd.DataFrame) -> None:
    shares = types[types["accelerator_count"] < 1]
    assert set(shares["family"].str[:3]) == set(SHARED_FAMILIES)
    assert shares["family"].nunique() == 4


def test_spellings_are_sorted_and_lead_to_accelerators_of_the_provider(
    types: pd.DataFrame,
) -> None:
    assert all(one < other for one, other in pairwise(ACCELERATOR_NAMES))
    assert set(ACCELERATOR_NAMES.values()) <= set(types["accelerator"])
