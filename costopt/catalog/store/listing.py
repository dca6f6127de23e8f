"""The versions of a store as a table: how each stands, and how each provider stands in it."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from enum import StrEnum
from typing import Any, Final

import pandas as pd

from costopt.catalog.store.audit import AuditEvent, audit_table
from costopt.catalog.store.files import StoreFiles
from costopt.catalog.store.lineage import Parents, read_parents
from costopt.catalog.store.moment import iso_text
from costopt.catalog.store.version import Version
from costopt.catalog.store.version_manifest import VersionManifest
from costopt.errors import CostoptError

LIST_COLUMNS: Final = (
    "version",
    "created_at",
    "standing",
    "started_from",
    "version_rows",
    "version_bytes",
    "provider",
    "status",
    "fetched_at",
    "stale_since",
    "stale_regions",
    "rows",
    "bytes",
    "problem",
)
"""Columns of a list of versions: one row for each version and provider.

``version_rows`` and ``version_bytes`` count every file of the version, ``rows`` and ``bytes``
those of the provider; ``stale_regions`` reads ``region=since``, joined by ``;``; ``problem`` says
why a version cannot be read, and then no figure is known.
"""

_TEXT: Final = frozenset(LIST_COLUMNS) - {"version_rows", "version_bytes", "rows", "bytes"}


class Standing(StrEnum):
    """How a version stands in its store."""

    LATEST = "latest"
    EARLIER = "earlier"
    ROLLED_BACK = "rolled_back"
    NEVER_SEEN = "never_seen"
    UNKNOWN = "unknown"


def version_list(files: StoreFiles, latest: str | None) -> pd.DataFrame:
    """List every version of a store, newest first, providers by name.

    ``latest`` is what readers see, ``earlier`` led to it, ``rolled_back`` was left by a rollback,
    ``never_seen`` never became the latest: its publish ended too early. What lies before a gap in
    the line of which the audit log says nothing is ``unknown``.

    Args:
        files: files of the store.
        latest: id of the version that ``latest`` names; None in an empty store.

    Raises:
        CatalogFileError: the audit log cannot be read.
    """
    parents = read_parents(files, list(files.versions()))
    standings = _standings(files, parents, latest)
    rows = [
        {"version": name, "standing": standings[name].value, **told}
        for name, read in sorted(parents.held.items(), reverse=True)
        for told in _rows_of(name, read)
    ]
    table = pd.DataFrame(rows, columns=list(LIST_COLUMNS))
    types = {name: "str" if name in _TEXT else "Int64" for name in LIST_COLUMNS}
    return table.astype(types)


def _standings(files: StoreFiles, parents: Parents, latest: str | None) -> Mapping[str, Standing]:
    """Return how each version stands, from who began from whom and what the audit log says."""
    line = set(parents.line(latest))
    standings = {name: Standing.EARLIER for name in parents.held if name in line}
    others = [name for name in parents.held if name not in line]
    if others:
        audit = audit_table(files)
        event, before = audit["event"], audit["from_version"]
        rollbacks = before[event == AuditEvent.ROLLBACK.value]
        left = {older for name in rollbacks for older in parents.line(name)}
        unseen = set(audit.loc[event == AuditEvent.PUBLISH.value, "version"]) - set(before)
        standings |= {name: _standing_of_other(name, left, unseen) for name in others}
    return standings | ({} if latest is None else {latest: Standing.LATEST})


def _standing_of_other(name: str, left: set[str], unseen: set[str]) -> Standing:
    """Return how a version stands that did not lead to the latest one.

    Args:
        name: its id.
        left: versions that a rollback left, and those before them.
        unseen: versions whose publish began, and that were not the latest when anything else did.
    """
    if name in left:
        return Standing.ROLLED_BACK
    return Standing.NEVER_SEEN if name in unseen else Standing.UNKNOWN


def _rows_of(name: str, read: Future[Version]) -> Iterator[Mapping[str, Any]]:
    error = read.exception()
    if error is None:
        yield from _provider_rows(read.result().manifest)
    elif isinstance(error, CostoptError):
        yield {**dict.fromkeys(_TEXT - {"version", "standing"}, ""), "problem": str(error)}
    else:
        raise error


def _provider_rows(manifest: VersionManifest) -> Iterator[Mapping[str, Any]]:
    files = manifest.files.values()
    whole = {
        "created_at": iso_text(manifest.created_at),
        "started_from": manifest.started_from or "",
        "version_rows": sum(entry.rows for entry in files),
        "version_bytes": sum(entry.size_bytes for entry in files),
        "problem": "" if manifest.providers else "no provider took part",
    }
    if not manifest.providers:
        yield {**dict.fromkeys(_TEXT - {"version", "standing"}, ""), **whole}
    for provider, entry in sorted(manifest.providers.items()):
        own = [held for held in files if held.provider == provider]
        yield {
            **whole,
            "provider": provider,
            "status": entry.status.value,
            "fetched_at": "" if entry.fetched_at is None else iso_text(entry.fetched_at),
            "stale_since": "" if entry.stale_since is None else iso_text(entry.stale_since),
            "stale_regions": ";".join(
                f"{region}={iso_text(at)}" for region, at in sorted(entry.stale_regions.items())
            ),
            "rows": sum(held.rows for held in own),
            "bytes": sum(held.size_bytes for held in own),
        }
