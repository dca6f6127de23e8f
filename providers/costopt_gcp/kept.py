"""Kept: what stays of an answer; names, links and numbers of the account's own things do not."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from costopt.errors import MalformedAnswerError
from costopt.fetch.call import Call, Page

Keep: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Reduces one item of an answer."""

PRICE_FIELDS: Final = ("contractPrice", "startAmount")


def only(*fields: str) -> Keep:
    """Keep these fields of an item, those of them that it has."""
    return lambda item: {name: item[name] for name in fields if name in item}


def identity(item: Mapping[str, Any]) -> str:
    """Return what tells an item of a list from another; empty where it tells no id.

    An id alone does not do: machine types of different names may share one.
    """
    return f"{item['id']} {item.get('name', '')}" if "id" in item else ""


def kept_region(item: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the state of a region and the names of its zones."""
    kept = only("name", "status")(item)
    if "zones" in item:
        kept["zones"] = [last_word(zone) for zone in item["zones"]]
    return kept


def kept_quotas(item: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the quotas of a region or a project."""
    return {"quotas": [only("metric", "limit", "usage")(one) for one in item.get("quotas", ())]}


def kept_commitment(item: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what a commitment covers and until when."""
    kept = only("category", "type", "plan", "status", "endTimestamp")(item)
    kept["resources"] = [
        {
            **only("type", "amount")(one),
            "acceleratorType": last_word(one.get("acceleratorType", "")),
        }
        for one in item.get("resources", ())
    ]
    return kept


def kept_reservation(item: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what a reservation holds, and whether commitments pay for it."""
    kept = only("status")(item)
    kept["inCommitment"] = bool(item.get("commitment") or item.get("linkedCommitments"))
    kept["aggregate"] = "aggregateReservation" in item
    specific = item.get("specificReservation", {})
    kept["specificReservation"] = {
        **only("count", "inUseCount")(specific),
        **_kept_shape(specific.get("instanceProperties", {})),
    }
    return kept


def kept_instance(item: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the shape of an instance and how it was started."""
    scheduling = only("provisioningModel", "preemptible")(item.get("scheduling", {}))
    return {**only("status")(item), **scheduling, **_kept_shape(item)}


def kept_price(call: Call, page: Any, skus: frozenset[str]) -> tuple[Page, str]:
    """Keep the contract prices of some SKUs of a page, and return the token of the next page.

    Raises:
        MalformedAnswerError: it is no page of prices.
    """
    try:
        prices = [
            {**_kept_rate(one), "skuId": sku}
            for one in page.get("billingAccountPrices", ())
            for sku in (_sku_of(one["name"]),)
            if sku in skus
        ]
        return {"prices": prices}, str(page.get("nextPageToken", ""))
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise MalformedAnswerError(str(call), type(error).__name__) from None


def last_word(link: str) -> str:
    """Return the name at the end of a link.

    >>> last_word("https://compute.googleapis.com/compute/v1/projects/p/zones/us-central1-a")
    'us-central1-a'
    """
    return str(link).rsplit("/", 1)[-1]


def _kept_shape(item: Mapping[str, Any]) -> dict[str, Any]:
    accelerators = [
        {
            "acceleratorType": last_word(one.get("acceleratorType", "")),
            "acceleratorCount": one.get("acceleratorCount", 0),
        }
        for one in item.get("guestAccelerators", ())
    ]
    return {
        "machineType": last_word(item.get("machineType", "")),
        "guestAccelerators": accelerators,
    }


def _kept_rate(item: Mapping[str, Any]) -> dict[str, Any]:
    rate = item.get("rate", {})
    return {
        "currencyCode": item.get("currencyCode", ""),
        "tiers": [only(*PRICE_FIELDS)(tier) for tier in rate.get("tiers", ())],
        "unitInfo": only("unit", "unitQuantity")(rate.get("unitInfo", {})),
    }


def _sku_of(name: str) -> str:
    """Return the id in ``billingAccounts/{account}/skus/{sku}/price``."""
    return name.split("/skus/")[1].split("/")[0]
