"""What a person at a terminal sees: one bar for each provider, failures above them."""

from io import StringIO

import pytest

from costopt.cli.refresh_progress import line_of, watching
from costopt.fetch.fetched import FetchedAccount
from costopt.refresh.told import AccountTold, Ended, Listed, RegionTold


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


def test_questions_about_the_account_count_beside_those_about_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two regions, once for prices and once for the account, and the account as a whole."""
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with watching() as watch:
        watch("aws", Listed(listed=("a", "b"), asked=("a", "b"), account=True))
        watch("aws", told_of_account(""))
        watch("aws", told_of_account("a", error="refused"))
    text = shown.getvalue()
    assert "2/5" in text
    assert "aws a account: failed: refused (2.0 s, 3 calls, 0 retries)" in text


def test_line_of_an_account_counts_its_facts() -> None:
    assert line_of("aws", told_of_account("")) == "aws account: 1 facts, 2.0 s, 3 calls, 0 retries"


def told_of_account(region: str, error: str = "") -> AccountTold:
    facts = ({"fact": "quota"},)
    fetched = None if error else FetchedAccount(region=region, facts=facts)
    return AccountTold(region=region, fetched=fetched, error=error, seconds=2, calls=3, retries=0)
