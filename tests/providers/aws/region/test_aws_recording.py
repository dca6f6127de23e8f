"""A recorded run replays to the same rows, without the SDK, and holds no secret."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from costopt.errors import CatalogFileError
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction
from costopt_aws import AwsProvider

PLANTED = ("AKIAPLANTEDKEY000001", "planted/secret+key", "planted-session-token", "123456789012")


def test_replay_gives_the_rows_of_the_recorded_run_and_asks_nothing(
    aws: Any, tmp_path: Path
) -> None:
    source = aws.open()
    wire = RecordingWire(
        wire=aws.wire(), folder=tmp_path, redaction=Redaction.hiding(source.secrets())
    )
    recorded = source.fetch("us-east-1", aws.context(wire))
    asked = len(aws.seen)
    replayed = (
        AwsProvider().open({}).fetch("us-east-1", aws.context(ReplayingWire(folder=tmp_path)))
    )
    assert replayed == recorded
    assert len(recorded.offers) == 3
    assert len(aws.seen) == asked


def test_regions_replay_too(aws: Any, tmp_path: Path) -> None:
    source = aws.open()
    wire = RecordingWire(wire=aws.wire(), folder=tmp_path, redaction=Redaction.hiding(()))
    assert source.regions(aws.context(wire)) == AwsProvider().open({}).regions(
        aws.context(ReplayingWire(folder=tmp_path))
    )


def test_recording_without_credentials_replays_without_hardware(aws: Any, tmp_path: Path) -> None:
    known = frozenset({"p5.48xlarge"})
    wire = RecordingWire(wire=aws.wire(), folder=tmp_path, redaction=Redaction.hiding(()))
    recorded = aws.open_anonymous().fetch("us-east-1", aws.context(wire, known_types=known))
    replayed = (
        AwsProvider()
        .open({})
        .fetch("us-east-1", aws.context(ReplayingWire(folder=tmp_path), known_types=known))
    )
    assert replayed == recorded
    assert recorded.instance_types == ()


def test_planted_secrets_are_in_no_recorded_byte(
    aws: Any, spot: Any, build: Any, tmp_path: Path
) -> None:
    leak = " ".join((*PLANTED[:3], "arn:aws:iam::123456789012:user/x"))
    aws.lists["", "DescribeInstanceTypes"] = [
        [build["gpu_type"]("p5.48xlarge", "H100", 8, 81920, Hypervisor=leak)]
    ]
    source = aws.open()
    wire = RecordingWire(
        wire=aws.wire(), folder=tmp_path, redaction=Redaction.hiding(source.secrets())
    )
    source.fetch("us-east-1", aws.context(wire))
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert any("REDACTED" in text for text in written.values())
    assert not [
        (name, secret)
        for name, text in written.items()
        for secret in PLANTED
        if secret in text or secret in name
    ]


def test_secrets_of_the_environment_are_hidden_too(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "from-around")
    assert {*PLANTED[:3], "from-around"} <= set(aws.open().secrets())


def test_replay_of_another_region_says_what_was_not_recorded(aws: Any, tmp_path: Path) -> None:
    source = aws.open()
    wire = RecordingWire(wire=aws.wire(), folder=tmp_path, redaction=Redaction.hiding(()))
    source.fetch("us-east-1", aws.context(wire))
    with pytest.raises(CatalogFileError, match="DescribeInstanceTypes in eu-west-1"):
        AwsProvider().open({}).fetch("eu-west-1", aws.context(ReplayingWire(folder=tmp_path)))


def test_importing_and_opening_the_adapter_loads_no_sdk() -> None:
    code = (
        "import sys; from costopt_aws import AwsProvider; AwsProvider().open({}); "
        "print(sorted({'boto3', 'botocore', 'ijson', 'pandas'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_replay_needs_no_sdk(aws: Any, tmp_path: Path) -> None:
    source = aws.open()
    wire = RecordingWire(wire=aws.wire(), folder=tmp_path, redaction=Redaction.hiding(()))
    source.fetch("us-east-1", aws.context(wire))
    code = (
        "import sys, datetime as dt\n"
        "from pathlib import Path\n"
        "sys.modules.update(dict.fromkeys(('boto3', 'botocore', 'ijson')))\n"
        "from costopt.fetch.context import FetchContext\n"
        "from costopt.fetch.recording import ReplayingWire\n"
        "from costopt_aws import AwsProvider\n"
        "context = FetchContext(wire=ReplayingWire(folder=Path(sys.argv[1])),\n"
        "    now=dt.datetime(2026, 11, 21, tzinfo=dt.UTC),\n"
        "    accelerators={}, accelerator_names={})\n"
        "print(len(AwsProvider().open({}).fetch('us-east-1', context).findings))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "1"
