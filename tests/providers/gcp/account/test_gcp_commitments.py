"""Commitments over real HTTP, with hand-counted use."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.account.account import Account
from costopt.catalog.catalog import Catalog
from costopt.fetch.fetched import FetchedAccount

Json = dict[str, Any]
Read = Callable[..., FetchedAccount]
Facts = Callable[[FetchedAccount], list[Json]]
Findings = Callable[[FetchedAccount], list[tuple[str, str]]]
REGION = "us-central1"


def test_commitment_is_its_resources_and_what_runs_on_it_at_a_price_that_nobody_tells(
    owned: Any, read: Read, facts: Facts
) -> None:
    owned.tell("commitments", [owned.a2(2)])
    owned.tell("instances", [owned.instance("a2-highgpu-1g", "nvidia-tesla-a100")])
    assert facts(read()) == [
        {
            "fact": "resource_commitment",
            "key": "gcp/us-central1/a2-highgpu-*|a2-megagpu-*",
            "kind": "committed_use",
            "vcpus": 24,
            "used_vcpus": 12,
            "memory_gib": 170.0,
            "used_memory_gib": 85.0,
            "accelerators": 2,
            "used_accelerators": 1,
            "expires": "2027-02-28",
            "name": "committed_use accelerator_optimized nvidia-tesla-a100 us-central1 2027-02-28",
        }
    ]
    (asked,) = owned.asked("instances")
    assert asked.args["filter"] == "status = RUNNING"


def test_part_that_nothing_here_runs_on_may_be_shared_and_is_warned_of(
    owned: Any, read: Read, findings: Findings
) -> None:
    owned.tell("commitments", [owned.a2(2)])
    running = [owned.instance("a2-highgpu-1g", "nvidia-tesla-a100") for _ in range(2)]
    owned.tell("instances", running[:1])
    assert findings(read()) == [("commitment_use_unsure", "warning")]
    owned.tell("instances", running)
    assert findings(read()) == []


def test_spot_flex_start_and_stopped_instances_leave_a_commitment_alone(
    owned: Any, read: Read, facts: Facts
) -> None:
    owned.tell("commitments", [owned.a2(4)])
    owned.tell(
        "instances",
        [
            owned.instance("a2-highgpu-1g", provisioningModel="SPOT"),
            owned.instance("a2-highgpu-1g", provisioningModel="FLEX_START"),
            owned.instance("a2-highgpu-1g", preemptible=True),
            {**owned.instance("a2-highgpu-1g"), "status": "TERMINATED"},
            owned.instance("n1-custom-4-8192"),
        ],
        [],
        [owned.instance("a2-highgpu-1g", provisioningModel="RESERVATION_BOUND")],
    )
    (row,) = facts(read())
    assert (row["used_vcpus"], row["used_memory_gib"], row["used_accelerators"]) == (12, 85, 1)
    assert [request.args.get("pageToken") for request in owned.asked("instances")] == [
        "",
        "1",
        "2",
    ]


def test_what_runs_is_counted_on_the_commitment_that_ends_last(
    owned: Any, read: Read, facts: Facts
) -> None:
    late = owned.a2(endTimestamp="2029-03-01T00:00:00.000-08:00")
    owned.tell("commitments", [], [owned.a2()], [late])
    owned.tell("instances", [owned.instance("a2-highgpu-1g", "nvidia-tesla-a100")])
    fetched = read()
    assert {row["expires"]: row["used_accelerators"] for row in facts(fetched)} == {
        "2027-02-28": 0,
        "2029-02-28": 1,
    }
    assert len(owned.asked("commitments")) == 3


@pytest.mark.parametrize("plan", ["THIRTY_SIX_MONTH", "FOREVER"])
def test_commitment_of_any_term_counts_until_its_end(
    owned: Any, read: Read, facts: Facts, plan: str
) -> None:
    owned.tell("commitments", [owned.a2(plan=plan)])
    (row,) = facts(read())
    assert (row["accelerators"], row["expires"]) == (1, "2027-02-28")


def test_commitments_ask_no_contract_prices(owned: Any, read: Read, facts: Facts) -> None:
    owned.tell("commitments", [owned.a2()])
    assert len(facts(read(billing_account="012345-6789AB-CDEF01"))) == 1
    assert owned.cloud.asked("/skus/-/prices") == []


def test_facts_are_what_an_account_is_read_from(owned: Any, read: Read) -> None:
    owned.tell("commitments", [owned.a2(2), owned.a2(2)])
    owned.tell("instances", [owned.instance("a2-highgpu-1g")])
    account = Account.from_rows(read().facts)
    # of four A100 in all one runs
    assert sum(one.amounts_left["accelerators"] for one in account.resource_commitments) == 3
    assert [(one.limit, one.unit) for one in account.quotas] == [(0, "accelerators")]
    assert {one.paid_per_hour for one in account.resource_commitments} == {None}


def test_account_makes_owned_offers_of_the_bundled_catalogue(
    owned: Any, read: Read, bundled: Catalog
) -> None:
    owned.tell("commitments", [owned.a2(8)])
    offers = Account.from_rows(read().facts, "account").priced(bundled).offers
    mine = offers[(offers["instance_type"] == "a2-highgpu-1g") & (offers["region"] == REGION)]
    (row,) = mine[mine["purchase_option"] == "owned"].to_dict("records")
    name = f"committed_use accelerator_optimized nvidia-tesla-a100 {REGION} 2027-02-28"
    assert (row["kind"], row["zone"]) == (name, "")
    assert f"{name}: it is paid for already -> paid 0 USD/h" in row["trail"]


def test_two_commitments_that_are_alike_have_names_of_their_own(
    owned: Any, read: Read, facts: Facts
) -> None:
    owned.tell("commitments", [owned.a2(), owned.a2()])
    name = "committed_use accelerator_optimized nvidia-tesla-a100 us-central1 2027-02-28"
    assert [row["name"] for row in facts(read())] == [name, f"{name} 2"]


def test_instances_fill_commitments_with_their_own_accelerator_first(
    owned: Any, read: Read, facts: Facts
) -> None:
    other = owned.commitment(
        ("VCPU", 12, ""), ("MEMORY", 170 * 1024, ""), ("ACCELERATOR", 1, "nvidia-a100-80gb")
    )
    owned.cloud.machine_types["us-central1-a"][0].append(
        owned.cloud.machine_type("a2-ultragpu-1g", 12, 170, "nvidia-a100-80gb", 1)
    )
    owned.tell("commitments", [owned.a2(), other])
    owned.tell("instances", [owned.instance("a2-ultragpu-1g", "nvidia-a100-80gb")])
    used = {row["key"]: row["used_vcpus"] for row in facts(read())}
    assert used == {
        "gcp/us-central1/a2-highgpu-*|a2-megagpu-*": 0,
        "gcp/us-central1/a2-ultragpu-*": 12,
    }


@pytest.mark.parametrize(
    ("odd", "check"),
    [
        ({"type": "ACCELERATOR_OPTIMIZED_Z9"}, "commitment_type_unknown"),
        ({"status": "PONDERING"}, "commitment_state_unknown"),
        ({"endTimestamp": ""}, "commitment_open_ended"),
        ({"endTimestamp": "soon"}, "commitment_open_ended"),
        ({"type": "GRAPHICS_OPTIMIZED"}, "accelerator_unknown"),
    ],
)
def test_odd_commitment_is_reported_and_never_guessed(
    owned: Any, read: Read, facts: Facts, findings: Findings, odd: Json, check: str
) -> None:
    owned.tell("commitments", [{**owned.a2(), **odd}])
    fetched = read()
    assert facts(fetched) == []
    assert findings(fetched) == [(check, "left_out")]
    assert owned.asked("instances") == []


@pytest.mark.parametrize(
    "other",
    [{"status": "EXPIRED"}, {"status": "NOT_YET_ACTIVE"}, {"category": "LICENSE"}],
)
def test_commitment_that_covers_nothing_now_is_left_in_silence(
    owned: Any, read: Read, facts: Facts, other: Json
) -> None:
    owned.tell("commitments", [{**owned.a2(), **other}])
    fetched = read()
    assert (facts(fetched), fetched.findings) == ([], ())


def test_two_accelerators_in_one_commitment_cannot_be_told_apart(
    owned: Any, read: Read, facts: Facts
) -> None:
    mixed = owned.a2()
    mixed["resources"].append(
        {"type": "ACCELERATOR", "amount": "1", "acceleratorType": "nvidia-a100-80gb"}
    )
    owned.tell("commitments", [mixed])
    fetched = read()
    assert facts(fetched) == []
    (finding,) = fetched.findings
    assert finding.check == "commitment_mixed"
    assert "nvidia-a100-80gb, nvidia-tesla-a100" in finding.detail


def test_commitment_without_accelerators_says_that_no_whole_instance_fits(
    owned: Any, read: Read, facts: Facts
) -> None:
    owned.tell("commitments", [owned.commitment(("VCPU", 12, ""), ("MEMORY", 85 * 1024, ""))])
    fetched = read()
    (row,) = facts(fetched)
    assert row["key"] == "gcp/us-central1/a2-highgpu-*|a2-megagpu-*|a2-ultragpu-*"
    assert "accelerators" not in row
    partial = next(one for one in fetched.findings if one.check == "commitment_partial")
    assert partial.detail == "it holds no accelerators of the instances that it covers"


def test_instance_of_unknown_size_leaves_the_use_unknown(
    owned: Any, read: Read, facts: Facts, findings: Findings
) -> None:
    owned.tell("commitments", [owned.a2(2)])
    owned.tell("instances", [owned.instance("a2-newgpu-1g")])
    fetched = read()
    assert facts(fetched) == []
    assert findings(fetched) == [("use_unknown", "left_out")]


def test_attached_accelerators_are_committed_with_n1(owned: Any, read: Read, facts: Facts) -> None:
    owned.cloud.machine_types["us-central1-a"] = [
        [owned.cloud.machine_type("n1-standard-4", 4, 15)]
    ]
    owned.cloud.accelerator_types["us-central1-a"] = [
        [{"name": "nvidia-tesla-t4", "maximumCardsPerInstance": 4}]
    ]
    resources = (("VCPU", 8, ""), ("MEMORY", 30720, ""), ("ACCELERATOR", 2, "nvidia-tesla-t4"))
    owned.tell("commitments", [owned.commitment(*resources, kind="GENERAL_PURPOSE")])
    owned.tell(
        "instances",
        [owned.instance("n1-standard-4", "nvidia-tesla-t4"), owned.instance("custom-2-4096")],
    )
    (row,) = facts(read())
    assert row["key"] == "gcp/us-central1/n1-*+nvidia-tesla-t4x*"
    # 4 vCPUs, 15 GiB and one T4 run; 2 vCPUs and 4,096 MiB more without an accelerator
    assert (row["used_vcpus"], row["used_memory_gib"], row["used_accelerators"]) == (6, 19, 1)
