"""Two publishes at once, without locks: conditional puts in S3, reading twice elsewhere."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

import fsspec
import pytest
from pyarrow.fs import S3FileSystem

from costopt.catalog.catalog import Catalog
from costopt.catalog.store import s3_swap
from costopt.catalog.store.object_files import ObjectFiles
from costopt.catalog.store.part import NewVersion
from costopt.catalog.store.place import file_system_of
from costopt.catalog.store.s3_swap import S3Swap
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.errors import CatalogFileError, MissingDependencyError, PublishConflictError

NewNight = Callable[..., NewVersion]
Night = Callable[[int], datetime]


class OvertakenSwap:
    """Lets another publish happen just before the swap."""

    def __init__(self, swap: S3Swap, overtake: Callable[[], object]) -> None:
        self.swap, self.overtake = swap, overtake

    def __call__(self, path: str, expected: bytes | None, new: bytes) -> bool:
        self.overtake()
        return self.swap(path, expected, new)


@pytest.fixture
def objects(s3_url: str) -> Callable[[], set[str]]:
    """Return the keys of everything in the store."""
    system, root = file_system_of(s3_url)
    return lambda: {path.removeprefix(f"{root}/") for path in system.find(root)}


def test_s3_goes_through_pyarrow(s3_url: str) -> None:
    system, root = file_system_of(s3_url)
    assert isinstance(system.fs, S3FileSystem)
    assert root == "prices/nightly/store"


def test_messages_show_the_address_without_its_query(s3_url: str, new_night: NewNight) -> None:
    store = open_store(s3_url)
    assert store.place == "s3://prices/nightly/store"
    made = store.publish(new_night(1, None))
    assert Catalog.open(s3_url).place == f"s3://prices/nightly/store version {made.id}"


def test_publish_to_s3_that_is_overtaken_is_refused_and_removes_its_files(
    s3_url: str, new_night: NewNight, objects: Callable[[], set[str]]
) -> None:
    store = open_store(s3_url)
    first = store.publish(new_night(1, None)).id
    swap = OvertakenSwap(
        S3Swap(url=s3_url), lambda: store.publish(new_night(2, first, factor=2.0))
    )
    slow = CatalogStore(ObjectFiles(*file_system_of(s3_url), store.place, swap))
    with pytest.raises(PublishConflictError, match="latest was moved by another publish"):
        slow.publish(new_night(3, first, factor=3.0))
    assert Catalog.open(s3_url).offers["recurring_per_hour"].max() == 240.0  # 120 x 2
    assert len(store.versions()) == 2
    assert {key.split("/")[1] for key in objects() if key.startswith("versions/")} == set(
        store.versions()
    )
    log = store.audit()
    assert sorted(log["event"]) == ["conflict", "publish", "publish", "publish"]
    (lost,) = log.loc[log["event"] == "conflict", "version"]
    assert lost not in store.versions()


@pytest.mark.parametrize("before", [None, b"old"])
def test_condition_of_a_put_is_checked_by_s3_itself(
    s3_url: str, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    system, root = file_system_of(s3_url)
    path, swap = f"{root}/latest", S3Swap(url=s3_url)
    if before is not None:
        system.pipe_file(path, before)
    read = s3_swap._found

    def read_and_be_overtaken(*where: Any) -> tuple[bytes | None, str | None]:
        found = read(*where)
        system.pipe_file(path, b"of another")
        return found

    monkeypatch.setattr(s3_swap, "_found", read_and_be_overtaken)
    assert swap(path, before, b"mine") is False
    assert system.cat_file(path) == b"of another"
    monkeypatch.setattr(s3_swap, "_found", read)
    assert swap(path, b"of another", b"mine") is True
    assert system.cat_file(path) == b"mine"


def test_bucket_that_is_not_there_is_one_sentence(s3_url: str, new_night: NewNight) -> None:
    store = open_store(s3_url.replace("//prices/", "//nowhere/"))
    with pytest.raises(CatalogFileError, match=r"s3://nowhere/nightly/store/versions/.*cannot be"):
        store.publish(new_night(1, None))


def test_publish_to_s3_without_boto3_names_the_extra_and_reading_goes_on(
    s3_url: str, new_night: NewNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(s3_url)
    first = store.publish(new_night(1, None)).id
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingDependencyError, match=r"cloud-costopt\[aws\]"):
        store.publish(new_night(2, first))
    assert store.versions() == (first,)
    assert len(Catalog.open(s3_url)) == 13


def test_place_without_conditions_is_read_before_and_after(new_night: NewNight) -> None:
    memory = fsspec.filesystem("memory")
    store = open_store("memory://twice")

    class OvertakenMemory:
        """Lets another publish replace latest just after it was written."""

        def __getattr__(self, name: str) -> Any:
            return getattr(memory, name)

        def pipe_file(self, path: str, payload: bytes) -> None:
            memory.pipe_file(path, payload)
            if path.endswith("/latest"):
                memory.pipe_file(path, other)

    try:
        first = store.publish(new_night(1, None)).id
        store.publish(new_night(2, first, factor=2.0))
        other = memory.cat_file("/twice/latest")
        second = store.latest_id()
        slow = CatalogStore(ObjectFiles(OvertakenMemory(), "/twice", "memory://twice"))
        with pytest.raises(PublishConflictError):
            slow.publish(new_night(3, second, factor=3.0))
        assert store.latest_id() == second
        assert store.versions() == (first, second)
    finally:
        memory.store.clear()


def test_same_version_published_twice_at_once_stays_whole(new_night: NewNight) -> None:
    memory = fsspec.filesystem("memory")
    store = open_store("memory://twins")
    try:
        swap = OvertakenSwap(_never, lambda: store.publish(new_night(1, None)))  # type: ignore[arg-type]
        twin = CatalogStore(ObjectFiles(memory, "/twins", "memory://twins", swap))
        with pytest.raises(PublishConflictError):
            twin.publish(new_night(1, None))
        store.version().verify()
    finally:
        memory.store.clear()


def _never(path: str, expected: bytes | None, new: bytes) -> bool:
    return False


class DyingMemory:
    """A file system whose user dies at its k-th call: that call and all later ones do nothing."""

    def __init__(self, system: Any, last_call: int) -> None:
        self.system, self.last_call = system, last_call
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(f"{name} {arguments[0] if arguments else ''}")
            if len(self.calls) >= self.last_call:
                raise Dead
            return getattr(self.system, name)(*arguments, **options)

        return call


class Dead(BaseException):
    """Nothing that runs may catch it for good, since every later call raises it again."""


def test_publish_that_dies_at_any_call_leaves_the_last_good_version(
    new_night: NewNight, night: Night
) -> None:
    def shared_only(number: int, started_from: str | None) -> NewVersion:
        return replace(new_night(number, started_from), parts=())

    memory = fsspec.filesystem("memory")
    url = "memory://dying"
    seen = []
    try:
        for last_call in count(1):
            memory.store.clear()
            store = open_store(url)
            first = store.publish(shared_only(1, None)).id
            dying = DyingMemory(memory, last_call)
            lost = CatalogStore(ObjectFiles(dying, "/dying", url))
            try:
                second = lost.publish(shared_only(2, first)).id
            except Dead:
                seen.append(store.latest_id())
            else:
                break
            store.version().verify()
            third = store.publish(shared_only(4, store.latest_id())).id
            store.prune(at=night(6), keep=1)
            assert store.versions() == (third,), dying.calls[-1]
            assert len(memory.ls("/dying/versions")) == 1, dying.calls[-1]
    finally:
        memory.store.clear()
    moved = seen.index(second)
    assert moved > 2 * 10  # every file but the manifest was written and read back before
    assert seen == [first] * moved + [second] * (len(seen) - moved)


def test_loss_of_bytes_is_noticed(new_night: NewNight) -> None:
    memory = fsspec.filesystem("memory")

    class LosingMemory:
        """Drops the last byte of one file."""

        def __getattr__(self, name: str) -> Any:
            return getattr(memory, name)

        def pipe_file(self, path: str, payload: bytes) -> None:
            memory.pipe_file(path, payload[:-1] if "models." in path else payload)

    try:
        losing = CatalogStore(ObjectFiles(LosingMemory(), "/losing", "memory://losing"))
        with pytest.raises(CatalogFileError, match=r"models\.parquet: does not read back"):
            losing.publish(replace(new_night(1, None), parts=()))
        assert losing.latest_id() is None
        assert losing.versions() == ()
    finally:
        memory.store.clear()
