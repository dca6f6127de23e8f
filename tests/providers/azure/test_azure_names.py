"""Names of sizes: what a series is, and that its reviewed accelerator is in the catalogue."""

import csv
from importlib.resources import files

import pytest

from costopt_azure.names import ACCELERATOR_NAMES
from costopt_azure.series import SERIES, series_spelling


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Standard_ND96isr_H100_v5", "NDisr_H100_v5"),
        ("Standard_NC128lds_xl_RTXPRO6000BSE_v6", "NClds_xl_RTXPRO6000BSE_v6"),
        ("Standard_ND128isrG5_GB300_v6", "NDisrG5_GB300_v6"),
        ("Standard_NV36-18ads_A10_v5", "NVads_A10_v5"),
        ("Basic_A0", ""),
        ("p5.48xlarge", ""),
    ],
)
def test_series_is_the_name_without_prefix_and_vcpus(name: str, spelling: str) -> None:
    assert series_spelling(name) == spelling


def test_every_reviewed_accelerator_is_in_the_catalogue() -> None:
    table = files("costopt_catalogs").joinpath("accelerators.csv").read_text("utf-8")
    known = {row["name"] for row in csv.DictReader(table.splitlines())}
    spelt = {series.accelerator for series in SERIES.values()}
    assert {ACCELERATOR_NAMES.get(name, name) for name in spelt} <= known


def test_series_with_an_r_among_their_features_are_the_ones_with_a_fabric() -> None:
    for spelling, series in SERIES.items():
        features = spelling.split("_")[0].lstrip("NCDV").removesuffix("G5")
        assert ("r" in features) == (series.fabric == "infiniband"), spelling
