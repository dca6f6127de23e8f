"""Publishing a version, and moving ``latest``: all of it is visible at once, or nothing."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from io import StringIO
from itertools import chain

import pandas as pd

from costopt.catalog.manifest import MANIFEST_NAME
from costopt.catalog.schema import OPTIONAL_TABLES, TABLES
from costopt.catalog.store.audit import AuditEntry, AuditEvent, record
from costopt.catalog.store.files import StagedVersion, StoreFiles
from costopt.catalog.store.moment import as_utc, iso_text, stamped_at
from costopt.catalog.store.parquet import encode_table
from costopt.catalog.store.part import (
    ACCOUNT,
    ACCOUNT_FILE,
    NewVersion,
    ProviderPart,
    refuse_odd_parts,
)
from costopt.catalog.store.pointer import LATEST_NAME, point_to, read_pointer
from costopt.catalog.store.version import Version
from costopt.catalog.store.version_manifest import (
    FileEntry,
    ProviderEntry,
    VersionManifest,
    identified,
    manifest_bytes,
)
from costopt.errors import InvalidInputError, PublishConflictError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A version in memory: its manifest, and every file with the manifest last."""

    manifest: VersionManifest
    payloads: dict[str, bytes]


def publish(files: StoreFiles, new: NewVersion, *, by: str, reason: str) -> VersionManifest:
    """Write a version, read it back, and let ``latest`` name it.

    Args:
        files: files of the store.
        new: the version.
        by: who publishes, for the audit log.
        reason: why, for the audit log.

    Raises:
        InvalidInputError: the tables do not fit the schema, or each other.
        PublishConflictError: another publish moved ``latest`` since the work began, or the
            version was made before the one that ``latest`` names.
        CatalogFileError: a file cannot be written, or reads back otherwise.
    """
    refuse_odd_parts(new)
    before = files.read(LATEST_NAME)
    started_from = None if before is None else read_pointer(before, files.place).id
    if started_from != new.started_from:
        raise PublishConflictError(
            files.place,
            f"the work began from version {new.started_from or 'none'}, and latest names "
            f"{started_from or 'none'} now",
        )
    draft = _draft(new)
    _refuse_earlier(draft.manifest, files.place)
    staged = files.stage(draft.manifest.id, draft.payloads)
    event = AuditEntry(
        at=draft.manifest.created_at,
        event=AuditEvent.PUBLISH,
        version=draft.manifest.id,
        from_version=started_from or "",
        by=by,
        reason=reason,
    )
    pointer = point_to(draft.manifest.id, draft.payloads[MANIFEST_NAME])
    with _discarded_on_failure(files, staged, draft.manifest.id):
        move_latest(files, before, pointer, event, staged)
    return draft.manifest


def roll_back(files: StoreFiles, before: bytes | None, target: Version, event: AuditEntry) -> None:
    """Let ``latest`` name an earlier version, after reading all of that version.

    Args:
        files: files of the store.
        before: what ``latest`` says now; None when it is not there.
        target: the earlier version.
        event: the rollback, for the audit log.

    Raises:
        CatalogFileError: the earlier version is not whole.
        PublishConflictError: a publish moved ``latest`` in between.
    """
    target.verify()
    pointer = point_to(target.manifest.id, target.manifest_payload)
    move_latest(files, before, pointer, event)


def move_latest(
    files: StoreFiles,
    before: bytes | None,
    after: bytes,
    event: AuditEntry,
    staged: StagedVersion | None = None,
) -> None:
    """Replace ``latest``, with the event in the audit log before it.

    Raises:
        PublishConflictError: ``latest`` says something else than before.
        CatalogFileError: a file cannot be written.
    """
    with files.exclusive(event.at):
        if files.read(LATEST_NAME) != before:
            raise PublishConflictError(files.place, "latest was moved by another publish")
        if staged is not None:
            staged.commit()
        record(files, event)
        try:
            files.swap_latest(before, after, event.at)
        except PublishConflictError:
            record(files, replace(event, event=AuditEvent.CONFLICT))
            raise


def _draft(new: NewVersion) -> _Draft:
    payloads: dict[str, bytes] = {}
    entries: dict[str, FileEntry] = {}
    for table, provider, rows in chain(_shared_tables(new), _provider_tables(new)):
        name = f"{table}.{provider}.parquet" if provider else f"{table}.parquet"
        payloads[name] = encode_table(TABLES[table], rows, f"{table} {provider}".rstrip())
        entries[name] = _file_entry(table, provider, len(rows), payloads[name])
    if new.account is not None:
        payloads[ACCOUNT_FILE] = new.account
        entries[ACCOUNT_FILE] = _file_entry(ACCOUNT, "", _rows_of(new.account), new.account)
    manifest = identified(
        as_utc(new.created_at, "created_at"),
        new.started_from,
        entries,
        {part.provider: _provider_entry(part) for part in new.parts},
    )
    return _Draft(
        manifest=manifest, payloads={**payloads, MANIFEST_NAME: manifest_bytes(manifest)}
    )


def _file_entry(table: str, provider: str, rows: int, payload: bytes) -> FileEntry:
    return FileEntry(
        table=table,
        provider=provider,
        sha256=sha256(payload).hexdigest(),
        rows=rows,
        size_bytes=len(payload),
    )


def _rows_of(document: bytes) -> int:
    """Count the rows of a CSV document below its header.

    Raises:
        InvalidInputError: it has no header, or is not CSV in UTF-8.
    """
    try:
        text = StringIO(document.decode("utf-8"), newline="")
        lines = sum(1 for _ in csv.reader(text, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(ACCOUNT_FILE, [f"it is not CSV in UTF-8 ({error})"]) from None
    if not lines:
        raise InvalidInputError(ACCOUNT_FILE, ["it is empty; give at least the header"])
    return lines - 1


def _shared_tables(new: NewVersion) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for table in sorted(new.shared):
        yield table, "", new.shared[table]


def _provider_tables(new: NewVersion) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for part in sorted(new.parts, key=lambda part: part.provider):
        for table in sorted(part.tables):
            if table not in OPTIONAL_TABLES or len(part.tables[table]):
                yield table, part.provider, part.tables[table]


def _provider_entry(part: ProviderPart) -> ProviderEntry:
    fetched, stale = part.fetched_at, part.stale_since
    return ProviderEntry(
        status=part.status,
        fetched_at=None if fetched is None else as_utc(fetched, "fetched_at"),
        stale_since=None if stale is None else as_utc(stale, "stale_since"),
        stale_regions={
            region: as_utc(at, "stale_regions") for region, at in part.stale_regions.items()
        },
    )


def _refuse_earlier(manifest: VersionManifest, place: str) -> None:
    """Refuse a version that would not sort after the one it follows."""
    before = manifest.started_from or ""
    moment = stamped_at(before)
    if moment is not None and manifest.created_at < moment:
        raise PublishConflictError(
            place,
            f"the new version is of {iso_text(manifest.created_at)}, before version {before}; "
            "check the clock of this machine",
        )


@contextmanager
def _discarded_on_failure(
    files: StoreFiles, staged: StagedVersion, version_id: str
) -> Iterator[None]:
    """Remove a version that did not become the latest one."""
    try:
        yield
    except BaseException:
        now = files.read(LATEST_NAME)
        if now is None or read_pointer(now, files.place).id != version_id:
            staged.discard()
        raise
