"""Questions to the Azure Retail Prices API, which needs no credentials."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from costopt.errors import MalformedAnswerError
from costopt.fetch.call import Call, Page
from costopt.fetch.http import Http
from costopt.fetch.wire import Wire
from costopt_azure.series import priced_as
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


IDENTITY: Final = (
    "meterId", "skuId", "armSkuName", "skuName", "meterName", "productName", "type",
    "reservationTerm", "effectiveStartDate", "tierMinimumUnits", "isPrimaryMeterRegion",
    "retailPrice",
)  # fmt: skip
"""Fields that tell one item of a region from another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The price list of one region and price type.

    Attributes:
        pages: with the items of the sizes that were asked for.
        is_steady: whether the list stood still while it was read; items may be missing where
            it did not.
    """

    pages: tuple[Page, ...]
    is_steady: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """One reading of a price list, page by page.

    Attributes:
        pages: with the items of the sizes that were asked for.
        seen: identities of all items.
        is_steady: whether every page was whole and held nothing that an earlier one held.
    """

    pages: tuple[Page, ...]
    seen: frozenset[int]
    is_steady: bool


def read_price_list(
    settings: AzureSettings,
    wire: Wire,
    region: str,
    price_type: PriceType,
    types: frozenset[str],
) -> PriceList:
    """Read a region's virtual machine prices of one type; once more where they moved.

    The provider counts pages by items skipped. Where items come or go between two pages, the next
    one begins too early or too late: what was seen comes again, or is never seen.

    Args:
        settings: address and currency.
        wire: asks.
        region: the provider's own name.
        price_type: what is listed.
        types: names of the sizes that are kept.
    """
    chosen = f"armRegionName eq '{region}' and priceType eq '{price_type}'"
    first = _walked(_ask(settings, wire, region, chosen), types)
    if first.is_steady:
        return PriceList(pages=first.pages, is_steady=True)
    second = _walked(_ask(settings, wire, region, chosen), types)
    is_same = bool(second.seen) and second.seen == first.seen
    return PriceList(pages=second.pages, is_steady=second.is_steady or is_same)


def _walked(pages: Iterable[Page], types: frozenset[str]) -> _Walk:
    """Read every page, keep what was asked for, and watch for what comes twice."""
    wanted = {name.lower() for name in types}
    seen: set[int] = set()
    kept, is_steady = [], True
    for page in pages:
        items = page["Items"]
        found = {hash(tuple(str(item.get(name)) for name in IDENTITY)) for item in items}
        is_steady = is_steady and seen.isdisjoint(found) and _is_whole(page)
        seen |= found
        ours = [item for item in items if priced_as(item).lower() in wanted]
        kept.append({"BillingCurrency": page.get("BillingCurrency"), "Items": ours})
    return _Walk(pages=tuple(kept), seen=frozenset(seen), is_steady=is_steady)


def _is_whole(page: Mapping[str, Any]) -> bool:
    """Whether a page holds as many items as it says."""
    told = page.get("Count")
    return told is None or told == len(page["Items"])


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
