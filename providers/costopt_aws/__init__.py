"""Amazon Web Services: reviewed names, and live prices of the public files or of an account."""

from collections.abc import Mapping

from costopt.provider import ReviewedValue, Source
from costopt_aws.names import ACCELERATOR_NAMES, CPU_RATES, PARTITIONS


class AwsProvider:
    """The adapter of Amazon Web Services; see ``costopt.provider.LiveProvider``."""

    name: str = "aws"
    title: str = "Amazon Web Services"
    accelerator_names: Mapping[str, str] = ACCELERATOR_NAMES
    cpu_rates: Mapping[str, str] = CPU_RATES
    partitions: Mapping[str, str] = PARTITIONS
    notice_seconds: float = 120.0
    notice_source: str = "Amazon EC2 user guide, Spot Instance interruption notices"
    notice_as_of: str = "2026-11-21"
    reviewed_values: tuple[ReviewedValue, ...] = ()

    def open(self, settings: Mapping[str, object]) -> Source:
        """Read settings and return what can be asked; nothing reaches the network yet.

        The SDK is loaded when it is first asked, because the public files need none.

        Raises:
            InvalidInputError: a setting is unknown or wrong.
        """
        from costopt.fetch.settings import read_settings
        from costopt_aws.settings import AwsSettings
        from costopt_aws.source import AwsSource

        return AwsSource(settings=read_settings(AwsSettings, settings, "settings of aws"))
