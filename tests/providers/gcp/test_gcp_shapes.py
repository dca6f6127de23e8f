"""Reviewed shapes agree with the catalogue that is installed with costopt."""

from importlib.resources import files

import pandas as pd
import pytest

from costopt.catalog.schema import INSTANCE_TYPES
from costopt.catalog.snapshot import parse_table
from costopt_gcp.links import inter_node, intra_node
from costopt_gcp.machines import Machine, shaped_machines

OTHER_LOCAL_SSD = {"a4-highgpu-8g", "a4x-highgpu-4g"}
"""Types whose bundled local SSD the catalogue's sources do not tell."""

OTHER_FABRIC = {"v5p-16"}
"""Slice of two hosts that the catalogue holds without a fabric, and says so in a finding."""

MACHINES = shaped_machines()


@pytest.fixture(scope="module")
def held() -> pd.DataFrame:
    file = files("costopt_catalogs").joinpath(INSTANCE_TYPES.file_name)
    types = parse_table(INSTANCE_TYPES, file.read_bytes(), "bundled")
    return types[types["provider"] == "gcp"].set_index("instance_type")


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_shape_is_the_catalogues(machine: Machine, held: pd.DataFrame) -> None:
    row = held.loc[machine.name]
    assert float(machine.count) == row["accelerator_count"]
    assert machine.family == row["family"]
    assert machine.hosts == row["hosts"]
    if not machine.tpu:
        assert float(str(machine.vcpus)) == row["vcpus"]
        assert int(float(str(machine.memory_gib))) == int(row["memory_gib"])
    if not machine.tpu and machine.name not in OTHER_LOCAL_SSD:
        local_ssd = 0.0 if pd.isna(row["local_nvme_gb"]) else row["local_nvme_gb"]
        assert float(machine.local_ssd_gib) == local_ssd


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_links_are_the_catalogues(machine: Machine, held: pd.DataFrame) -> None:
    row = held.loc[machine.name]
    family = "tpu" if machine.tpu else machine.family
    assert intra_node(family, float(machine.count)) == row["intra_node_interconnect"]
    if machine.name not in OTHER_FABRIC:
        assert inter_node(machine.name, family, machine.hosts) == row["inter_node_fabric"]
