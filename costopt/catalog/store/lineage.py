"""Which versions led to the one that readers see; others were rolled back, or never seen."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from costopt.catalog.store.audit import AuditEvent, read_event
from costopt.catalog.store.files import StoreFiles
from costopt.catalog.store.version import Version, read_version

READERS: Final = 8
"""Files that are asked for at once; object stores take tens of milliseconds for each."""


@dataclass(frozen=True, kw_only=True)
class Parents:
    """From a version to the one that its work began from.

    A version that was pruned is known from the audit log, which pruning leaves alone.

    Attributes:
        files: files of the store.
        held: id of a version that is there -> the version, or why it cannot be read.
    """

    files: StoreFiles
    held: Mapping[str, Future[Version]]

    def line(self, version_id: str | None) -> Iterator[str]:
        """Yield a version, then the one it began from, and so on, those that are gone too.

        It ends where nothing older is held, and where a version is gone and the audit log has no
        word about it: what is older may have been rolled back then.

        Raises:
            CatalogFileError: an event of the audit log cannot be read.
        """
        seen: set[str] = set()
        name = version_id
        while name and name not in seen and (name in self.held or self._has_older(name, seen)):
            yield name
            seen.add(name)
            name = self._began_from(name)

    def _has_older(self, name: str, seen: set[str]) -> bool:
        return any(moment_of(held) <= moment_of(name) for held in set(self.held) - seen)

    def _began_from(self, name: str) -> str:
        read = self.held.get(name)
        if read is None or read.exception() is not None:
            return self._published_from(name)
        return read.result().manifest.started_from or ""

    def _published_from(self, name: str) -> str:
        """Return what the audit log says of a version that cannot be read; empty for nothing."""
        start = f"{moment_of(name)}-{AuditEvent.PUBLISH.value}-"
        for event in self._events:
            if event.startswith(start):
                told = read_event(self.files, event)
                if told["version"] == name:
                    return str(told["from_version"])
        return ""

    @cached_property
    def _events(self) -> tuple[str, ...]:
        return self.files.events()


def followed_versions(
    files: StoreFiles, latest: str | None, newest: int | None = None
) -> tuple[Version, ...]:
    """Return the versions that led to the latest one, oldest first, without those that are gone.

    A version that a rollback left is not among them, unless somebody rolls forward to it; nor is
    one that never became the latest.

    Args:
        files: files of the store.
        latest: id of the version that ``latest`` names; None in an empty store.
        newest: versions to look at, the newest ones; all when left out [1].

    Raises:
        CatalogFileError: the manifest of one cannot be read.
    """
    if latest is None:
        return ()
    older = [name for name in files.versions() if moment_of(name) <= moment_of(latest)]
    parents = read_parents(files, older if newest is None else older[-newest:])
    line = [name for name in parents.line(latest) if name in parents.held]
    return tuple(parents.held[name].result() for name in reversed(line))


def read_parents(files: StoreFiles, names: list[str]) -> Parents:
    """Read the manifests of versions, several at once.

    Args:
        files: files of the store.
        names: ids of the versions.
    """
    with ThreadPoolExecutor(READERS) as pool:
        held = {name: pool.submit(read_version, files, name) for name in names}
    return Parents(files=files, held=held)


def moment_of(version_id: str) -> str:
    """Return the moment that an id begins with.

    >>> moment_of("20261121T031500Z-0a1b2c3d")
    '20261121T031500Z'
    """
    return version_id.partition("-")[0]
