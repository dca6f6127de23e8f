"""The group ``costopt catalog``: offers by itself, and the commands of a store."""

import typer

from costopt.cli.catalog_accept import accept
from costopt.cli.catalog_command import show_catalog
from costopt.cli.catalog_diff import show_diff
from costopt.cli.catalog_history import show_history
from costopt.cli.catalog_prune import prune
from costopt.cli.catalog_rollback import roll_back
from costopt.cli.catalog_versions import show_versions


def build_catalog_group() -> typer.Typer:
    """Return the group; without a command it shows offers, so that its options are theirs."""
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None, add_completion=False)
    group.callback()(show_catalog)
    group.command("history")(show_history)
    group.command("versions")(show_versions)
    group.command("diff")(show_diff)
    group.command("accept")(accept)
    group.command("rollback")(roll_back)
    group.command("prune")(prune)
    return group
