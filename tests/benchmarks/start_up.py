"""How long costopt takes to start: each figure beside its target, measured in fresh processes.

Run ``python tests/benchmarks/start_up.py``; nothing is asserted, as machines differ.
"""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final

RUNS: Final = 7
"""Processes for each figure; the median is shown."""

TIMED: Final = """
import time
{before}
started = time.perf_counter()
{code}
print(time.perf_counter() - started)
"""

WHOLE_PROCESS: Final = "whole process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing to measure.

    Attributes:
        name: for people.
        target_seconds: what it should stay below [s].
        before: code that runs before the clock does.
        code: code that is measured; ``whole process`` measures the process from outside.
    """

    name: str
    target_seconds: float
    before: str
    code: str


FIGURES: Final = (
    Figure(name="import costopt", target_seconds=0.3, before="", code="import costopt"),
    Figure(
        name="Catalog.bundled() after imports",
        target_seconds=0.3,
        before="import costopt\nfrom costopt.catalog import snapshot\ncostopt.Catalog\n"
        "import pyarrow.csv, pandas",
        code="costopt.Catalog.bundled()",
    ),
    Figure(
        name="costopt plan --example chat-70b, cold",
        target_seconds=3.0,
        before="import sys\nfrom costopt.cli import main\n"
        "sys.argv = ['costopt', 'plan', '--example', 'chat-70b']\nmain()",
        code=WHOLE_PROCESS,
    ),
)


def seconds_of(figure: Figure) -> float:
    """Measure once, in a process of its own [s]."""
    if figure.code == WHOLE_PROCESS:
        started = perf_counter()
        run_python(figure.before)
        return perf_counter() - started
    printed = run_python(TIMED.format(before=figure.before, code=figure.code))
    return float(printed.splitlines()[-1])


def run_python(program: str) -> str:
    """Run a program in a process of its own and return what it prints."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> None:
    """Print the median of each figure, its range and its target."""
    print(
        f"Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores; median of {RUNS} fresh processes"
    )
    for figure in FIGURES:
        seconds = sorted(seconds_of(figure) for _ in range(RUNS))
        print(
            f"{figure.name:<40} {median(seconds):6.3f} s  "
            f"({seconds[0]:.3f}-{seconds[-1]:.3f}; target {figure.target_seconds:g} s)"
        )


if __name__ == "__main__":
    main()
