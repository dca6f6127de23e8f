"""Sizes to rows: shares, variants with and without InfiniBand, dates, restrictions, unknowns."""

import csv
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from math import ceil
from typing import Any

import pytest

from costopt_azure import AzureProvider
from costopt_azure.sizes import read_sizes

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "vcpus", "count", "memory", "usable"),
    [
        ("Standard_NV6ads_A10_v5", "6", 0.166667, 4.0, 3.9),  # 6 / 36 of 24 GiB, of 23.4 GiB
        ("Standard_NV12ads_A10_v5", "12", 0.333333, 8.0, 7.8),
        ("Standard_NV18ads_A10_v5", "18", 0.5, 12.0, 11.7),
        ("Standard_NV36adms_A10_v5", "36", 1.0, 24.0, 23.4),
        ("Standard_NC8ads_A10_v4", "8", 0.5, 12.0, 11.7),  # 8 / 16
        ("Standard_NV4as_v4", "4", 0.125, 2.0, 1.95),  # 4 / 32 of 16 GiB, of 15.6 GiB
        ("Standard_NV8ads_V710_v5", "8", 0.333333, 8.0, 8.0),  # 8 / 24 of the 24 GiB seen
        ("Standard_NV28adms_V710_v5", "28", 1.0, 24.0, 24.0),  # more vCPUs, still one
    ],
)
def test_share_of_an_accelerator_follows_the_vcpus_although_one_is_reported(
    name: str,
    vcpus: str,
    count: float,
    memory: float,
    usable: float,
    sku: Make,
    context: Make,
) -> None:
    listed = sku(
        name, vCPUs=vcpus, GPUs="1", RdmaEnabled="False", RetirementDateUtc="2027-09-30T00:00:00Z"
    )
    (row,) = read_sizes([{"value": [listed]}], "eastus", context()).rows
    assert row["accelerator_count"] == count
    assert row["accelerator_memory_gib"] == memory
    assert row["accelerator_usable_gib"] == usable
    assert row["intra_node_interconnect"] == "none"


def test_two_whole_a10_are_two_and_not_a_share(sku: Make, context: Make) -> None:
    listed = sku("Standard_NV72ads_A10_v5", vCPUs="72", GPUs="2", RdmaEnabled="False")
    (row,) = read_sizes([{"value": [listed]}], "eastus", context()).rows
    assert (row["accelerator_count"], row["accelerator_memory_gib"]) == (2.0, 24.0)
    assert row["intra_node_interconnect"] == "pcie"


def test_share_is_taken_of_all_vcpus_where_some_are_switched_off(sku: Make, context: Make) -> None:
    listed = sku(
        "Standard_NV36-18ads_A10_v5",
        vCPUs="36",
        vCPUsAvailable="18",
        GPUs="1",
        RdmaEnabled="False",
    )
    (row,) = read_sizes([{"value": [listed]}], "eastus", context()).rows
    assert (row["accelerator_count"], row["vcpus"]) == (1.0, 18.0)


@pytest.mark.parametrize(
    ("name", "rdma", "fabric"),
    [
        ("Standard_ND96isr_H100_v5", "True", "infiniband"),
        ("Standard_ND96isrf_H100_v5", "True", "infiniband"),
        ("Standard_ND96is_H100_v5", "False", "none"),
        ("Standard_ND96isf_H100_v5", "False", "none"),
        ("Standard_ND96is_flex_H100_v5", "False", "none"),
        ("Standard_ND96is_noIB_H100_v5", "False", "none"),
        ("STANDARD_ND96IS_NOIB_H100_V5", None, "none"),
        ("Standard_ND96isr_H100_v5", None, "infiniband"),
    ],
)
def test_variants_of_the_h100_size_differ_in_their_fabric_alone(
    name: str, rdma: str | None, fabric: str, sku: Make, context: Make
) -> None:
    listed = sku(name, RdmaEnabled=rdma)
    read = read_sizes([{"value": [listed]}], "eastus", context())
    (row,) = read.rows
    assert row["inter_node_fabric"] == fabric
    assert (row["family"], row["accelerator"]) == ("NDH100_v5", "H100-80GB")
    assert (row["accelerator_count"], row["intra_node_interconnect"]) == (8.0, "nvswitch")
    assert read.findings == ()


