"""The audit log: one small file of one JSON line for each event, never changed again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import pandas as pd

from costopt.catalog.store.files import AUDIT_FOLDER, StoreFiles
from costopt.catalog.store.moment import as_utc, iso_text, stamp
from costopt.errors import CatalogFileError

AUDIT_COLUMNS: Final = ("at", "event", "version", "from_version", "by", "reason", "details")


class AuditEvent(StrEnum):
    """What happened to a store."""

    PUBLISH = "publish"
    ROLLBACK = "rollback"
    CONFLICT = "conflict"
    ACCEPT = "accept"
    PRUNE = "prune"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One event.

    Attributes:
        at: when it happened (UTC).
        event: what happened; a conflict takes back the publish or rollback before it.
        version: version that it led to, or that it is about; empty without one.
        from_version: version that ``latest`` named before; empty without one.
        by: who did it, as the caller says.
        reason: why, as the caller says.
        details: anything else, such as the finding that was accepted and until when.
    """

    at: datetime
    event: AuditEvent
    version: str = ""
    from_version: str = ""
    by: str = ""
    reason: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


def record(files: StoreFiles, entry: AuditEntry) -> None:
    """Add an event to the audit log.

    Raises:
        InvalidInputError: its moment has no time zone.
        CatalogFileError: it cannot be written.
    """
    at = as_utc(entry.at, "audit")
    written = {**asdict(entry), "at": iso_text(at), "details": dict(entry.details)}
    payload = (json.dumps(written, sort_keys=True) + "\n").encode("utf-8")
    name = f"{stamp(at)}-{entry.event.value}-{sha256(payload).hexdigest()[:8]}.json"
    files.append_event(name, payload, at)


def audit_table(files: StoreFiles) -> pd.DataFrame:
    """Read the audit log, oldest event first.

    Raises:
        CatalogFileError: an event cannot be read.
    """
    rows = [read_event(files, name) for name in files.events()]
    return pd.DataFrame(rows, columns=list(AUDIT_COLUMNS))


def read_event(files: StoreFiles, name: str) -> dict[str, Any]:
    """Read one event by the name of its file.

    Raises:
        CatalogFileError: it cannot be read.
    """
    path = f"{AUDIT_FOLDER}/{name}"
    try:
        written = json.loads(files.read(path) or b"")
        return {column: written[column] for column in AUDIT_COLUMNS}
    except (ValueError, KeyError, TypeError) as error:
        raise CatalogFileError(
            f"{files.place}/{path}",
            f"cannot be read ({type(error).__name__})",
            "Restore the file from a backup; costopt never changes an event.",
        ) from error
