"""One writer at a time in a local store: a lock file that the kernel frees with its holder."""

import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Final

from costopt.catalog.store.moment import iso_text
from costopt.errors import CatalogFileError, PublishConflictError

LOCK_NAME: Final = "publishing.lock"
_ATTEMPTS: Final = 100


def claim(path: Path, at: datetime) -> int:
    """Take the lock of a store; the file says who holds it: process, host and moment.

    The file alone locks nothing: its holder keeps it open under ``flock``, which the kernel lets
    go when the process ends, however it ends. So a lock file that a killed process left is taken
    over at once, and a living holder's never is.

    Args:
        path: the lock file.
        at: moment to write into it (UTC).

    Returns:
        File descriptor to give to ``release``.

    Raises:
        PublishConflictError: a living process holds it.
        CatalogFileError: this system or file system has no such locks.
    """
    for _ in range(_ATTEMPTS):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(path, descriptor)
            if _is_still(path, descriptor):
                holder = f"process {os.getpid()} on {socket.gethostname()}, {iso_text(at)}\n"
                os.ftruncate(descriptor, 0)
                os.write(descriptor, holder.encode("utf-8"))
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise PublishConflictError(str(path.parent), "other processes keep publishing here")


def release(path: Path, descriptor: int) -> None:
    """Remove the lock file, then let the lock go."""
    try:
        path.unlink()
    finally:
        os.close(descriptor)


def _lock(path: Path, descriptor: int) -> None:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        raise PublishConflictError(
            str(path.parent), f"is being changed by {holder or 'another process'}"
        ) from error
    except (ImportError, OSError) as error:
        raise CatalogFileError(
            str(path),
            f"cannot be locked ({type(error).__name__}: {error})",
            "Publish to a folder whose file system has POSIX locks, or to an object store.",
        ) from error


def _is_still(path: Path, descriptor: int) -> bool:
    """Return whether the name still stands for the file that was locked."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
