import csv
from pathlib import Path

import pytest

from costopt.performance.calibration.__main__ import main
from costopt.performance.calibration.calibrate import as_csv, calibrated_constants
from costopt.performance.constants import COLUMNS, Constant, constants_table


@pytest.fixture(scope="module")
def refitted(facts_folder: Path) -> dict[str, Constant]:
    return {constant.name: constant for constant in calibrated_constants(facts_folder)}


def test_refit_writes_the_same_constants_as_are_shipped(refitted: dict[str, Constant]) -> None:
    scored = {name for name in constants_table() if not name.startswith("measured.")}

    assert scored == {name for name in refitted if not name.startswith("measured.")}


def test_refit_on_a_ninth_of_the_measurements_stays_near_the_shipped_constants(
    refitted: dict[str, Constant],
) -> None:
    for name in ("serving.bandwidth_share", "serving.compute_share", "training.compute_share"):
        assert refitted[name].value == pytest.approx(constants_table()[name].value, rel=0.25)


def test_chosen_constants_are_written_as_they_were_reviewed(
    refitted: dict[str, Constant],
) -> None:
    assert refitted["matmul_ceiling.hopper"].value == 0.8
    assert not refitted["matmul_ceiling.hopper"].fitted


def test_file_is_sorted_and_read_back_unchanged(refitted: dict[str, Constant]) -> None:
    text = as_csv([refitted[name] for name in sorted(refitted)])
    rows = list(csv.DictReader(text.splitlines()))

    assert tuple(rows[0]) == COLUMNS
    assert [row["name"] for row in rows] == sorted(refitted)
    assert float(rows[0]["value"]) == pytest.approx(refitted[rows[0]["name"]].value, rel=1e-3)


def test_command_without_a_folder_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "python -m costopt.performance.calibration" in capsys.readouterr().err


def test_command_on_a_missing_folder_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "constants.csv"

    assert main([str(tmp_path / "nowhere"), str(out)]) == 2
    assert "the file is missing" in capsys.readouterr().err
    assert not out.exists()
