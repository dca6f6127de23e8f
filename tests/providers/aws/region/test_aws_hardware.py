"""Hardware: pages of DescribeInstanceTypes, odd and whole, to rows."""

from typing import Any


def rows_of(aws: Any, keyed: Any, *types: Any) -> Any:
    aws.lists["", "DescribeInstanceTypes"] = [list(types)]
    aws.lists["", "DescribeInstanceTypeOfferings"] = [[]]
    fetched = aws.fetch()
    return keyed(fetched.instance_types, "instance_type"), fetched.findings


def test_hardware_row_carries_every_column_of_the_table(aws: Any, build: Any, keyed: Any) -> None:
    from costopt.catalog.schema import TABLES

    told = build["gpu_type"](
        "p5.48xlarge", "H100", 8, 81920, InstanceStorageInfo={"TotalSizeInGB": 30400}
    )
    rows, _ = rows_of(aws, keyed, told)
    assert tuple(sorted(rows["p5.48xlarge"])) == tuple(
        sorted(TABLES["instance_types"].column_names)
    )
    assert rows["p5.48xlarge"] == {
        "provider": "aws",
        "instance_type": "p5.48xlarge",
        "family": "p5",
        "accelerator": "H100-80GB",
        "accelerator_count": 8.0,
        "cpu_rate": "",
        "accelerator_memory_gib": 80.0,  # 81,920 MiB / 1,024
        "accelerator_usable_gib": 79.6,  # the smaller of 80 reported and 79.6 reviewed
        "accelerator_usable_origin": "device_reported",
        "vcpus": 192.0,
        "memory_gib": 2048.0,  # 2,097,152 MiB / 1,024
        "local_nvme_gb": 30400.0,
        "network_gbps": None,
        "fabric_gbps": 3200.0,
        "intra_node_interconnect": "nvswitch",
        "inter_node_fabric": "efa",
        "hosts": 1,
        "cpu_architecture": "x86_64",
        "source": "Amazon EC2 DescribeInstanceTypes",
        "as_of": "2026-11-21",
        "note": "",
    }


def test_hardware_is_read_from_both_of_two_pages(aws: Any, build: Any, keyed: Any) -> None:
    aws.lists["", "DescribeInstanceTypes"] = [
        [build["gpu_type"]("p5.48xlarge", "H100", 8, 81920)],
        [build["gpu_type"]("g4dn.xlarge", "T4", 1, 16384)],
    ]
    rows = keyed(aws.fetch().instance_types, "instance_type")
    assert sorted(rows) == ["g4dn.xlarge", "p5.48xlarge"]
    first, second = aws.asked("DescribeInstanceTypes")
    assert "NextToken" not in first
    assert second["NextToken"] == "page-1"
    assert first["MaxResults"] == second["MaxResults"] == "100"


def test_empty_page_with_a_token_is_followed(aws: Any, build: Any, keyed: Any) -> None:
    aws.lists["", "DescribeInstanceTypes"] = [
        [],
        [build["gpu_type"]("g4dn.xlarge", "T4", 1, 16384)],
    ]
    assert list(keyed(aws.fetch().instance_types, "instance_type")) == ["g4dn.xlarge"]
    assert len(aws.asked("DescribeInstanceTypes")) == 2


def test_type_on_two_pages_has_one_row(aws: Any, build: Any) -> None:
    told = build["gpu_type"]("g4dn.xlarge", "T4", 1, 16384)
    aws.lists["", "DescribeInstanceTypes"] = [[told], [told]]
    assert len(aws.fetch().instance_types) == 1


def test_unknown_fields_of_the_answer_are_passed_over(aws: Any, build: Any, keyed: Any) -> None:
    told = build["gpu_type"]("g4dn.xlarge", "T4", 1, 16384, quantumBits="7")
    rows, findings = rows_of(aws, keyed, told)
    assert rows["g4dn.xlarge"]["accelerator"] == "T4"
    assert {finding.check for finding in findings} == {"not_offered"}


