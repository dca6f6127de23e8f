"""Microsoft Azure: the reviewed tables that map its words to the catalogue's, and its prices."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from costopt.provider import ReviewedValue, Source
from costopt_azure.names import ACCELERATOR_NAMES, CPU_RATES, PARTITIONS
from costopt_azure.reviewed import REVIEWED_VALUES

if TYPE_CHECKING:
    from costopt_azure.settings import AzureSettings

SUBSCRIPTION_VARIABLE: Final = "AZURE_SUBSCRIPTION_ID"
"""Environment variable that names the subscription where the settings do not."""


class AzureProvider:
    """The adapter of Microsoft Azure; see ``costopt.provider.LiveProvider``."""

    name: str = "azure"
    title: str = "Microsoft Azure"
    accelerator_names: Mapping[str, str] = ACCELERATOR_NAMES
    cpu_rates: Mapping[str, str] = CPU_RATES
    partitions: Mapping[str, str] = PARTITIONS
    notice_seconds: float = 30.0
    notice_source: str = "learn.microsoft.com, Use Azure Spot Virtual Machines: up to 30 seconds"
    notice_as_of: str = "2026-11-21"
    reviewed_values: tuple[ReviewedValue, ...] = REVIEWED_VALUES

    def open(self, settings: Mapping[str, object]) -> Source:
        """Read settings and return what can be asked; see ``LiveProvider``.

        Without a ``subscription_id``, here or in ``AZURE_SUBSCRIPTION_ID``, only public prices
        are read. The SDK is first imported when a question needs it.

        Raises:
            InvalidInputError: a setting is unknown or wrong.
        """
        from costopt_azure.source import AzureSource

        return AzureSource(settings=_read(settings))


def _read(given: Mapping[str, object]) -> "AzureSettings":
    """Read the settings; the environment names the subscription where they do not."""
    from costopt.fetch.settings import read_settings
    from costopt_azure.settings import AzureSettings

    named = os.environ.get(SUBSCRIPTION_VARIABLE, "")
    filled = given if "subscription_id" in given else {**given, "subscription_id": named}
    return read_settings(AzureSettings, filled, "settings of azure")
