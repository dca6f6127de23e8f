"""Links between accelerators, and fabrics between machines: no API of Google Cloud tells them."""

from collections.abc import Mapping
from typing import Final

INTRA_NODE: Final[Mapping[str, str]] = {
    "a2": "nvswitch",
    "a3": "nvswitch",
    "a4": "nvswitch",
    "a4x": "nvswitch",
    "g2": "pcie",
    "g4": "pcie",
    "n1+v100": "nvlink",
    "n1+t4": "pcie",
    "n1+p4": "pcie",
    "n1+p100": "pcie",
    "tpu": "ici",
}
"""First word of a family -> link between accelerators of one machine.

Source: cloud.google.com/compute/docs/gpus, NVLink and NVSwitch of each GPU;
cloud.google.com/tpu/docs, system architecture.
"""

INTER_NODE: Final[Mapping[str, str]] = {
    "a3-edgegpu-8g": "gpudirect-tcpx",
    "a3-highgpu-8g": "gpudirect-tcpx",
    "a3-megagpu-8g": "gpudirect-tcpxo",
    "a3-ultragpu-8g": "roce",
    "a4-highgpu-8g": "roce",
    "a4x-highgpu-4g": "roce",
    "a4x-maxgpu-4g-metal": "roce",
}
"""Type -> accelerator fabric between machines.

Source: cloud.google.com/compute/docs/gpus/gpu-network-bandwidth.
"""


def intra_node(family: str, count: float) -> str:
    """Return the link between the accelerators of one machine; empty where it is not known."""
    if count <= 1:
        return "none"
    return INTRA_NODE.get(family, INTRA_NODE.get(family.split("-")[0], ""))


def inter_node(instance_type: str, family: str, hosts: int) -> str:
    """Return the accelerator fabric between machines; empty where it is not known."""
    if hosts > 1:
        return "ici"
    if instance_type in INTER_NODE:
        return INTER_NODE[instance_type]
    known = family in INTRA_NODE or family.split("-")[0] in INTRA_NODE
    return "none" if known else ""
