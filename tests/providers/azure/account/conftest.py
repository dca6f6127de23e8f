"""The local server's lists of what is the account's own: quotas, commitments, price sheet."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from werkzeug import Request, Response

SUBSCRIPTION = "0f0f0f0f-1111-2222-3333-444444444444"
ORDER = "99999999-aaaa-bbbb-cccc-dddddddddddd"
NUMBERS = count(1)
"""Ends of ids of things that are each another one."""
PLANTED = (
    SUBSCRIPTION,
    ORDER,
    "planted-display-name",
    "planted-billing-account",
    "planted-bearer-token",
    "planted-client-secret",
    "planted-tenant",
)

LOCATION = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/eastus"
LISTS: Mapping[str, str] = {
    "usages": f"{LOCATION}/usages",
    "reservations": "/providers/Microsoft.Capacity/reservations",
    "savings_plans": "/providers/Microsoft.BillingBenefits/savingsPlans",
    "price_sheet": (
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Consumption/pricesheets/default"
    ),
}
"""Kind of question -> its path; pages go by number."""


@dataclass
class Own:
    """Scripted lists of one subscription, beside the cloud's own answers.

    Attributes:
        cloud: the server.
        late: kinds of question that are not answered in time.
    """

    cloud: Any
    late: set[str] = field(default_factory=set)

    def start(self) -> None:
        for kind, path in LISTS.items():
            self.cloud.server.expect_request(f"/arm{path}").respond_with_handler(self._list(kind))

    def has(self, kind: str, *pages: list[dict[str, Any]]) -> None:
        """Script the pages of one list, in place of those before."""
        for number, page in enumerate(pages, 1):
            link = self.cloud.server.url_for(f"/arm{LISTS[kind]}?page={number + 1}")
            following = link if number < len(pages) else None
            body: dict[str, Any] = {"value": page, "nextLink": following}
            if kind == "price_sheet":
                named = f"/subscriptions/{SUBSCRIPTION}/providers/x/pricesheets/default"
                body = {"id": named, "properties": {"pricesheets": page, "nextLink": following}}
            self.cloud.answers.pop((kind, "", "", number), None)
            self.cloud.script((kind, "", "", number), body)

    def fails(self, kind: str, status: int, code: str = "", **headers: str) -> None:
        """Script one failure before what the list answers otherwise."""
        key = (kind, "", "", 1)
        before = self.cloud.answers.pop(key, [])
        told = {"error": {"code": code, "message": f"{PLANTED[2]} may not"}}
        self.cloud.script(key, told, status=status, headers=headers)
        self.cloud.answers[key] += before

    def asked(self, kind: str) -> int:
        return len([key for key in self.cloud.seen if key[0] == kind])

    def _list(self, kind: str) -> Callable[[Request], Response]:
        empty: dict[str, Any] = {"value": []}
        if kind == "price_sheet":
            empty = {"properties": {"pricesheets": []}}

        def answer(request: Request) -> Response:
            page = int(request.args.get("page", 1))
            if kind in self.late:
                self.cloud.seen.append((kind, "", "", page))
                self.cloud.released.wait(10)
                return Response(status=500)
            answered: Response = self.cloud._answer(request, (kind, "", "", page), empty)
            return answered

        return answer


@pytest.fixture
def own(cloud: Any) -> Own:
    own = Own(cloud)
    own.start()
    return own


@pytest.fixture
def usage() -> Callable[..., dict[str, Any]]:
    """Return one quota as the usages of a location list it."""

    def usage(name: str, limit: object, used: object = 0, **changed: Any) -> dict[str, Any]:
        told = {
            "unit": "Count",
            "limit": limit,
            "currentValue": used,
            "name": {"value": name, "localizedValue": f"{name} in words"},
        }
        return {**told, **changed}

    return usage


def utilization(percent: object) -> dict[str, Any]:
    days = ((1.0, percent), (7.0, 1.0), (30.0, 2.0))
    told = {"grainUnit": "days", "valueUnit": "percentage"}
    return {
        "trend": "SAME",
        "aggregates": [{"grain": grain, "value": value, **told} for grain, value in days],
    }


@pytest.fixture
def reservation() -> Callable[..., dict[str, Any]]:
    """Return one reservation as the tenant's list holds it; a field of None is absent."""

    def reservation(
        name: str = "Standard_ND96isr_H100_v5",
        quantity: object = 4,
        percent: object = 50.0,
        **changed: Any,
    ) -> dict[str, Any]:
        told = {
            "reservedResourceType": "VirtualMachines",
            "appliedScopeType": "Shared",
            "displayName": PLANTED[2],
            "billingScopeId": f"/subscriptions/{SUBSCRIPTION}",
            "displayProvisioningState": "Succeeded",
            "provisioningState": "Succeeded",
            "expiryDate": "2027-03-01",
            "expiryDateTime": "2027-03-01T22:46:32.7632798Z",
            "quantity": quantity,
            "term": "P1Y",
            "instanceFlexibility": "Off",
            "utilization": utilization(percent),
        }
        told.update(changed)
        place = f"/providers/Microsoft.Capacity/reservationOrders/{ORDER}/reservations/"
        return {
            "id": f"{place}{next(NUMBERS)}",
            "name": f"{ORDER}/{ORDER}",
            "location": told.pop("location", "eastus"),
            "sku": {"name": name},
            "properties": {key: value for key, value in told.items() if value is not None},
        }

    return reservation


