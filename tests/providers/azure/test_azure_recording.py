"""What a recording holds, what it never holds, and what a replay gives."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costopt.errors import CatalogFileError
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"
A100 = "Standard_ND96asr_v4"
SIZES = ("sizes", "eastus", "", 1)
PLANTED = (
    "0f0f0f0f-1111-2222-3333-444444444444",
    "planted-bearer-token",
    "planted-client-secret",
    "planted-tenant",
    "planted-client",
)


@pytest.fixture
def stocked(cloud: Any, sku: Make, item: Make) -> Any:
    cloud.sizes([sku()])
    cloud.prices([item()])
    cloud.evictions([{"size": H100, "location": "eastus", "evictionRate": "0-5"}])
    return cloud


def test_replay_of_a_recording_gives_identical_rows_and_needs_no_server(
    cloud: Any, sku: Make, item: Make, opened: Make, context: Make, tmp_path: Path
) -> None:
    odd = {**sku(), "id": f"/subscriptions/{PLANTED[0]}/x", "note": f"by {PLANTED[2]}"}
    cloud.sizes([odd], [sku(A100)])
    plans = [{"term": "1 Year", "retailPrice": 70.123456789}]
    cloud.prices([item(price=98.123456789, savingsPlan=plans)], [item(A100, 0)])
    cloud.evictions([{"size": H100, "evictionRate": "0-5", "tenantId": PLANTED[3]}])
    source, run = opened(), context()
    redaction = Redaction.hiding(source.secrets())
    recording = RecordingWire(wire=run.wire, folder=tmp_path, redaction=redaction)
    live = source.fetch("eastus", context(wire=recording))
    asked = len(cloud.seen)
    replayed = opened(credential=None).fetch(
        "eastus", context(wire=ReplayingWire(folder=tmp_path))
    )
    assert replayed == live
    assert len(cloud.seen) == asked
    assert len(live.offers) == 2
    assert live.offers[0]["recurring_per_hour"] == 98.123456789


def test_planted_credentials_are_in_no_recorded_byte(
    stocked: Any, sku: Make, opened: Make, context: Make, tmp_path: Path
) -> None:
    stocked.answers.pop(SIZES)
    told = {"id": f"/subscriptions/{PLANTED[0]}/skus", "token": PLANTED[1], "by": PLANTED[2:]}
    stocked.sizes([{**sku(), **told}], [])
    source, run = opened(), context()
    redaction = Redaction.hiding(source.secrets())
    recording = RecordingWire(wire=run.wire, folder=tmp_path, redaction=redaction)
    source.fetch("eastus", context(wire=recording))
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    for file in files:
        written = file.name.encode() + file.read_bytes()
        assert not any(secret.encode() in written for secret in PLANTED)
    assert json.loads(files[0].read_text().splitlines()[0])["value"][0]["name"] == H100


def test_replay_of_a_question_that_was_not_recorded_says_so(
    cloud: Any, opened: Make, context: Make, tmp_path: Path
) -> None:
    with pytest.raises(CatalogFileError, match="resource_skus in eastus"):
        opened().fetch("eastus", context(wire=ReplayingWire(folder=tmp_path)))
    assert cloud.seen == []


def test_planted_credentials_are_in_no_line_of_the_log(
    stocked: Any, opened: Make, context: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        opened().fetch("eastus", context())
    lines = [line.getMessage() for line in caplog.records if line.name != "werkzeug"]
    assert not any(secret in line for line in lines for secret in PLANTED)
    assert len(stocked.seen) == 4


def test_replay_of_a_run_that_was_refused_eviction_rates_gives_its_prices(
    stocked: Any, opened: Make, context: Make, tmp_path: Path
) -> None:
    key = ("evictions", "eastus", "", 1)
    stocked.answers.pop(key)
    stocked.script(key, {"error": {"code": "AuthorizationFailed"}}, status=403)
    recording = RecordingWire(wire=context().wire, folder=tmp_path, redaction=Redaction())
    live = opened().fetch("eastus", context(wire=recording))
    replayed = opened().fetch("eastus", context(wire=ReplayingWire(folder=tmp_path)))
    assert (replayed.instance_types, replayed.offers) == (live.instance_types, live.offers)
    assert replayed.interruptions == ()
    assert [found.check for found in replayed.findings] == ["eviction_rates_unread"]
