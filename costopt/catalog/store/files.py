"""What a store asks of the place that holds it; local folders and object stores give it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Protocol

VERSIONS_FOLDER: Final = "versions"
AUDIT_FOLDER: Final = "audit"


class StagedVersion(Protocol):
    """A version that is written and read back, and that no reader sees yet."""

    def commit(self) -> None:
        """Make it a version of the store; ``latest`` still names another."""
        ...

    def discard(self) -> None:
        """Remove it again."""
        ...


class StoreFiles(Protocol):
    """The files of one store.

    Attributes:
        place: root of the store, for messages.
    """

    place: str

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None when it is not there.

        Raises:
            CatalogFileError: it is there and cannot be read.
        """
        ...

    def versions(self) -> tuple[str, ...]:
        """Return the ids of all versions with a manifest, oldest first."""
        ...

    def events(self) -> tuple[str, ...]:
        """Return the names of all events in the audit log, oldest first."""
        ...

    def leftovers(self) -> tuple[str, ...]:
        """Return what unfinished publishes left, by names that begin with their moment."""
        ...

    def stage(self, version_id: str, payloads: Mapping[str, bytes]) -> StagedVersion:
        """Write the files of a version and read them back.

        Raises:
            CatalogFileError: a file cannot be written, or reads back otherwise.
        """
        ...

    def exclusive(self, at: datetime) -> AbstractContextManager[None]:
        """Keep other writers out, where the place can.

        Raises:
            PublishConflictError: another writer is at work.
        """
        ...

    def append_event(self, name: str, payload: bytes, at: datetime) -> None:
        """Add an event to the audit log.

        Raises:
            CatalogFileError: it cannot be written.
        """
        ...

    def swap_latest(self, expected: bytes | None, new: bytes, at: datetime) -> None:
        """Replace ``latest``, if it still says what is expected.

        Raises:
            PublishConflictError: it says something else.
            CatalogFileError: it cannot be written.
        """
        ...

    def remove_version(self, version_id: str, at: datetime) -> None:
        """Remove a version; at no moment does half of it count as a version.

        Raises:
            CatalogFileError: it cannot be removed.
        """
        ...

    def remove_leftover(self, name: str) -> None:
        """Remove what an unfinished publish left.

        Raises:
            CatalogFileError: it cannot be removed.
        """
        ...
