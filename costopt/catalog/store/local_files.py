"""A store in a local folder: every file and every name reaches the disk before it counts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Final

from costopt.catalog.manifest import MANIFEST_NAME
from costopt.catalog.store.disk import Disk
from costopt.catalog.store.files import AUDIT_FOLDER, VERSIONS_FOLDER
from costopt.catalog.store.lock import LOCK_NAME
from costopt.catalog.store.moment import stamp
from costopt.catalog.store.pointer import LATEST_NAME, VERSION_ID
from costopt.errors import CatalogFileError, PublishConflictError

INCOMING_FOLDER: Final = "incoming"
"""Holds what is not finished; the same file system as the rest, so that moving is one step."""


class LocalFiles:
    """The files of a store in a folder.

    Attributes:
        place: the folder.
    """

    def __init__(self, root: Path, place: str, disk: Disk | None = None) -> None:
        """Name a folder; nothing is read or written yet.

        Args:
            root: the folder.
            place: the folder as it was given, for messages.
            disk: what changes the disk; another one lets a caller watch every change.
        """
        self.root = root
        self.place = place
        self._disk = disk or Disk()

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None when it is not there."""
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise CatalogFileError(
                f"{self.place}/{path}",
                f"cannot be read ({error.strerror})",
                "Check the permissions of the folder.",
            ) from error

    def versions(self) -> tuple[str, ...]:
        """Return the ids of all versions with a manifest, oldest first."""
        found = (self.root / VERSIONS_FOLDER).glob(f"*/{MANIFEST_NAME}")
        names = (path.parent.name for path in found)
        return tuple(sorted(name for name in names if VERSION_ID.fullmatch(name)))

    def events(self) -> tuple[str, ...]:
        """Return the names of all events in the audit log, oldest first."""
        return tuple(sorted(path.name for path in (self.root / AUDIT_FOLDER).glob("*.json")))

    def leftovers(self) -> tuple[str, ...]:
        """Return what unfinished publishes left, by names that begin with their moment."""
        return tuple(sorted(path.name for path in (self.root / INCOMING_FOLDER).glob("*")))

    def stage(self, version_id: str, payloads: Mapping[str, bytes]) -> "LocalStagedVersion":
        """Write the files of a version under another name, and read them back."""
        scratch = self.root / INCOMING_FOLDER / f"{version_id}.{token_hex(8)}"
        staged = LocalStagedVersion(
            files=self,
            disk=self._disk,
            scratch=scratch,
            version_id=version_id,
            manifest=payloads[MANIFEST_NAME],
        )
        with self._explained(scratch):
            for folder in (self.root / VERSIONS_FOLDER, self.root / AUDIT_FOLDER, scratch):
                self._disk.make_folder(folder)
        try:
            with self._explained(scratch):
                for name, payload in payloads.items():
                    self._disk.write(scratch / name, payload)
                    self._disk.sync(scratch / name)
                self._disk.sync(scratch)
            _refuse_differences(scratch, payloads)
        except BaseException:
            staged.discard()
            raise
        return staged

    @contextmanager
    def exclusive(self, at: datetime) -> Iterator[None]:
        """Keep other writers of this store out."""
        path = self.root / LOCK_NAME
        with self._explained(path):
            descriptor = self._disk.claim(path, at)
        try:
            yield
        finally:
            self._disk.release(path, descriptor)

    def append_event(self, name: str, payload: bytes, at: datetime) -> None:
        """Add an event to the audit log."""
        with self._explained(self.root / AUDIT_FOLDER):
            self._disk.make_folder(self.root / AUDIT_FOLDER)
        self._put_whole(self.root / AUDIT_FOLDER / name, payload, at)

    def swap_latest(self, expected: bytes | None, new: bytes, at: datetime) -> None:
        """Replace ``latest``; only ever called by whoever holds the lock."""
        if self.read(LATEST_NAME) != expected:
            raise PublishConflictError(self.place, "latest was moved by another publish")
        self._put_whole(self.root / LATEST_NAME, new, at)

    def remove_version(self, version_id: str, at: datetime) -> None:
        """Take a version out of the store in one step, then remove its files."""
        path = self.root / VERSIONS_FOLDER / version_id
        with self._explained(path):
            self._disk.make_folder(self.root / INCOMING_FOLDER)
            gone = self._scratch_path(at)
            self._disk.replace(path, gone)
            self._disk.sync(path.parent)
            self._disk.remove(gone)

    def remove_leftover(self, name: str) -> None:
        """Remove what an unfinished publish left."""
        path = self.root / INCOMING_FOLDER / name
        with self._explained(path):
            self._disk.remove(path)

    def _put_whole(self, path: Path, payload: bytes, at: datetime) -> None:
        with self._explained(path):
            self._disk.make_folder(self.root / INCOMING_FOLDER)
            scratch = self._scratch_path(at)
            self._disk.write(scratch, payload)
            self._disk.sync(scratch)
            self._disk.replace(scratch, path)
            self._disk.sync(path.parent)

    def _scratch_path(self, at: datetime) -> Path:
        return self.root / INCOMING_FOLDER / f"{stamp(at)}-{token_hex(8)}"

    @contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        try:
            yield
        except CatalogFileError:
            raise
        except OSError as error:
            raise CatalogFileError(
                str(path),
                f"cannot be written ({error.strerror})",
                "Give a folder that may be written and has room.",
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStagedVersion:
    """A version under a name that no reader looks at.

    Attributes:
        files: files of the store.
        disk: what changes the disk.
        scratch: where the version lies now.
        version_id: its id.
        manifest: its manifest.
    """

    files: LocalFiles
    disk: Disk
    scratch: Path
    version_id: str
    manifest: bytes

    def commit(self) -> None:
        """Move the version to its name; one that a killed publish finished is taken as it is."""
        home = self.files.root / VERSIONS_FOLDER / self.version_id
        try:
            if home.exists():
                self._take_over(home)
            else:
                self.disk.replace(self.scratch, home)
            self.disk.sync(home.parent)
            self.disk.sync(self.files.root)
        except CatalogFileError:
            raise
        except OSError as error:
            raise CatalogFileError(
                str(home),
                f"cannot be moved to its place ({error.strerror})",
                "Give a folder that may be written and has room.",
            ) from error

    def discard(self) -> None:
        """Remove the version again."""
        if self.scratch.exists():
            self.files.remove_leftover(self.scratch.name)

    def _take_over(self, home: Path) -> None:
        staged = {path.name: path.read_bytes() for path in self.scratch.iterdir()}
        _refuse_differences(home, staged)
        self.discard()


def _refuse_differences(folder: Path, payloads: Mapping[str, bytes]) -> None:
    """Read files back and refuse one that is not what was written."""
    for name, payload in payloads.items():
        found = folder / name
        if not found.is_file() or sha256(found.read_bytes()).digest() != sha256(payload).digest():
            raise CatalogFileError(
                str(found), "does not read back as written", "Check the disk, and publish again."
            )
