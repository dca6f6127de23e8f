"""Every call about an account, each through every way in which an answer can come."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug import Response

from costopt.account.account import Account
from costopt.errors import (
    MalformedAnswerError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from costopt.fetch.fetched import FetchedAccount

Json = dict[str, Any]
Told = Callable[..., dict[str, tuple[Any, Any]]]

PERMISSIONS = {
    "/regions": "compute.regions.list",
    "/machineTypes": "compute.machineTypes.list",
    "/acceleratorTypes": "compute.acceleratorTypes.list",
    "/skus": "Cloud Billing API",
    "/regions/us-central1": "compute.regions.get",
    "/reservations": "compute.reservations.list",
    "/commitments": "compute.commitments.list",
    "/instances": "compute.instances.list",
    "/projects/planted-project-4711": "compute.projects.get",
}
"""End of a question's path -> what asking it takes."""

COMMITTED = "committed_use accelerator_optimized nvidia-tesla-a100 us-central1 2027-02-28"
EVERYTHING = {
    "NVIDIA_A100_GPUS": (16, 3),
    "CPUS_ALL_REGIONS": (32, 8),
    COMMITTED: (2, 1),
}
"""Name of each fact -> how much there is of it, and how much is taken."""

PAGED = (
    "/machineTypes",
    "/acceleratorTypes",
    "/skus",
    "/reservations",
    "/commitments",
    "/instances",
)
each_end = pytest.mark.parametrize("end", PERMISSIONS)


def region_of(end: str) -> str:
    return "" if end.startswith("/projects/") else "us-central1"


@pytest.fixture
def stocked(owned: Any) -> Any:
    """A project with one of everything; of two A100 that are committed one runs."""
    owned.tell("commitments", [owned.a2(2)])
    owned.tell("instances", [owned.instance("a2-highgpu-1g", "nvidia-tesla-a100")])
    owned.tell("reservations", [owned.reservation("a2-highgpu-1g", 1, 1)])
    owned.tell("quotas", [owned.quota("NVIDIA_A100_GPUS", 16, 3)])
    owned.tell("project", [owned.quota("CPUS_ALL_REGIONS", 32, 8)])
    owned.cloud.accelerator_types["us-central1-a"] = [[{"name": "nvidia-tesla-a100"}]]
    return owned


@pytest.fixture
def told(stocked: Any, read: Callable[..., FetchedAccount]) -> Told:
    def told(*regions: str, **given: Any) -> dict[str, tuple[Any, Any]]:
        rows = [dict(row) for region in regions for row in read(region, **given).facts]
        return {
            str(row["name"]): (
                row.get("limit", row.get("accelerators")),
                row.get("used", row.get("used_accelerators")),
            )
            for row in rows
        }

    return lambda *regions, **given: told(*(regions or ("us-central1", "")), **given)


def pages_of(stocked: Any, end: str) -> list[list[Json]]:
    """Pages of a list, to be changed in place."""
    cloud = stocked.cloud
    lists = {
        "/machineTypes": cloud.machine_types["us-central1-a"],
        "/acceleratorTypes": cloud.accelerator_types["us-central1-a"],
        "/skus": cloud.skus,
    }
    own = {held: pages for held, (_, pages) in cloud.account.items() if held.endswith(end)}
    pages: list[list[Json]] = lists[end] if end in lists else next(iter(own.values()))
    return pages


@pytest.mark.parametrize("end", PAGED)
def test_empty_page_with_a_token_before_the_last_changes_nothing(
    stocked: Any, told: Told, end: str
) -> None:
    pages_of(stocked, end).insert(0, [])
    assert told() == EVERYTHING
    assert [one.args.get("pageToken") or "" for one in stocked.cloud.asked(end)] == ["", "1"]


