"""What ``costopt watch`` refuses before it writes anything."""

from collections.abc import Callable
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.planning.optimize_request import optimize
from costopt.workload.requirement import Requirement


@pytest.fixture
def folder(tmp_path: Path, bundled: Catalog) -> Path:
    """A folder with one saved plan, chat.json."""
    few = bundled.filter(instance_types=["g6.xlarge"], regions=["us-east-1"])
    plan = optimize(
        Requirement(throughput_per_second={"g6.xlarge": 10.0}, demand_per_second=40.0), few
    )
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "chat.json").write_text(plan.to_json(), encoding="utf-8")
    return plans


def test_a_plan_that_cannot_be_read_stops_before_anything_is_written(
    refusal: Callable[..., str],
    folder: Path,
    tmp_path: Path,
) -> None:
    (folder / "zzz.json").write_text("{", encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    words = refusal("watch", str(folder), "--store", str(tmp_path), "--out", str(out))
    assert "zzz.json" in words
    assert list(out.iterdir()) == []


def test_wrong_places_are_refused_by_name(refusal: Callable[..., str], tmp_path: Path) -> None:
    empty, nowhere = tmp_path / "empty", tmp_path / "nowhere"
    empty.mkdir()
    store = str(tmp_path / "store")
    assert "no plan is in this folder" in refusal("watch", str(empty), "--store", store)
    assert "there is no such file" in refusal("watch", str(nowhere), "--store", store)
    assert f"--out: there is no folder {nowhere}" in refusal(
        "watch", str(empty), "--store", store, "--out", str(nowhere)
    )
    own = str(empty / "chat.watch.json")
    assert "a file of costopt watch" in refusal("watch", own, "--store", store)


def test_a_store_without_a_version_is_refused(
    refusal: Callable[..., str], folder: Path, tmp_path: Path
) -> None:
    words = refusal("watch", str(folder), "--store", str(tmp_path / "nothing"))
    assert "holds no published version" in words
