"""One region over real HTTP: what was asked, and which rows came of it."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.catalog.schema import TABLES
from costopt.fetch.fetched import FetchedRegion


def test_region_is_asked_for_its_zones_types_and_prices(
    cloud: Any, fetch: Callable[..., FetchedRegion]
) -> None:
    fetch()
    project = "/compute/compute/v1/projects/planted-project-4711"
    assert [request.path for request in cloud.asked()] == [
        f"{project}/regions",
        f"{project}/zones/us-central1-a/machineTypes",
        f"{project}/zones/us-central1-a/acceleratorTypes",
        "/billing/v1/services/6F81-5844-456A/skus",
    ]
    assert {request.headers["Authorization"] for request in cloud.asked()} == {
        "Bearer ya29.planted-access-token"
    }
    assert cloud.asked("/machineTypes")[0].args["maxResults"] == "500"
    prices = cloud.asked("/skus")[0].args
    assert (prices["pageSize"], prices["currencyCode"]) == ("5000", "USD")


def test_on_demand_price_is_the_sum_of_vcpus_memory_and_accelerator(
    fetch: Callable[..., FetchedRegion], price: Callable[..., float]
) -> None:
    # 12 x 0.031611 = 0.379332; 85 x 0.004237 = 0.360145; 1 x 2.933908
    assert price(fetch(), "a2-highgpu-1g") == 3.673385


def test_offer_keeps_its_components_zones_skus_and_effective_day(
    fetch: Callable[..., FetchedRegion],
) -> None:
    (offer,) = fetch().offers
    assert offer["note"] == (
        "12 vCPU x 0.031611 + 85 GiB x 0.004237 + 1 accelerator x 2.933908; zones us-central1-a"
    )
    assert offer["source"] == (
        "Cloud Billing Catalog services.skus.list 6F81-5844-456A: A2 Instance Core running, "
        "A2 Instance Ram running , Nvidia Tesla A100 GPU ru"
    )
    assert offer["as_of"] == "2026-11-03"
    assert offer["currency"] == "USD"
    assert (offer["zone"], offer["upfront"], offer["term_hours"]) == ("", 0.0, None)


def test_hardware_row_follows_the_catalogue(fetch: Callable[..., FetchedRegion]) -> None:
    (row,) = fetch().instance_types
    assert row == {
        "provider": "gcp",
        "instance_type": "a2-highgpu-1g",
        "family": "a2-highgpu",
        "accelerator": "A100-40GB",
        "accelerator_count": 1.0,
        "cpu_rate": "",
        "accelerator_memory_gib": 40.0,
        "accelerator_usable_gib": 39.5,
        "accelerator_usable_origin": "device_reported",
        "vcpus": 12.0,
        "memory_gib": 85.0,
        "local_nvme_gb": None,
        "network_gbps": None,
        "fabric_gbps": None,
        "intra_node_interconnect": "none",
        "inter_node_fabric": "none",
        "hosts": 1,
        "cpu_architecture": "x86_64",
        "source": "Compute Engine API machineTypes.list",
        "as_of": "2026-11-21",
        "note": "",
    }


def test_reviewed_bandwidths_join_the_row_with_their_page(
    cloud: Any, fetch: Callable[..., FetchedRegion]
) -> None:
    cloud.machine_types["us-central1-a"] = [
        [cloud.machine_type("a3-megagpu-8g", 208, 1872, "nvidia-h100-mega-80gb", 8)]
    ]
    (row,) = fetch().instance_types
    assert (row["network_gbps"], row["fabric_gbps"]) == (200.0, 1600.0)
    assert (row["intra_node_interconnect"], row["inter_node_fabric"]) == (
        "nvswitch",
        "gpudirect-tcpxo",
    )
    page = "cloud.google.com/compute/docs/gpus/gpu-network-bandwidth (2026-11)"
    assert row["source"] == (
        f"Compute Engine API machineTypes.list; fabric_gbps: {page}; network_gbps: {page}"
    )


@pytest.mark.parametrize("table", ["instance_types", "offers"])
def test_rows_have_every_column_of_the_schema(
    fetch: Callable[..., FetchedRegion], table: str
) -> None:
    columns = {column.name for column in TABLES[table].columns}
    rows = getattr(fetch(), table)
    assert rows
    assert all(set(row) == columns for row in rows)


def test_prices_and_regions_are_asked_once_for_several_regions(
    cloud: Any, open_source: Callable[..., Any], make_context: Callable[..., Any]
) -> None:
    cloud.zones["europe-west4"] = ["europe-west4-b"]
    source, context = open_source(), make_context()
    assert source.regions(context) == ("europe-west4", "us-central1")
    for region in source.regions(context):
        source.fetch(region, context)
    assert len(cloud.asked("/regions")) == 1
    assert len(cloud.asked("/skus")) == 1
    assert len(cloud.asked("/machineTypes")) == 2


def test_key_alone_gives_prices_of_reviewed_shapes_and_no_hardware(
    cloud: Any, fetch: Callable[..., FetchedRegion], price: Callable[..., float]
) -> None:
    fetched = fetch(project="", access_token=None, api_key="planted-key")
    assert [request.path for request in cloud.asked()] == [
        "/billing/v1/services/6F81-5844-456A/skus"
    ]
    assert cloud.asked()[0].headers["X-Goog-Api-Key"] == "planted-key"
    assert "Authorization" not in cloud.asked()[0].headers
    assert fetched.instance_types == ()
    assert price(fetched, "a2-highgpu-1g") == 3.673385
    # 96 x 0.031611 + 1360 x 0.004237 + 16 x 2.933908 = 3.034656 + 5.76232 + 46.942528
    assert price(fetched, "a2-megagpu-16g") == 55.739504


def test_key_alone_names_the_regions_that_have_accelerator_prices(
    cloud: Any, open_source: Callable[..., Any], make_context: Callable[..., Any]
) -> None:
    cloud.skus[0] += cloud.parts("A2 Instance", "0.04", "0.005", ("asia-east1",))
    source = open_source(project="", access_token=None, api_key="planted-key")
    assert source.regions(make_context()) == ("us-central1",)


def test_key_alone_reports_known_types_without_a_reviewed_shape(
    fetch: Callable[..., FetchedRegion],
) -> None:
    known = frozenset({"a2-highgpu-1g", "a2-newgpu-2g", "n2-standard-8"})
    fetched = fetch(project="", access_token=None, api_key="planted-key", known_types=known)
    assert {row["instance_type"] for row in fetched.offers} == {"a2-highgpu-1g"}
    assert [(one.check, one.row) for one in fetched.findings] == [
        ("hardware_unknown", "gcp/a2-newgpu-2g")
    ]
