"""Whole machines composed from SKUs, by hand-checked sums."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.fetch.fetched import FetchedRegion

Fetch = Callable[..., FetchedRegion]
Price = Callable[..., float]

WAYS = [
    # 12 x 0.01659 + 85 x 0.00222 + 1.5399 = 0.19908 + 0.1887 + 1.5399
    ("spot", None, "Spot Preemptible A2 Instance {part}", "Preemptible", 1.92768),
    # 12 x 0.01739 + 85 x 0.00233 + 1.61365 = 0.20868 + 0.19805 + 1.61365
    ("flex_start", None, "DWS Defined Duration A2 {part}", "OnDemand", 2.02038),
    # 12 x 0.02 + 85 x 0.003 + 2.05 = 0.24 + 0.255 + 2.05
    ("calendar_mode", None, "Reserved A2 {part} in Americas in Calendar Mode", "OnDemand", 2.545),
    # 12 x 0.0199 + 85 x 0.0027 + 1.85 = 0.2388 + 0.2295 + 1.85
    ("committed_use", 1, "Commitment v1: A2 {part} in Americas for 1 Year", "Commit1Yr", 2.3183),
    # 12 x 0.0111 + 85 x 0.0015 + 1.027 = 0.1332 + 0.1275 + 1.027
    ("committed_use", 3, "Commitment v1: A2 {part} in Americas for 3 Years", "Commit3Yr", 1.2877),
]
RATES = {
    ("spot", None): ("0.01659", "0.00222", "1.5399"),
    ("flex_start", None): ("0.01739", "0.00233", "1.61365"),
    ("calendar_mode", None): ("0.02", "0.003", "2.05"),
    ("committed_use", 1): ("0.0199", "0.0027", "1.85"),
    ("committed_use", 3): ("0.0111", "0.0015", "1.027"),
}
GPU = {
    ("spot", None): "Nvidia Tesla A100 GPU attached to Spot Preemptible VMs running in Americas",
    ("flex_start", None): "Nvidia Tesla A100 GPU attached to DWS Defined Duration VMs",
    ("calendar_mode", None): "Reserved Nvidia Tesla A100 GPU in Americas in Calendar Mode",
    ("committed_use", 1): "Commitment v1: Nvidia Tesla A100 GPU running in Americas for 1 Year",
    ("committed_use", 3): "Commitment v1: Nvidia Tesla A100 GPU running in Americas for 3 Years",
}


def findings(fetched: FetchedRegion) -> list[tuple[str, str, str]]:
    return [(one.check, one.severity, one.row) for one in fetched.findings]


@pytest.mark.parametrize(("option", "years", "words", "usage", "total"), WAYS)
def test_every_way_to_pay_is_composed_from_its_own_skus(
    cloud: Any,
    fetch: Fetch,
    price: Price,
    option: str,
    years: int | None,
    words: str,
    usage: str,
    total: float,
) -> None:
    core, memory, gpu = RATES[option, years]
    cores = "Cpu" if years else "Core"
    cloud.skus[0] += [
        cloud.sku(words.format(part=cores), core, "CPU", usage),
        cloud.sku(words.format(part="Ram"), memory, "RAM", usage, unit="GiBy.h"),
        cloud.sku(GPU[option, years], gpu, "GPU", usage),
    ]
    fetched = fetch()
    assert price(fetched, "a2-highgpu-1g", option, years) == total
    assert price(fetched, "a2-highgpu-1g") == 3.673385
    assert len(fetched.offers) == 2
    assert fetched.findings == ()


def test_commitment_is_paid_by_the_hour_for_whole_years(cloud: Any, fetch: Fetch) -> None:
    cloud.skus[0] += [
        cloud.sku("Commitment v1: A2 Cpu in Americas for 3 Years", "0.0111", "CPU", "Commit3Yr"),
        cloud.sku("Commitment v1: A2 Ram in X", "0.0015", "RAM", "Commit3Yr", unit="GiBy.h"),
        cloud.sku(GPU["committed_use", 3], "1.027", "GPU", "Commit3Yr"),
    ]
    (row,) = (row for row in fetch().offers if row["purchase_option"] == "committed_use")
    assert (row["term_years"], row["term_hours"], row["payment"]) == (3, 26280, "no")
    assert (row["upfront"], row["effective_per_hour"]) == (0.0, 1.2877)
    assert str(row["note"]).startswith(
        "12 vCPU x 0.0111 + 85 GiB x 0.0015 + 1 accelerator x 1.027"
    )
    assert str(row["note"]).endswith("resource-based commitment")


def test_missing_component_means_no_offer_and_says_which(cloud: Any, fetch: Fetch) -> None:
    del cloud.skus[0][1]
    fetched = fetch()
    assert fetched.offers == ()
    (finding,) = fetched.findings
    assert finding.check == "component_missing"
    assert finding.row == "gcp/us-central1/a2-highgpu-1g/on_demand"
    assert finding.detail == "there is no price for GiB of a2"


def test_region_of_a_price_is_never_read_from_its_words(cloud: Any, fetch: Fetch) -> None:
    cloud.skus[0][2]["serviceRegions"] = ["us-east1"]
    fetched = fetch()
    assert fetched.offers == ()
    assert [one.check for one in fetched.findings] == ["component_missing"]


def test_bundled_local_ssd_is_priced_by_the_month(cloud: Any, fetch: Fetch, price: Price) -> None:
    cloud.machine_types["us-central1-a"] = [
        [
            cloud.machine_type(
                "a3-highgpu-8g",
                208,
                1872,
                "nvidia-h100-80gb",
                8,
                bundledLocalSsds={"defaultInterface": "NVME", "partitionCount": 16},
            )
        ]
    ]
    cloud.skus = [
        [
            *cloud.parts("A3 Instance", "0.03", "0.0025"),
            cloud.sku("Nvidia H100 80GB GPU running in Americas", "9.8"),
            cloud.sku("SSD backed Local Storage", "0.073", "LocalSSD", unit="GiBy.mo"),
        ]
    ]
    fetched = fetch()
    # 208 x 0.03 + 1872 x 0.0025 + 8 x 9.8 + 16 x 375 x 0.073 / 730 = 6.24 + 4.68 + 78.4 + 0.6
    assert price(fetched, "a3-highgpu-8g") == 89.92
    assert fetched.instance_types[0]["local_nvme_gb"] == 6000.0


def test_local_ssd_that_is_not_told_is_the_reviewed_one(
    cloud: Any, fetch: Fetch, price: Price
) -> None:
    cloud.machine_types["us-central1-a"] = [
        [cloud.machine_type("a2-ultragpu-1g", 12, 170, "nvidia-tesla-a100", 1)]
    ]
    cloud.skus[0].append(cloud.sku("SSD backed Local Storage", "0.08", "L", unit="GiBy.mo"))
    # 12 x 0.031611 + 170 x 0.004237 + 2.933908 + 375 x 0.08 / 730
    # = 0.379332 + 0.72029 + 2.933908 + 0.041095890
    assert price(fetch(), "a2-ultragpu-1g") == 4.07462589


def test_slice_price_is_the_whole_machine_and_is_not_sold_on_demand(
    cloud: Any, fetch: Fetch, price: Price
) -> None:
    cloud.machine_types["us-central1-a"] = [
        [cloud.machine_type("a4-highgpu-8g", 224, 3968, "nvidia-b200", 8)]
    ]
    cloud.skus = [
        [
            cloud.sku("A4 Nvidia B200 (1 gpu slice) running in Americas", "16.11"),
            cloud.sku("Spot Preemptible A4 Nvidia B200 (1 gpu slice) running in X", "4.9542"),
            cloud.sku("DWS Calendar Mode A4 Nvidia B200 (1 gpu slice) running in X", "11.277"),
        ]
    ]
    fetched = fetch()
    assert price(fetched, "a4-highgpu-8g", "spot") == 39.6336  # 8 x 4.9542
    assert price(fetched, "a4-highgpu-8g", "calendar_mode") == 90.216  # 8 x 11.277
    assert len(fetched.offers) == 2
    assert findings(fetched) == [
        ("not_sold_on_demand", "left_out", "gcp/us-central1/a4-highgpu-8g/on_demand")
    ]


def test_share_of_an_accelerator_costs_its_share(cloud: Any, fetch: Fetch, price: Price) -> None:
    cloud.machine_types["us-central1-a"] = [
        [cloud.machine_type("g4-standard-12", 12, 45, "nvidia-rtx-pro-6000", 1)]
    ]
    cloud.skus = [
        [
            *cloud.parts("G4 Instance", "0.03", "0.004"),
            cloud.sku("RTX 6000 96GB running in Americas", "2.4"),
        ]
    ]
    fetched = fetch()
    # 12 x 0.03 + 45 x 0.004 + 0.25 x 2.4 = 0.36 + 0.18 + 0.6
    assert price(fetched, "g4-standard-12") == 1.14
    (row,) = fetched.instance_types
    assert (row["accelerator_count"], row["accelerator_memory_gib"]) == (0.25, 24.0)
    assert row["accelerator_usable_gib"] == 23.8975  # 95.59 / 4


def test_accelerators_are_attached_to_n1_machines(cloud: Any, fetch: Fetch, price: Price) -> None:
    cloud.machine_types["us-central1-a"] = [
        [cloud.machine_type("n1-standard-8", 8, 30), cloud.machine_type("n1-standard-16", 16, 60)]
    ]
    cloud.accelerator_types["us-central1-a"] = [
        [
            {"name": "nvidia-tesla-t4", "maximumCardsPerInstance": 2},
            {"name": "nvidia-tesla-t4-vws", "maximumCardsPerInstance": 4},
            {"name": "ct5lp", "maximumCardsPerInstance": 8},
        ]
    ]
    cloud.skus = [
        [
            *cloud.parts("N1 Predefined Instance", "0.031611", "0.004237"),
            cloud.sku("Nvidia Tesla T4 GPU running in Americas", "0.35"),
        ]
    ]
    fetched = fetch()
    assert [row["instance_type"] for row in fetched.instance_types] == [
        "n1-standard-16+nvidia-tesla-t4x2",
        "n1-standard-8+nvidia-tesla-t4x1",
        "n1-standard-8+nvidia-tesla-t4x2",
    ]
    # 8 x 0.031611 + 30 x 0.004237 + 2 x 0.35 = 0.252888 + 0.12711 + 0.7
    assert price(fetched, "n1-standard-8+nvidia-tesla-t4x2") == 1.079998
    row = fetched.instance_types[2]
    assert (row["family"], row["accelerator_count"]) == ("n1+t4", 2.0)
    assert row["intra_node_interconnect"] == "pcie"


def test_tpu_slice_costs_its_chips_and_takes_the_place_of_its_machine(
    cloud: Any, fetch: Fetch, price: Price
) -> None:
    cloud.machine_types["us-central1-a"] = [
        [cloud.machine_type("ct6e-standard-4t", 180, 720, "ct6e", 4)]
    ]
    cloud.skus = [
        [
            cloud.sku("TpuV6e running in Columbus", "2.7", "TPU"),
            cloud.sku("TpuV6e attached to Spot Preemptible VMs in X", "0.5", "TPU", "Preemptible"),
        ]
    ]
    fetched = fetch()
    assert price(fetched, "v6e-4") == 10.8  # 4 x 2.7
    assert price(fetched, "v6e-256", "spot") == 128.0  # 256 x 0.5
    rows = {row["instance_type"]: row for row in fetched.instance_types}
    assert "ct6e-standard-4t" not in rows
    assert (rows["v6e-4"]["vcpus"], rows["v6e-4"]["hosts"]) == (180.0, 1)
    assert rows["v6e-4"]["accelerator_count"] == 4.0
    assert (rows["v6e-32"]["vcpus"], rows["v6e-32"]["hosts"]) == (None, 4)
    assert rows["v6e-32"]["inter_node_fabric"] == "ici"
    assert rows["v6e-4"]["source"] == (
        "cloud.google.com/tpu/docs, supported slice shapes; Compute Engine API machineTypes.list"
    )
    assert rows["v6e-32"]["source"] == (
        "cloud.google.com/tpu/docs, supported slice shapes; "
        "hosts: cloud.google.com/tpu/docs/v6e, supported slice shapes, column Hosts (2026-11)"
    )


def test_tpu_machine_without_a_price_has_no_offer(cloud: Any, fetch: Fetch) -> None:
    cloud.machine_types["us-central1-a"] = [
        [cloud.machine_type("ct5lp-hightpu-4t", 112, 192, "ct5lp", 4)]
    ]
    fetched = fetch()
    assert [row["instance_type"] for row in fetched.instance_types] == ["v5litepod-4"]
    assert fetched.offers == ()


def test_promotional_price_is_kept_apart(cloud: Any, fetch: Fetch, price: Price) -> None:
    text = "Nvidia Tesla A100 GPU (Promotional) running in Americas"
    cloud.skus[0].append(cloud.sku(text, "0.5", sku_id="PROMO-1"))
    fetched = fetch()
    assert price(fetched, "a2-highgpu-1g") == 3.673385
    assert findings(fetched) == [("price_promotional", "left_out", "gcp/us-central1/PROMO-1")]


def test_reserved_placeholder_at_zero_is_no_price_and_no_finding(cloud: Any, fetch: Fetch) -> None:
    cloud.skus[0].append(cloud.sku("Reserved Nvidia Tesla A100 GPU in Americas", "0"))
    fetched = fetch()
    assert len(fetched.offers) == 1
    assert fetched.findings == ()


def test_memory_by_the_decimal_gigabyte_is_turned_into_gib(
    cloud: Any, fetch: Fetch, price: Price
) -> None:
    expression = cloud.skus[0][1]["pricingInfo"][0]["pricingExpression"]
    expression["usageUnit"] = "GBy.h"
    # 85 x 0.004237 x 1.073741824 = 0.386702749; + 0.379332 + 2.933908
    assert price(fetch(), "a2-highgpu-1g") == 3.699942749


def test_cpu_types_come_only_when_families_name_them(
    cloud: Any, fetch: Fetch, price: Price
) -> None:
    cloud.machine_types["us-central1-a"][0].append(cloud.machine_type("c3-standard-4", 4, 16))
    cloud.skus[0] += cloud.parts("C3 Instance", "0.03398", "0.00410")
    assert [row["instance_type"] for row in fetch().instance_types] == ["a2-highgpu-1g"]
    fetched = fetch(families=("c3-*",))
    # 4 x 0.03398 + 16 x 0.0041 = 0.13592 + 0.0656
    assert price(fetched, "c3-standard-4") == 0.20152
    (row,) = fetched.instance_types
    assert (row["cpu_rate"], row["accelerator"]) == ("CPU-SapphireRapids-AMX-vCPU", "")
    assert (row["accelerator_count"], row["intra_node_interconnect"]) == (0.0, "none")