def test_name_and_capability_that_disagree_leave_the_fabric_unknown(
    sku: Make, context: Make
) -> None:
    listed = sku("Standard_ND96is_H100_v5", RdmaEnabled="True")
    read = read_sizes([{"value": [listed]}], "eastus", context())
    assert read.rows[0]["inter_node_fabric"] == ""
    assert [(found.check, found.severity) for found in read.findings] == [
        ("fabric_contradicted", "warning")
    ]


def test_unknown_accelerator_is_reported_and_is_no_cpu_machine(sku: Make, context: Make) -> None:
    listed = [sku("Standard_ND96isr_B300_v7"), sku("Standard_NG8ads_V620_v1", GPUs=None)]
    read = read_sizes([{"value": listed}], "eastus", context(families=("*",)))
    assert read.rows == ()
    assert [(found.check, found.severity, found.row) for found in read.findings] == [
        ("accelerator_unknown", "left_out", "azure/Standard_ND96isr_B300_v7"),
        ("accelerator_unknown", "left_out", "azure/Standard_NG8ads_V620_v1"),
    ]
    assert "'NDisr_B300_v7'" in read.findings[0].detail


@pytest.mark.parametrize("spelling", ["NDisr_B300_v7", "Standard_ND96isr_B300_v7"])
def test_users_own_mapping_names_a_series_or_a_size_without_a_release(
    spelling: str, sku: Make, context: Make
) -> None:
    own = {**AzureProvider.accelerator_names, spelling: "B300"}
    listed = sku("Standard_ND96isr_B300_v7")
    (row,) = read_sizes([{"value": [listed]}], "eastus", context(accelerator_names=own)).rows
    assert (row["accelerator"], row["accelerator_count"]) == ("B300", 8.0)
    assert (row["family"], row["intra_node_interconnect"]) == ("NDisr_B300_v7", "")
    assert row["inter_node_fabric"] == "infiniband"


def test_users_own_mapping_goes_before_the_reviewed_one(sku: Make, context: Make) -> None:
    own = {**AzureProvider.accelerator_names, "NDisr_H100_v5": "H100-94GB-NVL"}
    (row,) = read_sizes([{"value": [sku()]}], "eastus", context(accelerator_names=own)).rows
    assert row["accelerator"] == "H100-94GB-NVL"


def test_spelling_of_the_documentation_leads_to_the_catalogues_name(
    sku: Make, context: Make
) -> None:
    listed = sku("Standard_NC40ads_H100_v5", vCPUs="40", GPUs="1", RdmaEnabled="False")
    (row,) = read_sizes([{"value": [listed]}], "eastus", context()).rows
    assert row["accelerator"] == "H100-94GB-NVL"


def test_size_without_a_gpu_count_is_left_out(sku: Make, context: Make) -> None:
    read = read_sizes([{"value": [sku(GPUs=None)]}], "eastus", context())
    assert read.rows == ()
    assert [found.check for found in read.findings] == ["accelerator_count_missing"]


def test_size_without_vcpus_is_left_out(sku: Make, context: Make) -> None:
    cpu = sku("Standard_D4s_v5", vCPUs=None, GPUs=None)
    read = read_sizes([{"value": [cpu]}], "eastus", context(families=("Ds_v5",)))
    assert read.rows == ()
    assert [found.check for found in read.findings] == ["vcpus_missing"]


def test_missing_optional_blocks_leave_columns_empty(context: Make) -> None:
    bare = {
        "resourceType": "virtualMachines",
        "name": "Standard_NC4as_T4_v3",
        "capabilities": [{"name": "GPUs", "value": "1"}, {"name": "vCPUs", "value": "4"}],
    }
    (row,) = read_sizes([{"value": [bare]}], "eastus", context()).rows
    assert (row["accelerator"], row["vcpus"]) == ("T4", 4.0)
    assert (row["memory_gib"], row["local_nvme_gb"]) == (None, None)
    assert row["cpu_architecture"] == ""


def test_disks_and_other_regions_are_no_sizes(sku: Make, context: Make) -> None:
    listed = [
        {"resourceType": "disks", "name": "Premium_LRS", "locations": ["eastus"]},
        sku(region="WestUS3"),
        sku("Standard_NC4as_T4_v3", region="EastUS", vCPUs="4", GPUs="1", RdmaEnabled="False"),
    ]
    rows = read_sizes([{"value": listed}], "eastus", context()).rows
    assert [row["instance_type"] for row in rows] == ["Standard_NC4as_T4_v3"]


