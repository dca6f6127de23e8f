"""docs/profiles.md: its examples run, and its table is read."""

import re
import shutil
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.planning.optimize_request import optimize
from costopt.profile.profile import Profile, ServedLoad
from costopt.workload.limits import Limits
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic

GUIDE = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_examples_run_one_after_another(
    fixtures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    bundled: Catalog,
) -> None:
    shutil.copy(fixtures / "vllm.json", tmp_path / "result.json")
    shutil.copy(fixtures / "nvidia_smi.csv", tmp_path / "smi.csv")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, names)
        profile = names["profile"]
        assert isinstance(profile, Profile)
        assert bundled.model(profile.model).name == "meta-llama/Llama-3.1-8B"
    told = capsys.readouterr().out
    assert "2 replicas, fp8" in told
    assert "It looks right: the accelerators were busy 91 % of the time" in told


def test_the_table_of_the_guide_is_read_and_planned_with(tmp_path: Path, bundled: Catalog) -> None:
    (table,) = blocks("csv")
    path = tmp_path / "loads.csv"
    path.write_text(table, encoding="utf-8")
    profile = Profile.read(
        path, accelerator="H100-80GB", accelerators=1, tensor_parallel=1, precision="bf16"
    )
    assert [load.completed for load in profile.loads] == [300, 1152]
    size = RequestSize(input_tokens=1024, output_tokens=256, share_fraction=1.0)
    service = InferenceService(
        model="meta-llama/Llama-3.1-8B",
        precision="bf16",
        traffic=Traffic.from_sizes([size], requests_per_second=8),
        limits=Limits(accelerator_types=["H100-80GB"]),
    )
    plan = optimize(service, bundled, profiles=[profile]).require()
    assert {line.rate_origin for line in plan.lines} <= {"measured", "scaled_from_measured"}


def test_the_guide_names_every_figure() -> None:
    assert all(f"`{name}`" in GUIDE for name in ServedLoad.model_fields)
