"""Questions: what is asked of the ECS API, page by page, through a run's wire."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from costopt.errors import RefusedError
from costopt.fetch.call import Call, Page
from costopt.fetch.context import FetchContext
from costopt_alibaba.failures import DeclinedError
from costopt_alibaba.parsed import PROVIDER
from costopt_alibaba.sdk import Sdk

PAGE_ROWS: Final = 100
"""Instance types on a page. Source: ECS API reference, DescribeInstanceTypes, ``MaxResults``."""

ADVICE_TYPES: Final = 10
"""Types named in one question. Source: ECS API reference, DescribeSpotAdvice."""

SYSTEM_DISK_REFUSED: Final = "InvalidSystemDiskCategory.ValueNotSupported"
"""The type does not take this category of system disk. Source: ECS API reference, error codes."""

REFUSED: Final = "Refused"
"""Field of a page that stands for an answer with a code: a replay then tells the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Asks about one region.

    Attributes:
        sdk: makes the calls.
        context: what the run tells every adapter.
        region: the provider's own name.
    """

    sdk: Sdk
    context: FetchContext
    region: str

    def regions(self) -> Iterator[Page]:
        """Yield the regions that the account can see."""
        yield from self._pages("DescribeRegions", {"AcceptLanguage": "en-US"})

    def instance_types(self) -> Iterator[Page]:
        """Yield every type, sold here or not; a share of an accelerator may count as none."""
        yield from self._pages("DescribeInstanceTypes", {"MaxResults": PAGE_ROWS})

    def stock(self, charge: Mapping[str, Any]) -> Iterator[Page]:
        """Yield which zones have which types.

        Args:
            charge: parameters that name the way to pay.
        """
        asked = {
            "RegionId": self.region,
            "DestinationResource": "InstanceType",
            "ResourceType": "instance",
            "IoOptimized": "optimized",
            **charge,
        }
        yield from self._pages("DescribeAvailableResource", asked)

    def price(self, instance_type: str, unit: str, period: int, system_disk: str) -> Page:
        """Return the price of a type for so many hours, months or years."""
        asked = {
            "RegionId": self.region,
            "ResourceType": "instance",
            "InstanceType": instance_type,
            "PriceUnit": unit,
            "Period": period,
            "SystemDisk": {"Category": system_disk},
        }
        (page,) = self._pages("DescribePrice", asked, declinable=(DeclinedError,))
        return page

    def spot_prices(
        self, instance_type: str, protected_hours: int, window: timedelta
    ) -> Iterator[Page]:
        """Yield the spot prices of all zones up to the run's start."""
        asked = {
            "RegionId": self.region,
            "InstanceType": instance_type,
            "NetworkType": "vpc",
            "IoOptimized": "optimized",
            "OSType": "linux",
            "SpotDuration": protected_hours,
        }
        between = {
            "StartTime": _moment(self.context.now - window),
            "EndTime": _moment(self.context.now),
        }
        yield from self._pages(
            "DescribeSpotPriceHistory", asked, moment=between, declinable=(DeclinedError,)
        )

    def spot_advice(self, instance_types: tuple[str, ...]) -> Page:
        """Return release rates of spot instances; at most ten types in one question."""
        asked = {"RegionId": self.region, "InstanceTypes": list(instance_types)}
        (page,) = self._pages(
            "DescribeSpotAdvice", asked, declinable=(DeclinedError, RefusedError)
        )
        return page

    def _pages(
        self,
        operation: str,
        asked: Mapping[str, Any],
        *,
        moment: Mapping[str, Any] | None = None,
        declinable: tuple[type[DeclinedError] | type[RefusedError], ...] = (),
    ) -> Iterator[Page]:
        """Yield every page.

        Args:
            operation: the provider's name of it.
            asked: parameters by their names on the wire.
            moment: sent too, and no part of the question's name.
            declinable: errors that become a page, because the region is good without the answer.
        """
        call = Call(
            provider=PROVIDER,
            service="ecs",
            operation=operation,
            region=self.region,
            parameters=asked,
        )

        def fetch_page(token: str) -> tuple[Page, str]:
            try:
                page = self.sdk.answer(
                    call, {**asked, **(moment or {}), **_place(operation, token)}
                )
            except declinable as error:
                return {REFUSED: error.code}, ""
            return page, _next_place(page)

        yield from self.context.wire.pages(call, fetch_page)


def _place(operation: str, token: str) -> dict[str, Any]:
    """Return the parameter that asks for a further page."""
    if not token:
        return {}
    if operation == "DescribeSpotPriceHistory":
        return {"Offset": int(token)}
    return {"NextToken": token}


def _next_place(page: Page) -> str:
    """Return the token of the next page; an offset of zero ends the answer as none does."""
    token = page.get("NextToken") or page.get("NextOffset")
    return str(token) if token else ""


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
