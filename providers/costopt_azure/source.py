"""AzureSource: Microsoft Azure, opened with somebody's settings."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from costopt.errors import CatalogFileError, FetchError, MissingCredentialsError
from costopt.fetch.call import Call, Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount, FetchedRegion, FetchFinding
from costopt_azure.commitments import read_commitments
from costopt_azure.evictions import ask_evictions, evictions_unread, read_evictions
from costopt_azure.management import Management
from costopt_azure.price_sheet import PriceSheet, paid_rows, price_sheet_unread
from costopt_azure.prices import Asked, Prices, read_prices
from costopt_azure.quotas import ask_usages, read_quotas
from costopt_azure.restrictions import is_past
from costopt_azure.retail import PriceType, ask_regions, read_price_list
from costopt_azure.series import series_of, series_spelling
from costopt_azure.settings import AzureSettings
from costopt_azure.sizes import Sizes, read_sizes

PRICE_TYPES: Final[tuple[PriceType, ...]] = ("Consumption", "Reservation")
"""Price lists of a region that are read."""


@dataclass(slots=True, kw_only=True)
class AzureSource:
    """Asks Azure for sizes, prices, eviction rates and what is the account's own.

    See ``costopt.provider.AccountSource``.

    Attributes:
        settings: credentials, addresses and limits.
    """

    settings: AzureSettings
    _management: Management = field(init=False)
    _price_sheet: PriceSheet = field(init=False)
    _held: dict[str, Sizes] = field(init=False, default_factory=dict)
    _locks: dict[str, Lock] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Keep one set of clients and one price sheet for all regions."""
        self._management = Management(settings=self.settings)
        self._price_sheet = PriceSheet(management=self._management)

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

    def account(self, region: str, context: FetchContext) -> FetchedAccount:
        """Read the quotas of a region, or the commitments of no region; see ``AccountSource``.

        Raises:
            FetchError: the provider gave no usable answer, or there is no subscription.
        """
        if not self.settings.has_subscription:
            call = Call(provider="azure", service="compute", operation="usages", region=region)
            how = "Set subscription_id: quotas and commitments are those of a subscription."
            raise MissingCredentialsError(str(call), how)
        if not region:
            return read_commitments(self._management, context)
        usages = tuple(ask_usages(self._management, context.wire, region))
        return read_quotas(usages, self._held_sizes(region, context), region, context)

    def _sizes(self, region: str, context: FetchContext) -> Sizes:
        """Read what the region sells, kept for its quotas; nothing without a subscription."""
        if not self.settings.has_subscription:
            return Sizes(rows=(), without_spot=frozenset(), findings=_retired_findings(context))
        with self._locks.setdefault(region, Lock()):
            sizes = read_sizes(self._size_pages(region, context), region, context)
            if context.account:
                self._held[region] = sizes
            return sizes

    def _held_sizes(self, region: str, context: FetchContext) -> Sizes:
        """Return what was read for the prices of the region; asked here where nothing was."""
        with self._locks.setdefault(region, Lock()):
            held = self._held.pop(region, None)
            if held is None:
                return read_sizes(self._size_pages(region, context), region, context)
            return held

    def _size_pages(self, region: str, context: FetchContext) -> Iterator[Page]:
        """Yield the pages of what the region sells."""
        call = Call(
            provider="azure",
            service="compute",
            operation="resource_skus",
            region=region,
            parameters={"filter": f"location eq '{region}'"},
        )
        return context.wire.pages(call, self._management.sizes(call, region))

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
        lists = [
            read_price_list(self.settings, context.wire, read.region, price_type, types)
            for price_type in PRICE_TYPES
        ]
        prices = read_prices((page for listed in lists for page in listed.pages), asked)
        moved = () if all(listed.is_steady for listed in lists) else (_moved(read.region),)
        read = replace(
            read, offers=prices.offers, findings=read.findings + prices.findings + moved
        )
        if context.account and self.settings.has_subscription and self.settings.price_sheet:
            return self._with_paid(read, prices, asked, context)
        return read

    def _with_paid(
        self, read: FetchedRegion, prices: Prices, asked: Asked, context: FetchContext
    ) -> FetchedRegion:
        """Add what the account pays; the list prices are good without, so a failure is a finding.

        A recording has no answer where the recorded run was refused one.
        """
        try:
            lines = self._price_sheet.lines(context.wire)
        except (FetchError, CatalogFileError) as error:
            odd = price_sheet_unread(read.region, str(error))
            return replace(read, findings=(*read.findings, odd))
        rows, findings = paid_rows(prices.quotes, lines, asked)
        return replace(read, account_offers=rows, findings=read.findings + findings)

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


def _moved(region: str) -> FetchFinding:
    """Report that prices may be missing: their list moved while it was read, twice."""
    return FetchFinding(
        check="price_list_moved",
        severity="warning",
        table="offers",
        row=f"azure/{region}/*",
        detail="pages of the price list did not fit together, read twice; prices may be missing",
    )


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
