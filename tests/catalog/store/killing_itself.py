"""Run one change of a store again and again, killed by SIGKILL one step later each time.

``python killing_itself.py BASE OUT CHANGE``: the store in BASE is copied to OUT/1, OUT/2, ...; in
OUT/k a child process makes the change and kills itself at its k-th step. A step is one call of
``Disk``, the one class through which a local store changes its disk; a write has a second step
in its middle. It ends with the first child that needs no more steps. OUT/steps.json lists the
steps.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from costopt.catalog.schema import TABLES
from costopt.catalog.store.disk import Disk
from costopt.catalog.store.local_files import LocalFiles
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, fresh_parts
from costopt.catalog.store.store import CatalogStore

NOW = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)


class DeadlyDisk(Disk):
    """Kills its process at one of its steps."""

    def __init__(self, last_step: int, told: Path) -> None:
        self.steps = 0
        self.last_step = last_step
        self.told = told

    def step(self, name: str) -> None:
        self.steps += 1
        if self.steps == self.last_step:
            self.told.write_text(name, encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)

    def make_folder(self, folder: Path) -> None:
        self.step(f"make {folder.name}")
        super().make_folder(folder)

    def write(self, path: Path, payload: bytes) -> None:
        self.step(f"write {path.name}")
        super().write(path, payload[: len(payload) // 2])
        self.step(f"write half of {path.name}")
        path.write_bytes(payload)

    def sync(self, path: Path) -> None:
        self.step(f"sync {path.name}")
        super().sync(path)

    def replace(self, old: Path, new: Path) -> None:
        self.step(f"replace {new.name}")
        super().replace(old, new)

    def remove(self, path: Path) -> None:
        self.step(f"remove {path.name}")
        super().remove(path)

    def claim(self, path: Path, at: datetime) -> int:
        self.step(f"claim {path.name}")
        return super().claim(path, at)

    def release(self, path: Path, descriptor: int) -> None:
        self.step(f"release {path.name}")
        super().release(path, descriptor)


def publish(store: CatalogStore) -> None:
    version = store.version()
    tables = {name: version.table(name) for name in TABLES}
    offers = tables["offers"]
    dearer = offers.assign(effective_per_hour=offers["effective_per_hour"] * 2)
    store.publish(
        NewVersion(
            created_at=NOW,
            started_from=version.manifest.id,
            parts=fresh_parts({"offers": dearer}, NOW),
            shared={name: tables[name] for name in SHARED_TABLES},
            account=b"fact,name\naccount,new\n",
        )
    )


def rollback(store: CatalogStore) -> None:
    store.rollback(store.versions()[0], at=NOW)


def prune(store: CatalogStore) -> None:
    store.prune(at=NOW, keep=1)


CHANGES: dict[str, Callable[[CatalogStore], None]] = {
    "publish": publish,
    "rollback": rollback,
    "prune": prune,
}


def main(base: Path, out: Path, change: Callable[[CatalogStore], None]) -> None:
    steps = []
    out.mkdir()
    for number in count(1):
        root, told = out / str(number), out / f"{number}.txt"
        shutil.copytree(base, root)
        child = os.fork()
        if child == 0:
            change(CatalogStore(LocalFiles(root, str(root), DeadlyDisk(number, told))))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            if os.WEXITSTATUS(status) != 0:
                sys.exit(f"step {number} failed in another way")
            break
        steps.append(told.read_text(encoding="utf-8"))
    (out / "steps.json").write_text(json.dumps(steps), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), CHANGES[sys.argv[3]])
