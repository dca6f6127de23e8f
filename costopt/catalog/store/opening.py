"""Opening a place that is either a store or a plain snapshot."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from costopt.catalog.snapshot import Snapshot, bundled_snapshot, snapshot_at
from costopt.catalog.store.history import PastPrices
from costopt.catalog.store.store import open_store
from costopt.catalog.web import is_web_place


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Tables at one date, to read.

    Attributes:
        place: where they lie, for people.
        table: name of a table -> its rows.
        past: prices of all versions of the store that they lie in; None outside a store.
    """

    place: str
    table: Callable[[str], pd.DataFrame]
    past: PastPrices | None = None


def open_bundled() -> Opened:
    """Open the snapshot that is installed with costopt."""
    return _opened(bundled_snapshot())


def open_place(place: str | Path, version: str | None = None) -> Opened:
    """Open a version of a store, or a snapshot.

    Args:
        place: folder or URL.
        version: id of a version of a store; the latest one when left out.

    Raises:
        UnknownNameError: there is no version with this id.
        CatalogFileError: there is neither a store nor a snapshot, or it cannot be read.
    """
    if version is None and is_web_place(str(place)):
        return _opened(snapshot_at(place))
    store = open_store(place)
    if version is None and store.latest_id() is None:
        return _opened(snapshot_at(place))
    chosen = store.version(version)
    return Opened(place=chosen.place, table=chosen.table, past=store.history)


def _opened(snapshot: Snapshot) -> Opened:
    return Opened(place=snapshot.place, table=snapshot.table)
