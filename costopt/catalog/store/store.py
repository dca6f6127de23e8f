"""CatalogStore: whole versions of a catalogue in a folder or at a URL."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd

from costopt.catalog.store.audit import AuditEntry, AuditEvent, audit_table, record
from costopt.catalog.store.diff import diff_offers
from costopt.catalog.store.files import StoreFiles
from costopt.catalog.store.history import PriceQuestion
from costopt.catalog.store.lineage import followed_versions
from costopt.catalog.store.listing import version_list
from costopt.catalog.store.local_files import LocalFiles
from costopt.catalog.store.moment import as_utc
from costopt.catalog.store.object_files import ObjectFiles
from costopt.catalog.store.part import NewVersion
from costopt.catalog.store.place import LOCAL_PROTOCOLS, file_system_of, protocol_of
from costopt.catalog.store.pointer import LATEST_NAME, read_pointer
from costopt.catalog.store.prune import LEFTOVER_HOURS, Pruned, to_prune
from costopt.catalog.store.publish import publish, roll_back
from costopt.catalog.store.s3_swap import S3Swap
from costopt.catalog.store.version import Version, read_version
from costopt.catalog.store.version_history import version_history
from costopt.catalog.store.version_manifest import VersionManifest
from costopt.errors import CatalogFileError, UnknownNameError


class CatalogStore:
    """Whole versions of a catalogue; ``latest`` names the one that readers see.

    A reader at any moment sees one complete version. Changes are recorded in an audit log.
    """

    def __init__(self, files: StoreFiles) -> None:
        """Take the files of a store; ``open_store`` is the usual way in."""
        self.files = files

    @property
    def place(self) -> str:
        """Where the store lies, for people."""
        return self.files.place

    def latest_id(self) -> str | None:
        """Id of the version that readers see; None in an empty store.

        Raises:
            CatalogFileError: ``latest`` cannot be read.
        """
        payload = self.files.read(LATEST_NAME)
        return None if payload is None else read_pointer(payload, self.place).id

    def versions(self) -> tuple[str, ...]:
        """Ids of all complete versions, oldest first."""
        return self.files.versions()

    def version(self, version_id: str | None = None) -> Version:
        """Open a version.

        Args:
            version_id: its id; the latest one when left out.

        Raises:
            UnknownNameError: there is no version with this id.
            CatalogFileError: nothing was published yet, or the version cannot be read.
        """
        if version_id is not None:
            known = self.versions()
            if version_id not in known:
                raise UnknownNameError("version", version_id, known)
            return read_version(self.files, version_id)
        payload = self.files.read(LATEST_NAME)
        if payload is None:
            raise CatalogFileError(
                self.place, "holds no published version", "Publish one with costopt refresh."
            )
        pointer = read_pointer(payload, self.place)
        return read_version(self.files, pointer.id, pointer.manifest_sha256)

    def publish(self, new: NewVersion, *, by: str = "", reason: str = "") -> VersionManifest:
        """Publish a version: all of it is visible at once, or nothing.

        Args:
            new: the version.
            by: who publishes, for the audit log.
            reason: why, for the audit log.

        Raises:
            InvalidInputError: the tables do not fit the schema, or each other.
            PublishConflictError: another publish moved ``latest`` since the work began, or the
                version was made before the one that ``latest`` names.
            CatalogFileError: a file cannot be written, or reads back otherwise.
            MissingDependencyError: the store is in S3 and boto3 is not installed.
        """
        return publish(self.files, new, by=by, reason=reason)

    def rollback(self, version_id: str, *, at: datetime, by: str = "", reason: str = "") -> None:
        """Let readers see an earlier version again, after checking every byte of it.

        Args:
            version_id: the version.
            at: now (UTC), for the audit log.
            by: who does it, for the audit log.
            reason: why, for the audit log.

        Raises:
            UnknownNameError: there is no version with this id.
            CatalogFileError: nothing was published yet, or the version is not whole.
            PublishConflictError: a publish moved ``latest`` in between.
        """
        target = self.version(version_id)
        before = self.files.read(LATEST_NAME)
        event = AuditEntry(
            at=as_utc(at, "at"),
            event=AuditEvent.ROLLBACK,
            version=version_id,
            from_version="" if before is None else read_pointer(before, self.place).id,
            by=by,
            reason=reason,
        )
        roll_back(self.files, before, target, event)

    def prune(
        self,
        *,
        at: datetime,
        keep: int | None = None,
        keep_days: float | None = None,
        leftover_hours: float = LEFTOVER_HOURS,
        by: str = "",
    ) -> Pruned:
        """Remove old versions and what killed publishes left; never the latest version.

        A version stays if it is the latest one, among the newest ``keep``, or younger than
        ``keep_days``.

        Args:
            at: now (UTC).
            keep: newest versions to keep [1].
            keep_days: age up to which versions are kept [days].
            leftover_hours: age from which remains are removed [h].
            by: who does it, for the audit log.

        Raises:
            InvalidInputError: neither ``keep`` nor ``keep_days`` is given, or one is not
                positive.
            PublishConflictError: a publish is at work in a local store.
            CatalogFileError: something cannot be removed.
        """
        now = as_utc(at, "at")
        with self.files.exclusive(now):
            chosen = to_prune(
                self.files,
                self.latest_id(),
                now,
                keep=keep,
                keep_days=keep_days,
                leftover_hours=leftover_hours,
            )
            details = {
                "versions": " ".join(chosen.versions),
                "leftovers": " ".join(chosen.leftovers),
            }
            record(self.files, AuditEntry(at=now, event=AuditEvent.PRUNE, by=by, details=details))
            for name in chosen.versions:
                self.files.remove_version(name, now)
            for name in chosen.leftovers:
                self.files.remove_leftover(name)
        return chosen

    def accept(
        self,
        finding: str,
        *,
        until: str,
        at: datetime,
        by: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Record that somebody accepts a finding.

        Args:
            finding: the finding, as the run report names it.
            until: last day on which it is accepted, ISO 8601.
            at: now (UTC).
            by: who accepts it.
            details: anything else to keep with it.

        Raises:
            InvalidInputError: ``at`` has no time zone.
            CatalogFileError: it cannot be written.
        """
        told = {**(details or {}), "finding": finding, "until": until}
        record(self.files, AuditEntry(at=at, event=AuditEvent.ACCEPT, by=by, details=told))

    def audit(self) -> pd.DataFrame:
        """Every event, oldest first: at, event, version, from_version, by, reason, details.

        Raises:
            CatalogFileError: an event cannot be read.
        """
        return audit_table(self.files)

    def diff(self, old: str, new: str | None = None) -> pd.DataFrame:
        """Offers that were added, removed or moved in price between two versions.

        Args:
            old: id of the earlier version.
            new: id of the later one; the latest one when left out.

        Raises:
            UnknownNameError: there is no version with such an id.
            CatalogFileError: a version cannot be read.
        """
        return diff_offers(self.version(old).table("offers"), self.version(new).table("offers"))

    def history(self, question: PriceQuestion) -> pd.DataFrame:
        """Prices of the versions that led to the latest one, oldest version first.

        Versions that were rolled back, or that no reader ever saw, are not history.

        Raises:
            MissingDependencyError: the store is local and DuckDB is not installed.
            CatalogFileError: a version cannot be read.
        """
        versions = followed_versions(self.files, self.latest_id(), question.newest_versions)
        root = self.files.root if isinstance(self.files, LocalFiles) else None
        return version_history(versions, question, root)

    def version_table(self) -> pd.DataFrame:
        """Every version by provider, newest first: ``costopt.catalog.store.listing``.

        Raises:
            CatalogFileError: ``latest`` or the audit log cannot be read.
        """
        return version_list(self.files, self.latest_id())

    def __repr__(self) -> str:
        """Return where the store lies."""
        return f"CatalogStore({self.place})"


def open_store(place: str | Path) -> CatalogStore:
    """Open a store in a folder or at a URL; it may be empty, or not there yet.

    Raises:
        CatalogFileError: the protocol of the URL is not known or not installed, or the URL holds
            a password.
    """
    url = str(place)
    system, root = file_system_of(url)
    if protocol_of(url) in LOCAL_PROTOCOLS:
        return CatalogStore(LocalFiles(Path(root), url))
    if protocol_of(url) == "s3":
        shown = url.partition("?")[0].rstrip("/")
        return CatalogStore(ObjectFiles(system, root, shown, S3Swap(url=url)))
    return CatalogStore(ObjectFiles(system, root, url.rstrip("/")))
