"""Questions to the Azure Retail Prices API, which needs no credentials."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final, Literal

from costopt.errors import MalformedAnswerError
from costopt.fetch.call import Call, Page
from costopt.fetch.http import Http
from costopt.fetch.wire import Wire
from costopt_azure.settings import AzureSettings

PRICES_PATH: Final = "api/retail/prices"
API_VERSION: Final = "2023-01-01-preview"
"""The version that carries savings plans. Source: learn.microsoft.com, Azure Retail Prices."""

WIDESPREAD: Final = ("Standard_D4s_v3", "Standard_D4s_v5")
"""General sizes that every region sells at least one of: their prices name the regions."""

NOT_OFFERED: Final = (
    "*euap", "*stg", "*stage", "brazilus", "usgov*", "usdod*", "ussec*", "usnat*", "china*",
    "att*", "microsoft*", "global", "",
)  # fmt: skip
"""Patterns of places that are no regions of the public cloud: canaries, edge zones, others."""

PriceType = Literal["Consumption", "Reservation"]


def ask_prices(
    settings: AzureSettings, wire: Wire, region: str, price_type: PriceType
) -> Iterator[Page]:
    """Yield the pages of a region's virtual machine prices of one type."""
    chosen = f"armRegionName eq '{region}' and priceType eq '{price_type}'"
    return _ask(settings, wire, region, chosen)


def ask_regions(settings: AzureSettings, wire: Wire) -> tuple[str, ...]:
    """Return the regions that have prices, sorted."""
    sizes = " or ".join(f"armSkuName eq '{name}'" for name in WIDESPREAD)
    return regions_of(_ask(settings, wire, "", f"priceType eq 'Consumption' and ({sizes})"))


def regions_of(pages: Iterable[Page]) -> tuple[str, ...]:
    """Return the regions that items name, in lower case, sorted."""
    named = {
        str(item.get("armRegionName") or "").lower() for page in pages for item in page["Items"]
    }
    return tuple(
        sorted(
            name
            for name in named
            if not any(fnmatchcase(name, pattern) for pattern in NOT_OFFERED)
        )
    )


def _ask(settings: AzureSettings, wire: Wire, region: str, chosen: str) -> Iterator[Page]:
    """Yield the pages of an answer; the link to the next page carries the whole question."""
    asked = {
        "api-version": API_VERSION,
        "currencyCode": f"'{settings.currency}'",
        "$filter": f"serviceName eq 'Virtual Machines' and {chosen}",
    }
    call = Call(
        provider="azure",
        service="retail_prices",
        operation="prices",
        region=region,
        parameters=asked,
    )
    http = Http(
        base_url=settings.prices_url,
        timeout_seconds=(settings.connect_timeout_seconds, settings.read_timeout_seconds),
    )

    def fetch(token: str) -> tuple[Page, str]:
        page = http.json(call, token, None) if token else http.json(call, PRICES_PATH, asked)
        items = page.get("Items") if isinstance(page, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise MalformedAnswerError(str(call), "it has no Items")
        return page, str(page.get("NextPageLink") or "")

    return wire.pages(call, fetch)
