"""Microsoft Azure: the reviewed tables that map its words to the catalogue's."""

from collections.abc import Mapping

from costopt.provider import ReviewedValue
from costopt_azure.names import ACCELERATOR_NAMES, CPU_RATES, PARTITIONS
from costopt_azure.reviewed import REVIEWED_VALUES


class AzureProvider:
    """The adapter of Microsoft Azure; see ``costopt.provider.Provider``."""

    name: str = "azure"
    title: str = "Microsoft Azure"
    accelerator_names: Mapping[str, str] = ACCELERATOR_NAMES
    cpu_rates: Mapping[str, str] = CPU_RATES
    partitions: Mapping[str, str] = PARTITIONS
    notice_seconds: float = 30.0
    notice_source: str = "learn.microsoft.com, Use Azure Spot Virtual Machines: up to 30 seconds"
    notice_as_of: str = "2026-11-21"
    reviewed_values: tuple[ReviewedValue, ...] = REVIEWED_VALUES
