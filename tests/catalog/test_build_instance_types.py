"""Instance types: reviewed names, memory per accelerator or share, two networks, hosts."""

from collections.abc import Mapping

import pandas as pd
import pytest

from costopt.catalog.building.hardware import usable_memory
from costopt.catalog.building.instance_types import build_instance_types
from costopt.provider import installed_providers

ACCELERATORS = pd.DataFrame(
    [
        ("A10", "24", ""),
        ("A10G", "24", "22.5"),
        ("H100-80GB", "80", "79.6"),
        ("H100-94GB-NVL", "94", "93.6"),
        ("TPU-v5e", "16", ""),
        ("V100-16GB", "16", ""),
    ],
    columns=["name", "memory_gib", "usable_memory_gib"],
    dtype="str",
)


def built(**columns: str) -> Mapping[str, str]:
    """Build the one instance type of a compiled row with these columns."""
    compiled = {
        "provider": "aws",
        "instance_type": "p5.48xlarge",
        "family": "p5",
        "accelerator": "H100-80GB",
        "accelerator_count": "8",
        "accelerator_memory_gib": "80",
        "vcpus": "192",
        "memory_gib": "2048",
        "local_nvme_gb": "",
        "network_gbps": "3200",
        "intra_node_interconnect": "nvswitch",
        "inter_node_fabric": "efa",
        "arch": "x86_64",
        "source": "list (2026-08-21)",
        **columns,
    }
    rows = build_instance_types(
        pd.DataFrame([compiled], dtype="str"), ACCELERATORS, installed_providers()
    )
    return {str(name): str(value) for name, value in rows.to_dict("records")[0].items()}


@pytest.mark.parametrize(
    ("name", "nominal", "reported", "printed", "share", "usable", "origin"),
    [
        ("A100-40GB", "40", "39.5", "40", "8", "39.5", "device_reported"),
        ("A10G on aws", "24", "22.5", "22.351562", "1", "22.351562", "device_reported"),
        ("T4", "16", "", "16", "1", "15.6", "0.975 x nominal"),  # 0.975 x 16
        ("L4 on aws", "24", "22.5", "22.351562", "1", "22.351562", "device_reported"),
        ("L4 on gcp", "24", "22.5", "24", "1", "22.5", "device_reported"),
        ("L4, one eighth", "24", "22.5", "2.793945", "0.125", "2.793945", "device_reported"),
        ("B200 on aws", "180", "179", "179.061523", "8", "179", "device_reported"),
        ("H200", "141", "140.4", "141", "8", "140.4", "device_reported"),
        ("A10, one sixth", "24", "", "4", "0.166667", "3.9", "0.975 x nominal"),  # 0.975 x 4
        # 95.59 / 8 = 11.94875, less than the nominal 12 that the type prints
        ("RTX-PRO-6000, 1/8", "96", "95.59", "12", "0.125", "11.94875", "device_reported"),
        ("V710, one third", "28", "24", "8", "0.333333", "7.999992", "device_reported"),
    ],
)
def test_usable_memory_is_the_least_that_is_known(
    name: str, nominal: str, reported: str, printed: str, share: str, usable: str, origin: str
) -> None:
    got = usable_memory(nominal=nominal, reported=reported, printed=printed, share=share)
    assert got == (usable, origin), name


def test_cpu_rate_has_no_memory_of_its_own() -> None:
    assert usable_memory(nominal="", reported="") == ("", "")


def test_azure_spelling_of_an_accelerator_becomes_the_catalogue_name() -> None:
    row = built(provider="azure", accelerator="H100-94GB", accelerator_memory_gib="94")
    assert row["accelerator"] == "H100-94GB-NVL"
    assert row["accelerator_usable_gib"] == "93.6"


def test_spelling_of_one_provider_means_nothing_at_another() -> None:
    assert built(provider="aws", accelerator="H100-94GB")["accelerator"] == "H100-94GB"


def test_word_none_is_a_cpu_type_with_the_reviewed_rate_of_its_family() -> None:
    row = built(family="c6i", accelerator="none", accelerator_count="0", network_gbps="12.5")
    assert (row["accelerator"], row["cpu_rate"]) == ("", "CPU-IceLake-vCPU")
    assert row["accelerator_usable_gib"] == ""


def test_family_without_a_reviewed_rate_has_none() -> None:
    row = built(provider="gcp", family="n2-standard", accelerator="none", accelerator_count="0")
    assert row["cpu_rate"] == ""


def test_empty_accelerator_name_is_unknown_and_not_a_cpu_type() -> None:
    assert built(accelerator="")["accelerator"] == "(unstated)"


def test_bandwidth_that_mixes_in_the_fabric_is_no_host_network() -> None:
    row = built(network_gbps="3200", inter_node_fabric="efa")
    assert (row["network_gbps"], row["fabric_gbps"]) == ("", "3200")


def test_bandwidth_of_an_aws_type_without_fabric_is_its_host_network() -> None:
    row = built(network_gbps="10", inter_node_fabric="none")
    assert (row["network_gbps"], row["fabric_gbps"]) == ("10", "")


def test_azure_bandwidth_is_ethernet_and_the_source_states_the_fabric() -> None:
    row = built(
        provider="azure",
        inter_node_fabric="infiniband",
        network_gbps="80",
        source="sizes page (2026-01-31) ; fabric_gbps=3200 (8x400 InfiniBand)",
    )
    assert (row["network_gbps"], row["fabric_gbps"]) == ("80", "3200")


def test_reviewed_fabric_fills_what_the_source_leaves_out_and_is_cited() -> None:
    row = built(
        provider="azure",
        instance_type="Standard_ND96asr_v4",
        inter_node_fabric="infiniband",
        network_gbps="24",
    )
    # 8 x 200 Gbit/s HDR
    assert row["fabric_gbps"] == "1600"
    assert "nda100-v4-series.md" in row["source"]


def test_reviewed_figures_part_host_network_and_fabric_on_google_cloud() -> None:
    row = built(
        provider="gcp",
        instance_type="a3-ultragpu-8g",
        inter_node_fabric="roce",
        network_gbps="3600",
    )
    # 8 x 400 between accelerators, 400 for the host
    assert (row["network_gbps"], row["fabric_gbps"]) == ("400", "3200")


@pytest.mark.parametrize(("instance_type", "hosts"), [("v5litepod-8", "1"), ("v5litepod-16", "2")])
def test_slice_larger_than_one_host_counts_its_hosts(instance_type: str, hosts: str) -> None:
    row = built(
        provider="gcp",
        instance_type=instance_type,
        accelerator="TPU-v5e",
        accelerator_memory_gib="16",
        network_gbps="",
        inter_node_fabric="ici",
    )
    assert row["hosts"] == hosts


def test_date_comes_from_the_source_and_else_from_the_compilation() -> None:
    assert built(source="list (2026-08-21) + page (2025-12-05)")["as_of"] == "2026-08-21"
    undated = built(source="list")
    assert undated["as_of"] == "2026-11"
    assert "date" in undated["note"]


def test_doubt_of_the_source_is_noted_whole() -> None:
    row = built(source="sizes (2026-01-31) ; DOUBT: page says V100; PCIe is likely ; more")
    assert row["note"] == "DOUBT: page says V100; PCIe is likely"
