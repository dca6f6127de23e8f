"""Output that cannot be written ends in a sentence, and never with the code of infeasible."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_a_sentence_and_not_a_traceback() -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from costopt.cli import main; main()", "catalog", "--limit=2"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("costopt: the output cannot be written (No space left")
    assert "Traceback" not in done.stderr


def test_the_package_runs_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "costopt", "plan"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("costopt: costopt plan: give a request file, or --example")
