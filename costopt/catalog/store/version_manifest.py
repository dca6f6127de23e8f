"""The manifest of a version: every file byte by byte, and how each provider stands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final

from costopt.catalog.manifest import MANIFEST_NAME
from costopt.catalog.schema import SCHEMA_VERSION
from costopt.catalog.store.moment import iso_text, read_iso, stamp
from costopt.catalog.store.parquet import ROLL_BACK
from costopt.catalog.store.part import PartStatus
from costopt.errors import CatalogFileError

_ID_DIGITS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file of a version.

    Attributes:
        table: table that it holds rows of.
        provider: provider of the rows; empty for a table that all share.
        sha256: digest of the file.
        rows: rows in it [1].
        size_bytes: length of the file [bytes].
    """

    table: str
    provider: str
    sha256: str
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEntry:
    """How a provider stands in a version.

    Attributes:
        status: fresh, carried or missing.
        fetched_at: when its rows were asked for (UTC); None when missing.
        stale_since: since when it could not be asked (UTC); None when fresh.
        stale_regions: region that alone was carried over -> since when (UTC).
    """

    status: PartStatus
    fetched_at: datetime | None
    stale_since: datetime | None
    stale_regions: Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionManifest:
    """What a version holds.

    Attributes:
        id: name of the version; ids sort by time.
        schema_version: version of the written-out columns.
        created_at: when it was made (UTC).
        started_from: version that ``latest`` named when the work began; None for the first.
        files: name of a file -> its entry.
        providers: name of a provider -> how it stands.
    """

    id: str
    schema_version: int
    created_at: datetime
    started_from: str | None
    files: Mapping[str, FileEntry]
    providers: Mapping[str, ProviderEntry]

    @property
    def stale(self) -> dict[str, datetime]:
        """Provider, or provider/region, that is not fresh -> since when (UTC)."""
        found: dict[str, datetime] = {}
        for name, entry in self.providers.items():
            if entry.stale_since is not None:
                found[name] = entry.stale_since
            found |= {f"{name}/{region}": at for region, at in entry.stale_regions.items()}
        return found


def identified(
    created_at: datetime,
    started_from: str | None,
    files: Mapping[str, FileEntry],
    providers: Mapping[str, ProviderEntry],
) -> VersionManifest:
    """Return the manifest of a version, named by its moment and a digest of all it says."""
    nameless = VersionManifest(
        id="",
        schema_version=SCHEMA_VERSION,
        created_at=created_at,
        started_from=started_from,
        files=files,
        providers=providers,
    )
    digest = sha256(manifest_bytes(nameless)).hexdigest()[:_ID_DIGITS]
    return VersionManifest(
        id=f"{stamp(created_at)}-{digest}",
        schema_version=SCHEMA_VERSION,
        created_at=created_at,
        started_from=started_from,
        files=files,
        providers=providers,
    )


def manifest_bytes(manifest: VersionManifest) -> bytes:
    """Write a manifest as JSON with sorted keys."""
    written = {
        "id": manifest.id,
        "schema_version": manifest.schema_version,
        "created_at": iso_text(manifest.created_at),
        "started_from": manifest.started_from,
        "files": {
            name: {
                "table": entry.table,
                "provider": entry.provider,
                "sha256": entry.sha256,
                "rows": entry.rows,
                "size_bytes": entry.size_bytes,
            }
            for name, entry in manifest.files.items()
        },
        "providers": {
            name: {
                "status": entry.status.value,
                "fetched_at": _optional_text(entry.fetched_at),
                "stale_since": _optional_text(entry.stale_since),
                "stale_regions": {
                    region: iso_text(at) for region, at in entry.stale_regions.items()
                },
            }
            for name, entry in manifest.providers.items()
        },
    }
    return (json.dumps(written, indent=1, sort_keys=True) + "\n").encode("utf-8")


def read_version_manifest(payload: bytes, place: str) -> VersionManifest:
    """Parse a manifest.

    Args:
        payload: content of ``manifest.json``.
        place: where the version lies, for messages.

    Raises:
        CatalogFileError: it is cut short or edited, or its schema is another version.
    """
    refuse = partial(CatalogFileError, f"{place}/{MANIFEST_NAME}")
    try:
        written: dict[str, Any] = json.loads(payload)
        version = written["schema_version"]
        if version != SCHEMA_VERSION:
            raise refuse(
                f"has schema version {version}, and this costopt reads {SCHEMA_VERSION}",
                "Upgrade cloud-costopt, or name a store of its own for this release.",
            )
        return VersionManifest(
            id=str(written["id"]),
            schema_version=version,
            created_at=read_iso(written["created_at"]),
            started_from=written["started_from"],
            files={name: _file_entry(entry) for name, entry in written["files"].items()},
            providers={
                name: _provider_entry(entry) for name, entry in written["providers"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refuse(f"cannot be read ({error})", ROLL_BACK) from error


def _file_entry(written: Mapping[str, Any]) -> FileEntry:
    """Read the entry of a file; keys of a later version are passed over."""
    return FileEntry(
        table=str(written["table"]),
        provider=str(written["provider"]),
        sha256=str(written["sha256"]),
        rows=int(written["rows"]),
        size_bytes=int(written["size_bytes"]),
    )


def _provider_entry(written: Mapping[str, Any]) -> ProviderEntry:
    """Read the entry of a provider; keys of a later version are passed over."""
    return ProviderEntry(
        status=PartStatus(written["status"]),
        fetched_at=_optional_moment(written["fetched_at"]),
        stale_since=_optional_moment(written["stale_since"]),
        stale_regions={region: read_iso(at) for region, at in written["stale_regions"].items()},
    )


def _optional_text(moment: datetime | None) -> str | None:
    return None if moment is None else iso_text(moment)


def _optional_moment(text: str | None) -> datetime | None:
    return None if text is None else read_iso(text)