@pytest.fixture
def savings_plan() -> Callable[..., dict[str, Any]]:
    """Return one savings plan as the tenant's list holds it; a field of None is absent."""

    def savings_plan(
        amount: object = 10.5, percent: object = 80.0, **changed: Any
    ) -> dict[str, Any]:
        told = {
            "commitment": {"grain": "Hourly", "currencyCode": "USD", "amount": amount},
            "appliedScopeType": "Shared",
            "billingAccountId": f"/providers/Microsoft.Billing/billingAccounts/{PLANTED[3]}",
            "displayName": PLANTED[2],
            "provisioningState": "Succeeded",
            "displayProvisioningState": "Succeeded",
            "term": "P3Y",
            "expiryDateTime": "2029-01-01T00:00:00Z",
            "utilization": utilization(percent),
        }
        told.update(changed)
        sku = told.pop("sku", "Compute_Savings_Plan")
        place = f"/providers/Microsoft.BillingBenefits/savingsPlanOrders/{ORDER}"
        return {
            "id": f"{place}/savingsPlans/{next(NUMBERS)}",
            "sku": {"name": sku},
            "properties": {key: value for key, value in told.items() if value is not None},
        }

    return savings_plan


@pytest.fixture
def line() -> Callable[..., dict[str, Any]]:
    """Return one line of a price sheet."""

    def line(
        price: object = 8947.12,
        unit: str = "100 Hours",
        meter: str = "11111111-AAAA",
        **changed: Any,
    ) -> dict[str, Any]:
        told = {
            "billingPeriodId": f"/subscriptions/{SUBSCRIPTION}/billingPeriods/202611",
            "meterId": meter,
            "unitOfMeasure": unit,
            "unitPrice": price,
            "currencyCode": "USD",
            "includedQuantity": 0,
            "partNumber": "AAA-11110",
            "meterDetails": {"meterCategory": "Virtual Machines", "meterName": "ND96isrH100v5"},
        }
        return {**told, **changed}

    return line


@pytest.fixture
def planted() -> Callable[[object], bool]:
    """Tell whether a value holds anything that names the account or opens it."""

    def planted(value: object) -> bool:
        text = value if isinstance(value, str) else json.dumps(value, default=repr)
        return any(secret in text for secret in PLANTED)

    return planted


@pytest.fixture
def committed(own: Own, reservation: Callable[..., Any], savings_plan: Callable[..., Any]) -> Own:
    """Return the lists with one reservation and one savings plan."""
    own.has("reservations", [reservation()])
    own.has("savings_plans", [savings_plan()])
    return own
