from collections.abc import Mapping
from pathlib import Path

import pytest

from costopt.accelerator import Accelerator
from costopt.errors import CatalogFileError
from costopt.model import ModelSpec
from costopt.performance.calibration.facts import read_table


def test_reported_memory_comes_before_a_share_of_the_nominal(
    accelerators: Mapping[str, Accelerator],
) -> None:
    assert accelerators["H100-80GB"].usable_gib == 79.6
    assert accelerators["T4"].usable_gib == pytest.approx(0.975 * 16)
    assert accelerators["T4"].usable_origin == "0.975 x nominal"


def test_rate_that_is_not_published_is_absent(accelerators: Mapping[str, Accelerator]) -> None:
    assert "bf16" not in accelerators["T4"].peak_tflops
    assert accelerators["T4"].peak_tflops["int8"] == 130.0


def test_dimension_that_does_not_apply_is_none(models: Mapping[str, ModelSpec]) -> None:
    assert models["resnet50"].layers is None
    assert models["deepseek-ai/DeepSeek-V3"].kv_lora_rank == 512


def test_missing_table_says_which_folder_is_needed(tmp_path: Path) -> None:
    with pytest.raises(CatalogFileError, match="Give the folder that holds it"):
        read_table(tmp_path, "models", ("name",))


def test_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "models.csv").write_text("name\nx\n", encoding="utf-8")

    with pytest.raises(CatalogFileError, match="columns are missing: family"):
        read_table(tmp_path, "models", ("name", "family"))
