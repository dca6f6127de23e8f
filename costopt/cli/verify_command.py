"""``costopt verify``: recompute a plan from the catalogue, without any solver."""

from pathlib import Path
from typing import Annotated

import typer

from costopt.cli.inputs import open_catalog, read_text
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan

EXIT_FAILED = 1
"""Exit code when the plan does not hold."""


def verify_plan(
    plan_file: Annotated[Path, typer.Argument(help="Plan as written by costopt plan --json.")],
    catalog: Annotated[
        str | None, typer.Option(help="Folder or URL of a catalogue; default: the bundled one.")
    ] = None,
) -> None:
    """Check a plan's cost, rates and every limit against the catalogue, without a solver."""
    plan = Plan.from_json(read_text(plan_file), str(plan_file))
    evaluation = evaluate_plan(plan, open_catalog(catalog))
    typer.echo(str(evaluation))
    if evaluation.violations:
        raise typer.Exit(EXIT_FAILED)
