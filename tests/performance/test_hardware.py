from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError
from costopt.performance.hardware import Hardware, HardwareClass, Placement, hardware_class
from costopt.performance.links import LinkKind
from costopt.precision import formats_named
from costopt.units import GB, GIB


def test_direct_link_has_half_the_published_speed_in_each_direction(
    accelerators: Mapping[str, Accelerator],
) -> None:
    hardware = Hardware.of(
        [Placement(accelerator=accelerators["H100-80GB"], accelerators=8, interconnect="nvswitch")]
    )

    assert hardware.link_bytes_per_second[0] == 900 * GB / 2


def test_instance_that_says_pcie_gets_the_bus_whatever_the_accelerator_could_do(
    accelerators: Mapping[str, Accelerator],
) -> None:
    hardware = Hardware.of(
        [Placement(accelerator=accelerators["H100-80GB"], accelerators=2, interconnect="pcie")]
    )

    assert hardware.link_kind[0] == LinkKind.BUS
    assert hardware.link_bytes_per_second[0] == 63 * GB


def test_bridge_without_a_published_speed_counts_as_the_bus(
    accelerators: Mapping[str, Accelerator],
) -> None:
    card = accelerators["A100-80GB-PCIe"]
    hardware = Hardware.of([Placement(accelerator=card, accelerators=2, interconnect="nvlink")])

    assert hardware.link_bytes_per_second[0] == 64 * GB / 2


def test_unknown_interconnect_leaves_the_link_unknown(
    accelerators: Mapping[str, Accelerator],
) -> None:
    hardware = Hardware.of(
        [Placement(accelerator=accelerators["H100-80GB"], accelerators=2, interconnect="")]
    )

    assert hardware.link_kind[0] == LinkKind.UNKNOWN
    assert np.isnan(hardware.link_bytes_per_second[0])


def test_share_of_an_accelerator_has_its_share_of_memory_and_rates(
    accelerators: Mapping[str, Accelerator],
) -> None:
    a10 = accelerators["A10"]
    hardware = Hardware.of([Placement(accelerator=a10, fraction=0.5)])

    assert hardware.usable_bytes[0] == pytest.approx(0.5 * 0.975 * 24 * GIB)
    assert hardware.bandwidth_bytes_per_second[0] == 300 * GB
    assert hardware.peak_for(formats_named("bf16").weights)[0] == pytest.approx(62.5e12)


def test_memory_of_the_instance_type_comes_before_that_of_the_accelerator(
    accelerators: Mapping[str, Accelerator],
) -> None:
    hardware = Hardware.of([Placement(accelerator=accelerators["L4"], usable_gib=22.0)])

    assert hardware.usable_bytes[0] == 22 * GIB


def test_virtual_cpus_add_up_and_share_the_memory_of_the_host(
    accelerators: Mapping[str, Accelerator],
) -> None:
    rate = accelerators["CPU-SapphireRapids-AMX-vCPU"]
    hardware = Hardware.of([Placement(accelerator=rate, vcpus=16, host_memory_gib=64)])

    assert hardware.hardware_class[0] == HardwareClass.CPU
    assert hardware.peak_for(formats_named("bf16").weights)[0] == pytest.approx(16 * 1.33e12)
    assert hardware.bandwidth_bytes_per_second[0] == pytest.approx(16 * 3.2 * GB)
    assert hardware.usable_bytes[0] == pytest.approx(0.9 * 64 * GIB)


def test_virtual_cpus_without_their_number_are_refused(
    accelerators: Mapping[str, Accelerator],
) -> None:
    with pytest.raises(InvalidInputError, match="give vcpus and host_memory_gib"):
        Hardware.of([Placement(accelerator=accelerators["CPU-IceLake-vCPU"])])


def test_shares_never_work_together(accelerators: Mapping[str, Accelerator]) -> None:
    with pytest.raises(InvalidInputError, match="cannot work as one"):
        Hardware.of([Placement(accelerator=accelerators["A10"], accelerators=2, fraction=0.5)])


@pytest.mark.parametrize(("count", "fraction"), [(0, 1.0), (1, 0.0), (1, 1.5)])
def test_counts_and_shares_outside_their_range_are_refused(
    accelerators: Mapping[str, Accelerator], count: int, fraction: float
) -> None:
    with pytest.raises(InvalidInputError, match="the count must be 1 or more"):
        Hardware.of(
            [Placement(accelerator=accelerators["A10"], accelerators=count, fraction=fraction)]
        )


def test_weight_only_formats_use_whichever_sixteen_bit_rate_there_is(
    accelerators: Mapping[str, Accelerator],
) -> None:
    rows = [Placement(accelerator=accelerators[name]) for name in ("T4", "H100-80GB")]

    peak = Hardware.of(rows).peak_for(formats_named("int4_weight_only").weights)

    assert peak.tolist() == [65e12, 989e12]


def test_format_without_a_published_rate_has_no_peak(
    accelerators: Mapping[str, Accelerator],
) -> None:
    hardware = Hardware.of([Placement(accelerator=accelerators["T4"])])

    assert np.isnan(hardware.peak_for(formats_named("bf16").weights)[0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("H100-80GB", HardwareClass.NVIDIA_DATACENTER),
        ("A100-80GB-PCIe", HardwareClass.NVIDIA_PCIE),
        ("L4", HardwareClass.NVIDIA_PCIE),
        ("A40", HardwareClass.NVIDIA_PCIE),
        ("Trainium", HardwareClass.AWS_NEURON),
        ("TPU-v5e", HardwareClass.GOOGLE_TPU),
        ("MI300X", HardwareClass.AMD),
        ("Gaudi2", HardwareClass.INTEL_GAUDI),
        ("CPU-IceLake-vCPU", HardwareClass.CPU),
    ],
)
def test_accelerators_belong_to_the_class_that_shares_their_efficiency(
    accelerators: Mapping[str, Accelerator], name: str, expected: HardwareClass
) -> None:
    assert hardware_class(accelerators[name]) is expected


def test_unknown_vendor_is_a_class_of_its_own(accelerators: Mapping[str, Accelerator]) -> None:
    stranger = replace(accelerators["MI300X"], vendor="qualcomm")

    assert hardware_class(stranger) is HardwareClass.OTHER


def test_like_rows_are_found_once_and_put_back_in_their_places(
    accelerators: Mapping[str, Accelerator],
) -> None:
    names = ("L4", "T4", "L4", "GPU-H-96GB", "GPU-H-96GB")
    hardware = Hardware.of([Placement(accelerator=accelerators[name]) for name in names])

    distinct, positions = hardware.distinct()

    assert len(distinct) == 3
    assert distinct.names[positions].tolist() == list(names)


def test_rows_of_different_tensor_degree_are_not_alike(
    accelerators: Mapping[str, Accelerator],
) -> None:
    rows = [
        Placement(accelerator=accelerators["L4"], accelerators=count, interconnect="pcie")
        for count in (1, 2)
    ]

    assert len(Hardware.of(rows).distinct()[0]) == 2
