"""What an adapter package of one cloud offers, and how installed adapters are found."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final, Protocol, runtime_checkable

from costopt.errors import InvalidInputError
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount, FetchedRegion

ENTRY_POINT_GROUP: Final = "costopt.providers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedValue:
    """One figure of an instance type, read in the provider's documentation and cited by hand.

    It takes the place of what the compiled tables say, and its source joins the row's.

    Attributes:
        instance_type: the provider's own name.
        column: number column of the instance_types table, such as ``fabric_gbps`` or ``hosts``.
        value: the figure, in the unit of the column.
        source: page that states it.
        as_of: date of the page, or of the reading when it has none, ISO 8601.
    """

    instance_type: str
    column: str
    value: float
    source: str
    as_of: str


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
        reviewed_values: figures of instance types that compiled tables lack or mix up.
    """

    name: str
    title: str
    accelerator_names: Mapping[str, str]
    cpu_rates: Mapping[str, str]
    partitions: Mapping[str, str]
    notice_seconds: float
    notice_source: str
    notice_as_of: str
    reviewed_values: tuple[ReviewedValue, ...]


class Source(Protocol):
    """One cloud, opened with somebody's settings, ready to be asked."""

    def secrets(self) -> tuple[str, ...]:
        """Return texts that must never be written anywhere."""
        ...

    def regions(self, context: FetchContext) -> tuple[str, ...]:
        """Return the regions that can be asked, sorted.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        ...

    def fetch(self, region: str, context: FetchContext) -> FetchedRegion:
        """Read hardware, prices and interruption signals of one region.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        ...


@runtime_checkable
class AccountSource(Source, Protocol):
    """A cloud that also tells what is the account's own."""

    def account(self, region: str, context: FetchContext) -> FetchedAccount:
        """Read quotas with their use and commitments owned.

        What the account pays instead of the list price comes with ``fetch``, where the context
        asks for it.

        Args:
            region: the provider's own name; empty for what belongs to no region, which is asked
                once.
            context: holds the wire.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        ...


@runtime_checkable
class LiveProvider(Provider, Protocol):
    """A cloud that can be asked for its prices of today."""

    def open(self, settings: Mapping[str, object]) -> Source:
        """Read settings and return what can be asked; nothing reaches the network yet.

        Raises:
            InvalidInputError: a setting is unknown or wrong.
            MissingDependencyError: the SDK is not installed.
        """
        ...


def installed_providers() -> dict[str, Provider]:
    """Return every adapter that an installed package registers, by provider name.

    Raises:
        InvalidInputError: an installed adapter lacks an attribute of ``Provider``.
    """
    providers: dict[str, Provider] = {}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        provider = point.load()()
        if not isinstance(provider, Provider):
            raise InvalidInputError(
                f"adapter {point.value}", ["it lacks an attribute of costopt.provider.Provider"]
            )
        providers[provider.name] = provider
    return providers
