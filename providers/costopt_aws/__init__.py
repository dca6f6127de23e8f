"""Amazon Web Services: the reviewed tables that map its words to the catalogue's."""

from collections.abc import Mapping

from costopt.provider import ReviewedValue
from costopt_aws.names import ACCELERATOR_NAMES, CPU_RATES, PARTITIONS


class AwsProvider:
    """The adapter of Amazon Web Services; see ``costopt.provider.Provider``."""

    name: str = "aws"
    title: str = "Amazon Web Services"
    accelerator_names: Mapping[str, str] = ACCELERATOR_NAMES
    cpu_rates: Mapping[str, str] = CPU_RATES
    partitions: Mapping[str, str] = PARTITIONS
    notice_seconds: float = 120.0
    notice_source: str = "Amazon EC2 user guide, Spot Instance interruption notices"
    notice_as_of: str = "2026-11-21"
    reviewed_values: tuple[ReviewedValue, ...] = ()
