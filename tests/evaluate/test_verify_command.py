"""`costopt verify` on a machine without any solver; tampering gives exit code 1."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.requirement import Requirement

PROGRAM = """
import sys

for solver in ("highspy", "pulp", "scipy", "cvxpy", "ortools"):
    sys.modules[solver] = None  # an import of it now fails

from costopt.cli import main

sys.argv = ["costopt", "verify", sys.argv[1]]
code = 0
try:
    main()
except SystemExit as exit:
    code = exit.code
print(code or 0)
"""


@pytest.fixture(scope="module")
def written(bundled: Catalog) -> Plan:
    """One A100 node, the cheapest of the whole bundled catalogue."""
    return optimize(Requirement(accelerator_types=("A100-40GB",)), bundled).require()


def verified(plan_file: Path) -> tuple[str, str]:
    """Output of the command, and the last line of the program around it."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(plan_file)],
        capture_output=True,
        text=True,
        check=True,
        cwd=plan_file.parent,
    )
    assert done.stderr == ""
    *said, last = done.stdout.strip().splitlines()
    return "\n".join(said), last


def test_a_plan_is_verified_where_no_solver_can_be_imported(written: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(written.to_json(), encoding="utf-8")
    said, last = verified(path)
    assert "every limit is met" in said
    assert last == "0"


def test_a_tampered_plan_is_refused_with_exit_code_1(
    written: Plan, tmp_path: Path, change_text: Callable[[str], str]
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(change_text(written.to_json()), encoding="utf-8")
    said, last = verified(path)
    assert "price_per_hour is" in said
    assert last == "1"


@pytest.fixture
def change_text() -> Callable[[str], str]:
    """Make the first line a cent cheaper."""

    def changed(text: str) -> str:
        document = json.loads(text)
        document["lines"][0]["price_per_hour"] -= 0.01
        return json.dumps(document)

    return changed
