"""Questions to Google Cloud: each asks one page and returns it as plain JSON values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from costopt.fetch.call import Call, FetchPage, Page
from costopt.fetch.wire import Wire
from costopt_gcp.clients import Clients
from costopt_gcp.failures import asked
from costopt_gcp.sdk import sdk_module

COMPUTE_ENGINE_SERVICE: Final = "6F81-5844-456A"
"""Compute Engine in the price list. Source: Cloud Billing documentation, services.list."""

PRICE_PERMISSION: Final = "of an API key, or a sign-in, in a project with the Cloud Billing API on"

SKU_FIELDS: Final = ("skuId", "description", "category", "serviceRegions", "pricingInfo")
MACHINE_FIELDS: Final = (
    "name",
    "guestCpus",
    "memoryMb",
    "architecture",
    "accelerators",
    "bundledLocalSsds",
    "deprecated",
)
ACCELERATOR_FIELDS: Final = ("name", "maximumCardsPerInstance", "deprecated")
REGION_FIELDS: Final = ("name", "status", "zones")
"""What is kept of an item: no links, since they name the project."""


@dataclass(frozen=True, slots=True)
class Questions:
    """Asks Google Cloud through a wire that paces, retries, counts and records.

    Attributes:
        clients: of the SDK.
    """

    clients: Clients

    def regions(self, wire: Wire) -> Iterator[Page]:
        """Ask for the regions of the project, with their zones."""
        call = Call(provider="gcp", service="compute", operation="regions.list")
        return wire.pages(call, self._listing(call, "RegionsClient", {}, REGION_FIELDS))

    def machine_types(self, wire: Wire, region: str, zone: str) -> Iterator[Page]:
        """Ask for the machine types of a zone."""
        call = Call(
            provider="gcp",
            service="compute",
            operation="machineTypes.list",
            region=region,
            parameters={"zone": zone},
        )
        return wire.pages(
            call, self._listing(call, "MachineTypesClient", {"zone": zone}, MACHINE_FIELDS)
        )

    def accelerator_types(self, wire: Wire, region: str, zone: str) -> Iterator[Page]:
        """Ask which accelerators can be attached to machines of a zone."""
        call = Call(
            provider="gcp",
            service="compute",
            operation="acceleratorTypes.list",
            region=region,
            parameters={"zone": zone},
        )
        return wire.pages(
            call, self._listing(call, "AcceleratorTypesClient", {"zone": zone}, ACCELERATOR_FIELDS)
        )

    def skus(self, wire: Wire) -> Iterator[Page]:
        """Ask for the public prices of Compute Engine, those of all regions."""
        settings = self.clients.settings
        call = Call(
            provider="gcp",
            service="cloudbilling",
            operation="services.skus.list",
            parameters={"service": COMPUTE_ENGINE_SERVICE, "currencyCode": settings.currency},
        )
        request = {
            "parent": f"services/{COMPUTE_ENGINE_SERVICE}",
            "currency_code": settings.currency,
            "page_size": settings.skus_per_page,
        }

        def ask(token: str) -> tuple[Page, str]:
            pager = self.clients.catalog().list_skus(
                request={**request, "page_token": token},
                retry=None,
                timeout=settings.timeout_seconds,
            )
            return _first_page(pager, "skus", SKU_FIELDS)

        return wire.pages(call, lambda token: asked(call, PRICE_PERMISSION, lambda: ask(token)))

    def _listing(
        self, call: Call, client: str, where: Mapping[str, str], fields: tuple[str, ...]
    ) -> FetchPage:
        """Return the question for one page of a Compute Engine list."""
        settings = self.clients.settings

        def ask(token: str) -> tuple[Page, str]:
            request = {
                "project": settings.project,
                "max_results": settings.machine_types_per_page,
                "page_token": token,
                **where,
            }
            pager = self.clients.compute(client).list(
                request=request, retry=None, timeout=settings.timeout_seconds
            )
            return _first_page(pager, "items", fields)

        permission = f"compute.{call.operation} (in roles/compute.viewer)"
        return lambda token: asked(call, permission, lambda: ask(token))


def _first_page(pager: Any, items: str, fields: tuple[str, ...]) -> tuple[Page, str]:
    """Return the page that a pager holds as JSON values, and the token of the next one."""
    answer = next(iter(pager.pages))
    read = sdk_module("google.protobuf.json_format").MessageToDict
    page = read(type(answer).pb(answer))
    kept = [{name: item[name] for name in fields if name in item} for item in page.get(items, ())]
    for item in kept:
        if "zones" in item:
            item["zones"] = [zone.rsplit("/", 1)[-1] for zone in item["zones"]]
    warning = page.get("warning", {}).get("code", "")
    return {items: kept, "warning": warning}, str(answer.next_page_token)
