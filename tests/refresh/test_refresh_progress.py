"""What a person at a terminal sees: one bar for each provider, failures above them."""

from io import StringIO

import pytest

from costopt.cli.refresh_progress import watching
from costopt.refresh.told import Ended, Listed, RegionTold


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def failed(region: str) -> RegionTold:
    return RegionTold(
        region=region, fetched=None, error="[no] answer", seconds=2, calls=5, retries=4
    )


def test_person_at_a_terminal_sees_bars_and_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with watching() as watch:
        watch("aws", Listed(listed=("a", "b", "c"), asked=("a", "b")))
        watch("aws", failed("a"))
        watch("aws", Ended())
        watch("gcp", Ended(error="there are no credentials"))
    text = shown.getvalue()
    assert "1/2" in text
    assert "aws a: failed: [no] answer (2.0 s, 5 calls, 4 retries)" in text
    assert "gcp: failed: there are no credentials" in text
    assert "aws: done" not in text
