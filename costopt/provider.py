"""What an adapter package of one cloud offers, and how installed adapters are found."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Final, Protocol, runtime_checkable

ENTRY_POINT_GROUP: Final = "costopt.providers"


@runtime_checkable
class Provider(Protocol):
    """One cloud: its name and the reviewed tables that map its words to ours.

    Attributes:
        name: short name in the catalogue, such as ``aws``.
        title: name for people, such as ``Amazon Web Services``.
        accelerator_names: the provider's spelling of an accelerator -> catalogue name.
        cpu_rates: family of CPU-only types -> CPU rate row of the accelerators table; a family
            that is absent has no reviewed rate.
        partitions: region name pattern -> partition with accounts of its own.
        notice_seconds: warning before a spot reclaim [s].
        notice_source: where that figure comes from.
        notice_as_of: date of that figure, ISO 8601.
    """

    name: str
    title: str
    accelerator_names: Mapping[str, str]
    cpu_rates: Mapping[str, str]
    partitions: Mapping[str, str]
    notice_seconds: float
    notice_source: str
    notice_as_of: str


def installed_providers() -> dict[str, Provider]:
    """Every adapter that an installed package registers, by provider name."""
    found = (point.load()() for point in entry_points(group=ENTRY_POINT_GROUP))
    return {provider.name: provider for provider in found}
