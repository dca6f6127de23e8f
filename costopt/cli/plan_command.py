"""``costopt plan``: from a request file, or a shipped example, to a printed plan."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from costopt.catalog.catalog import Catalog
from costopt.catalog.dates import days_between
from costopt.cli.inputs import open_account, open_catalog, read_text
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.launch.recipe import recipes_text
from costopt.plan.plan import Plan
from costopt.plan.present import plan_text
from costopt.planning.current_fleet import refuse_unknown
from costopt.planning.optimize_request import answer_request
from costopt.workload.request import PlanRequest

EXIT_INFEASIBLE = 1
"""Exit code when there is no plan within the limits, or none was found in time."""


def make_plan(
    request_file: Annotated[
        Path | None, typer.Argument(help="Request as a TOML file.", show_default=False)
    ] = None,
    example: Annotated[
        str | None, typer.Option(help="Plan a shipped example, such as chat-70b.")
    ] = None,
    catalog: Annotated[
        str | None, typer.Option(help="Folder or URL of a catalogue; default: the bundled one.")
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            help="Your prices, quotas and commitments: a CSV file, or a store that holds what "
            "costopt refresh --account read. May be given twice.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole plan as JSON.")] = False,
    launch: Annotated[
        bool,
        typer.Option("--launch", help="Print also how to start each line, and how to measure it."),
    ] = False,
) -> None:
    """Find the cheapest instances for a request and print the plan with its reasons."""
    if json and launch:
        raise InvalidInputError("costopt plan", ["--launch is text: leave out --json"])
    request = read_request(request_file, example)
    source = open_catalog(catalog)
    refuse_unknown(request.current_fleet or (), source)
    plan = answer_request(request, source, open_account(account or (), _today()))
    typer.echo(plan.to_json() if json else _printed(plan, source))
    if launch and plan.lines:
        typer.echo(f"\n{recipes_text(plan.launch_recipes(source))}")
    if not plan.has_answer:
        raise typer.Exit(EXIT_INFEASIBLE)


def read_request(request_file: Path | None, example: str | None) -> PlanRequest:
    """Read the request from a file or from a shipped example.

    Raises:
        InvalidInputError: neither or both are given, or the file cannot be used.
        UnknownNameError: there is no such example.
    """
    if (request_file is None) == (example is None):
        raise InvalidInputError(
            "costopt plan", [f"give a request file, or --example with one of {_examples_listed()}"]
        )
    if request_file is not None:
        return PlanRequest.from_toml(read_text(request_file), str(request_file))
    name = (example or "").removesuffix(".toml")
    if name not in example_names():
        raise UnknownNameError("example", name, example_names())
    text = files("costopt").joinpath("examples", f"{name}.toml").read_text(encoding="utf-8")
    return PlanRequest.from_toml(text, f"example {name}")


def example_names() -> list[str]:
    """Names of the shipped examples."""
    folder = files("costopt").joinpath("examples")
    return sorted(
        item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")
    )


def _examples_listed() -> str:
    return ", ".join(example_names())


def _printed(plan: Plan, source: Catalog) -> str:
    """Return the plan as text with its switch points and the age that prices have today.

    A plan over time says what it commits and runs in their place; `explain` has its reasons.
    """
    elapsed = max(0, days_between(plan.catalog.as_of, _today()))
    if plan.schedule is not None:
        return plan_text(plan, (), elapsed, ())
    explanation = plan.explain(source)
    changes = explanation.switch_sentences if plan.has_answer else explanation.changes
    return plan_text(plan, changes, elapsed, explanation.prices.brief)


def _today() -> str:
    return datetime.now(tz=UTC).date().isoformat()
