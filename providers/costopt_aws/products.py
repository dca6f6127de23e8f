"""Products of the price list: which of them is one hour of plain Linux, and their terms."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from costopt.errors import MalformedAnswerError
from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt_aws.fleet import Fleet
from costopt_aws.hardware import family_of

SHARED: Final = "Compute Instance"
METAL: Final = "Compute Instance (bare metal)"

PLAIN_LINUX: Final = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}
"""Attributes of an hour that is rented without software; a Capacity Block has another market
option, a reservation that stands empty another capacity status.

Source: AWS Price List user guide, and aws/karpenter-provider-aws, pricing provider.
"""

NO_COUNT: Final = frozenset({"", "0", "NA"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedProduct:
    """One product and its terms, as on the wire.

    Attributes:
        sku: the provider's number of the product.
        attributes: what it is.
        published: date of the price list, as on the wire; empty where there is none.
        on_demand: offer term -> what it costs.
        reserved: the same, of reserved instances.
    """

    sku: str
    attributes: Mapping[str, Any]
    published: str = ""
    on_demand: Mapping[str, Any] = field(default_factory=dict)
    reserved: Mapping[str, Any] = field(default_factory=dict)

    @property
    def instance_type(self) -> str:
        """The provider's own name."""
        return str(self.attributes["instanceType"])


def is_plain_linux(product: Mapping[str, Any], region: str) -> bool:
    """Return whether a product is one hour of one instance in the region itself."""
    told = product.get("attributes") or {}
    if "instanceType" not in told or told.get("regionCode", region) != region:
        return False
    if any(told.get(name, value) != value for name, value in PLAIN_LINUX.items()):
        return False
    if told.get("operatingSystem") is None:
        return False
    if product.get("productFamily") == METAL:
        return told.get("tenancy") in ("Shared", "Dedicated")
    shared = product.get("productFamily") == SHARED and told.get("tenancy") == "Shared"
    return shared and "BoxUsage" in str(told.get("usagetype", ""))


def chooser(
    region: str, fleet: Fleet, context: FetchContext
) -> Callable[[Mapping[str, Any]], bool]:
    """Return what picks the products of a fleet, and those with GPUs that it lacks."""

    def chooses(product: Mapping[str, Any]) -> bool:
        name = str((product.get("attributes") or {}).get("instanceType", ""))
        if name not in fleet.types and not lacks_hardware(product, fleet, context):
            return False
        return is_plain_linux(product, region)

    return chooses


def lacks_hardware(product: Mapping[str, Any], fleet: Fleet, context: FetchContext) -> bool:
    """Return whether a product has GPUs and the provider's hardware list does not name it."""
    told = product.get("attributes") or {}
    name = str(told.get("instanceType", ""))
    counted = str(told.get("gpu", "")) not in NO_COUNT
    return counted and name not in fleet.listed and context.wants(name, family_of(name))


def from_files(pages: Iterable[Page]) -> tuple[PricedProduct, ...]:
    """Return the products of a price file, whose terms come after all of them."""
    held: dict[str, dict[str, Any]] = {}
    published = ""
    for page in pages:
        if "published" in page:
            published = page["published"]
            continue
        entry = held.setdefault(page["sku"], {"OnDemand": {}, "Reserved": {}})
        if "product" in page:
            entry["attributes"] = page["product"]["attributes"]
        else:
            entry[page["term_type"]] = page["terms"]
    return tuple(
        PricedProduct(
            sku=sku,
            attributes=entry["attributes"],
            published=published,
            on_demand=entry["OnDemand"],
            reserved=entry["Reserved"],
        )
        for sku, entry in held.items()
    )


def from_api(
    pages: Iterable[Page], call: str, chooses: Callable[[Mapping[str, Any]], bool]
) -> tuple[PricedProduct, ...]:
    """Return the chosen products of GetProducts, which answers with JSON inside of text.

    Raises:
        MalformedAnswerError: an entry is not a JSON object with a product.
    """
    products = []
    for text in (text for page in pages for text in page["PriceList"]):
        entry = _entry(text, call)
        if chooses(entry["product"]):
            terms = entry.get("terms") or {}
            products.append(
                PricedProduct(
                    sku=str(entry["product"]["sku"]),
                    attributes=entry["product"]["attributes"],
                    published=str(entry.get("publicationDate") or ""),
                    on_demand=terms.get("OnDemand") or {},
                    reserved=terms.get("Reserved") or {},
                )
            )
    return tuple(products)


def _entry(text: Any, call: str) -> Mapping[str, Any]:
    try:
        entry = json.loads(text)
    except (TypeError, ValueError):
        raise MalformedAnswerError(call, "an entry of PriceList is not JSON") from None
    if not isinstance(entry, Mapping) or not isinstance(entry.get("product"), Mapping):
        raise MalformedAnswerError(call, "an entry of PriceList lacks its product")
    return entry
