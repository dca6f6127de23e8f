"""Benefits: what reservations and savings plans share: state, end, scope, use and name."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from costopt.fetch.call import Call, Page
from costopt.fetch.expiry import last_whole_day, moment_of
from costopt.fetch.fetched import FetchFinding
from costopt.fetch.told_once import unmet
from costopt.fetch.wire import Wire
from costopt_azure.management import Management, Resource

API_VERSION: Final = "2022-11-01"
"""Of both lists. Source: Azure REST API specifications, reservations and billingbenefits."""

ACTIVE: Final = frozenset({"succeeded", "active", "expiring"})
OVER: Final = frozenset(
    {
        "expired", "cancelled", "canceled", "failed", "billingfailed", "purchaseerror", "split",
        "merged", "new", "created", "creating", "pending", "pendingbilling",
        "pendingresourcehold", "confirmedbilling", "confirmedresourcehold", "processing",
        "provisioning",
    }
)  # fmt: skip
"""States of what covers something, and of what does no longer or not yet, in lower case.

Source: Azure REST API specifications, Microsoft.Capacity and Microsoft.BillingBenefits 2022-11-01,
provisioningState and extendedStatusInfo.
"""

COVERING: Final = frozenset({"shared", "subscription", "resource group"})
"""Scopes in which the subscription that asks is covered, the last one in part."""

SCOPES: Final[Mapping[str, str]] = {
    "another subscription": "it covers another subscription alone",
    "management group": "it covers a management group; whether this subscription is in it is not "
    "told",
    "unknown": "whom it covers is not told",
}
"""Scope that leaves a benefit out -> words for it."""

_TERM: Final = re.compile(r"P(\d+)Y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """One reservation or savings plan that covers something today.

    Attributes:
        listed: what was kept of it.
        expires: last day that it covers whole, ISO 8601.
        used_fraction: share of it that was in use, the mean of the last day [1].
    """

    listed: Mapping[str, Any]
    expires: str
    used_fraction: Decimal


def ask_benefits(
    management: Management, wire: Wire, service: str, operation: str, path: str, permission: str
) -> Iterator[Page]:
    """Yield the pages of all benefits of one kind that the caller may read.

    Args:
        management: asks Azure Resource Manager.
        wire: where answers come from.
        service: name of the provider of the benefits, for messages and recordings.
        operation: what is listed.
        path: of the list.
        permission: that it needs.
    """
    parameters = {"api-version": API_VERSION}
    call = Call(provider="azure", service=service, operation=operation, parameters=parameters)
    subscription = management.settings.subscription_id.get_secret_value()
    met: set[str] = set()
    resource = Resource(
        path=path,
        parameters=parameters,
        permission=permission,
        trim=lambda answer: trim_list(answer, subscription, met),
    )
    return wire.pages(call, management.resource(call, resource))


def trimmed(item: Mapping[str, Any], subscription: str) -> dict[str, Any]:
    """Keep what tells a benefit and names nobody: no order, no subscription, no free text.

    Args:
        item: as answered.
        subscription: the caller's, to tell its scope from others'.
    """
    told = item.get("properties") or {}
    return {
        "sku": (item.get("sku") or {}).get("name"),
        "location": item.get("location"),
        "resource": told.get("reservedResourceType"),
        "quantity": told.get("quantity"),
        "commitment": {
            name: (told.get("commitment") or {}).get(name)
            for name in ("amount", "currencyCode", "grain")
        },
        "states": [told.get("provisioningState"), told.get("displayProvisioningState")],
        "expires": told.get("expiryDateTime") or told.get("expiryDate"),
        "term": told.get("term"),
        "flexibility": told.get("instanceFlexibility"),
        "scope": _scope(told, subscription),
        "utilization": [
            {name: one.get(name) for name in ("grain", "grainUnit", "value", "valueUnit")}
            for one in (told.get("utilization") or {}).get("aggregates") or []
        ],
    }


def trim_list(answer: Any, subscription: str, met: set[str]) -> tuple[Page, str]:
    """Keep what is needed of a page of benefits, and the link to the next one.

    Args:
        answer: the page.
        subscription: the caller's.
        met: ids of the pages before; grows.
    """
    listed = unmet(answer["value"], lambda item: str(item.get("id") or "").lower(), met)
    items = [trimmed(item, subscription) for item in listed]
    return {"value": items}, str(answer.get("nextLink") or "")


def _scope(told: Mapping[str, Any], subscription: str) -> str:
    """Return whom a benefit covers, in our words."""
    kind = str(told.get("appliedScopeType") or "").lower()
    if kind == "shared":
        return "shared"
    if kind == "managementgroup":
        return "management group"
    named = told.get("appliedScopeProperties") or {}
    places = (
        named.get("resourceGroupId"),
        named.get("subscriptionId"),
        *(told.get("appliedScopes") or []),
    )
    place = next((str(place).lower().rstrip("/") for place in places if place), "")
    mine = f"/subscriptions/{subscription.lower()}"
    if kind != "single" or not place.startswith("/subscriptions/"):
        return "unknown"
    if place == mine:
        return "subscription"
    is_group = place.startswith(f"{mine}/resourcegroups/")
    return "resource group" if is_group else "another subscription"


def read_benefit(listed: Mapping[str, Any], row: str, now: datetime) -> Benefit | FetchFinding:
    """Return a benefit that is in force, or the first thing that is wrong with it.

    Args:
        listed: what was kept of it.
        row: what it is, for the finding.
        now: start of the run.
    """
    states = {str(state).lower() for state in listed["states"] if state}
    end = moment_of(listed["expires"])
    used = used_fraction(listed["utilization"])
    scope = str(listed["scope"])
    wrong: tuple[tuple[bool, str, str], ...] = (
        (
            not states or bool(states - ACTIVE),
            "commitment_state_unknown",
            f"its state is {', '.join(sorted(states)) or 'not told'}",
        ),
        (end is None, "commitment_open_ended", f"its end is {listed['expires']!r}"),
        (end is not None and end <= now, "commitment_expired", f"its end is {listed['expires']}"),
        (scope not in COVERING, "commitment_scope", SCOPES.get(scope, SCOPES["unknown"])),
        (used is None, "commitment_use_unknown", "its use of the last day is not told"),
    )
    for is_wrong, check, detail in wrong:
        if is_wrong:
            return finding(check, "left_out", row, detail)
    return Benefit(
        listed=listed,
        expires=last_whole_day(end or now).isoformat(),
        used_fraction=used or Decimal(0),
    )


def is_over(listed: Mapping[str, Any]) -> bool:
    """Return whether its own state says that it covers nothing: ended, or not yet begun."""
    return any(str(state).lower() in OVER for state in listed["states"] if state)


def term_years(written: object) -> int | None:
    """Return the years of a term such as ``P3Y``."""
    found = _TERM.fullmatch(str(written))
    return int(found[1]) if found else None


def used_fraction(utilization: Iterable[Mapping[str, Any]]) -> Decimal | None:
    """Return the mean use of the last day; None where it is not told."""
    for told in utilization:
        share = number(told["value"])
        is_day = number(told["grain"]) == 1 and told["grainUnit"] == "days"
        if is_day and told["valueUnit"] == "percentage" and share is not None and share <= 100:
            return share / 100
    return None


def number(written: object) -> Decimal | None:
    """Return a number that is not negative; a recording holds it as text."""
    try:
        value = Decimal(str(written))
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None


def finding(
    check: str, severity: Literal["warning", "left_out"], row: str, detail: str
) -> FetchFinding:
    """Return a finding about the account."""
    return FetchFinding(check=check, severity=severity, table="account", row=row, detail=detail)
