"""A run that is recorded can be replayed, and holds nothing that names an account."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costopt.errors import InvalidInputError, MissingDependencyError
from costopt.fetch.fetched import FetchedRegion
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction
from costopt.fetch.wire import LiveWire
from costopt.provider import LiveProvider
from costopt_gcp import GcpProvider, sdk

PLANTED = ("ya29.planted-access-token", "planted-project-4711", "planted-key")


@pytest.fixture
def recorded(
    open_source: Callable[..., Any], make_context: Callable[..., Any], tmp_path: Path
) -> tuple[FetchedRegion, Path]:
    source = open_source(api_key="planted-key")
    wire = RecordingWire(
        wire=LiveWire(), folder=tmp_path, redaction=Redaction.hiding(source.secrets())
    )
    return source.fetch("us-central1", make_context(wire=wire)), tmp_path


def test_replay_gives_the_same_rows_and_asks_nobody(
    cloud: Any, recorded: tuple[FetchedRegion, Path], fetch: Callable[..., FetchedRegion]
) -> None:
    first, folder = recorded
    seen = len(cloud.asked())
    again = fetch(wire=ReplayingWire(folder=folder), project="anybody", access_token=None)
    assert again == first
    assert len(cloud.asked()) == seen == 4


def test_recording_holds_no_planted_credential(recorded: tuple[FetchedRegion, Path]) -> None:
    _, folder = recorded
    written = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    assert len(list(folder.iterdir())) == 4
    assert b"a2-highgpu-1g" in written
    names = "".join(path.name for path in folder.iterdir())
    for secret in PLANTED:
        assert secret.encode() not in written
        assert secret not in names


def test_secrets_are_never_shown(open_source: Callable[..., Any]) -> None:
    source = open_source(api_key="planted-key")
    assert set(source.secrets()) == set(PLANTED)
    assert "planted-key" not in repr(source.settings)
    assert "ya29" not in repr(source.settings)


def test_adapter_can_be_asked_for_prices_of_today() -> None:
    assert isinstance(GcpProvider(), LiveProvider)


def test_unknown_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInputError, match="did you mean api_key"):
        GcpProvider().open({"apikey": "x"})


def test_currency_must_be_a_code() -> None:
    with pytest.raises(InvalidInputError, match="currency"):
        GcpProvider().open({"currency": "dollars"})


def test_sdk_that_is_not_installed_names_the_extra() -> None:
    with pytest.raises(MissingDependencyError, match=r"cloud-costopt\[gcp\]"):
        sdk.sdk_module("google.cloud.compute_v99")


def test_opening_loads_no_sdk() -> None:
    code = (
        "import sys; from costopt_gcp import GcpProvider; GcpProvider().open({}); "
        "print([name for name in sys.modules if name.startswith('google')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
