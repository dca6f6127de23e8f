"""A file on a local disk that is there whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, payload: bytes) -> None:
    """Write a file beside its place, bring it to the disk, and let it take the place.

    Args:
        path: the file; one that is there already is replaced in one step.
        payload: what it holds.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    started = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with started.open("wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        started.replace(path)
    finally:
        started.unlink(missing_ok=True)