def test_equal_duplicates_collapse_and_others_are_reported(sku: Make, context: Make) -> None:
    pages = [{"value": [sku(), sku()]}, {"value": [sku(MemoryGB="1850")]}]
    read = read_sizes(pages, "eastus", context())
    assert [row["memory_gib"] for row in read.rows] == [1900.0]
    assert [found.check for found in read.findings] == ["duplicate_differs"]


def test_retired_size_is_left_out_and_a_coming_retirement_is_noted(
    sku: Make, context: Make
) -> None:
    listed = [
        sku("Standard_ND96asr_v4", RetirementDateUtc="2026-11-20T00:00:00Z"),
        sku(RetirementDateUtc="2028-05-01"),
        sku("Standard_NV4as_v4", vCPUs="4", GPUs="1"),
        sku("Standard_ND96amsr_A100_v4", RetirementDateUtc="soon"),
    ]
    read = read_sizes([{"value": listed}], "eastus", context())
    assert [(row["instance_type"], row["note"]) for row in read.rows] == [
        ("Standard_ND96isr_H100_v5", "retires on 2028-05-01")
    ]
    assert [(found.check, found.detail) for found in read.findings] == [
        ("retired", "retired on 2026-11-20"),
        ("retired", "retired on 2026-09-30"),
        ("retirement_unreadable", "retires on 'soon'"),
    ]


def test_promotional_size_is_left_out(sku: Make, context: Make) -> None:
    listed = sku("Standard_NC4as_T4_v3_Promo")
    read = read_sizes([{"value": [listed]}], "eastus", context())
    assert [found.check for found in read.findings] == ["promotional"]


def test_restrictions_of_a_subscription_are_reported_and_the_size_stays(
    sku: Make, context: Make
) -> None:
    whole = {
        "type": "Location",
        "values": ["eastus"],
        "reasonCode": "NotAvailableForSubscription",
        "restrictionInfo": {"locations": ["eastus"]},
    }
    zones = {
        "type": "Zone",
        "reasonCode": "QuotaId",
        "restrictionInfo": {"locations": ["eastus"], "zones": ["1", "3"]},
    }
    read = read_sizes([{"value": [sku(restrictions=[whole, zones])]}], "eastus", context())
    assert len(read.rows) == 1
    assert [(found.severity, found.row) for found in read.findings] == [
        ("warning", "azure/eastus//Standard_ND96isr_H100_v5/*"),
        ("warning", "azure/eastus/1,3/Standard_ND96isr_H100_v5/*"),
    ]
    assert "NotAvailableForSubscription" in read.findings[0].detail
    assert "zones 1,3" in read.findings[1].detail


def test_size_that_is_not_sold_as_spot_is_told_apart(sku: Make, context: Make) -> None:
    read = read_sizes([{"value": [sku(LowPriorityCapable="False")]}], "eastus", context())
    assert read.without_spot == {"Standard_ND96isr_H100_v5"}


def read_table(name: str) -> list[dict[str, str]]:
    text = files("costopt_catalogs").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_series_agree_with_the_bundled_catalogue(sku: Make, context: Make) -> None:
    some = context().accelerators["T4"]
    known = {
        row["name"]: replace(
            some,
            name=row["name"],
            memory_gib=float(row["memory_gib"]),
            usable_gib=float(row["usable_gib"]),
            usable_origin=row["usable_origin"],
        )
        for row in read_table("accelerators.csv")
        if row["usable_gib"]
    }
    words = (
        "family",
        "accelerator",
        "intra_node_interconnect",
        "inter_node_fabric",
        "accelerator_usable_origin",
    )
    numbers = ("accelerator_count", "accelerator_memory_gib", "accelerator_usable_gib")
    checked = 0
    for row in read_table("instance_types.csv"):
        if row["provider"] != "azure" or not row["accelerator"]:
            continue
        listed = sku(
            row["instance_type"],
            vCPUs=row["vcpus"],
            GPUs=str(ceil(float(row["accelerator_count"]))),
            RdmaEnabled=None,
            RetirementDateUtc="2099-01-01T00:00:00Z",
        )
        read = read_sizes([{"value": [listed]}], "eastus", context(accelerators=known))
        assert read.findings == ()
        (made,) = read.rows
        assert [made[column] for column in words] == [row[column] for column in words]
        for column in numbers:
            # the bundled shares are multiples of a share that was rounded to six places
            assert made[column] == pytest.approx(float(row[column]), abs=1e-5), (row, column)
        checked += 1
    assert checked > 40
