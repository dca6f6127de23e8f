"""Questions to Google Cloud: each asks one page and returns it as plain JSON values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from costopt.fetch.call import Call, FetchPage, Page
from costopt.fetch.told_once import unmet
from costopt.fetch.wire import Wire
from costopt_gcp.clients import Clients
from costopt_gcp.failures import asked
from costopt_gcp.kept import (
    Keep,
    identity,
    kept_commitment,
    kept_instance,
    kept_price,
    kept_quotas,
    kept_region,
    kept_reservation,
    only,
)
from costopt_gcp.sdk import sdk_module

COMPUTE_ENGINE_SERVICE: Final = "6F81-5844-456A"
"""Compute Engine in the price list. Source: Cloud Billing documentation, services.list."""

PRICE_PERMISSION: Final = "of an API key, or a sign-in, in a project with the Cloud Billing API on"

CONTRACT_PERMISSION: Final = (
    "billing.billingAccountPrice.get on the billing account (in roles/billing.viewer)"
)
"""Source: Cloud Billing documentation, Get Google Cloud pricing information, permissions."""

PRICES_PER_PAGE: Final = 5000
"""The most that a page of contract prices holds [1].

Source: Cloud Billing Pricing API v1beta, billingAccounts.skus.prices.list, pageSize.
"""

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
"""What is kept of an item: no links, since they name the project."""

VIEWER: Final = "(in roles/compute.viewer)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of Compute Engine, or one thing that holds a list.

    Attributes:
        client: of the SDK that asks for it.
        operation: its name in the REST API.
        permission: what asking for it takes.
        keep: what is kept of an item.
        where: zone or region, as the SDK calls it -> name.
        narrowed: what else the request says.
    """

    client: str
    operation: str
    permission: str
    keep: Keep
    where: Mapping[str, str] = field(default_factory=dict)
    narrowed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Questions:
    """Asks Google Cloud through a wire that paces, retries, counts and records.

    Attributes:
        clients: of the SDK.
    """

    clients: Clients

    def regions(self, wire: Wire) -> Iterator[Page]:
        """Ask for the regions of the project, with their zones."""
        listing = Listing(
            client="RegionsClient",
            operation="regions.list",
            permission="compute.regions.list",
            keep=kept_region,
        )
        return self._listed(wire, "", listing)

    def machine_types(self, wire: Wire, region: str, zone: str) -> Iterator[Page]:
        """Ask for the machine types of a zone."""
        listing = Listing(
            client="MachineTypesClient",
            operation="machineTypes.list",
            permission="compute.machineTypes.list",
            keep=only(*MACHINE_FIELDS),
            where={"zone": zone},
        )
        return self._listed(wire, region, listing)

    def accelerator_types(self, wire: Wire, region: str, zone: str) -> Iterator[Page]:
        """Ask which accelerators can be attached to machines of a zone."""
        listing = Listing(
            client="AcceleratorTypesClient",
            operation="acceleratorTypes.list",
            permission="compute.acceleratorTypes.list",
            keep=only(*ACCELERATOR_FIELDS),
            where={"zone": zone},
        )
        return self._listed(wire, region, listing)

    def commitments(self, wire: Wire, region: str) -> Iterator[Page]:
        """Ask for the resource-based commitments of the project in a region."""
        listing = Listing(
            client="RegionCommitmentsClient",
            operation="regionCommitments.list",
            permission="compute.commitments.list",
            keep=kept_commitment,
            where={"region": region},
        )
        return self._listed(wire, region, listing)

    def reservations(self, wire: Wire, region: str, zone: str) -> Iterator[Page]:
        """Ask for the reservations of the project in a zone."""
        listing = Listing(
            client="ReservationsClient",
            operation="reservations.list",
            permission="compute.reservations.list",
            keep=kept_reservation,
            where={"zone": zone},
        )
        return self._listed(wire, region, listing)

    def instances(self, wire: Wire, region: str, zone: str) -> Iterator[Page]:
        """Ask which instances of the project run in a zone; of what shape, and nothing else."""
        listing = Listing(
            client="InstancesClient",
            operation="instances.list",
            permission="compute.instances.list",
            keep=kept_instance,
            where={"zone": zone},
            narrowed={"filter": "status = RUNNING"},
        )
        return self._listed(wire, region, listing)

    def region_quotas(self, wire: Wire, region: str) -> Iterator[Page]:
        """Ask for the quotas of the project in a region."""
        listing = Listing(
            client="RegionsClient",
            operation="regions.get",
            permission="compute.regions.get",
            keep=kept_quotas,
            where={"region": region},
        )
        return self._quotas(wire, region, listing)

    def project_quotas(self, wire: Wire) -> Iterator[Page]:
        """Ask for the quotas of the project over all regions."""
        listing = Listing(
            client="ProjectsClient",
            operation="projects.get",
            permission="compute.projects.get",
            keep=kept_quotas,
        )
        return self._quotas(wire, "", listing)

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
            return _first_page(pager, "skus", only(*SKU_FIELDS), set())

        return wire.pages(call, lambda token: asked(call, PRICE_PERMISSION, lambda: ask(token)))

    def contract_prices(self, wire: Wire, skus: frozenset[str]) -> Iterator[Page]:
        """Ask what the billing account pays for some SKUs; others are read past.

        The call names no billing account, so that neither a message nor a recording does.
        """
        call = Call(
            provider="gcp",
            service="cloudbilling",
            operation="billingAccounts.skus.prices.list",
            parameters={"currencyCode": self.clients.settings.currency},
        )
        return wire.pages(
            call,
            lambda token: asked(
                call, CONTRACT_PERMISSION, lambda: self._prices_page(call, token, skus)
            ),
        )

    def _prices_page(self, call: Call, token: str, skus: frozenset[str]) -> tuple[Page, str]:
        """Ask for one page of a REST API that the SDK has no client for."""
        settings = self.clients.settings
        answer = self.clients.billing_session().get(
            self.clients.contract_prices_address(),
            params={
                "currencyCode": settings.currency,
                "pageSize": str(PRICES_PER_PAGE),
                **({"pageToken": token} if token else {}),
            },
            timeout=settings.timeout_seconds,
        )
        if not answer.ok:
            raise sdk_module("google.api_core.exceptions").from_http_response(answer)
        return kept_price(call, answer.json(), skus)

    def _quotas(self, wire: Wire, region: str, listing: Listing) -> Iterator[Page]:
        """Ask for one thing that has quotas."""
        settings = self.clients.settings
        call = Call(provider="gcp", service="compute", operation=listing.operation, region=region)

        def ask() -> tuple[Page, str]:
            answer = self.clients.compute(listing.client).get(
                request={"project": settings.project, **listing.where},
                retry=None,
                timeout=settings.timeout_seconds,
            )
            return listing.keep(_values(answer)), ""

        return wire.pages(call, lambda _: asked(call, f"{listing.permission} {VIEWER}", ask))

    def _listed(self, wire: Wire, region: str, listing: Listing) -> Iterator[Page]:
        call = Call(
            provider="gcp",
            service="compute",
            operation=listing.operation,
            region=region,
            parameters={name: held for name, held in listing.where.items() if name == "zone"},
        )
        return wire.pages(call, self._pages_of(call, listing))

    def _pages_of(self, call: Call, listing: Listing) -> FetchPage:
        """Return the question for one page of a Compute Engine list."""
        settings = self.clients.settings
        met: set[str] = set()

        def ask(token: str) -> tuple[Page, str]:
            request = {
                "project": settings.project,
                "max_results": settings.machine_types_per_page,
                "page_token": token,
                **listing.where,
                **listing.narrowed,
            }
            pager = self.clients.compute(listing.client).list(
                request=request, retry=None, timeout=settings.timeout_seconds
            )
            return _first_page(pager, "items", listing.keep, met)

        permission = f"{listing.permission} {VIEWER}"
        return lambda token: asked(call, permission, lambda: ask(token))


def _first_page(pager: Any, items: str, keep: Keep, met: set[str]) -> tuple[Page, str]:
    """Return the page that a pager holds as JSON values, and the token of the next one."""
    answer = next(iter(pager.pages))
    page = _values(answer)
    warning = page.get("warning", {}).get("code", "")
    kept = [keep(item) for item in unmet(page.get(items, ()), identity, met)]
    return {items: kept, "warning": warning}, str(answer.next_page_token)


def _values(answer: Any) -> Mapping[str, Any]:
    """Return a message of the SDK as JSON values, in the names of the REST API."""
    read = sdk_module("google.protobuf.json_format").MessageToDict
    values: Mapping[str, Any] = read(type(answer).pb(answer))
    return values