@pytest.mark.parametrize("end", PAGED)
def test_item_that_two_pages_hold_counts_once(stocked: Any, told: Told, end: str) -> None:
    pages = pages_of(stocked, end)
    pages.append(pages[0])
    assert told() == EVERYTHING
    assert [one.args.get("pageToken") or "" for one in stocked.cloud.asked(end)] == ["", "1"]


@pytest.mark.parametrize("end", ["/regions/us-central1", "/projects/planted-project-4711"])
def test_quota_that_is_listed_twice_counts_once(stocked: Any, told: Told, end: str) -> None:
    pages_of(stocked, end)[0] *= 2
    assert told() == EVERYTHING
    assert len(stocked.cloud.asked(end)) == 1


@pytest.mark.parametrize("end", [end for end in PERMISSIONS if end != "/regions"])
def test_members_that_nobody_knows_change_nothing(stocked: Any, told: Told, end: str) -> None:
    pages = pages_of(stocked, end)
    pages[:] = [[{**item, "novel": {"member": 1}} for item in page] for page in pages]
    assert told() == EVERYTHING
    assert len(stocked.cloud.asked(end)) == 1


@pytest.mark.parametrize("lacking", ["name", "scheduling", "guestAccelerators", "id"])
def test_running_instance_that_tells_little_still_takes_what_it_runs_on(
    stocked: Any, told: Told, lacking: str
) -> None:
    del pages_of(stocked, "/instances")[0][0][lacking]
    assert told() == EVERYTHING
    assert len(stocked.cloud.asked("/instances")) == 1


def test_running_instance_without_a_type_leaves_the_use_of_every_commitment_unknown(
    stocked: Any, read: Callable[..., FetchedAccount]
) -> None:
    del pages_of(stocked, "/instances")[0][0]["machineType"]
    fetched = read()
    assert [row["name"] for row in fetched.facts] == ["NVIDIA_A100_GPUS"]
    assert "use_unknown" in {one.check for one in fetched.findings}
    assert len(stocked.cloud.asked("/instances")) == 1


@pytest.mark.parametrize("resources", [(), (("VCPU", 0, ""), ("ACCELERATOR", 0, ""))])
def test_commitment_to_nothing_is_left_out_and_reported(
    stocked: Any, read: Callable[..., FetchedAccount], resources: tuple[tuple[str, int, str], ...]
) -> None:
    stocked.tell("commitments", [stocked.commitment(*resources)])
    fetched = read()
    assert [row["name"] for row in fetched.facts] == ["NVIDIA_A100_GPUS"]
    assert ("commitment_empty", "left_out") in {
        (one.check, one.severity) for one in fetched.findings
    }
    assert Account.from_rows(fetched.facts).resource_commitments == ()
    assert len(stocked.cloud.asked("/commitments")) == 1


@each_end
def test_one_throttle_is_waited_out(
    stocked: Any, told: Told, waits: list[float], end: str
) -> None:
    stocked.cloud.fail(end, 429)
    assert told() == EVERYTHING
    assert len(stocked.cloud.asked(end)) == 2
    assert waits == [0.5]


@each_end
def test_throttle_for_ever_ends_after_three_attempts(
    stocked: Any, told: Told, waits: list[float], end: str
) -> None:
    stocked.cloud.fail(end, 429, forever=True)
    with pytest.raises(ThrottledError):
        told(region_of(end))
    assert len(stocked.cloud.asked(end)) == 3
    assert waits == [0.5, 1.0]


@each_end
@pytest.mark.parametrize("status", [401, 403])
def test_refusal_names_the_permission_and_is_not_repeated(
    stocked: Any, told: Told, waits: list[float], end: str, status: int
) -> None:
    stocked.cloud.fail(end, status, reason="forbidden")
    with pytest.raises(RefusedError, match=PERMISSIONS[end]) as caught:
        told(region_of(end))
    assert "planted" not in str(caught.value)
    assert (len(stocked.cloud.asked(end)), waits) == (1, [])


