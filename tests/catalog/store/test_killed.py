"""A change of a local store that is killed at each of its steps leaves a readable store."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.local_files import INCOMING_FOLDER
from costopt.catalog.store.lock import LOCK_NAME
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, fresh_parts
from costopt.catalog.store.store import CatalogStore, open_store

NewNight = Callable[..., NewVersion]
Night = Callable[[int], datetime]

DRIVER = Path(__file__).with_name("killing_itself.py")


class Killed:
    """The stores that one change left, killed at each of its steps in turn."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.steps: list[str] = json.loads((out / "steps.json").read_text(encoding="utf-8"))
        self.completed = open_store(out / str(len(self.steps) + 1))

    def copied(self, to: Path, position: int) -> CatalogStore:
        """Return a copy of the store that was killed at one step."""
        shutil.copytree(self.out / str(position + 1), to / str(position))
        return open_store(to / str(position))

    def all_copied(self, to: Path) -> list[CatalogStore]:
        """Return a copy of the store of every step."""
        return [self.copied(to, position) for position in range(len(self.steps))]

    def step(self, name: str) -> int:
        """Return the one position of a step."""
        (position,) = [at for at, step in enumerate(self.steps) if step == name]
        return position


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory, new_night: NewNight) -> CatalogStore:
    """A store of two nights; the second is twice as dear."""
    store = open_store(tmp_path_factory.mktemp("base") / "store")
    first = store.publish(new_night(1, None)).id
    second = replace(new_night(2, first, factor=2.0), account=b"fact,name\naccount,old\n")
    store.publish(second)
    return store


@pytest.fixture(scope="module")
def killed(
    two_nights: CatalogStore, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Killed]:
    """Run a change once, killed at every step; a kill is no error of the driver."""
    out = tmp_path_factory.mktemp("killed")

    def run(change: str) -> Killed:
        if not (out / change).exists():
            command = [sys.executable, str(DRIVER), two_nights.place, str(out / change), change]
            subprocess.run(command, check=True, timeout=300)
        return Killed(out / change)

    return run


def dearest(store: CatalogStore) -> float:
    """Highest effective price that a reader of the latest version sees."""
    return float(Catalog.open(store.place).offers["effective_per_hour"].max())


def test_publish_killed_at_any_step_leaves_the_last_good_version(
    killed: Callable[[str], Killed], new_night: NewNight, night: Night, tmp_path: Path
) -> None:
    run = killed("publish")
    visible = run.step("replace latest") + 1
    assert {step.split()[0] for step in run.steps} == {
        "make", "write", "sync", "replace", "claim", "release",
    }  # fmt: skip
    assert {"write account.csv", "write half of account.csv", "sync account.csv"} <= set(run.steps)
    assert len(run.steps) > 3 * 15  # 15 files, each written in two steps and synced
    assert dearest(run.completed) == 480.0  # 120 x 2 of the second night, x 2
    for position, store in enumerate(run.all_copied(tmp_path)):
        seen = dearest(store)
        assert seen == (240.0 if position < visible else 480.0), run.steps[position]
        account = b"old" if position < visible else b"new"
        assert store.version().account() == b"fact,name\naccount,%s\n" % account
        next_version = store.publish(new_night(4, store.latest_id(), factor=3.0))
        assert dearest(store) == 360.0, run.steps[position]  # 120 x 3
        store.prune(at=night(6), keep=1)
        assert store.versions() == (next_version.id,)
        assert list(Path(store.place, INCOMING_FOLDER).iterdir()) == []
        assert not Path(store.place, LOCK_NAME).exists()


def test_killed_publish_may_be_repeated_as_it_was(
    killed: Callable[[str], Killed], tmp_path: Path
) -> None:
    run = killed("publish")
    store = run.copied(tmp_path, run.step("replace latest"))
    version = run.completed.version()
    manifest = version.manifest
    assert manifest.id in store.versions()
    again = NewVersion(
        created_at=manifest.created_at,
        started_from=manifest.started_from,
        parts=fresh_parts({"offers": version.table("offers")}, manifest.created_at),
        shared={name: version.table(name) for name in SHARED_TABLES},
        account=version.account(),
    )
    assert store.publish(again).id == manifest.id
    assert dearest(store) == 480.0


def test_rollback_killed_at_any_step_leaves_one_of_the_two_versions(
    killed: Callable[[str], Killed], tmp_path: Path
) -> None:
    run = killed("rollback")
    visible = run.step("replace latest") + 1
    assert dearest(run.completed) == 120.0
    for position, store in enumerate(run.all_copied(tmp_path)):
        assert dearest(store) == (240.0 if position < visible else 120.0), run.steps[position]
        rollbacks = (store.audit()["event"] == "rollback").sum()
        assert rollbacks == 1 or position < visible, "a rollback that happened is recorded"


def test_prune_killed_at_any_step_leaves_whole_versions_only(
    killed: Callable[[str], Killed], night: Night, tmp_path: Path
) -> None:
    run = killed("prune")
    assert len(run.completed.versions()) == 1
    for position, store in enumerate(run.all_copied(tmp_path)):
        assert dearest(store) == 240.0, run.steps[position]
        for name in store.versions():
            store.version(name).verify()
        store.prune(at=night(5), keep=1)
        assert len(store.versions()) == 1
        assert list(Path(store.place, INCOMING_FOLDER).iterdir()) == []
