"""A recording of an account names nobody and replays to the same facts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction
from costopt.fetch.wire import LiveWire
from costopt.provider import AccountSource
from costopt_alibaba import AlibabaProvider

Make = Callable[..., Any]


def test_nothing_planted_is_in_a_fact_or_a_recording_and_a_replay_tells_the_same(
    own: Any, source: Make, context: Make, tmp_path: Path
) -> None:
    own.instances([own.instance()], [own.instance(Status="Stopped")])
    own.reserved_instances([own.reserved(Platform="Windows")], [own.reserved()], size=1)
    own.savings_plans([own.plan(), own.plan(PayMode="planted-not")])
    opened = source()
    wire = RecordingWire(
        wire=LiveWire(), folder=tmp_path, redaction=Redaction.hiding(opened.secrets())
    )
    told = [opened.account(region, context(wire=wire)) for region in ("cn-test", "")]
    assert len(told[0].facts) == 4
    assert len(told[1].facts) == 1
    assert "planted" not in str(told).replace("planted-not", "")
    files = sorted(tmp_path.iterdir())
    assert len(files) == 5
    for file in files:
        written = file.read_text(encoding="utf-8") + file.name
        assert "planted" not in written.replace("planted-not", "")
        assert "203.0.113.99" not in written
    replaying = AlibabaProvider().open({})
    assert isinstance(replaying, AccountSource)
    again = [
        replaying.account(region, context(wire=ReplayingWire(folder=tmp_path)))
        for region in ("cn-test", "")
    ]
    assert again == told