def test_missing_optional_blocks_leave_columns_empty(aws: Any, build: Any, keyed: Any) -> None:
    told = build["gpu_type"]("g4dn.xlarge", "T4", 1, 16384)
    for block in ("NetworkInfo", "ProcessorInfo", "VCpuInfo", "MemoryInfo"):
        del told[block]
    row = rows_of(aws, keyed, told)[0]["g4dn.xlarge"]
    empty = ("network_gbps", "fabric_gbps", "local_nvme_gb", "vcpus", "memory_gib")
    assert [row[column] for column in empty] == [None] * 5
    assert row["cpu_architecture"] == ""


def test_share_of_a_gpu_counts_as_the_share_with_its_own_memory(
    aws: Any, build: Any, keyed: Any
) -> None:
    told = build["gpu_type"]("g6f.large", "L4", 0, 2861)
    told["GpuInfo"]["Gpus"][0] |= {"LogicalGpuCount": 1, "GpuPartitionSize": 0.125}
    row = rows_of(aws, keyed, told)[0]["g6f.large"]
    assert row["accelerator"] == "L4"
    assert row["accelerator_count"] == 0.125  # 1 x 0.125
    assert row["accelerator_memory_gib"] == 2.793945  # 2,861 MiB / 1,024
    assert row["accelerator_usable_gib"] == 2.793945  # below 22.5 x 0.125 = 2.8125
    assert row["accelerator_usable_origin"] == "device_reported"
    assert row["intra_node_interconnect"] == "none"


def test_count_of_zero_comes_from_total_over_single_memory(
    aws: Any, build: Any, keyed: Any
) -> None:
    told = build["gpu_type"]("p5.4xlarge", "H100", 0, 81920)
    told["GpuInfo"]["TotalGpuMemoryInMiB"] = 81920
    row = rows_of(aws, keyed, told)[0]["p5.4xlarge"]
    assert row["accelerator_count"] == 1.0  # 81,920 / 81,920


def test_same_spelling_with_two_sizes_of_memory_is_two_accelerators(
    aws: Any, build: Any, keyed: Any
) -> None:
    rows, _ = rows_of(
        aws,
        keyed,
        build["gpu_type"]("p4d.24xlarge", "A100", 8, 40960),
        build["gpu_type"]("p4de.24xlarge", "A100", 8, 81920),
    )
    assert rows["p4d.24xlarge"]["accelerator"] == "A100-40GB"
    assert rows["p4de.24xlarge"]["accelerator"] == "A100-80GB"


def test_inferentia_in_two_blocks_is_counted_once(aws: Any, keyed: Any) -> None:
    chip = {"Name": "Inferentia2", "Count": 6, "MemoryInfo": {"SizeInMiB": 32768}}
    told = {
        "InstanceType": "inf2.24xlarge",
        "NeuronInfo": {"NeuronDevices": [chip]},
        "InferenceAcceleratorInfo": {"Accelerators": [{**chip, "Manufacturer": "AWS"}]},
        "NetworkInfo": {
            "NetworkPerformance": "50 Gigabit",
            "EfaSupported": False,
            "NetworkCards": [{"BaselineBandwidthInGbps": 50.0}],
        },
    }
    row = rows_of(aws, keyed, told)[0]["inf2.24xlarge"]
    assert row["accelerator"] == "Inferentia2"
    assert row["accelerator_count"] == 6.0
    assert row["accelerator_usable_gib"] == 31.2
    assert row["intra_node_interconnect"] == "neuronlink"
    assert (row["network_gbps"], row["fabric_gbps"]) == (50.0, None)


def test_burst_of_the_network_is_not_its_bandwidth(aws: Any, build: Any, keyed: Any) -> None:
    network = {
        "NetworkPerformance": "Up to 25 Gigabit",
        "EfaSupported": False,
        "NetworkCards": [{"BaselineBandwidthInGbps": 5.0}],
    }
    told = build["gpu_type"]("g4dn.xlarge", "T4", 1, 16384, NetworkInfo=network)
    assert rows_of(aws, keyed, told)[0]["g4dn.xlarge"]["network_gbps"] == 5.0


