"""Questions: what is asked of the ECS API, page by page, through a run's wire."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from costopt.errors import MalformedAnswerError, RefusedError
from costopt.fetch.call import Call, Page
from costopt.fetch.context import FetchContext
from costopt_alibaba.failures import DeclinedError, told
from costopt_alibaba.kept import (
    kept_instances,
    kept_quotas,
    kept_reserved,
    kept_savings_plans,
)
from costopt_alibaba.parsed import PROVIDER
from costopt_alibaba.quotas import QUOTA_ATTRIBUTES
from costopt_alibaba.sdk import BILLING, Sdk

PAGE_ROWS: Final = 100
"""Instance types on a page. Source: ECS API reference, DescribeInstanceTypes, ``MaxResults``."""

NAMED_TYPES: Final = 10
"""Types named in one question. Source: ECS API reference, DescribeInstanceTypes."""

ADVICE_TYPES: Final = 10
"""Types named in one question. Source: ECS API reference, DescribeSpotAdvice."""

SYSTEM_DISK_REFUSED: Final = "InvalidSystemDiskCategory.ValueNotSupported"
"""The type does not take this category of system disk. Source: ECS API reference, error codes."""

REFUSED: Final = "Refused"
"""Field of a page that stands for an answer with a code: a replay then tells the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """How an operation numbers its pages.

    Attributes:
        asked: parameter with the number of a page.
        block: where the answer tells how many rows there are.
    """

    asked: str
    block: tuple[str, ...] = ()


NUMBERED: Final[Mapping[str, Numbered]] = {
    "DescribeReservedInstances": Numbered(asked="PageNumber"),
    "QuerySavingsPlansInstance": Numbered(asked="PageNum", block=("Data",)),
}
"""Operations whose pages have numbers. Source: ECS and BSS API reference."""


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

    def described_types(self, names: Iterable[str]) -> Iterator[Page]:
        """Yield some types by name; those that are unknown are left out of the answer."""
        left = sorted(names)
        while left:
            yield from self._pages("DescribeInstanceTypes", {"InstanceTypes": left[:NAMED_TYPES]})
            left = left[NAMED_TYPES:]

    def quotas(self) -> Iterator[Page]:
        """Yield how many vCPUs the account may have in the region, and has."""
        asked = {"RegionId": self.region, "AttributeName": list(QUOTA_ATTRIBUTES)}
        yield from self._pages("DescribeAccountAttributes", asked, keeps=kept_quotas)

    def instances(self) -> Iterator[Page]:
        """Yield the instances of the account, without what tells one from another."""
        asked = {"RegionId": self.region, "MaxResults": PAGE_ROWS}
        yield from self._pages(
            "DescribeInstances", asked, keeps=partial(kept_instances, met=set())
        )

    def reserved_instances(self) -> Iterator[Page]:
        """Yield the reserved instances in force, without what tells one from another."""
        asked = {"RegionId": self.region, "Status": ["Active"], "PageSize": PAGE_ROWS}
        yield from self._pages(
            "DescribeReservedInstances", asked, keeps=partial(kept_reserved, met=set())
        )

    def savings_plans(self) -> Iterator[Page]:
        """Yield the savings plans of the account, without what tells one from another."""
        asked = {"Locale": "EN", "Status": "NORMAL", "PageSize": PAGE_ROWS}
        yield from self._pages(
            "QuerySavingsPlansInstance",
            asked,
            service=BILLING,
            keeps=partial(kept_savings_plans, met=set()),
        )

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
        service: str = "ecs",
        moment: Mapping[str, Any] | None = None,
        declinable: tuple[type[DeclinedError] | type[RefusedError], ...] = (),
        keeps: Callable[[Page], Page] = dict,
    ) -> Iterator[Page]:
        """Yield every page.

        Args:
            operation: the provider's name of it.
            asked: parameters by their names on the wire.
            service: whose operation it is.
            moment: sent too, and no part of the question's name.
            declinable: errors that become a page, because the region is good without the answer.
            keeps: takes out of an answer what may be recorded.
        """
        call = Call(
            provider=PROVIDER,
            service=service,
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
            with told(call):
                return keeps(page), _next_place(call, page, token)

        yield from self.context.wire.pages(call, fetch_page)


def _place(operation: str, token: str) -> dict[str, Any]:
    """Return the parameter that asks for a further page."""
    if not token:
        return {}
    if operation == "DescribeSpotPriceHistory":
        return {"Offset": int(token)}
    if operation in NUMBERED:
        return {NUMBERED[operation].asked: int(token)}
    return {"NextToken": token}


def _next_place(call: Call, page: Page, token: str) -> str:
    """Return the token of the next page; an offset of zero ends the answer as none does."""
    if call.operation in NUMBERED:
        return _next_number(call, page, int(token or 1))
    following = page.get("NextToken") or page.get("NextOffset")
    return str(following) if following else ""


def _next_number(call: Call, page: Page, number: int) -> str:
    """Return the number of the next page, by how many rows there are in all.

    Raises:
        MalformedAnswerError: the answer does not say how many.
    """
    block: Page = page
    for name in NUMBERED[call.operation].block:
        block = block.get(name) or {}
    rows, size = block.get("TotalCount"), block.get("PageSize")
    if not isinstance(rows, int) or not isinstance(size, int) or size < 1:
        raise MalformedAnswerError(str(call), "it does not tell how many rows there are")
    return str(number + 1) if number * size < rows else ""


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
