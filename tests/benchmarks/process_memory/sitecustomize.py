"""Writes down, while a process runs, its largest memory and the modules that it has loaded.

Python imports this file by its name where its folder stands in ``PYTHONPATH``.
"""

import json
import os
import sys
import time
from pathlib import Path
from threading import Thread

FOLDER = os.environ.get("PROCESS_MEMORY_FOLDER", "")
EVERY_SECONDS = 0.1


def largest_kib() -> int:
    """Return the largest resident memory so far [KiB]."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def watch() -> None:
    """Write again and again; a process may be stopped at any moment."""
    target = Path(FOLDER) / f"{os.getpid()}.json"
    part = target.with_suffix(".part")
    while True:
        told = {"kib": largest_kib(), "modules": list(sys.modules), "command": sys.orig_argv}
        part.write_text(json.dumps(told))
        part.replace(target)
        time.sleep(EVERY_SECONDS)


if FOLDER:
    Thread(target=watch, daemon=True).start()
