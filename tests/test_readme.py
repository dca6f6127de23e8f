"""The README's example is run, and what it prints is what the README shows."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
SECONDS = re.compile(r"\d+\.\d\d s\.$", re.MULTILINE)


def block(language: str) -> str:
    """Return the README's one block in a language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", README.read_text("utf-8"), re.M | re.S)
    assert len(found) == 1, language
    return str(found[0])


def test_example_prints_the_plan_that_the_readme_shows(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block("python"), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert SECONDS.sub("1.00 s.", printed) == SECONDS.sub("1.00 s.", block("text"))


def test_two_commands_are_one_line_each() -> None:
    commands = re.findall(r"^```sh\n(.*?)^```$", README.read_text("utf-8"), re.M | re.S)
    assert [command.count("\n") for command in commands] == [1, 1]
    assert commands[0].endswith("costopt plan --example chat-70b\n")
    assert commands[1].endswith("-m pytest -n auto --maxprocesses 4 --dist loadfile\n")
