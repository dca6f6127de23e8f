"""Every list about an account, each through every way in which an answer can come."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug import Request, Response

from costopt.errors import (
    MalformedAnswerError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)

Make = Callable[..., Any]
Told = Callable[..., dict[str, tuple[Any, Any]]]

PERMISSIONS = {
    "usages": r"Microsoft\.Compute/locations/usages/read",
    "sizes": r"Microsoft\.Compute/skus/read",
    "reservations": r"Microsoft\.Capacity/reservationOrders/reservations/read",
    "savings_plans": r"Microsoft\.BillingBenefits/savingsPlanOrders/savingsPlans/read",
}
"""Kind of question -> what asking it takes."""

RESERVED = "reserved Standard_ND96isr_H100_v5 eastus 2027-02-28"
PLANNED = "savings plan 3y 2028-12-31"
EVERYTHING = {
    "cores": (500, 100),
    "lowPriorityCores": (300, 0),
    "someFamily": (96, 48),
    RESERVED: (4, 2),
    PLANNED: (10.5, 8.4),
}
"""Name of each fact -> how much there is of it, and how much is taken."""

each_kind = pytest.mark.parametrize("kind", PERMISSIONS)


def place(kind: str) -> str:
    """Region whose account asks the question; empty for what belongs to none."""
    return "eastus" if kind in ("usages", "sizes") else ""


def key(kind: str, page: int = 1) -> tuple[str, str, str, int]:
    return kind, "eastus" if kind == "sizes" else "", "", page


@pytest.fixture
def items(
    sku: Make, usage: Make, reservation: Make, savings_plan: Make
) -> dict[str, list[dict[str, Any]]]:
    """Kind of question -> what a subscription with one of everything is told."""
    quotas = [
        usage("cores", 500, 100),
        usage("lowPriorityCores", 300),
        usage("someFamily", 96, 48),
    ]
    return {
        "usages": quotas,
        "sizes": [sku()],
        "reservations": [reservation()],
        "savings_plans": [savings_plan()],
    }


@pytest.fixture
def tell(own: Any, items: dict[str, list[dict[str, Any]]]) -> Make:
    """Script the pages of a list in place of those before."""

    def tell(kind: str, *pages: list[dict[str, Any]]) -> None:
        if kind == "sizes":
            for number in (1, 2):
                own.cloud.answers.pop(key("sizes", number), None)
            own.cloud.sizes(*pages)
        else:
            own.has(kind, *pages)

    for kind, page in items.items():
        tell(kind, page)
    return tell


@pytest.fixture
def told(tell: Make, opened: Make, context: Make) -> Told:
    def told(*regions: str, **settings: Any) -> dict[str, tuple[Any, Any]]:
        source = opened(**settings)
        rows = [dict(row) for one in regions for row in source.account(one, context()).facts]
        return {
            row["name"]: tuple(
                next(row[name] for name in names if name in row)
                for names in (("limit", "count", "spend_per_hour"), ("used", "used_per_hour"))
            )
            for row in rows
        }

    return lambda *regions, **settings: told(*(regions or ("eastus", "")), **settings)


@each_kind
def test_empty_page_with_a_link_before_the_last_changes_nothing(
    cloud: Any, tell: Make, items: Any, told: Told, kind: str
) -> None:
    tell(kind, [], items[kind])
    assert told() == EVERYTHING
    assert [one for one in cloud.seen if one[0] == kind] == [key(kind), key(kind, 2)]


@each_kind
def test_item_that_two_pages_hold_counts_once(
    cloud: Any, tell: Make, items: Any, told: Told, kind: str
) -> None:
    tell(kind, items[kind], items[kind])
    assert told() == EVERYTHING
    assert [one for one in cloud.seen if one[0] == kind] == [key(kind), key(kind, 2)]


@each_kind
def test_members_that_nobody_knows_change_nothing(
    cloud: Any, tell: Make, items: Any, told: Told, kind: str
) -> None:
    new = {"novel": {"member": 1}}
    told_more = [{**item, **new} for item in items[kind]]
    if kind in ("reservations", "savings_plans"):
        told_more = [{**item, "properties": {**item["properties"], **new}} for item in told_more]
    tell(kind, told_more)
    assert told() == EVERYTHING
    assert cloud.seen.count(key(kind)) == 1


@pytest.mark.parametrize("lacking", ["properties", "id", "sku", "location"])
def test_reservation_that_lacks_a_block_is_told_or_changes_nothing(
    cloud: Any, tell: Make, items: Any, opened: Make, context: Make, lacking: str
) -> None:
    (short,) = items["reservations"]
    del short[lacking]
    tell("reservations", [short])
    read = opened().account("", context())
    names = [row["name"] for row in read.facts]
    assert names == ([RESERVED, PLANNED] if lacking == "id" else [PLANNED])
    assert [one.severity for one in read.findings] == ([] if lacking == "id" else ["left_out"])
    assert cloud.seen.count(key("reservations")) == 1


@pytest.mark.parametrize("lacking", ["properties", "id", "sku"])
def test_savings_plan_that_lacks_a_block_is_told_or_changes_nothing(
    cloud: Any, tell: Make, items: Any, opened: Make, context: Make, lacking: str
) -> None:
    (short,) = items["savings_plans"]
    del short[lacking]
    tell("savings_plans", [short])
    read = opened().account("", context())
    names = [row["name"] for row in read.facts]
    assert names == ([RESERVED, PLANNED] if lacking == "id" else [RESERVED])
    assert [one.severity for one in read.findings] == ([] if lacking == "id" else ["left_out"])
    assert cloud.seen.count(key("savings_plans")) == 1


@each_kind
def test_one_throttle_is_waited_out(
    cloud: Any, own: Any, told: Told, slept: list[float], kind: str
) -> None:
    before = cloud.answers.pop(key(kind))
    cloud.script(key(kind), {}, status=429, headers={"Retry-After": "7"})
    cloud.answers[key(kind)] += before
    assert told() == EVERYTHING
    assert cloud.seen.count(key(kind)) == 2
    assert slept == [7.0]


@each_kind
def test_throttle_for_ever_ends_after_three_attempts(
    cloud: Any, told: Told, slept: list[float], kind: str
) -> None:
    cloud.answers.pop(key(kind))
    cloud.script(key(kind), {}, status=429)
    with pytest.raises(ThrottledError):
        told(place(kind))
    assert cloud.seen.count(key(kind)) == 3
    assert slept == [0.5, 1.0]


@each_kind
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "InvalidAuthenticationToken"),
        (401, "ExpiredAuthenticationToken"),
        (403, "AuthorizationFailed"),
        (404, "SubscriptionNotFound"),
    ],
)
def test_refusal_names_the_permission_and_is_not_repeated(
    cloud: Any,
    told: Told,
    planted: Make,
    slept: list[float],
    kind: str,
    status: int,
    code: str,
) -> None:
    cloud.answers.pop(key(kind))
    body = {"error": {"code": code, "message": "planted-display-name may not"}}
    cloud.script(key(kind), body, status=status)
    with pytest.raises(RefusedError, match=PERMISSIONS[kind]) as caught:
        told(place(kind))
    assert caught.value.code == code
    assert not planted(str(caught.value))
    assert (cloud.seen.count(key(kind)), slept) == (1, [])


@each_kind
@pytest.mark.parametrize("body", ["<html>", "", "[7]", "{}", '{"value": 7}', '{"value": [7]}'])
def test_answer_that_cannot_be_read_is_malformed(
    cloud: Any, told: Told, slept: list[float], kind: str, body: str
) -> None:
    cloud.answers.pop(key(kind))
    cloud.script(key(kind), body)
    with pytest.raises(MalformedAnswerError):
        told(place(kind))
    assert (cloud.seen.count(key(kind)), slept) == (1, [])


def test_region_that_times_out_leaves_the_account_in_others_alone(
    cloud: Any, told: Told, usage: Make, slept: list[float]
) -> None:
    path = (
        "/arm/subscriptions/0f0f0f0f-1111-2222-3333-444444444444/providers/Microsoft.Compute"
        "/locations/westus3/usages"
    )
    met: list[str] = []

    def wait(request: Request) -> Response:
        met.append(request.path)
        cloud.released.wait(10)
        return Response(json.dumps({"value": []}), content_type="application/json")

    cloud.server.expect_request(path).respond_with_handler(wait)
    with pytest.raises(UnreachableError, match="usages in westus3"):
        told("westus3", read_timeout_seconds=0.2)
    assert met == [path] * 3
    assert slept == [0.5, 1.0]
    assert told() == EVERYTHING


@pytest.mark.parametrize("kind", ["reservations", "savings_plans"])
def test_list_of_the_tenant_that_times_out_leaves_the_account_in_a_region_alone(
    cloud: Any, own: Any, told: Told, slept: list[float], kind: str
) -> None:
    own.late.add(kind)
    with pytest.raises(UnreachableError, match=kind):
        told("", read_timeout_seconds=0.2)
    assert cloud.seen.count(key(kind)) == 3
    assert slept == [0.5, 1.0]
    assert list(told("eastus")) == ["cores", "lowPriorityCores", "someFamily"]


@pytest.mark.parametrize(
    ("end", "last"),
    [
        # 08:00 of March 2 at nine hours east is 23:00 of March 1 in UTC, which it covers in part
        ("2029-03-02T08:00:00+09:00", "2029-02-28"),
        ("2029-03-01T16:00:00-08:00", "2029-03-01"),
        # one second behind and ahead of another clock
        ("2029-03-01T23:59:59Z", "2029-03-01"),
        ("2029-03-02T00:00:01Z", "2029-03-01"),
    ],
)
def test_last_day_of_a_savings_plan_is_one_in_utc_whatever_the_clock(
    cloud: Any, tell: Make, savings_plan: Make, told: Told, end: str, last: str
) -> None:
    tell("savings_plans", [savings_plan(expiryDateTime=end)])
    assert list(told("")) == [RESERVED, f"savings plan 3y {last}"]
    assert cloud.seen.count(key("savings_plans")) == 1


@pytest.mark.parametrize(
    ("end", "checks"),
    [
        ("2026-11-21T12:00:00Z", ["commitment_expired"]),
        ("2026-11-21T04:00:01-08:00", []),
        ("2026-11-21T12:59:59+01:00", ["commitment_expired"]),
    ],
)
def test_end_is_compared_with_the_start_of_the_run_in_utc(
    cloud: Any,
    tell: Make,
    savings_plan: Make,
    opened: Make,
    context: Make,
    end: str,
    checks: list[str],
) -> None:
    tell("savings_plans", [savings_plan(expiryDateTime=end)])
    read = opened().account("", context())
    assert [one.check for one in read.findings] == checks
    assert len(read.facts) == 2 - len(checks)
    assert cloud.seen.count(key("savings_plans")) == 1
