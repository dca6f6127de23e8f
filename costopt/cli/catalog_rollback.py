"""``costopt catalog rollback``: readers see an earlier version of a store again."""

import json
from typing import Annotated

import typer

from costopt.cli import catalog_place
from costopt.cli.catalog_place import AsJson, Person, Reason, StorePlace
from costopt.cli.catalog_table import sentences, width_of_output
from costopt.errors import InvalidInputError


def roll_back(
    version: Annotated[str, typer.Argument(metavar="ID", help="Version to go back to.")],
    store: StorePlace,
    by: Person = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Let readers see an earlier version again, after checking every byte of it."""
    opened = catalog_place.published_store(store)
    before = opened.latest_id()
    if version == before:
        raise InvalidInputError(
            "rollback", [f"{version} is what readers of {opened.place} see already"]
        )
    opened.rollback(version, at=catalog_place.now(), by=catalog_place.person(by), reason=reason)
    if as_json:
        typer.echo(json.dumps({"version": version, "from_version": before}))
        return
    words = f"Readers of {opened.place} see version {version} again, no longer {before}."
    typer.echo(sentences(words, width_of_output()))
