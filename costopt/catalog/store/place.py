"""From a folder or URL to the file system that holds it."""

from typing import Any, Final
from urllib.parse import urlsplit

from costopt.errors import CatalogFileError

LOCAL_PROTOCOLS: Final = frozenset({"", "file", "local"})
"""Protocols whose files lie on this machine."""


def protocol_of(place: str) -> str:
    """Return the protocol of a place; empty for a plain path.

    >>> protocol_of("s3://bucket/prices"), protocol_of("/srv/prices")
    ('s3', '')
    """
    return place.split("://", 1)[0] if "://" in place else ""


def file_system_of(place: str) -> tuple[Any, str]:
    """Return the fsspec file system of a folder or URL, and the path inside it.

    ``s3://`` goes through pyarrow, which comes with costopt and does not pin boto3; region,
    endpoint and scheme may stand in the URL's query, as in
    ``s3://bucket/prices?region=eu-central-1``. Every other protocol goes through fsspec.

    Raises:
        CatalogFileError: the protocol is not known or not installed, the bucket cannot be found,
            or the URL holds a password.
    """
    import fsspec

    _refuse_password(place)
    try:
        if protocol_of(place) == "s3":
            from costopt.catalog.store.s3_objects import s3_objects

            return s3_objects(place)
        system, root = fsspec.core.url_to_fs(place)
    except (ImportError, ValueError, OSError) as error:
        raise CatalogFileError(
            place,
            f"cannot be opened ({error})",
            "Give a folder, or a URL whose protocol fsspec knows here.",
        ) from error
    return system, str(root).rstrip("/")


def _refuse_password(place: str) -> None:
    """Refuse a URL with credentials in it, without repeating them."""
    if protocol_of(place) and urlsplit(place).password is not None:
        raise CatalogFileError(
            f"{protocol_of(place)}://...",
            "holds a password, which would reach logs and reports",
            "Give credentials through the environment or the provider's own configuration.",
        )
