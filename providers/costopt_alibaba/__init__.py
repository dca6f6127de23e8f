"""Alibaba Cloud: reviewed names, and live prices of an account of either site."""

from collections.abc import Mapping

from costopt.provider import ReviewedValue, Source
from costopt_alibaba.names import ACCELERATOR_NAMES, CPU_RATES, PARTITIONS


class AlibabaProvider:
    """The adapter of Alibaba Cloud; see ``costopt.provider.LiveProvider``.

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

    def open(self, settings: Mapping[str, object]) -> Source:
        """Read settings and return what can be asked; nothing reaches the network yet.

        The SDK is loaded when it is first asked, so that a replay needs none.

        Raises:
            InvalidInputError: a setting is unknown or wrong.
        """
        from costopt.fetch.settings import read_settings
        from costopt_alibaba.settings import AlibabaSettings
        from costopt_alibaba.source import AlibabaSource

        return AlibabaSource(
            settings=read_settings(AlibabaSettings, settings, "settings of alibaba")
        )
