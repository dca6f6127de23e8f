"""A recorded run replays to the same rows, without the SDK, and holds no secret."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import costopt_alibaba.sdk
from costopt.errors import CatalogFileError
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction
from costopt.fetch.wire import LiveWire
from costopt_alibaba import AlibabaProvider

Make = Callable[..., Any]
A10 = "ecs.gn7i-c8g1.2xlarge"


@pytest.fixture
def recorded(
    selling: Any, source: Make, context: Make, a10_type: Make, spot_price: Make, tmp_path: Path
) -> Any:
    """Record a region with pages, spot, a price that is refused and refused advice."""
    selling.answers.clear()
    selling.types([a10_type(Attributes={"Attribute": []})], [a10_type("ecs.gn7i-x.large")])
    selling.stock("on_demand", {"cn-test-a": {A10: "WithStock", "ecs.gn7i-x.large": "WithStock"}})
    selling.stock("prepaid", {"cn-test-a": {A10: "WithStock"}})
    selling.stock("spot", {"cn-test-a": {A10: "WithStock"}})
    selling.price(10.1, 9.1)
    selling.price(60000.3, 51000.7, kind="1y")
    selling.spot([spot_price(2.3)], [spot_price(2.9, Timestamp="2026-11-21T02:30:00Z")])
    selling.refuse("DescribeSpotAdvice", "Forbidden.RAM", 403)
    opened = source(subscriptions=("1 year",))
    wire = RecordingWire(
        wire=LiveWire(), folder=tmp_path / "kept", redaction=Redaction.hiding(opened.secrets())
    )
    return opened.fetch("cn-test", context(wire=wire))


def test_replay_gives_the_same_rows_without_the_sdk(
    recorded: Any, context: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(costopt_alibaba.sdk, "import_module", _no_module)
    source = AlibabaProvider().open({"subscriptions": ("1 year",)})
    replayed = source.fetch("cn-test", context(wire=ReplayingWire(folder=tmp_path / "kept")))
    assert replayed == recorded
    assert len(recorded.offers) == 3
    assert len(recorded.account_offers) == 2
    assert {finding.check for finding in recorded.findings} == {
        "price_refused",
        "spot_advice_refused",
    }


def test_replay_on_another_day_finds_the_same_answers(
    recorded: Any, context: Make, tmp_path: Path
) -> None:
    run = context(wire=ReplayingWire(folder=tmp_path / "kept"))
    later = replace(run, now=run.now + timedelta(days=3))
    source = AlibabaProvider().open({"subscriptions": ("1 year",)})
    offers = source.fetch("cn-test", later).offers
    assert [row["recurring_per_hour"] for row in offers] == [10.1, 0, 2.9]
    assert {row["as_of"] for row in offers} == {"2026-11-24"}


def test_replay_of_another_question_says_so(recorded: Any, context: Make, tmp_path: Path) -> None:
    source = AlibabaProvider().open({"subscriptions": ("3 years",)})
    with pytest.raises(CatalogFileError, match="no answer to alibaba ecs DescribePrice"):
        source.fetch("cn-test", context(wire=ReplayingWire(folder=tmp_path / "kept")))


def test_no_recorded_byte_holds_a_secret(recorded: Any, tmp_path: Path) -> None:
    files = sorted((tmp_path / "kept").iterdir())
    assert len(files) == 9
    for file in files:
        written = file.read_bytes() + file.name.encode()
        assert b"planted" not in written


def _no_module(name: str) -> Any:
    raise ModuleNotFoundError(name)
