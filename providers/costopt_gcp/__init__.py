"""Google Cloud: its words in the catalogue's, and its prices of today."""

from collections.abc import Mapping

from costopt.provider import ReviewedValue, Source
from costopt_gcp.names import ACCELERATOR_NAMES, CPU_RATES, PARTITIONS
from costopt_gcp.reviewed import REVIEWED_VALUES


class GcpProvider:
    """The adapter of Google Cloud; see ``costopt.provider.LiveProvider``."""

    name: str = "gcp"
    title: str = "Google Cloud"
    accelerator_names: Mapping[str, str] = ACCELERATOR_NAMES
    cpu_rates: Mapping[str, str] = CPU_RATES
    partitions: Mapping[str, str] = PARTITIONS
    notice_seconds: float = 30.0
    notice_source: str = "Compute Engine documentation, Spot VMs: preemption process"
    notice_as_of: str = "2026-11-21"
    reviewed_values: tuple[ReviewedValue, ...] = REVIEWED_VALUES

    def open(self, settings: Mapping[str, object]) -> Source:
        """Read settings; the SDK is loaded and the network reached with the first question.

        Raises:
            InvalidInputError: a setting is unknown or wrong.
        """
        from costopt.fetch.settings import read_settings
        from costopt_gcp.clients import Clients
        from costopt_gcp.questions import Questions
        from costopt_gcp.settings import GcpSettings
        from costopt_gcp.source import GcpSource

        given = read_settings(GcpSettings, settings, "refresh.toml, [gcp]")
        return GcpSource(given, Questions(Clients(given)))