def test_network_without_a_steady_figure_is_unknown(aws: Any, build: Any, keyed: Any) -> None:
    network = {"NetworkPerformance": "Up to 25 Gigabit", "EfaSupported": False}
    told = build["gpu_type"]("g4dn.xlarge", "T4", 1, 16384, NetworkInfo=network)
    assert rows_of(aws, keyed, told)[0]["g4dn.xlarge"]["network_gbps"] is None


def test_memory_beyond_the_nominal_one_is_replaced_and_reported(aws: Any, keyed: Any) -> None:
    chip = {"Name": "Trainium2", "Count": 16, "MemoryInfo": {"SizeInMiB": 524288}}
    told = {"InstanceType": "trn2.48xlarge", "NeuronInfo": {"NeuronDevices": [chip]}}
    rows, findings = rows_of(aws, keyed, told)
    assert rows["trn2.48xlarge"]["accelerator_memory_gib"] == 96.0
    assert rows["trn2.48xlarge"]["accelerator_usable_gib"] == 93.6
    finding = next(one for one in findings if one.check == "accelerator_memory_implausible")
    assert finding.severity == "warning"
    assert "512 GiB reported for one Trainium2, which has 96" in finding.detail


def test_unknown_accelerator_is_reported_and_never_a_cpu_machine(
    aws: Any, build: Any, keyed: Any
) -> None:
    rows, findings = rows_of(aws, keyed, build["gpu_type"]("p9.48xlarge", "R300", 8, 589824))
    assert rows == {}
    assert [(one.check, one.severity, one.row) for one in findings] == [
        ("accelerator_unknown", "left_out", "aws/p9.48xlarge")
    ]
    assert "'R300' of 576 GiB" in findings[0].detail  # 589,824 MiB / 1,024


def test_users_own_mapping_names_an_accelerator_without_a_release(
    aws: Any, build: Any, keyed: Any
) -> None:
    aws.lists["", "DescribeInstanceTypes"] = [[build["gpu_type"]("p9.48xlarge", "R300", 8, 81920)]]
    context = aws.context(names={"R300": "H100-80GB"})
    (row,) = aws.open().fetch("us-east-1", context).instance_types
    assert row["accelerator"] == "H100-80GB"


def test_type_of_an_accelerated_family_without_its_block_is_left_out(
    aws: Any, build: Any, keyed: Any
) -> None:
    told = build["gpu_type"]("p5.48xlarge", "H100", 8, 81920)
    del told["GpuInfo"]
    aws.lists["", "DescribeInstanceTypes"] = [[told]]
    fetched = aws.open().fetch("us-east-1", aws.context(families=("p5",)))
    assert fetched.instance_types == ()
    assert [one.check for one in fetched.findings] == ["accelerator_unreadable"]


def test_two_kinds_of_gpu_in_one_type_are_not_guessed(aws: Any, build: Any, keyed: Any) -> None:
    told = build["gpu_type"]("p5.48xlarge", "H100", 8, 81920)
    told["GpuInfo"]["Gpus"].append({"Name": "T4", "Count": 1})
    rows, findings = rows_of(aws, keyed, told)
    assert rows == {}
    assert [one.check for one in findings] == ["accelerator_unreadable"]


def test_cpu_types_come_only_when_a_family_names_them(aws: Any, build: Any, keyed: Any) -> None:
    told = build["gpu_type"]("m7i.2xlarge", "none", 1, 1)
    del told["GpuInfo"]
    aws.lists["", "DescribeInstanceTypes"] = [[told]]
    assert aws.fetch().instance_types == ()
    (row,) = aws.open().fetch("us-east-1", aws.context(families=("m7i",))).instance_types
    assert row["accelerator"] == ""
    assert row["accelerator_count"] == 0.0
    assert row["cpu_rate"] == "CPU-SapphireRapids-AMX-vCPU"
    assert row["accelerator_usable_gib"] is None


def test_card_that_runs_no_models_is_not_a_cpu_machine(aws: Any, build: Any) -> None:
    told = build["gpu_type"]("f2.6xlarge", "none", 1, 1, FpgaInfo={"TotalFpgaMemoryInMiB": 9})
    del told["GpuInfo"]
    aws.lists["", "DescribeInstanceTypes"] = [[told]]
    assert aws.open().fetch("us-east-1", aws.context(families=("f2",))).instance_types == ()
