"""A recorded account replays to the same facts and names neither account nor resource."""

import json
from pathlib import Path
from typing import Any

import pytest

from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction
from costopt.provider import AccountSource
from costopt_aws import AwsProvider

SETTINGS: dict[str, Any] = {"savings_plan_use": "cost_explorer"}
ARN = "arn:aws:savingsplans::123456789012:savingsplan/sp-1"
PLAIN = Redaction.hiding(())
PLANTED = ("123456789012", "planted", "AKIAPLANTED", "sp-1", "cr-1")


@pytest.fixture
def rich(owner: Any, make: Any, launch: Any) -> Any:
    """An account with one of everything."""
    launch([make["instance"](CapacityReservationId="planted-cr-1"), make["instance"]()])
    owner.lists["", "DescribeReservedInstances"] = [[make["purchase"]()]]
    owner.lists["", "DescribeCapacityReservations"] = [
        [
            make["capacity"](),
            make["capacity"](ReservationType="capacity-block", EndDate="2026-12-04T11:30:00Z"),
        ]
    ]
    owner.lists["", "ListServiceQuotas"] = [
        [make["quota"]("L-417A185B", "Running On-Demand P instances", 768.0)]
    ]
    owner.lists["", "DescribeSavingsPlans"] = [[make["plan"]()]]
    owner.lists["", "GetSavingsPlansUtilizationDetails"] = [
        [
            {
                "SavingsPlanArn": ARN,
                "Utilization": {"TotalCommitment": "4", "UsedCommitment": "1"},
            }
        ]
    ]
    return owner


def test_replay_gives_the_facts_of_the_recorded_run_and_asks_nothing(
    rich: Any, tmp_path: Path
) -> None:
    wire = RecordingWire(wire=rich.wire(), folder=tmp_path, redaction=PLAIN)
    recorded = [rich.account(region, wire, **SETTINGS) for region in ("us-east-1", "")]
    asked = len(rich.seen)
    source = AwsProvider().open(SETTINGS)
    assert isinstance(source, AccountSource)
    context = rich.context(ReplayingWire(folder=tmp_path), account=True)
    assert [source.account(region, context) for region in ("us-east-1", "")] == recorded
    assert [len(read.facts) for read in recorded] == [3, 1]
    assert len(rich.seen) == asked


def test_no_identifier_reaches_a_recording_a_fact_or_a_finding(rich: Any, tmp_path: Path) -> None:
    wire = RecordingWire(wire=rich.wire(), folder=tmp_path, redaction=PLAIN)
    told = [str(rich.account(region, wire, **SETTINGS)) for region in ("us-east-1", "")]
    files = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert len(files) == 9
    texts = [*told, *files, *files.values()]
    assert not [(text, secret) for text in texts for secret in PLANTED if secret in text]


def test_question_that_prices_ask_too_is_recorded_whole(
    owner: Any, make: Any, launch: Any, tmp_path: Path
) -> None:
    launch([make["instance"]()])
    told = {"InstanceType": "p5.48xlarge", "VCpuInfo": {"DefaultVCpus": 192}}
    memory = {"TotalGpuMemoryInMiB": 655360}
    owner.lists["", "DescribeInstanceTypes"] = [[{**told, "GpuInfo": memory}]]
    owner.account("us-east-1", RecordingWire(wire=owner.wire(), folder=tmp_path, redaction=PLAIN))
    (path,) = tmp_path.glob("aws.ec2.DescribeInstanceTypes.us-east-1.*")
    page = json.loads(path.read_text())
    assert page == {"InstanceTypes": [{**told, "GpuInfo": memory}]}
