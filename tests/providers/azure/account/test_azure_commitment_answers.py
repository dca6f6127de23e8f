"""Answers about reservations that fail, and what of them is written down."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costopt.errors import MalformedAnswerError
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"
LISTED = ("reservations", "", "", 1)


@pytest.mark.parametrize(
    "body",
    ["<html>", "[]", "{}", '{"value": 7}', '{"value": [{"properties": {"utilization": 7}}]}', ""],
)
def test_malformed_reservations_are_a_typed_error(
    body: str, committed: Any, opened: Make, context: Make
) -> None:
    committed.cloud.answers.pop(LISTED)
    committed.cloud.script(LISTED, body)
    with pytest.raises(MalformedAnswerError, match="azure capacity reservations"):
        opened().account("", context())
    assert committed.asked("reservations") == 1


def test_next_page_of_another_host_is_not_asked(
    committed: Any, reservation: Make, opened: Make, context: Make
) -> None:
    committed.cloud.answers.pop(LISTED)
    link = "https://elsewhere.example/reservations"
    committed.cloud.script(LISTED, {"value": [reservation()], "nextLink": link})
    with pytest.raises(MalformedAnswerError, match=r"leads to elsewhere\.example"):
        opened().account("", context())


def test_recording_names_nobody_and_replays_to_the_same_facts(
    committed: Any, opened: Make, context: Make, planted: Make, tmp_path: Path
) -> None:
    wire = RecordingWire(wire=context().wire, folder=tmp_path, redaction=Redaction())
    live = opened().account("", context(wire=wire))
    asked = len(committed.cloud.seen)
    written = "".join(file.name + file.read_text() for file in sorted(tmp_path.iterdir()))
    assert H100 in written
    assert not planted(written)
    assert not planted([live.facts, [found.detail for found in live.findings]])
    replayed = opened(credential=None).account("", context(wire=ReplayingWire(folder=tmp_path)))
    assert replayed == live
    assert len(committed.cloud.seen) == asked
