"""Reports of runs as files: JSON for programs, one HTML page for people."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from costopt.catalog.store.place import LOCAL_PROTOCOLS, file_system_of, protocol_of
from costopt.catalog.store.whole_file import write_whole
from costopt.refresh.page import page_of

REPORTS_FOLDER: Final = "reports"
"""Folder of a store beside its versions: two reports for each version."""


def report_bytes(report: Mapping[str, Any]) -> bytes:
    """Write a report as JSON."""
    return (json.dumps(report, indent=1, sort_keys=True) + "\n").encode("utf-8")


def page_bytes(report: Mapping[str, Any]) -> bytes:
    """Write a report as one HTML page."""
    return page_of(report).encode("utf-8")


def write_beside(place: str, version: str, report: Mapping[str, Any]) -> str:
    """Write the reports of a version, which is published already, into the store.

    Args:
        place: folder or URL of the store.
        version: its id.
        report: as JSON values, without secrets.

    Returns:
        Why they could not be written; empty where they were.
    """
    system, root = file_system_of(place)
    folder = f"{root}/{REPORTS_FOLDER}"
    payloads = {"json": report_bytes(report), "html": page_bytes(report)}
    try:
        is_local = protocol_of(place) in LOCAL_PROTOCOLS
        if is_local:
            system.makedirs(folder, exist_ok=True)
        for ending, payload in payloads.items():
            path = f"{folder}/{version}.{ending}"
            if is_local:
                write_whole(Path(path), payload)
            else:
                system.pipe_file(path, payload)
    except Exception as error:  # each file system of fsspec raises errors of its own
        return f"{REPORTS_FOLDER}/{version} cannot be written ({type(error).__name__})"
    return ""
