"""What the commands of a store share: where it lies, what time it is, and who asks."""

from datetime import UTC, datetime
from getpass import getuser
from typing import Annotated, TypeAlias

import typer

from costopt.catalog.store.store import CatalogStore, open_store

StorePlace: TypeAlias = Annotated[str, typer.Option("--store", help="Folder or URL of the store.")]
Person: TypeAlias = Annotated[
    str | None, typer.Option("--by", help="Who does it, for the audit log; else who is signed in.")
]
Reason: TypeAlias = Annotated[str, typer.Option("--reason", help="Why, for the audit log.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv: TypeAlias = Annotated[bool, typer.Option("--csv", help="Print every row as CSV.")]


def published_store(place: str) -> CatalogStore:
    """Open a store that holds a published version, so that a misspelt place is noticed.

    Raises:
        CatalogFileError: nothing is published there, or it cannot be read.
    """
    store = open_store(place)
    if store.latest_id() is None:
        store.version()
    return store


def now() -> datetime:
    """Return this moment (UTC)."""
    return datetime.now(UTC)


def person(given: str | None) -> str:
    """Return who does something: as given, or who is signed in; empty where neither is known."""
    if given is not None:
        return given
    try:
        return getuser()
    except (OSError, KeyError, ImportError):
        return ""
