"""How far profiles carry, worked out from measurements that speak of each other."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.performance.calibration.transfer import (
    CHOSEN_BAND,
    LEAST_PAIRED,
    read_setups,
    transfer_constants,
)
from costopt.performance.constants import Constant

COLUMNS = (
    "id", "workload", "model_ref", "precision", "software", "metric", "accelerator",
    "n_accelerators", "tensor_parallel", "pipeline_parallel", "batch_or_concurrency",
    "input_tokens", "output_tokens",
)  # fmt: skip


def measurement(identity: int, accelerator: str = "H100-80GB", **more: object) -> dict[str, Any]:
    return {
        "id": identity, "workload": "inference_online", "model_ref": "llama", "precision": "bf16",
        "software": "vLLM", "metric": "output_tokens_per_s", "accelerator": accelerator,
        "n_accelerators": 1, "tensor_parallel": 1, "pipeline_parallel": np.nan,
        "batch_or_concurrency": 32.0, "input_tokens": 1000.0, "output_tokens": 200.0, **more,
    }  # fmt: skip


def constants_of(rows: list[dict[str, Any]], ratios: list[float]) -> dict[str, Constant]:
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    chips = table["accelerator"].map({"H100-80GB": "hopper", "H200-141GB": "hopper", "X": ""})
    setups = read_setups(
        table, table["id"].astype(str).to_numpy(dtype=np.str_), chips.to_numpy(dtype=np.str_)
    )
    measured = np.array(ratios)
    found = transfer_constants(
        "serving", setups, {"group": measured, "architecture": measured}
    )  # fmt: skip
    return {constant.name: constant for constant in found}


def test_repeated_measurements_make_the_band_of_what_was_measured() -> None:
    # ten pairs, one of each 10 % above the model and one 21 %: corrected by each other, what is
    # left is 1.21 / 1.10 = 1.1 or its inverse, each for half of the measurements.
    rows = [measurement(i, model_ref=f"model {i // 2}") for i in range(LEAST_PAIRED)]
    ratios = [1.1, 1.21] * (LEAST_PAIRED // 2)
    band = constants_of(rows, ratios)["band.serving.profile_measured"]
    assert band.low == pytest.approx(1 / 1.1)
    assert band.high == pytest.approx(1.1)
    assert (band.rows, band.fitted) == (LEAST_PAIRED, True)


def test_too_few_repeated_measurements_leave_the_chosen_band() -> None:
    rows = [measurement(i, model_ref=f"model {i // 2}") for i in range(LEAST_PAIRED - 2)]
    ratios = [1.1, 1.21] * (LEAST_PAIRED // 2 - 1)
    band = constants_of(rows, ratios)["band.serving.profile_measured"]
    assert (band.low, band.high) == CHOSEN_BAND
    assert "planning choice" in band.source
    assert not band.fitted


@pytest.mark.parametrize(
    "change",
    [
        {"batch_or_concurrency": 64.0},
        {"input_tokens": 2000.0},
        {"output_tokens": 100.0},
        {"tensor_parallel": 2, "n_accelerators": 2},
        {"batch_or_concurrency": np.nan},
    ],
)
def test_another_point_on_the_accelerator_counts_as_scaled(change: dict[str, Any]) -> None:
    rows = [measurement(0), measurement(1, **change)]
    found = constants_of(rows, [1.0, 1.3])
    assert found["band.serving.profile_scaled"].rows == 2
    assert found["band.serving.profile_scaled"].high == pytest.approx(1.3)
    assert found["band.serving.profile_measured"].rows == 0


@pytest.mark.parametrize(
    "change",
    [
        {"model_ref": "another"},
        {"software": "TensorRT-LLM"},
        {"precision": "fp8"},
        {"metric": "tpot_ms"},
    ],
)
def test_measurements_of_something_else_say_nothing(change: dict[str, Any]) -> None:
    found = constants_of([measurement(0), measurement(1, **change)], [1.0, 1.3])
    assert all(constant.rows == 0 for constant in found.values())


def test_a_sister_is_corrected_by_the_root_of_the_ratio() -> None:
    # the H100 is off by 1.44 and the H200 of the same model by 1.2, its root: corrected by the
    # root nothing is left of the H200, and 1.44 / 1.2 ** 0.5 of the H100.
    rows = [measurement(0), measurement(1, "H200-141GB")]
    band = constants_of(rows, [1.44, 1.2])["band.serving.profile_sister"]
    assert band.rows == 2
    assert band.value == pytest.approx(1.0)
    assert band.high == pytest.approx(1.44 / 1.2**0.5)


def test_accelerators_of_no_known_architecture_have_no_sisters() -> None:
    rows = [measurement(0, "X"), measurement(1, "X", tensor_parallel=2)]
    found = constants_of(rows, [1.0, 1.2])
    assert found["band.serving.profile_sister"].rows == 0
    assert found["band.serving.profile_scaled"].rows == 2
    assert found["band.serving.profile_sister"].high == found["band.serving.profile_scaled"].high


def test_rows_that_are_no_rates_take_no_part() -> None:
    found = constants_of([measurement(0), measurement(1)], [1.0, float("nan")])
    assert all(constant.rows == 0 for constant in found.values())
