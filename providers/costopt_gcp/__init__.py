"""Google Cloud: the reviewed tables that map its words to the catalogue's."""

from collections.abc import Mapping

from costopt.provider import ReviewedValue
from costopt_gcp.names import ACCELERATOR_NAMES, CPU_RATES, PARTITIONS
from costopt_gcp.reviewed import REVIEWED_VALUES


class GcpProvider:
    """The adapter of Google Cloud; see ``costopt.provider.Provider``."""

    name: str = "gcp"
    title: str = "Google Cloud"
    accelerator_names: Mapping[str, str] = ACCELERATOR_NAMES
    cpu_rates: Mapping[str, str] = CPU_RATES
    partitions: Mapping[str, str] = PARTITIONS
    notice_seconds: float = 30.0
    notice_source: str = "Compute Engine documentation, Spot VMs: preemption process"
    notice_as_of: str = "2026-11-21"
    reviewed_values: tuple[ReviewedValue, ...] = REVIEWED_VALUES
