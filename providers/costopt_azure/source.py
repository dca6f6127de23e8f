"""AzureSource: Microsoft Azure, opened with somebody's settings."""

from dataclasses import dataclass, field, replace

from costopt.errors import CatalogFileError, FetchError
from costopt.fetch.call import Call
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedRegion, FetchFinding
from costopt_azure.evictions import ask_evictions, evictions_unread, read_evictions
from costopt_azure.management import Management
from costopt_azure.prices import Asked, read_prices
from costopt_azure.restrictions import is_past
from costopt_azure.retail import ask_prices, ask_regions
from costopt_azure.series import series_of, series_spelling
from costopt_azure.settings import AzureSettings
from costopt_azure.sizes import Sizes, read_sizes


@dataclass(slots=True, kw_only=True)
class AzureSource:
    """Asks Azure for sizes, prices and eviction rates; see ``costopt.provider.Source``.

    Attributes:
        settings: credentials, addresses and limits.
    """

    settings: AzureSettings
    _management: Management = field(init=False)

    def __post_init__(self) -> None:
        """Keep one pair of clients for all regions."""
        self._management = Management(settings=self.settings)

    def secrets(self) -> tuple[str, ...]:
        """Return texts that must never be written anywhere; the subscription is one."""
        return tuple(secret for secret in self.settings.secrets() if secret)

    def regions(self, context: FetchContext) -> tuple[str, ...]:
        """Return the regions of the settings, or those that have prices; see ``Source``."""
        if self.settings.regions:
            return tuple(sorted(self.settings.regions))
        return ask_regions(self.settings, context.wire)

    def fetch(self, region: str, context: FetchContext) -> FetchedRegion:
        """Read one region; without a subscription its prices alone; see ``Source``."""
        sizes = self._sizes(region, context)
        types = frozenset(str(row["instance_type"]) for row in sizes.rows)
        if not self.settings.has_subscription:
            types = _known_types(context)
        read = FetchedRegion(
            region=region, instance_types=sizes.rows, offers=(), findings=sizes.findings
        )
        if not types:
            return read if self.settings.has_subscription else _without_types(read)
        read = self._with_prices(read, types, sizes.without_spot, context)
        if self.settings.has_subscription and self.settings.eviction_rates:
            return self._with_evictions(read, types, context)
        return read

    def _sizes(self, region: str, context: FetchContext) -> Sizes:
        """Read what the region sells; nothing without a subscription."""
        if not self.settings.has_subscription:
            return Sizes(rows=(), without_spot=frozenset(), findings=_retired_findings(context))
        call = Call(
            provider="azure",
            service="compute",
            operation="resource_skus",
            region=region,
            parameters={"filter": f"location eq '{region}'"},
        )
        pages = context.wire.pages(call, self._management.sizes(call, region))
        return read_sizes(pages, region, context)

    def _with_prices(
        self,
        read: FetchedRegion,
        types: frozenset[str],
        without_spot: frozenset[str],
        context: FetchContext,
    ) -> FetchedRegion:
        asked = Asked(
            region=read.region,
            types=types,
            without_spot=without_spot,
            currency=self.settings.currency,
            now=context.now,
        )
        pages = (
            page
            for price_type in ("Consumption", "Reservation")
            for page in ask_prices(self.settings, context.wire, read.region, price_type)
        )
        offers, findings = read_prices(pages, asked)
        return replace(read, offers=offers, findings=read.findings + findings)

    def _with_evictions(
        self, read: FetchedRegion, types: frozenset[str], context: FetchContext
    ) -> FetchedRegion:
        """Add eviction rates; the prices are good without them, so that a failure is a finding.

        A recording has no answer where the recorded run was refused one.
        """
        try:
            pages = ask_evictions(self._management, context.wire, read.region)
            rows, findings = read_evictions(pages, read.region, types, context.now)
        except (FetchError, CatalogFileError) as error:
            rows, findings = (), (evictions_unread(read.region, str(error)),)
        return replace(read, interruptions=rows, findings=read.findings + findings)


def _without_types(read: FetchedRegion) -> FetchedRegion:
    """Report that public prices alone tell no hardware, and that there is none to price."""
    finding = FetchFinding(
        check="no_known_types",
        severity="warning",
        table="offers",
        row=f"azure/{read.region}/*",
        detail="without a subscription_id only sizes of the last good catalogue are priced, and "
        "it holds none that the run asks for",
    )
    return replace(read, findings=(*read.findings, finding))


def _known_types(context: FetchContext) -> frozenset[str]:
    """Return the sizes of the last good catalogue that the run asks for and are still sold."""
    return frozenset(
        name
        for name in context.known_types
        if _is_wanted(name, context) and not _is_retired(name, context)
    )


def _retired_findings(context: FetchContext) -> tuple[FetchFinding, ...]:
    """Report sizes of the last good catalogue that are no longer sold."""
    return tuple(
        FetchFinding(
            check="retired",
            severity="left_out",
            table="instance_types",
            row=f"azure/{name}",
            detail="its series is retired; its prices are not asked for",
        )
        for name in sorted(context.known_types)
        if _is_wanted(name, context) and _is_retired(name, context)
    )


def _is_wanted(name: str, context: FetchContext) -> bool:
    series = series_of(name)
    family = series.family if series else series_spelling(name)
    return bool(series_spelling(name)) and context.wants(name, family)


def _is_retired(name: str, context: FetchContext) -> bool:
    series = series_of(name)
    return (
        series is not None and bool(series.retired_on) and is_past(series.retired_on, context.now)
    )
