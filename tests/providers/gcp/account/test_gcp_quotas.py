"""Quotas of a project over real HTTP: what was asked, and which facts came of it."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.errors import (
    MalformedAnswerError,
    MissingCredentialsError,
)
from costopt.fetch.fetched import FetchedAccount
from costopt.provider import AccountSource

Read = Callable[..., FetchedAccount]

FIRM = "on_demand|reserved|savings_plan|committed_use|subscription|owned"
SPOT = "spot|flex_start"


def found(fetched: FetchedAccount) -> list[tuple[str, str, str]]:
    return [(one.check, one.severity, one.row) for one in fetched.findings]


def test_adapter_tells_what_is_the_accounts_own(open_source: Callable[..., Any]) -> None:
    assert isinstance(open_source(), AccountSource)


def test_region_is_asked_for_quotas_reservations_and_commitments_and_for_no_instance_unneeded(
    owned: Any, read: Read
) -> None:
    read()
    project = "/compute/compute/v1/projects/planted-project-4711"
    assert [request.path for request in owned.cloud.asked()] == [
        f"{project}/regions",
        f"{project}/zones/us-central1-a/machineTypes",
        f"{project}/zones/us-central1-a/acceleratorTypes",
        "/billing/v1/services/6F81-5844-456A/skus",
        f"{project}/regions/us-central1",
        f"{project}/zones/us-central1-a/reservations",
        f"{project}/regions/us-central1/commitments",
    ]


def test_machines_of_a_region_are_asked_once_for_its_prices_and_its_account(
    owned: Any, read: Read, open_source: Callable[..., Any], make_context: Callable[..., Any]
) -> None:
    source, context = open_source(), make_context(account=True)
    source.fetch("us-central1", context)
    source.account("us-central1", context)
    assert len(owned.cloud.asked("/machineTypes")) == 1
    assert len(owned.cloud.asked("/skus")) == 1


def test_accelerators_and_vcpus_have_quotas_of_their_own_for_firm_and_for_spot(
    owned: Any, read: Read
) -> None:
    owned.tell(
        "quotas",
        [
            owned.quota("NVIDIA_A100_GPUS", 16, 3),
            owned.quota("PREEMPTIBLE_NVIDIA_A100_GPUS", 8, 1),
            owned.quota("COMMITTED_NVIDIA_A100_GPUS", 4),
            owned.quota("NVIDIA_L4_GPUS", 4),
            owned.quota("A2_CPUS", 48, 12),
            owned.quota("PREEMPTIBLE_CPUS", 100, 24),
            owned.quota("NETWORKS", 5, 1),
        ],
    )
    fetched = read()
    types = "gcp/us-central1/a2-highgpu-*|a2-megagpu-*"
    every = "n1-*|a2-*|c2-*|c2d-*|c3-*|e2-*|m1-*|m2-*|m3-*|n2-*|n2d-*|t2a-*|t2d-*"
    assert [tuple(row.values()) for row in fetched.facts] == [
        ("quota", f"gcp/us-central1/a2-*/{FIRM}", 48, 12, "vcpus", "A2_CPUS"),
        ("quota", f"{types}/{FIRM}", 16, 3, "accelerators", "NVIDIA_A100_GPUS"),
        ("quota", f"gcp/us-central1/{every}/{SPOT}", 100, 24, "vcpus", "PREEMPTIBLE_CPUS"),
        ("quota", f"{types}/{SPOT}", 8, 1, "accelerators", "PREEMPTIBLE_NVIDIA_A100_GPUS"),
    ]
    assert list(fetched.facts[0]) == ["fact", "key", "limit", "used", "unit", "name"]
    assert fetched.findings == ()


@pytest.mark.parametrize("limits", [(), (0,)])
def test_spot_counts_against_the_standard_quota_without_one_of_its_own(
    owned: Any, read: Read, limits: tuple[int, ...]
) -> None:
    own = [owned.quota("PREEMPTIBLE_NVIDIA_A100_GPUS", limit) for limit in limits]
    owned.tell("quotas", [owned.quota("NVIDIA_A100_GPUS", 16, 3), *own])
    (row,) = read().facts
    assert row["key"] == f"gcp/us-central1/a2-highgpu-*|a2-megagpu-*/{FIRM}|{SPOT}"
    assert (row["limit"], row["used"]) == (16, 3)


def test_spot_quota_of_zero_stays_where_no_standard_one_is_told(owned: Any, read: Read) -> None:
    owned.tell("quotas", [owned.quota("PREEMPTIBLE_NVIDIA_A100_GPUS", 0)])
    fetched = read()
    assert [(row["key"], row["limit"]) for row in fetched.facts] == [
        (f"gcp/us-central1/a2-highgpu-*|a2-megagpu-*/{SPOT}", 0)
    ]
    assert found(fetched) == [("quota_untold", "left_out", "gcp/us-central1")]


def test_accelerator_without_a_quota_in_the_region_is_said_once(owned: Any, read: Read) -> None:
    owned.cloud.machine_types["us-central1-a"][0].append(
        owned.cloud.machine_type("a3-megagpu-8g", 208, 1872, "nvidia-h100-mega-80gb", 8)
    )
    owned.tell("quotas", [owned.quota("NVIDIA_A100_GPUS", 1)])
    (finding,) = read().findings
    assert finding.detail.startswith("no quota is told for nvidia-h100-mega-80gb:")
    assert "Cloud Quotas" in finding.detail


def test_quota_that_no_type_of_the_region_counts_against_is_no_fact(
    owned: Any, read: Read
) -> None:
    owned.cloud.machine_types["us-central1-a"] = [
        [
            owned.cloud.machine_type("n1-standard-4", 4, 15),
            owned.cloud.machine_type("n1-standard-8", 8, 30),
        ]
    ]
    owned.cloud.accelerator_types["us-central1-a"] = [
        [{"name": "nvidia-tesla-t4", "maximumCardsPerInstance": 1}]
    ]
    owned.tell(
        "quotas",
        [
            owned.quota("NVIDIA_T4_GPUS", 2, 1),
            owned.quota("NVIDIA_P4_GPUS", 1),
            owned.quota("CPUS", 24, 6),
        ],
    )
    assert [(row["key"], row["unit"]) for row in read().facts] == [
        (f"gcp/us-central1/n1-*/{FIRM}|{SPOT}", "vcpus"),
        (f"gcp/us-central1/n1-*+nvidia-tesla-t4x*/{FIRM}|{SPOT}", "accelerators"),
    ]


def test_unknown_accelerator_quota_is_reported_and_known_others_are_not(
    owned: Any, read: Read
) -> None:
    owned.tell(
        "quotas",
        [
            owned.quota("NVIDIA_A100_GPUS", 1),
            owned.quota("NVIDIA_X9_GPUS", 1),
            owned.quota("PREEMPTIBLE_NVIDIA_K80_GPUS", 1),
            owned.quota("NVIDIA_T4_VWS_GPUS", 1),
            owned.quota("COMMITTED_NVIDIA_X9_GPUS", 1),
        ],
    )
    assert found(read()) == [
        ("quota_unknown", "left_out", "gcp/us-central1/NVIDIA_X9_GPUS"),
    ]


@pytest.mark.parametrize("told", [{"limit": 4}, {"usage": 4}, {"limit": -1, "usage": 0}])
def test_quota_that_is_not_told_whole_is_no_quota(
    owned: Any, read: Read, told: dict[str, int]
) -> None:
    owned.tell("quotas", [{"metric": "NVIDIA_A100_GPUS", **told}])
    fetched = read()
    assert fetched.facts == ()
    assert ("quota_unknown", "left_out", "gcp/us-central1/NVIDIA_A100_GPUS") in found(fetched)


def test_project_limits_accelerators_over_all_regions(owned: Any, read: Read) -> None:
    owned.tell(
        "project",
        [
            owned.quota("GPUS_ALL_REGIONS", 0),
            owned.quota("CPUS_ALL_REGIONS", 32, 8),
            owned.quota("SNAPSHOTS", 9),
        ],
    )
    fetched = read("")
    accelerators, vcpus = fetched.facts
    assert str(accelerators["key"]).startswith("gcp/*/a2-highgpu-*|a2-megagpu-*|")
    assert str(accelerators["key"]).endswith("|n1-*+nvidia-tesla-v100x*|g4-standard-*")
    assert (accelerators["limit"], accelerators["unit"]) == (0, "accelerators")
    assert (vcpus["limit"], vcpus["used"], vcpus["unit"]) == (32, 8, "vcpus")
    assert found(fetched) == [("commitment_untold", "left_out", "gcp")]
    assert [request.path for request in owned.cloud.asked()] == [
        "/compute/compute/v1/projects/planted-project-4711"
    ]


def test_project_quota_of_types_that_the_catalogue_lacks_is_no_fact(
    owned: Any, read: Read
) -> None:
    owned.tell("project", [owned.quota("CPUS_ALL_REGIONS", 32, 8)])
    assert read("", known_types=frozenset({"g2-standard-4"})).facts == ()
    assert len(read("", known_types=frozenset({"n1-standard-8"})).facts) == 1


def test_account_is_read_in_a_project(owned: Any, read: Read) -> None:
    with pytest.raises(MissingCredentialsError, match="Set project"):
        read(project="")
    assert owned.cloud.asked() == []


def test_limit_that_is_no_number_is_malformed(owned: Any, read: Read) -> None:
    owned.tell("quotas", [{"metric": "NVIDIA_A100_GPUS", "limit": "sixteen", "usage": 0}])
    with pytest.raises(MalformedAnswerError):
        read()
