"""The small file ``latest``: which version readers see."""

import json
import re
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final

from costopt.catalog.store.parquet import ROLL_BACK
from costopt.errors import CatalogFileError

LATEST_NAME: Final = "latest"

VERSION_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
"""A moment in UTC, and a digest of what the version says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What ``latest`` says.

    Attributes:
        id: the version that readers see.
        manifest_sha256: digest of its manifest.
    """

    id: str
    manifest_sha256: str


def point_to(version_id: str, manifest: bytes) -> bytes:
    """Content of ``latest`` for a version with this manifest."""
    written = {"id": version_id, "manifest_sha256": sha256(manifest).hexdigest()}
    return (json.dumps(written, sort_keys=True) + "\n").encode("utf-8")


def read_pointer(payload: bytes, place: str) -> Pointer:
    """Parse ``latest``.

    Args:
        payload: its content.
        place: root of the store, for messages.

    Raises:
        CatalogFileError: it is cut short or edited.
    """
    refuse = partial(CatalogFileError, f"{place}/{LATEST_NAME}")
    try:
        written = json.loads(payload)
        pointer = Pointer(id=written["id"], manifest_sha256=written["manifest_sha256"])
        whole = VERSION_ID.fullmatch(pointer.id) is not None
    except (ValueError, KeyError, TypeError) as error:
        raise refuse(f"cannot be read ({type(error).__name__})", ROLL_BACK) from error
    if not whole:
        raise refuse(f"names {pointer.id!r}, which is no id of a version", ROLL_BACK)
    return pointer
