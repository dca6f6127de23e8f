"""Instance types: pages, names of accelerators, shares of them, and what the API leaves out."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"


@pytest.fixture
def read(ecs: Any, source: Make, context: Make) -> Make:
    """Fetch a region that sells every scripted type and tells no price of any."""

    def fetch(*pages: list[dict[str, Any]], **options: Any) -> Any:
        ecs.types(*pages)
        names = {told["InstanceTypeId"] for page in pages for told in page}
        ecs.stock("on_demand", {"cn-test-a": dict.fromkeys(names, "WithStock")})
        return source().fetch("cn-test", context(**options))

    return fetch


def _checks(fetched: Any, table: str = "instance_types") -> list[tuple[str, str, str]]:
    return [
        (finding.check, finding.severity, finding.row)
        for finding in fetched.findings
        if finding.table == table
    ]


def test_two_pages_are_joined_by_their_token(ecs: Any, read: Make, a10_type: Make) -> None:
    fetched = read([a10_type()], [a10_type("ecs.gn7i-c16g1.4xlarge")])
    names = [row["instance_type"] for row in fetched.instance_types]
    assert names == ["ecs.gn7i-c16g1.4xlarge", A10]
    first, second = ecs.asked("DescribeInstanceTypes")
    assert ("NextToken" in first, second["NextToken"]) == (False, "page-2")
    assert first["MaxResults"] == "100"


def test_empty_page_with_a_token_is_followed(ecs: Any, read: Make, a10_type: Make) -> None:
    fetched = read([], [a10_type()])
    assert [row["instance_type"] for row in fetched.instance_types] == [A10]
    assert len(ecs.asked("DescribeInstanceTypes")) == 2


def test_equal_rows_become_one(read: Make, a10_type: Make) -> None:
    fetched = read([a10_type()], [a10_type()])
    assert len(fetched.instance_types) == 1
    assert _checks(fetched) == []


def test_differing_rows_of_one_type_are_reported(read: Make, a10_type: Make) -> None:
    fetched = read([a10_type(), a10_type(CpuCoreCount=16)])
    assert [row["vcpus"] for row in fetched.instance_types] == [8]
    assert _checks(fetched) == [("row_ambiguous", "warning", f"alibaba/{A10}")]


def test_unknown_fields_change_nothing(read: Make, a10_type: Make) -> None:
    fetched = read([a10_type(NewFigure=3, Nested={"Deep": [1]})])
    assert [row["vcpus"] for row in fetched.instance_types] == [8]


def test_what_the_api_leaves_out_stays_unknown(read: Make, a10_type: Make) -> None:
    bare = a10_type(
        GPUMemorySize=None,
        InstanceBandwidthRx=None,
        InstanceBandwidthTx=None,
        EriQuantity=None,
        CpuArchitecture=None,
        LocalStorageCategory=None,
        InstanceCategory=None,
        InstanceTypeFamily=None,
    )
    (row,) = read([bare]).instance_types
    assert (row["network_gbps"], row["local_nvme_gb"], row["fabric_gbps"]) == (None, None, None)
    assert (row["inter_node_fabric"], row["cpu_architecture"]) == ("", "")
    assert row["accelerator_memory_gib"] == 24  # nominal, of the catalogue's accelerator
    assert row["family"] == "gn7i-c8g1"


def test_unknown_accelerator_is_reported_and_never_a_cpu_machine(
    ecs: Any, read: Make, a10_type: Make
) -> None:
    fetched = read([a10_type(GPUSpec="NVIDIA X1")], families=("gn7i*",))
    assert (fetched.instance_types, fetched.offers) == ((), ())
    assert _checks(fetched) == [("accelerator_unknown", "left_out", f"alibaba/{A10}")]
    assert "'NVIDIA X1' of 24 GiB" in fetched.findings[0].detail
    assert ecs.asked("DescribePrice") == []


def test_own_mapping_names_an_unknown_accelerator(read: Make, a10_type: Make) -> None:
    fetched = read([a10_type(GPUSpec="NVIDIA X1")], names={"NVIDIA X1 24GB": "A10"})
    assert [row["accelerator"] for row in fetched.instance_types] == ["A10"]


@pytest.mark.parametrize(
    ("memory_gib", "accelerator", "usable_gib"),
    [(16.0, "V100-16GB", 15.6), (32, "V100-32GB", 31.2)],
)
def test_memory_tells_two_sizes_of_one_name_apart(
    read: Make, a10_type: Make, memory_gib: float, accelerator: str, usable_gib: float
) -> None:
    (row,) = read([a10_type(GPUSpec="NVIDIA V100", GPUMemorySize=memory_gib)]).instance_types
    assert (row["accelerator"], row["accelerator_usable_gib"]) == (accelerator, usable_gib)


def test_name_of_two_sizes_without_memory_is_unknown(read: Make, a10_type: Make) -> None:
    fetched = read([a10_type(GPUSpec="NVIDIA V100", GPUMemorySize=None)])
    assert _checks(fetched) == [("accelerator_unknown", "left_out", f"alibaba/{A10}")]


def test_memory_of_another_accelerator_is_left_out(read: Make, a10_type: Make) -> None:
    fetched = read([a10_type(GPUMemorySize=48.0)])
    assert _checks(fetched) == [("accelerator_memory_differs", "left_out", f"alibaba/{A10}")]


def test_device_reported_memory_keeps_its_origin(read: Make, a10_type: Make) -> None:
    told = a10_type("ecs.ebmgn7.26xlarge", GPUSpec="NVIDIA A100", GPUMemorySize=40.0, GPUAmount=8)
    (row,) = read([told]).instance_types
    assert (row["accelerator"], row["accelerator_count"]) == ("A100-40GB", 8)
    assert row["accelerator_usable_gib"] == 39.5
    assert row["accelerator_usable_origin"] == "device_reported"
    assert row["intra_node_interconnect"] == "nvswitch"


@pytest.mark.parametrize("count", [0, 1])
def test_share_of_an_accelerator_is_told_by_its_memory(
    read: Make, a10_type: Make, count: int
) -> None:
    told = a10_type("ecs.vgn7i-vws-m8.2xlarge", GPUAmount=count, GPUMemorySize=8.0)
    (row,) = read([told]).instance_types
    assert row["accelerator_count"] == 0.333333  # 8 GiB of 24
    assert row["accelerator_memory_gib"] == 8
    assert row["accelerator_usable_gib"] == 7.799992  # 23.4 x 0.333333
    assert row["intra_node_interconnect"] == "none"


def test_share_without_its_memory_is_left_out(read: Make, a10_type: Make) -> None:
    fetched = read([a10_type("ecs.sgn7i-vws-m2.xlarge", GPUMemorySize=None)])
    row = "alibaba/ecs.sgn7i-vws-m2.xlarge"
    assert _checks(fetched) == [("accelerator_share_unknown", "left_out", row)]


def test_accelerators_without_a_count_are_left_out(read: Make, a10_type: Make) -> None:
    fetched = read([a10_type(GPUAmount=None)])
    assert _checks(fetched) == [("accelerator_count_unknown", "left_out", f"alibaba/{A10}")]


def test_cpu_types_come_only_when_their_family_is_named(read: Make, a10_type: Make) -> None:
    cpu = a10_type("ecs.c7.2xlarge", GPUAmount=0, GPUSpec="", GPUMemorySize=0, InstanceCategory="")
    assert [row["instance_type"] for row in read([a10_type(), cpu]).instance_types] == [A10]
    (row,) = read([a10_type(), cpu], families=("c7",)).instance_types
    assert (row["instance_type"], row["accelerator"], row["accelerator_count"]) == (
        "ecs.c7.2xlarge",
        "",
        0,
    )
    assert row["cpu_rate"] == "CPU-IceLake-vCPU"
    assert (row["accelerator_memory_gib"], row["accelerator_usable_gib"]) == (None, None)


def test_other_chips_are_no_cpu_machine(read: Make, a10_type: Make) -> None:
    fpga = a10_type("ecs.f3.xlarge", GPUAmount=0, GPUSpec="", InstanceCategory="Compute with FPGA")
    fetched = read([fpga], families=("f3",))
    assert _checks(fetched) == [("accelerator_unknown", "left_out", "alibaba/ecs.f3.xlarge")]


def test_rdma_and_local_disks_are_read(read: Make, a10_type: Make) -> None:
    told = a10_type(
        "ecs.gn7i-4x.16xlarge",
        GPUAmount=4,
        EriQuantity=2,
        LocalStorageCategory="local_ssd_pro",
        LocalStorageAmount=2,
        LocalStorageCapacity=440,
        InstanceBandwidthTx=8192000,
    )
    (row,) = read([told]).instance_types
    assert (row["intra_node_interconnect"], row["inter_node_fabric"]) == ("pcie", "erdma")
    assert row["local_nvme_gb"] == 944.893  # 2 x 440 GiB x 1.073741824 GB/GiB
    assert row["network_gbps"] == 8  # the slower direction: 8,192,000 / 1,024,000


def test_type_that_no_zone_lists_is_no_row(
    ecs: Any, source: Make, context: Make, a10_type: Make
) -> None:
    ecs.types([a10_type(), a10_type("ecs.gn7i-c16g1.4xlarge")])
    ecs.stock("on_demand", {"cn-test-a": {A10: "WithStock"}})
    fetched = source().fetch("cn-test", context())
    assert [row["instance_type"] for row in fetched.instance_types] == [A10]
