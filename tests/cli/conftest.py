"""Running the command in this process, and what it says when it refuses its input."""

import sys
from collections.abc import Callable

import pytest

from costopt.catalog.catalog import Catalog
from costopt.cli import main

Command = Callable[..., tuple[int, str, str]]
"""Runs the command with arguments; exit code, standard output and standard error."""


@pytest.fixture
def command(
    bundled: Catalog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run ``costopt`` in this process, on the bundled catalogue that was read before."""
    monkeypatch.setattr(Catalog, "bundled", lambda: bundled)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["costopt", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def refusal(command: Command) -> Callable[..., str]:
    """Run the command on input that it must refuse; returns its one sentence, lines joined."""

    def run(*arguments: str) -> str:
        code, out, err = command(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("costopt: ")
        lines = err.splitlines()
        too_long = [line.removeprefix("costopt: ").strip() for line in lines if len(line) > 100]
        assert not any(" " in line for line in too_long)
        assert all(line.startswith("  ") for line in lines[1:])
        assert err.endswith("\n")
        assert "pydantic" not in err
        return " ".join(line.strip() for line in lines) + "\n"

    return run
