"""docs/profiles.md: its examples run, and its table is read."""

import re
import shutil
from pathlib import Path

import pytest

from costopt.profile.profile import Profile, ServedLoad

GUIDE = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_examples_run_one_after_another(
    fixtures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copy(fixtures / "vllm.json", tmp_path / "result.json")
    shutil.copy(fixtures / "nvidia_smi.csv", tmp_path / "smi.csv")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, names)
    told = capsys.readouterr().out
    assert "2 replicas, fp8" in told
    assert "It looks right: the accelerators were busy 91 % of the time" in told


def test_the_table_of_the_guide_is_read(tmp_path: Path) -> None:
    (table,) = blocks("csv")
    path = tmp_path / "loads.csv"
    path.write_text(table, encoding="utf-8")
    profile = Profile.read(
        path, accelerator="H100-80GB", accelerators=1, tensor_parallel=1, precision="bf16"
    )
    assert [load.completed for load in profile.loads] == [300, 1152]


def test_the_guide_names_every_figure() -> None:
    assert all(f"`{name}`" in GUIDE for name in ServedLoad.model_fields)
