"""The commands of costopt, put together."""

from importlib.metadata import version

import typer

from costopt.cli.backtest_command import backtest_rule
from costopt.cli.catalog_group import build_catalog_group
from costopt.cli.plan_command import make_plan
from costopt.cli.refresh_command import refresh
from costopt.cli.validate_command import validate_file
from costopt.cli.verify_command import verify_plan
from costopt.cli.watch_command import watch_saved

DISTRIBUTION = "cloud-costopt"
"""Name of the package on the index; the plain name belongs to another project."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"costopt {version(DISTRIBUTION)}")
        raise typer.Exit


def build_application() -> typer.Typer:
    """Return the command line with all its commands."""
    application = typer.Typer(
        name="costopt",
        help="The cheapest cloud instances, and the cheapest way to pay, for an ML workload.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @application.callback()
    def _top(
        version: bool = typer.Option(
            False, "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ) -> None:
        """Plan ML workloads on AWS, Google Cloud, Azure and Alibaba Cloud."""

    application.command("backtest")(backtest_rule)
    application.command("plan")(make_plan)
    application.add_typer(build_catalog_group(), name="catalog")
    application.command("refresh")(refresh)
    application.command("validate")(validate_file)
    application.command("verify")(verify_plan)
    application.command("watch")(watch_saved)
    return application
