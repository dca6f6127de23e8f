"""S3 by pyarrow behind fsspec's interface."""

from typing import Any

from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow.fs import FileSelector, FileSystem, FileType


class S3Objects(ArrowFSWrapper):  # type: ignore[misc]
    """A bucket; listing asks for a thousand names at a time instead of folder by folder."""

    def find(self, path: str, **_: Any) -> list[str]:
        """Return the paths of all objects below a path, sorted; none where there is nothing."""
        below = FileSelector(path, recursive=True, allow_not_found=True)
        found = self.fs.get_file_info(below)
        return sorted(info.path for info in found if info.type is FileType.File)


def s3_objects(url: str) -> tuple[S3Objects, str]:
    """Return the file system of a URL, and bucket and key joined by ``/``.

    Raises:
        OSError: the bucket cannot be found.
        ValueError: the URL is not one.
    """
    system, root = FileSystem.from_uri(url)
    return S3Objects(system), root.rstrip("/")