@each_end
@pytest.mark.parametrize(
    "body", ["<html>busy</html>", '{"items": [{"na', "[7]", '{"items": 7, "quotas": 7, "skus": 7}']
)
def test_body_that_cannot_be_read_is_malformed(
    stocked: Any, told: Told, waits: list[float], end: str, body: str
) -> None:
    stocked.cloud.answer_first(end, lambda: Response(body, mimetype="application/json"))
    with pytest.raises(MalformedAnswerError):
        told(region_of(end))
    assert (len(stocked.cloud.asked(end)), waits) == (1, [])


@pytest.mark.parametrize(
    ("end", "item"),
    [
        ("/commitments", {"resources": 7}),
        ("/commitments", {"resources": [{"amount": "many"}]}),
        ("/instances", {"scheduling": 7}),
        ("/reservations", {"specificReservation": 7}),
    ],
)
def test_item_of_other_types_is_malformed(stocked: Any, told: Told, end: str, item: Json) -> None:
    body = json.dumps({"items": [item]})
    stocked.cloud.answer_first(end, lambda: Response(body, mimetype="application/json"))
    with pytest.raises(MalformedAnswerError):
        told("us-central1")
    assert len(stocked.cloud.asked(end)) == 1


@pytest.mark.parametrize(
    ("end", "late", "others", "count"),
    [
        ("/us-east1-b/reservations", "us-east1", ("us-central1", ""), 3),
        ("/projects/planted-project-4711", "", ("us-central1",), 2),
    ],
)
def test_place_that_is_late_leaves_the_account_in_others_alone(
    stocked: Any, told: Told, end: str, late: str, others: tuple[str, ...], count: int
) -> None:
    stocked.cloud.zones["us-east1"] = ["us-east1-b"]
    stocked.cloud.account["/regions/us-east1"] = ("quotas", [[]])
    met: list[str] = []

    def wait() -> Response:
        met.append(end)
        stocked.cloud.released.wait(5)
        return Response("{}", mimetype="application/json")

    stocked.cloud.answer_first(end, wait, forever=True)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(told, late, timeout_seconds=0.2)
        assert len(told(*others)) == count
        with pytest.raises(UnreachableError, match="ReadTimeout"):
            waiting.result()
    assert met == [end] * 3


@pytest.mark.parametrize(
    ("end", "last"),
    [
        # 08:00 of March 2 at nine hours east is 23:00 of March 1 in UTC, which it covers in part
        ("2027-03-02T08:00:00.000+09:00", "2027-02-28"),
        ("2027-03-01T16:00:00.000-08:00", "2027-03-01"),
        # one second behind and ahead of another clock
        ("2027-03-01T15:59:59.000-08:00", "2027-03-01"),
        ("2027-03-01T16:00:01.000-08:00", "2027-03-01"),
    ],
)
def test_last_day_is_one_in_utc_whatever_the_clock_that_tells_the_end(
    stocked: Any, told: Told, end: str, last: str
) -> None:
    stocked.tell("commitments", [stocked.a2(2, endTimestamp=end)])
    assert COMMITTED.replace("2027-02-28", last) in told("us-central1")
    assert len(stocked.cloud.asked("/commitments")) == 1


@pytest.mark.parametrize(
    ("end", "count"),
    [
        ("2026-11-21T06:00:00Z", 0),
        ("2026-11-20T22:00:01-08:00", 1),
        ("2026-11-21T06:59:59+01:00", 0),
    ],
)
def test_commitment_whose_end_has_passed_is_none_whatever_its_state(
    stocked: Any, told: Told, read: Callable[..., FetchedAccount], end: str, count: int
) -> None:
    stocked.tell("commitments", [stocked.a2(endTimestamp=end)])
    # the quota, and the commitment while it lasts
    assert len(told("us-central1")) == 1 + count
    assert [one.row for one in read().findings if one.check == "commitment_expired"] == [
        "gcp/us-central1/accelerator_optimized"
    ] * (1 - count)
    assert len(stocked.cloud.asked("/commitments")) == 2
