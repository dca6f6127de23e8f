"""Figures of Google Cloud types that compiled tables lack: hosts of slices, GPU fabrics."""

from collections.abc import Mapping
from typing import Final

from costopt.provider import ReviewedValue

READ_ON: Final = "2026-11"
"""When the pages were read; they carry no date of their own."""

SLICE_HOSTS: Final[Mapping[str, tuple[str, Mapping[str, int]]]] = {
    "v4": (
        "cloud.google.com/tpu/docs/v4, TPU v4: two cores a chip, four chips a host",
        {"v4-16": 2, "v4-32": 4, "v4-64": 8},
    ),
    "v5e": (
        "cloud.google.com/tpu/docs/v5e, supported slice shapes, column Hosts",
        {
            "v5litepod-16": 2,
            "v5litepod-32": 4,
            "v5litepod-64": 8,
            "v5litepod-128": 16,
            "v5litepod-256": 32,
        },
    ),
    "v5p": (
        "cloud.google.com/tpu/docs/v5p, slice shapes, columns Cores and Hosts: four chips a host",
        {"v5p-16": 2, "v5p-32": 4, "v5p-64": 8, "v5p-128": 16, "v5p-256": 32},
    ),
    "v6e": (
        "cloud.google.com/tpu/docs/v6e, supported slice shapes, column Hosts",
        {"v6e-16": 2, "v6e-32": 4, "v6e-64": 8, "v6e-128": 16, "v6e-256": 32},
    ),
}
"""Generation -> page, and the hosts of each slice that is larger than one host.

A v5e or v6e host has eight chips; slices of several hosts give each virtual machine four of them,
so such a slice shows twice as many virtual machines as hosts.
"""

_NETWORK_PAGE: Final = "cloud.google.com/compute/docs/gpus/gpu-network-bandwidth"

GPU_NETWORKS: Final[Mapping[str, tuple[float, float]]] = {
    "a3-megagpu-8g": (1600.0, 200.0),
    "a3-ultragpu-8g": (3200.0, 400.0),
    "a4-highgpu-8g": (3200.0, 400.0),
    "a4x-highgpu-4g": (1600.0, 400.0),
    "a4x-maxgpu-4g-metal": (3200.0, 400.0),
}
"""Type -> bandwidth between accelerators, and of the host network [Gbit/s].

The page prints 1,800 in all and 1,600 between accelerators for A3 Mega, in two versions. A3 High
is absent: only its total was seen.
"""

REVIEWED_VALUES: Final = (
    *(
        ReviewedValue(
            instance_type=instance_type,
            column="hosts",
            value=float(hosts),
            source=page,
            as_of=READ_ON,
        )
        for page, slices in SLICE_HOSTS.values()
        for instance_type, hosts in slices.items()
    ),
    *(
        ReviewedValue(
            instance_type=instance_type,
            column=column,
            value=value,
            source=_NETWORK_PAGE,
            as_of=READ_ON,
        )
        for instance_type, bandwidths in GPU_NETWORKS.items()
        for column, value in zip(("fabric_gbps", "network_gbps"), bandwidths, strict=True)
    ),
)
