"""A store in an object store, or anywhere else that fsspec reaches: the manifest comes last."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from costopt.catalog.manifest import MANIFEST_NAME
from costopt.catalog.store.files import AUDIT_FOLDER, VERSIONS_FOLDER
from costopt.catalog.store.pointer import LATEST_NAME, VERSION_ID
from costopt.errors import CatalogFileError, CostoptError, PublishConflictError


class SwapFile(Protocol):
    """Replaces a file if it still says what is expected."""

    def __call__(self, path: str, expected: bytes | None, new: bytes) -> bool:
        """Replace the file and return True, or leave it and return False."""
        ...


class ObjectFiles:
    """The files of a store behind fsspec.

    A version is written file by file under its own name; it counts once its manifest is there.

    Attributes:
        place: root of the store, for messages.
    """

    def __init__(self, system: Any, root: str, place: str, swap: SwapFile | None = None) -> None:
        """Name a place; nothing is read or written yet.

        Args:
            system: fsspec file system.
            root: path of the store in it.
            place: URL of the store, for messages.
            swap: replaces a file only if it is as expected, in one step; without it, ``latest``
                is read before and after it is replaced, which notices another publish unless
                that one falls between the reading and the writing.
        """
        self.place = place
        self._system = system
        self._root = root
        self._swap = swap or self._swap_by_reading

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None when it is not there."""
        try:
            return bytes(self._system.cat_file(f"{self._root}/{path}"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Exception as error:  # each file system of fsspec raises errors of its own
            raise CatalogFileError(
                f"{self.place}/{path}",
                f"cannot be read ({type(error).__name__})",
                "Check the address and the permission to read.",
            ) from error

    def versions(self) -> tuple[str, ...]:
        """Return the ids of all versions with a manifest, oldest first."""
        return tuple(sorted(name for name, whole in self._found_versions().items() if whole))

    def events(self) -> tuple[str, ...]:
        """Return the names of all events in the audit log, oldest first."""
        paths = (path.rsplit("/", 1)[-1] for path in self._find(AUDIT_FOLDER))
        return tuple(sorted(name for name in paths if name.endswith(".json")))

    def leftovers(self) -> tuple[str, ...]:
        """Return versions without a manifest, which unfinished publishes left."""
        return tuple(sorted(name for name, whole in self._found_versions().items() if not whole))

    def stage(self, version_id: str, payloads: Mapping[str, bytes]) -> "ObjectStagedVersion":
        """Write the files of a version but for its manifest, and read them back."""
        for name, payload in payloads.items():
            if name != MANIFEST_NAME:
                self._put(f"{VERSIONS_FOLDER}/{version_id}/{name}", payload)
        return ObjectStagedVersion(
            files=self, version_id=version_id, manifest=payloads[MANIFEST_NAME]
        )

    @contextmanager
    def exclusive(self, at: datetime) -> Iterator[None]:
        """Do nothing: object stores have no locks; ``swap_latest`` notices the other writer."""
        yield

    def append_event(self, name: str, payload: bytes, at: datetime) -> None:
        """Add an event to the audit log."""
        self._put(f"{AUDIT_FOLDER}/{name}", payload)

    def swap_latest(self, expected: bytes | None, new: bytes, at: datetime) -> None:
        """Replace ``latest``, if it still says what is expected."""
        with self._explained(LATEST_NAME):
            swapped = self._swap(f"{self._root}/{LATEST_NAME}", expected, new)
        if not swapped:
            raise PublishConflictError(self.place, "latest was moved by another publish")

    def remove_version(self, version_id: str, at: datetime | None = None) -> None:
        """Remove the manifest of a version first, so that the rest no longer counts."""
        manifest = f"{VERSIONS_FOLDER}/{version_id}/{MANIFEST_NAME}"
        if self.read(manifest) is not None:
            with self._explained(manifest):
                self._system.rm_file(f"{self._root}/{manifest}")
        self.remove_leftover(version_id)

    def remove_leftover(self, name: str) -> None:
        """Remove what an unfinished publish left."""
        path = f"{VERSIONS_FOLDER}/{name}"
        with self._explained(path):
            self._system.invalidate_cache()
            if self._system.exists(f"{self._root}/{path}"):
                self._system.rm(f"{self._root}/{path}", recursive=True)

    def put_manifest(self, version_id: str, manifest: bytes) -> None:
        """Write the manifest of a version, which makes it count."""
        self._put(f"{VERSIONS_FOLDER}/{version_id}/{MANIFEST_NAME}", manifest)

    def _swap_by_reading(self, path: str, expected: bytes | None, new: bytes) -> bool:
        if self.read(LATEST_NAME) != expected:
            return False
        self._system.pipe_file(path, new)
        return self.read(LATEST_NAME) == new

    def _put(self, path: str, payload: bytes) -> None:
        with self._explained(path):
            self._system.pipe_file(f"{self._root}/{path}", payload)
        found = self.read(path)
        if found is None or sha256(found).digest() != sha256(payload).digest():
            raise CatalogFileError(
                f"{self.place}/{path}", "does not read back as written", "Publish again."
            )

    def _found_versions(self) -> dict[str, bool]:
        """Return every folder of a version and whether its manifest is there."""
        found: dict[str, bool] = {}
        for path in self._find(VERSIONS_FOLDER):
            parts = path.rsplit("/", 2)
            if len(parts) == 3 and VERSION_ID.fullmatch(parts[1]):
                found[parts[1]] = found.get(parts[1], False) or parts[2] == MANIFEST_NAME
        return found

    def _find(self, folder: str) -> list[str]:
        with self._explained(folder):
            self._system.invalidate_cache()
            return list(self._system.find(f"{self._root}/{folder}"))

    @contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        try:
            yield
        except CostoptError:
            raise
        except Exception as error:  # each file system of fsspec raises errors of its own
            raise CatalogFileError(
                f"{self.place}/{path}",
                f"cannot be listed or written ({type(error).__name__})",
                "Check the address and the permission to list, write and delete.",
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStagedVersion:
    """A version that lacks its manifest.

    Attributes:
        files: files of the store.
        version_id: its id.
        manifest: its manifest.
    """

    files: ObjectFiles
    version_id: str
    manifest: bytes

    def commit(self) -> None:
        """Write the manifest."""
        self.files.put_manifest(self.version_id, self.manifest)

    def discard(self) -> None:
        """Remove the files again."""
        self.files.remove_version(self.version_id)
