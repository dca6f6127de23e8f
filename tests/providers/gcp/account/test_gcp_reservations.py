"""Reservations over real HTTP: which are commitments, and what they take from others."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from costopt.fetch.fetched import FetchedAccount
from costopt_gcp.committed import COMMITMENT_TYPES
from costopt_gcp.machines import series_of, shaped_machines
from costopt_gcp.quotas import GPU_QUOTAS

Json = dict[str, Any]
Read = Callable[..., FetchedAccount]
Facts = Callable[[FetchedAccount], list[Json]]
Findings = Callable[[FetchedAccount], list[tuple[str, str]]]

UNTIL = "2026-12-24T08:00:00Z"


@pytest.mark.parametrize(
    "end", [{}, {"deleteAtTime": UNTIL}, {"deleteAfterDuration": {"seconds": "2592000"}}]
)
def test_reservation_can_be_deleted_before_its_end_and_is_no_commitment(
    owned: Any, read: Read, facts: Facts, end: Json
) -> None:
    owned.tell("reservations", [], [owned.reservation("a2-highgpu-1g", 4, 1, **end)])
    fetched = read()
    assert facts(fetched) == []
    (found,) = fetched.findings
    assert (found.check, found.severity) == ("reservation_can_be_cancelled", "left_out")
    assert found.row == "gcp/us-central1-a/a2-highgpu-1g"
    assert found.detail.startswith("4 of them, 1 running")
    assert [one.args["pageToken"] for one in owned.asked("reservations")] == ["", "1"]


def test_reservation_that_a_commitment_pays_for_is_there_once(
    owned: Any, read: Read, facts: Facts
) -> None:
    held = owned.reservation("a2-highgpu-1g", 4, 1, deleteAtTime=UNTIL)
    paid = {**held, "commitment": "https://x/planted-project-4711/c"}
    owned.tell("reservations", [paid])
    owned.tell("commitments", [owned.a2(4)])
    (row,) = facts(read())
    assert row["fact"] == "resource_commitment"


@pytest.mark.parametrize("end", [{}, {"deleteAtTime": UNTIL}])
def test_unused_instances_of_a_reservation_take_nothing_from_commitments(
    owned: Any, read: Read, facts: Facts, end: Json
) -> None:
    owned.tell("reservations", [owned.reservation("a2-highgpu-1g", 3, 1, **end)])
    owned.tell("commitments", [owned.a2(8)])
    owned.tell("instances", [owned.instance("a2-highgpu-1g")])
    (row,) = facts(read())
    # one runs; where two wait, what a plan starts takes their place: 1 A100 and 12 vCPUs
    assert (row["used_accelerators"], row["used_vcpus"]) == (1.0, 12.0)


def test_attached_accelerator_makes_the_name_of_the_type(owned: Any, read: Read) -> None:
    owned.cloud.machine_types["us-central1-a"] = [
        [owned.cloud.machine_type("n1-standard-4", 4, 15)]
    ]
    owned.cloud.accelerator_types["us-central1-a"] = [
        [{"name": "nvidia-tesla-t4", "maximumCardsPerInstance": 4}]
    ]
    held = owned.reservation("n1-standard-4", 2, 0, "nvidia-tesla-t4", deleteAtTime=UNTIL)
    owned.tell("reservations", [held])
    (found,) = [one for one in read().findings if one.check == "reservation_can_be_cancelled"]
    assert found.row == "gcp/us-central1-a/n1-standard-4+nvidia-tesla-t4x1"


@pytest.mark.parametrize(
    ("odd", "check"),
    [
        ({"aggregateReservation": {"vmFamily": "VM_FAMILY_X"}}, "reservation_aggregate"),
        ({"specificReservation": {"count": "1", "inUseCount": "0"}}, "reservation_type_unknown"),
        (
            {
                "specificReservation": {
                    "count": "2",
                    "instanceProperties": {"machineType": "a2-highgpu-1g"},
                }
            },
            "reservation_can_be_cancelled",
        ),
    ],
)
def test_odd_reservation_is_reported_and_never_guessed(
    owned: Any, read: Read, facts: Facts, findings: Findings, odd: Json, check: str
) -> None:
    held = owned.reservation("a2-highgpu-1g", 4, 1, deleteAtTime=UNTIL)
    owned.tell("reservations", [{**held, **odd}])
    fetched = read()
    assert facts(fetched) == []
    assert findings(fetched) == [(check, "left_out")]


def test_reservation_of_an_accelerator_that_the_catalogue_lacks_is_reported(
    owned: Any, read: Read, facts: Facts, findings: Findings
) -> None:
    owned.tell("reservations", [owned.reservation("n1-standard-2", 1, 0, "nvidia-tesla-x9")])
    fetched = read()
    assert facts(fetched) == []
    assert findings(fetched) == [("reservation_type_unknown", "left_out")]


@pytest.mark.parametrize(
    "other",
    [
        {"status": "DELETING"},
        {
            "specificReservation": {
                "count": "0",
                "inUseCount": "0",
                "instanceProperties": {"machineType": "a2-highgpu-1g"},
            }
        },
        {
            "specificReservation": {
                "count": "1",
                "inUseCount": "0",
                "instanceProperties": {"machineType": "n2-standard-8"},
            }
        },
    ],
)
def test_reservation_that_concerns_no_plan_is_left_in_silence(
    owned: Any, read: Read, facts: Facts, other: Json
) -> None:
    owned.tell("reservations", [{**owned.reservation("a2-highgpu-1g", 4, 1), **other}])
    fetched = read()
    assert (facts(fetched), fetched.findings) == ([], ())


@pytest.mark.parametrize("machine", shaped_machines(), ids=lambda machine: machine.name)
def test_reviewed_patterns_name_types_with_their_accelerator_alone(machine: Any) -> None:
    for covered in COMMITMENT_TYPES.values():
        for accelerator, patterns in covered.patterns.items():
            if any(fnmatchcase(machine.name, pattern) for pattern in patterns.split("|")):
                assert machine.accelerator == accelerator
                assert series_of(machine.name) == covered.series
    limits = [
        quota
        for quota, patterns in GPU_QUOTAS.items()
        if any(fnmatchcase(machine.name, pattern) for pattern in patterns.split("|"))
    ]
    assert len(limits) == (0 if machine.tpu or machine.series == "g4" else 1)
