"""``costopt catalog prune``: old versions of a store are removed, never the latest one."""

import json
from typing import Annotated, Final

import typer

from costopt.cli import catalog_place
from costopt.cli.catalog_place import AsJson, Person, StorePlace
from costopt.cli.catalog_table import sentences, width_of_output
from costopt.plan.words import counted

LONGEST_DAYS: Final = 36_500.0
"""A hundred years; a longer age is a slip of the pen."""


def prune(
    store: StorePlace,
    keep: Annotated[int | None, typer.Option(min=1, help="Newest versions to keep.")] = None,
    keep_days: Annotated[
        float | None, typer.Option(max=LONGEST_DAYS, help="Age up to which versions stay.")
    ] = None,
    by: Person = None,
    as_json: AsJson = False,
) -> None:
    """Remove old versions, and what killed refreshes left.

    A version stays if it is the latest one, among the newest --keep, or younger than --keep-days;
    give one of the two, or both.
    """
    opened = catalog_place.published_store(store)
    removed = opened.prune(
        at=catalog_place.now(), keep=keep, keep_days=keep_days, by=catalog_place.person(by)
    )
    if as_json:
        told = {"versions": removed.versions, "leftovers": removed.leftovers}
        typer.echo(json.dumps(told, indent=2))
        return
    words = (
        f"Removed {counted(len(removed.versions), 'version')} and "
        f"{counted(len(removed.leftovers), 'leftover')}; "
        f"{counted(len(opened.versions()), 'version')} left in {opened.place}."
    )
    typer.echo(sentences(words, width_of_output()))
    for name in (*removed.versions, *removed.leftovers):
        typer.echo(f"  {name}")
