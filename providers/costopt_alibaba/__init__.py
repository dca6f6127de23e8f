"""Alibaba Cloud: the reviewed tables that map its words to the catalogue's."""

from collections.abc import Mapping

from costopt.provider import ReviewedValue
from costopt_alibaba.names import ACCELERATOR_NAMES, CPU_RATES, PARTITIONS


class AlibabaProvider:
    """The adapter of Alibaba Cloud; see ``costopt.provider.Provider``.

    There are no reviewed fabrics: an elastic RDMA interface shares the virtual private network of
    its instance, and the pages seen state no rate of its own for a type.
    """

    name: str = "alibaba"
    title: str = "Alibaba Cloud"
    accelerator_names: Mapping[str, str] = ACCELERATOR_NAMES
    cpu_rates: Mapping[str, str] = CPU_RATES
    partitions: Mapping[str, str] = PARTITIONS
    notice_seconds: float = 300.0
    notice_source: str = "Alibaba Cloud ECS help, preemptible instances: about 5 minutes"
    notice_as_of: str = "2025-02-21"
    reviewed_values: tuple[ReviewedValue, ...] = ()
