"""What a publish does to the disk, in order: nothing counts before it is safe from a power cut."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.disk import Disk
from costopt.catalog.store.local_files import LocalFiles
from costopt.catalog.store.part import NewVersion
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.errors import CatalogFileError, PublishConflictError

NewNight = Callable[..., NewVersion]
Night = Callable[[int], datetime]


class WatchedDisk(Disk):
    """Keeps a record of what happens to the disk."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Path]] = []

    def write(self, path: Path, payload: bytes) -> None:
        super().write(path, payload)
        self.seen.append(("write", path))

    def sync(self, path: Path) -> None:
        super().sync(path)
        self.seen.append(("sync", path))

    def replace(self, old: Path, new: Path) -> None:
        super().replace(old, new)
        self.seen += [("from", old), ("to", new)]


def test_every_file_is_synced_before_its_move_and_every_move_after_it(
    tmp_path: Path, new_night: NewNight
) -> None:
    disk = WatchedDisk()
    CatalogStore(LocalFiles(tmp_path, str(tmp_path), disk)).publish(new_night(1, None))
    moves = [at for at, (what, _) in enumerate(disk.seen) if what == "from"]
    assert [disk.seen[at + 1][1].parent.name for at in moves] == [
        "versions", "audit", tmp_path.name,
    ]  # fmt: skip
    for at in moves:
        old, new = disk.seen[at][1], disk.seen[at + 1][1]
        before, after = disk.seen[:at], disk.seen[at + 2 :]
        written = {path for what, path in before if what == "write" and old in (path, path.parent)}
        assert written
        assert written <= {path for what, path in before if what == "sync"}
        assert after[0] == ("sync", new.parent)


def test_latest_is_the_last_file_to_change(tmp_path: Path, new_night: NewNight) -> None:
    disk = WatchedDisk()
    CatalogStore(LocalFiles(tmp_path, str(tmp_path), disk)).publish(new_night(1, None))
    assert disk.seen[-2:] == [("to", tmp_path / "latest"), ("sync", tmp_path)]


def test_disk_that_loses_bytes_publishes_nothing(
    tmp_path: Path, new_night: NewNight, store: CatalogStore
) -> None:
    class LosingDisk(Disk):
        def write(self, path: Path, payload: bytes) -> None:
            super().write(path, payload[:-1] if path.name == "models.parquet" else payload)

    first = store.publish(new_night(1, None)).id
    losing = CatalogStore(LocalFiles(tmp_path / "store", store.place, LosingDisk()))
    with pytest.raises(CatalogFileError, match=r"models\.parquet: does not read back as written"):
        losing.publish(new_night(2, first))
    assert store.latest_id() == first
    assert store.versions() == (first,)
    assert store.files.leftovers() == ()


def test_full_disk_is_one_sentence_and_publishes_nothing(
    tmp_path: Path, new_night: NewNight, store: CatalogStore
) -> None:
    class FullDisk(Disk):
        def write(self, path: Path, payload: bytes) -> None:
            raise OSError(28, "No space left on device", str(path))

    first = store.publish(new_night(1, None)).id
    full = CatalogStore(LocalFiles(tmp_path / "store", store.place, FullDisk()))
    with pytest.raises(CatalogFileError, match=r"cannot be written \(No space left on device\)"):
        full.publish(new_night(2, first))
    assert Catalog.open(store.place).place == f"{store.place} version {first}"
    assert store.files.leftovers() == ()


def test_publish_that_is_overtaken_while_it_writes_is_refused_and_leaves_nothing(
    tmp_path: Path, new_night: NewNight, store: CatalogStore
) -> None:
    class OvertakenDisk(Disk):
        def claim(self, path: Path, at: datetime) -> int:
            store.publish(new_night(2, first, factor=2.0))
            return super().claim(path, at)

    first = store.publish(new_night(1, None)).id
    slow = CatalogStore(LocalFiles(tmp_path / "store", store.place, OvertakenDisk()))
    with pytest.raises(PublishConflictError, match="latest was moved by another publish"):
        slow.publish(new_night(3, first, factor=3.0))
    assert Catalog.open(store.place).offers["recurring_per_hour"].max() == 240.0  # 120 x 2
    assert len(store.versions()) == 2
    assert store.files.leftovers() == ()
    assert store.audit()["event"].tolist() == ["publish", "publish"]


def test_writer_at_work_keeps_others_out_and_says_who_it_is(
    store: CatalogStore, new_night: NewNight, night: Night
) -> None:
    first = store.publish(new_night(1, None)).id
    with store.files.exclusive(night(2)):
        with pytest.raises(
            PublishConflictError, match=r"being changed by process \d+ on .+, 2026-11-22T03:15:00Z"
        ):
            store.publish(new_night(3, first))
        with pytest.raises(PublishConflictError):
            store.rollback(first, at=night(3))
        with pytest.raises(PublishConflictError):
            store.prune(at=night(3), keep=1)
    store.publish(new_night(3, first))
    assert store.files.leftovers() == ()


@pytest.mark.parametrize("content", ["", "process 1 on elsewhere, 2026-11-20T03:15:00Z\n"])
def test_lock_file_whose_holder_died_is_taken_over(
    tmp_path: Path, new_night: NewNight, store: CatalogStore, content: str
) -> None:
    (tmp_path / "store").mkdir()
    lock = tmp_path / "store" / "publishing.lock"
    lock.write_text(content, encoding="utf-8")
    store.publish(new_night(1, None))
    assert not lock.exists()


def test_place_that_is_a_file_is_one_sentence(tmp_path: Path, new_night: NewNight) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CatalogFileError, match="cannot be written"):
        open_store(tmp_path / "file").publish(new_night(1, None))
