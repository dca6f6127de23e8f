"""Every change that a local store makes to its disk, one method each."""

import os
import shutil
from datetime import datetime
from pathlib import Path

from costopt.catalog.store import lock


class Disk:
    """The changes; nothing in a local store writes in another way."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it."""
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, path: Path, payload: bytes) -> None:
        """Write a file that is not there yet."""
        with path.open("xb") as file:
            file.write(payload)

    def sync(self, path: Path) -> None:
        """Bring a file, or the names in a folder, to the disk itself."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def replace(self, old: Path, new: Path) -> None:
        """Give a file or folder another name, in one step; a file takes the place of another."""
        old.replace(new)

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder and what is in it."""
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    def claim(self, path: Path, at: datetime) -> int:
        """Take the lock of the store."""
        return lock.claim(path, at)

    def release(self, path: Path, descriptor: int) -> None:
        """Let the lock go."""
        lock.release(path, descriptor)
